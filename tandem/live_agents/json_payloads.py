"""Read JSON that an outside tool made: nothing in it is taken for granted."""
from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from tandem.live_agents.protocol import WebhookUnreadable

Json = Mapping[str, Any]


def parse(body: bytes, hint: str = "") -> Json:
    """Read the JSON object that a webhook's body is.

    Args:
        hint: What to say besides when it is none.

    Raises:
        WebhookUnreadable: It is no JSON, or no object.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WebhookUnreadable(f"the body is not JSON{hint}") from error
    if not isinstance(data, dict):
        raise WebhookUnreadable(f"the body must be a JSON object{hint}")
    return data


def mapping(value: Any) -> Json:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Json]:
    """Return the objects in a list; none if it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return the value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def moment(value: Any) -> datetime | None:
    """Read an ISO time in UTC, which it is taken for if it names no zone; None if it is no time."""
    try:
        written = re.sub(r"(\.[0-9]{1,6})[0-9]*", lambda found: found[1].ljust(7, "0"),  # all that Python 3.10 reads
                         text(value).strip().replace("Z", "+00:00"))
        read = datetime.fromisoformat(written)
        return (read if read.tzinfo else read.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
