"""The channel: posts our events with retries left to the relay, takes agents' events by webhook."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.adapters.webhook import outbound
from tandem.live_agents.adapters.webhook.client import WebhookApi
from tandem.live_agents.adapters.webhook.config import WebhookOptions
from tandem.live_agents.adapters.webhook.inbound import parse
from tandem.live_agents.adapters.webhook.signature import HEADER, verify
from tandem.live_agents.protocol import AgentEvent, Reference


class WebhookChannel:
    """Live agents behind an address of the integrator's. The receiver tells repeats by the event id."""

    def __init__(
        self, name: str, options: WebhookOptions, transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            clock: Seconds since 1970.
        """
        self.name = name
        self._options = options
        self._clock = clock
        self._api = WebhookApi(options, transport, lambda: self._clock())

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> WebhookChannel:
        """Make the channel as endpoints.yml configures it; see `AdapterOptions.read`."""
        return cls(name, WebhookOptions.read(name, options, "live-agent-channels.md"))

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

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        """Return nothing: 200 says that the event is kept."""
        return None

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """Read the event of the body."""
        return [parse(body)]

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Return nothing: the integrator repeats an event until it is answered with 200."""
        return ()
