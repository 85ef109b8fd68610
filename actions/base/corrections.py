"""After number and contact did not match: which of the two an answer corrects. The other is kept."""
from __future__ import annotations

import re
from typing import Any

from actions.base.turn import CurrentTurn
from tandem.shop.shop_file import current_numbers

_CONTACT = re.compile(r"\b(?:e-?mail|mail|address|zip|post ?code|postal|phone|mobile|cell)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\b(?:order|number|digit|digits)\b", re.IGNORECASE)
_IS_RIGHT = re.compile(r"(?<!not )(?<!n't )\b(?:right|correct|fine|sure|certain)\b", re.IGNORECASE)
# "a 6, not a 9" and "k instead of c"
_SWAP = re.compile(r"(?:^|\s)(?P<new>[a-z0-9]{1,3})\b[\s,]*(?:and )?(?:not|instead of)\s+(?:an?\s+|the\s+)?"
                   r"(?P<old>[a-z0-9]{1,3})\b(?!\w)", re.IGNORECASE)


def corrected_identification(turn: CurrentTurn, number: Any, contact: Any) -> tuple[Any, Any] | None:
    """Complete what a message corrects, by what was tried before.

    Args:
        number, contact: What the message gives, or None.

    Returns:
        Number and contact, each None where it must be asked for; None where the message corrects nothing.
    """
    tried_number, tried_contact = (next(iter(turn.values_before(slot)), None) for slot in ("order_number", "contact"))
    if not tried_number or not tried_contact or (number and contact):
        return None
    if contact and contact != tried_contact:
        return tried_number, contact
    if number and digits_of(number) != digits_of(tried_number):
        return number, tried_contact
    if number:  # the same again: the other one is wrong
        return number, None
    if contact:
        return None, contact
    return _swapped(turn.text, str(tried_number), str(tried_contact)) or _named(turn.text, tried_number, tried_contact)


def names_contact(text: str) -> bool:
    """Check whether a message says that it gives an e-mail address or postcode: "94107 is the zip"."""
    return bool(_CONTACT.search(text)) and not _NUMBER.search(text)


def _swapped(text: str, number: str, contact: str) -> tuple[str, str] | None:
    swap = _SWAP.search(text)
    if swap is None:
        return None
    old, new = swap["old"].lower(), swap["new"].lower()
    if old.isdigit() and new.isdigit() and digits_of(number).count(old) == 1:
        return number.replace(old, new), contact
    return (number, contact.lower().replace(old, new)) if contact.lower().count(old) == 1 else None


def _named(text: str, number: Any, contact: Any) -> tuple[Any, Any] | None:
    of_contact, of_number = bool(_CONTACT.search(text)), bool(_NUMBER.search(text))
    if of_contact == of_number:
        return None
    wrong_contact = of_contact != bool(_IS_RIGHT.search(text))
    return (number, None) if wrong_contact else (None, contact)


def digits_of(number: Any) -> str:
    """Return the digits of an order number, with or without its prefix."""
    read = current_numbers().read(str(number)) or str(number)
    return "".join(sign for sign in read if sign.isdigit())
