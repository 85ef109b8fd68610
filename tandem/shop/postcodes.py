"""Postcodes of the shop's countries, as customers write them and as each country does."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

# Of each country: what it looks like in capitals. Those that nothing else looks like are read anywhere in a message.
_FORMS = {
    "AT": r"\d{4}", "AU": r"\d{4}", "BE": r"\d{4}", "BR": r"\d{5}-\d{3}", "CH": r"\d{4}", "CZ": r"\d{3} ?\d{2}",
    "DK": r"\d{4}", "ES": r"\d{5}", "FI": r"\d{5}", "FR": r"\d{5}",
    "IE": r"[AC-FHKNPRTV-Y]\d[\dW] ?[\dAC-FHKNPRTV-Y]{4}",
    "IN": r"\d{6}", "IT": r"\d{5}", "JP": r"\d{3}-\d{4}", "MX": r"\d{5}", "NL": r"\d{4} ?[A-Z]{2}", "NO": r"\d{4}",
    "NZ": r"\d{4}", "PL": r"\d{2}-\d{3}", "PT": r"\d{4}-\d{3}", "SE": r"\d{3} ?\d{2}", "SK": r"\d{3} ?\d{2}",
}
_UNLIKE_OTHERS = frozenset({"IE", "NL", "PL", "PT", "BR"})
_START, _END = r"(?<![\w#$€£@.,/+&-])", r"(?![\w%]|[.,/-]\d)"
_NAMED = r"\b(?:ZIP|POST ?CODE|POSTAL CODE|PLZ|EIRCODE|CODE POSTAL)\b(?: (?:CODE|IS|:))*[: ]{0,3}"


def code_pattern(countries: Sequence[str]) -> str:
    """Match a postcode of these countries, in capitals; nothing, of countries that `data/nlu/entities.yml` reads."""
    return "|".join(dict.fromkeys(_FORMS[one] for one in countries if one in _FORMS))


def find_postcodes(text: str, countries: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where postcodes of these countries stand in a text.

    Those that look like any other number count where the text is nothing else, or calls them postcodes.
    """
    said = "".join(up if len(up := sign.upper()) == 1 else sign for sign in text)
    for pattern in _patterns(tuple(countries)):
        for found in pattern.finditer(said):
            yield found.span("code")


@lru_cache(maxsize=8)
def _patterns(countries: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    sure, others = code_pattern([one for one in countries if one in _UNLIKE_OTHERS]), code_pattern(countries)
    found = [re.compile(rf"{_START}(?P<code>{sure}){_END}", re.ASCII)] if sure else []
    if others:
        found.append(re.compile(rf"\A\W*(?P<code>{others})\W*\Z", re.ASCII))
        found.append(re.compile(rf"{_NAMED}(?P<code>{others}){_END}", re.ASCII))
    return tuple(found)
