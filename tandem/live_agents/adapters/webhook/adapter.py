"""The channel: posts our events with retries left to the relay, takes agents' events by webhook."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.adapters.webhook import outbound
from tandem.live_agents.adapters.webhook.client import WebhookApi
from tandem.live_agents.adapters.webhook.config import WebhookOptions
from tandem.live_agents.adapters.webhook.inbound import parse
from tandem.live_agents.adapters.webhook.signature import HEADER, verify
from tandem.live_agents.base import BaseAdapter
from tandem.live_agents.protocol import AgentEvent, Reference


class WebhookChannel(BaseAdapter[WebhookOptions]):
    """Live agents behind an address of the integrator's. The receiver tells repeats by the event id."""

    options = WebhookOptions
    page = "live-agent-channels.md"

    def connect(self, transport: httpx.BaseTransport | None) -> None:
        """Make the client of the API."""
        self._api = WebhookApi(self._options, transport, lambda: self._clock())

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Post `handoff.opened`."""
        self._api.post(outbound.opened(self.name, handoff, transcript))
        return {"handoff": handoff.id}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Post `message.created`."""
        self._api.post(outbound.created(self.name, handoff, message))

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Post `handoff.closed`."""
        self._api.post(outbound.closed(self.name, handoff))

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Return the id of the event in a body that is signed and can be read."""
        verify(self._options.secret, headers.get(HEADER.lower(), ""), body, self._clock())
        return parse(body).key

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """Read the event of the body."""
        return [parse(body)]

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Return nothing: the integrator repeats an event until it is answered with 200."""
        return ()
