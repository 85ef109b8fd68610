"""The signature of both directions: `t=<seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`."""
from __future__ import annotations

import hashlib
import hmac
import re

from tandem.live_agents.protocol import WebhookRejected

HEADER = "Tandem-Signature"
WINDOW = 300  # seconds that a signature's time may be away from ours
_HEX = re.compile(r"[0-9a-f]{64}")


def sign(secret: str, body: bytes, at: float) -> str:
    """The header's value for a body that is sent at `at` (seconds since 1970)."""
    return f"t={int(at)},v1={_digest(secret, str(int(at)), body)}"


def verify(secret: str, header: str, body: bytes, at: float) -> None:
    """Check a header's value at the moment `at`. Several `v1` may stand in it, for a secret that is being changed.

    Raises:
        WebhookRejected: The signature is missing, wrong or too old.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1" and _HEX.fullmatch(value)]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]) or not signatures:
        raise WebhookRejected(f"{HEADER} must be t=<seconds>,v1=<hex HMAC-SHA256>")
    expected = _digest(secret, times[0], body)
    if not any(hmac.compare_digest(signature, expected) for signature in signatures):
        raise WebhookRejected("the signature does not fit the body and the secret")
    if abs(at - int(times[0])) > WINDOW:
        raise WebhookRejected(f"the signature is more than {WINDOW} seconds away from this server's clock")


def _digest(secret: str, seconds: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
