"""Phone numbers, as customers and shops write them: "+1 (415) 555-0142", "0049 30 123456", "030 / 123456"."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# What is dialled for a country from abroad. A country that is not here compares its numbers as they are dialled inside.
_CODES = {
    "AT": "43", "AU": "61", "BE": "32", "BR": "55", "CA": "1", "CH": "41", "CZ": "420", "DE": "49", "DK": "45",
    "ES": "34", "FI": "358", "FR": "33", "GB": "44", "IE": "353", "IN": "91", "IT": "39", "JP": "81", "LU": "352",
    "MX": "52", "NL": "31", "NO": "47", "NZ": "64", "PL": "48", "PT": "351", "SE": "46", "SK": "421", "US": "1",
}
_KEEPS_ZERO = frozenset({"IT"})  # its numbers begin with 0 from abroad too
_LEAST, _MOST = 7, 15  # digits
_WRITTEN = re.compile(r"(?<![\w#@.+-])(?:\+|00)?[\d(][\d\s().\-/\u2010-\u2015]{5,28}\d(?![\w@]|[.,-]\d)")
_ZIP_PLUS_FOUR = re.compile(r"\s*\d{5}-\d{4}\s*")
_ZERO_IN_BRACKETS = re.compile(r"(?<=\d)\s*\(0\)")  # +49 (0)30: dialled inside the country only


def normalise_phone(text: str, country: str) -> str:
    """Write a phone number as it is dialled from abroad, with a plus: "(415) 555-0142" in the US is "+14155550142".

    Args:
        country: Whose number it is if it does not say so, by two letters.

    Returns:
        An empty text if it is no phone number. Of a country that is not known, its digits without a plus.
    """
    plain = _ZERO_IN_BRACKETS.sub("", unicodedata.normalize("NFKC", text).strip().removeprefix("tel:"))
    if not re.fullmatch(r"\+?[\d\s().\-/\u2010-\u2015]+", plain):
        return ""
    digits = re.sub(r"[^0-9]", "", plain)
    if not _LEAST <= len(digits) <= _MOST + 2:
        return ""
    code = _CODES.get(country, "")
    if plain.lstrip(" (").startswith("+"):
        return f"+{digits}" if len(digits) <= _MOST else ""
    if digits.startswith("00"):
        return f"+{digits[2:]}" if len(digits) - 2 >= _LEAST else ""
    if code == "1":
        return f"+{digits}" if len(digits) == 11 and digits[0] == "1" else f"+1{digits}"
    if digits.startswith("0") and country not in _KEEPS_ZERO:
        digits = digits[1:]
    return f"+{code}{digits}" if code else digits


def find_phones(text: str) -> Iterator[str]:
    """Yield what looks like phone numbers in a text, as it stands there; a ZIP code of nine digits is none."""
    for found in _WRITTEN.finditer(text):
        written = found[0]
        if _LEAST <= sum(sign.isdigit() for sign in written) <= _MOST + 2 and not _ZIP_PLUS_FOUR.fullmatch(written):
            yield written.strip()
