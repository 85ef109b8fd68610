"""Slack's signature of its requests: `v0=` and the hex HMAC-SHA256 of `v0:<timestamp>:<body>`."""
from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from tandem.live_agents.protocol import WebhookRejected

SIGNATURE, TIMESTAMP = "x-slack-signature", "x-slack-request-timestamp"
WINDOW = 300  # seconds that a request's time may be away from ours


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a request."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()


def verify(secret: str, headers: Mapping[str, str], body: bytes, at: float) -> None:
    """Check a request at the moment `at` (seconds since 1970).

    Raises:
        WebhookRejected: The signature is missing or wrong, or the request too old.
    """
    signature, timestamp = headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, "")
    if not re.fullmatch(r"v0=[0-9a-f]{64}", signature) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise WebhookRejected("X-Slack-Signature or X-Slack-Request-Timestamp is missing or not Slack's")
    if not hmac.compare_digest(signature, sign(secret, timestamp, body)):
        raise WebhookRejected("the signature does not fit the body and the signing secret")
    if abs(at - int(timestamp)) > WINDOW:
        raise WebhookRejected(f"the request is more than {WINDOW} seconds away from this server's clock")
