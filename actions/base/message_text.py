"""What a message says that no entity carries: an order number without its prefix, the words of a button typed out."""
from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tandem.shop.shop_file import current_numbers

# "no wait, 10422": what was given before was wrong.
_CORRECTION = re.compile(
    r"\b(no|nope|wait|sorry|oops|meant|mean|actually|typo|correction|rather|instead)\b", re.IGNORECASE)
# What stands before a number that is not meant: "10402, not 10417".
_NOT_THIS = re.compile(
    r"(?:\b(?:not|dont|instead of|rather than|other than|except(?: for)?)|n['’]t)\s+"
    r"(?:(?:the|my|order|orders|for|number|no\.?|#|cancel|cancelling|change|stop|touch)\s*)*$", re.IGNORECASE)
_NO_CONTENT = frozenset({"the", "and", "with", "from", "that", "this"})


def bare_numbers(text: str) -> tuple[str, ...]:
    """Return the numbers of a text that may be order numbers written without their prefix, where one is due."""
    numbers = current_numbers().bare(text)
    meant = tuple(number for number in numbers if not is_refused(text, text.find(number)))
    return meant or numbers


def is_refused(text: str, start: int) -> bool:
    """Check whether what stands at a place of a text is named as what is not meant: "10402, not 10417"."""
    return start >= 0 and bool(_NOT_THIS.search(text[:start]))


def corrects(text: str) -> bool:
    """Return the text takes something back: "sorry, 10422"."""
    return bool(_CORRECTION.search(text))


def read_payload(payload: str) -> tuple[str, dict[str, Any]]:
    """Read the intent and the entities of a button: `/return_item{"return_reason": "damaged"}`."""
    intent, brace, rest = payload.removeprefix("/").partition("{")
    try:
        entities = json.loads(brace + rest) if brace else {}
    except ValueError:
        entities = {}
    return intent, entities if isinstance(entities, dict) else {}


def typed_button(text: str, buttons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Read the entities of the one button whose words the text repeats: not every channel lets customers press it."""
    said = _words(text)
    hits = [button for button in buttons if (words := _words(str(button.get("title") or ""))) and words <= said]
    return read_payload(str(hits[0].get("payload") or ""))[1] if len(hits) == 1 else {}


def _words(text: str) -> set[str]:
    plain = text.lower().replace("’", "'")
    return {word for word in re.findall(r"[a-z0-9']+", plain) if len(word) > 2 and word not in _NO_CONTENT} - {"it's"}
