"""Check that a webhook comes from whom it says: by HMAC-SHA256 over a time and the raw body, or by a shared secret."""
from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

from tandem.live_agents.protocol import WebhookRejected

WINDOW = 300  # seconds that a signature's time may be away from ours
_HEX = re.compile(r"[0-9a-f]{64}")
_SECONDS = re.compile(r"[0-9]{1,12}")


def hex_digest(secret: str, content: bytes) -> str:
    """Compute the HMAC-SHA256 of some bytes under a secret, in hex."""
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def check_signature(
    secret: str, content: bytes, signatures: Sequence[str], timestamp: str, now: float, unsigned: str,
) -> None:
    """Check that one of the signatures fits, and is young.

    Args:
        content: What is signed: the timestamp and the raw body, as the tool puts them together.
        signatures: In hex; several while a secret is being changed.
        timestamp: Seconds since 1970, as they stand in the header.
        now: Seconds since 1970.
        unsigned: What to say if there is no signature or time, or none that can be one.

    Raises:
        WebhookRejected: The signature is missing, wrong or too old.
    """
    possible = [signature for signature in signatures if _HEX.fullmatch(signature)]
    if not possible or not _SECONDS.fullmatch(timestamp):
        raise WebhookRejected(unsigned)
    expected = hex_digest(secret, content)
    if not any(hmac.compare_digest(signature, expected) for signature in possible):
        raise WebhookRejected("the signature does not fit the body and the secret")
    if abs(now - int(timestamp)) > WINDOW:
        raise WebhookRejected(f"signed more than {WINDOW} seconds away from this server's clock")


def check_secret(secret: str, actual: str, header: str) -> None:
    """Check the secret that a tool sends along where it signs nothing.

    Raises:
        WebhookRejected: The secret is missing or wrong.
    """
    if not hmac.compare_digest(actual.encode("utf-8", "surrogateescape"), secret.encode()):
        raise WebhookRejected(f"{header} is not the webhook's secret")
