"""Posts our events, signed, to the integrator's address."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tandem.live_agents.adapters.webhook.config import WebhookOptions
from tandem.live_agents.adapters.webhook.outbound import encode
from tandem.live_agents.adapters.webhook.signature import HEADER, sign
from tandem.live_agents.http_client import Calls


class WebhookApi:
    """The integrator's server."""

    def __init__(
        self, options: WebhookOptions, transport: httpx.BaseTransport | None, clock: Callable[[], float],
    ) -> None:
        self._options = options
        self._clock = clock
        self._calls = Calls("", timeout=options.timeout, transport=transport)

    def post(self, event: Mapping[str, Any]) -> None:
        """Post an event; the receiver tells repeats by its id.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        body = encode(event)
        self._calls.post_bytes(f"{event['type']} {event['id']}", self._options.url, body, {
            "Content-Type": "application/json", "Idempotency-Key": str(event["id"]),
            HEADER: sign(self._options.secret, body, self._clock()),
        })
