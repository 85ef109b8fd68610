"""The channel: posts our events with retries left to the relay, takes agents' events by webhook."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.adapters.webhook import outbound
from tandem.live_agents.adapters.webhook.inbound import parse
from tandem.live_agents.adapters.webhook.signature import HEADER, sign, verify
from tandem.live_agents.config import ALLOW_HTTP, AdapterConfig
from tandem.live_agents.http_client import FOR_GOOD, TIMEOUT, seconds
from tandem.live_agents.protocol import AgentEvent, LiveAgentRefused, LiveAgentUnavailable, Reference

_KEYS = frozenset({"url", "secret", "timeout", ALLOW_HTTP})


class WebhookChannel:
    """Live agents behind an address of the integrator's. The receiver tells repeats by the event id."""

    def __init__(
        self, name: str, url: str, secret: str, timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None, clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            timeout: Seconds for each of connecting, sending and waiting for an answer.
            clock: Seconds since 1970.
        """
        self.name = name
        self._url = url
        self._secret = secret
        self._clock = clock
        self._client = httpx.Client(timeout=timeout, transport=transport, follow_redirects=False)

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> WebhookChannel:
        """The channel as endpoints.yml configures it.

        Raises:
            LiveAgentConfigError: A key is missing, wrong or unknown; the text names it.
        """
        given = AdapterConfig(name, options, _KEYS, "live-agent-channels.md")
        url = given.address("url", "https://support.example.com/tandem")
        secret = given.required("secret")
        if not isinstance(secret, str) or len(secret) < 16:
            raise given.wrong("secret must be a text of at least 16 characters")
        return cls(name, url, secret, given.timeout(TIMEOUT, 25))

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Post `handoff.opened`."""
        self._post(outbound.opened(self.name, handoff, transcript))
        return {"handoff": handoff.id}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Post `message.created`."""
        self._post(outbound.created(self.name, handoff, message))

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Post `handoff.closed`."""
        self._post(outbound.closed(self.name, handoff))

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """The id of the event in a body that is signed and can be read."""
        verify(self._secret, headers.get(HEADER.lower(), ""), body, self._clock())
        return parse(body).key

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        """Nothing: 200 says that the event is kept."""
        return None

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """The event of the body."""
        return [parse(body)]

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Nothing: the integrator repeats an event until it is answered with 200."""
        return ()

    def _post(self, event: Mapping[str, Any]) -> None:
        body = outbound.encode(event)
        headers = {
            "Content-Type": "application/json", "User-Agent": "Tandem", "Idempotency-Key": str(event["id"]),
            HEADER: sign(self._secret, body, self._clock()),
        }
        try:
            # Only the status and the headers count: a body without end holds nobody up.
            with self._client.stream("POST", self._url, content=body, headers=headers) as response:
                status, pause = response.status_code, response.headers.get("retry-after", "")
        except httpx.HTTPError as error:
            raise LiveAgentUnavailable(f"{event['type']}: {type(error).__name__}: {error}") from error
        if status in FOR_GOOD:
            raise LiveAgentRefused(f"{event['type']} {event['id']}: answered with {status}")
        if not 200 <= status < 300:
            raise LiveAgentUnavailable(f"{event['type']}: answered with {status}", seconds(pause))
