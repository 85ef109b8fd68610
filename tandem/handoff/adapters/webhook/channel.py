"""The channel: posts our events with retries left to the relay, takes agents' events by webhook."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from tandem.conversations.model import Handoff, Message
from tandem.handoff.adapters.webhook import outgoing
from tandem.handoff.adapters.webhook.incoming import parse
from tandem.handoff.adapters.webhook.signature import HEADER, sign, verify
from tandem.handoff.calls import FOR_GOOD, TIMEOUT, seconds
from tandem.handoff.channel import AgentEvent, LiveAgentRefused, LiveAgentUnavailable, Reference
from tandem.handoff.routing import LiveAgentConfigError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_KEYS = frozenset({"url", "secret", "timeout", "allow_http"})


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
        for key in sorted(set(options) - _KEYS):
            raise _wrong(name, f"{key} is not known; there are {', '.join(sorted(_KEYS))}")
        url, secret, timeout = options.get("url"), options.get("secret"), options.get("timeout", TIMEOUT)
        allow_http = options.get("allow_http", False)
        if not isinstance(allow_http, bool):
            raise _wrong(name, "allow_http must be true or false")
        if not url:
            raise _wrong(name, "url is missing")
        if not isinstance(url, str) or not _is_address(url):
            raise _wrong(name, "url must be an address such as https://support.example.com/tandem")
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not allow_http:
            raise _wrong(name, "url must begin with https; set allow_http: true for a closed network")
        if not secret:
            raise _wrong(name, "secret is missing")
        if not isinstance(secret, str) or len(secret) < 16:
            raise _wrong(name, "secret must be a text of at least 16 characters")
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 1 <= timeout <= 25:
            raise _wrong(name, "timeout must be 1 to 25 seconds")
        return cls(name, url, secret, float(timeout))

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Post `handoff.opened`."""
        self._post(outgoing.opened(self.name, handoff, transcript))
        return {"handoff": handoff.id}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Post `message.created`."""
        self._post(outgoing.created(self.name, handoff, message))

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Post `handoff.closed`."""
        self._post(outgoing.closed(self.name, handoff))

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
        body = outgoing.encode(event)
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


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _wrong(name: str, what: str) -> LiveAgentConfigError:
    return LiveAgentConfigError(f"live_agent: {name}: {what}; see docs/live-agent-channels.md")
