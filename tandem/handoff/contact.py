"""The e-mail address that a waiting customer leaves."""
from __future__ import annotations

import re

from tandem.conversations.store import MAX_EMAIL

_EMAIL = re.compile(r"(?<![\w.+%&-])\w(?:[\w.+%&'-]{0,62}[\w+%-])?@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}")


def email_in(text: str) -> str:
    """Return the last e-mail address of a text; empty if it has none."""
    found = _EMAIL.findall(text)
    return str(found[-1])[:MAX_EMAIL] if found else ""
