"""The signature of both directions: `t=<seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`."""
from __future__ import annotations

from tandem.live_agents.signatures import check_signature, hex_digest

HEADER = "Tandem-Signature"


def sign(secret: str, body: bytes, at: float) -> str:
    """Make the header's value for a body that is sent at `at` (seconds since 1970)."""
    return f"t={int(at)},v1={hex_digest(secret, f'{int(at)}.'.encode() + body)}"


def verify(secret: str, header: str, body: bytes, now: float) -> None:
    """Check a header's value at the moment `now`. Several `v1` may stand in it, for a secret that is being changed.

    Raises:
        WebhookRejected: The signature is missing, wrong or too old.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    timestamp = times[0] if len(times) == 1 else ""
    check_signature(secret, f"{timestamp}.".encode() + body, [value for name, _, value in parts if name == "v1"],
                    timestamp, now, f"{HEADER} must be t=<seconds>,v1=<hex HMAC-SHA256>")
