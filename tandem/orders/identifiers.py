"""How customers write order numbers, e-mail addresses, postcodes and phone numbers, and how the shop does."""
from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from tandem.orders.errors import InvalidContact, InvalidOrderNumber
from tandem.shop.phones import normalise_phone
from tandem.shop.postcodes import find_postcodes
from tandem.shop.shop_file import current_numbers, current_shop

MAX_LENGTH = 254  # of an e-mail address, the longest of them
_EMAIL = re.compile(r"[^\s@<>\"'(),;:][^\s@<>\"(),;:]*@[^\s@<>\"'(),;:.]+(\.[^\s@<>\"'(),;:.]+)+")
_POSTCODE = re.compile(r"[A-Z0-9]{3,10}", re.ASCII)
_ZIP_PLUS_FOUR = re.compile(r"([0-9]{5})[0-9]{4}")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))


def normalise_order_number(text: str) -> str:
    """Bring an order number into the shop's form, as data/shop.yml has it: "1001" and "# 1001" are "#1001".

    Raises:
        InvalidOrderNumber: The text is something else.
    """
    number = current_numbers().read(text)
    if number is None:
        raise InvalidOrderNumber(text[:MAX_LENGTH])
    return number


def written_number(number: str) -> str:
    """Write a number of the shop's engine as the shop does; one of another form stays as it is."""
    return current_numbers().read(number) or number


def number_variants(number: str) -> tuple[str, ...]:
    """Return how the shop's engine may hold a number of the shop: "#1001" as "#1001" or as "1001"."""
    core = current_numbers().core_of(number)
    plain = core.lstrip("0") if core.isdigit() else core
    return tuple(dict.fromkeys(one for one in (number, core, plain) if one))


def normalise_postcode(text: str) -> str:
    """Write a postcode without spaces, hyphens and case; a ZIP+4 is cut to its five digits. Never raises."""
    bare = _tidy(text[:MAX_LENGTH]).upper().replace(" ", "").replace("-", "")
    plus_four = _ZIP_PLUS_FOUR.fullmatch(bare)
    return plus_four.group(1) if plus_four else bare


def normalise_email(text: str) -> str:
    """Write an e-mail address trimmed and in lower case. Never raises."""
    return text[: MAX_LENGTH + 1].strip().lower()


@dataclass(frozen=True)
class Contact:
    """What a customer gives beside the order number. `value` is normalised."""

    value: str
    is_email: bool
    is_phone: bool = False

    @property
    def kind(self) -> str:
        """Return what it is by the words of `match_with` in data/shop.yml."""
        return "email" if self.is_email else "phone" if self.is_phone else "postcode"


def normalise_contact(text: str) -> Contact:
    """Read an e-mail address or a postcode; where the shop matches with it, a phone number.

    What could be a postcode or a phone number is a phone number, unless the shop matches with postcodes and it has so
    few digits that it looks like one of its countries'.

    Raises:
        InvalidContact: The text is none of them.
    """
    shop = current_shop()
    if len(text) <= MAX_LENGTH:
        email = normalise_email(text).removeprefix("mailto:")
        if email.isprintable() and _EMAIL.fullmatch(email):
            return Contact(email, is_email=True)
        phone = normalise_phone(_tidy(text), shop.countries[0]) if "phone" in shop.match_with else ""
        if phone and not ("postcode" in shop.match_with and any(find_postcodes(text, shop.countries))):
            return Contact(phone, is_email=False, is_phone=True)
        postcode = normalise_postcode(text)
        if _POSTCODE.fullmatch(postcode) and any(c.isdigit() for c in postcode):
            return Contact(postcode, is_email=False)
    raise InvalidContact(text[:MAX_LENGTH])


def _tidy(text: str) -> str:
    """Turn full-width digits and typographic dashes into plain ones, drop invisible characters, normalise blanks."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    visible = "".join(c for c in plain if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join(visible.split())
