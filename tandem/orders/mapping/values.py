"""Values as engines write them."""
from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

_ZONE = re.compile(r":[\d.]+([+-]\d\d):?(\d\d)?\Z")  # after a time of day, not the day of a date


def read_moment(value: Any, dates: str) -> datetime:
    """Read a time as an engine writes it; it may be without a zone.

    Raises:
        ValueError, OverflowError, OSError, InvalidOperation: It is written otherwise.
    """
    if isinstance(value, datetime):
        return value
    if dates in ("unix", "unix_ms"):
        seconds = Decimal(str(value)) / (1000 if dates == "unix_ms" else 1)
        return datetime.fromtimestamp(float(seconds), timezone.utc)
    if dates != "iso":
        return datetime.strptime(str(value), dates)
    text = str(value).strip().replace("Z", "+00:00")
    zone = _ZONE.search(text)
    if zone:  # Python 3.10 wants it whole: +02:00
        text = f"{text[: zone.start(1)]}{zone[1]}:{zone[2] or '00'}"
    return datetime.fromisoformat(_with_six_places(text))


def _with_six_places(text: str) -> str:
    """Bring a fraction of seconds to six places, as Python 3.10 wants it."""
    head, point, tail = text.partition(".")
    if not point:
        return text
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    return f"{head}.{digits[:6]:0<6}{tail[len(digits):]}"


def link(text: str) -> str:
    """Keep what a customer can follow; engines write "" and "#" where there is nothing."""
    return text if text.startswith(("https://", "http://")) else ""
