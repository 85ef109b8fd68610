"""Reading an address that a customer typed in one line."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from tandem.orders.errors import InvalidAddress
from tandem.orders.model import Address
from tandem.orders.policies import check_address
from tandem.shop.postcodes import code_pattern
from tandem.shop.shop_file import current_shop

# Beside those of the shop's countries; many write to the neighbours.
_CODES = r"\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4} ?[A-Z]{2}|\d{4}"
_AT_END, _AT_START = r"(?:^|[\s,])CODE$", r"^CODE\s+"  # "10115 Berlin"
_UNIT_WORD = r"(?:apartment|appartment|apt|flat|unit|suite|ste|floor|room|#)"
_UNIT_OF_STREET = (
    rf"(?:{_UNIT_WORD}\b\.?\s*(?:no\.?\s*|number\s*)?#?\s*\w{{1,6}}|#\s*\w{{1,6}}|\d+(?:st|nd|rd|th) floor)")
_UNIT = re.compile(_UNIT_OF_STREET, re.IGNORECASE)
_REGION = re.compile(r"(?:^|[\s,])(?P<region>[A-Z]{2})$", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:(?:no|nope|sorry|wait|oops|actually|rather|please|pls|it'?s|its|to|(?:my |the )?new address(?: is)?|"
    r"(?:send|ship|deliver|change) it to)\b[\s:,]*)+", re.IGNORECASE)
# What leads up to the street: "for my sister Ann, 9 Hill Rd", "that's the old one. The new one is 9 Hill Rd".
_TO_STREET = re.compile(
    r"^[^\d]*?(?:\b(?:to|at|is|it's|its|address)\s*:?|\b(?:to|for|at|is|was|it's|its|address|goes|send|deliver|ship|live|"
    r"moved?|please|instead|sorry|now)\b[^\d]*?[,.:;])\s+(?=\d{1,6}[a-z]?\s+[a-z])", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:[\s,.!;:]*\b(?:thanks?(?: you)?(?: so much| a lot)?|thx|ty|cheers|please|pls|plz|instead|now|if possible|"
    r"that's (?:it|all|the new one)|that is (?:it|all)|from now on)\b)+[\s,.!]*$", re.IGNORECASE)
_STREET_END = re.compile(
    r"^(?P<street>\d+[a-z]?\s[^\s,]+\s[^,]*?(?<=\s)(?:street|st|avenue|ave|boulevard|blvd|road|rd|drive|dr|lane|ln|way|court|"
    r"ct|place|pl|square|sq|terrace|ter|parkway|pkwy|highway|hwy|circle|cir|trail|trl)\b\.?"
    rf"(?:\s(?:[ns][ew]?|[ew])\b\.?)?(?:\s{_UNIT_OF_STREET})?)\s+(?P<city>[a-z][^\d,]*)$", re.IGNORECASE)
_COUNTRY = re.compile(r",?\s*(?:USA|U\.S\.A\.|United States(?: of America)?)$", re.IGNORECASE)
_FILLER = re.compile(
    r"\b(?:it's|its|it is|is|in|and|also|oh|sorry|no|yes|wait|plus|add|the|please|forgot|i)\b", re.IGNORECASE)
_SAME = re.compile(
    r"[\s,;.]*\b(?:(?:in |and )?(?:the )?same (?:city|town|place|zip|postcode|post code|state)"
    r"(?: and (?:zip|postcode|state|city))?|"
    r"(?:and )?(?:the )?(?:rest|remainder|everything else|all else|other parts?)\b[^.!?]{0,20}\bsame|"
    r"(?:and )?otherwise (?:the |it's the )?same|(?:and )?the rest (?:stays|remains)[^.!?]{0,20})", re.IGNORECASE)
_SWAP = re.compile(r"\b(?P<new>\w{1,6})\b[\s,]*(?:and )?(?:not|instead of) (?P<old>\w{1,6})\b", re.IGNORECASE)
_NEW_CODE = r"\b(?:zip|post ?code|postal)\b.*?CODE\W*$"
MAX_LENGTH = 500


def parse_address(text: str, current: Address) -> Address:
    """Read "12 Oak Street, Apt 3, Springfield, IL 62704".

    Street and city are told apart by a comma or a line break; the postcode stands at the end or before the city. Name
    and country are those of `current`.

    Raises:
        InvalidAddress: A part is missing; `field` is "street", "city" or "postcode".
    """
    line = ", ".join(part.strip(" ,.") for part in re.split(r"[\n,]+", text[:MAX_LENGTH]) if part.strip(" ,."))
    line = _LEAD.sub("", _TO_STREET.sub("", _TAIL.sub("", " ".join(line.split()))))
    line = _COUNTRY.sub("", line.strip(" ,."))
    region, postcode = "", ""
    code = _code(_AT_END).search(line)
    if code:
        postcode, line = code.group("postcode").upper(), line[: code.start()].rstrip(" ,")
        state = _REGION.search(line)
        if state:
            region, line = state.group("region").upper(), line[: state.start()].rstrip(" ,")
    without_comma = _STREET_END.match(line)
    street, _, city = without_comma.expand(r"\g<street>,\g<city>").rpartition(",") if without_comma \
        else line.rpartition(",")
    city = city.strip()
    if not postcode:
        code = _code(_AT_START).match(city)
        if code:
            postcode, city = code.group("postcode").upper(), city[code.end():].strip()
    if not any(character.isdigit() for character in street or line):
        raise InvalidAddress("street")
    if not postcode:
        raise InvalidAddress("postcode")
    if not street.strip() or not city or any(character.isdigit() for character in city):
        raise InvalidAddress("city")
    address = Address(current.name, street.strip(), city, postcode, region, current.country)
    check_address(address)
    return address


def complete_address(text: str, said: Sequence[str], current: Address) -> Address:
    """Read an address that comes in pieces: what was said before and did not do alone, then this text.

    "Same city" and "the rest is the same" take what is missing from `current`.

    Raises:
        InvalidAddress: A part is still missing; `field` is "street", "city" or "postcode".
    """
    try:
        if not _SAME.search(text) and not _is_unit(text):
            return parse_address(text, current)
    except InvalidAddress:
        if not said:
            raise
    parts = [_bare(part) for piece in said for part in re.split(r"[\n,]+", _SAME.sub("", piece))]
    added = _SAME.sub("", text)
    unit = _UNIT.search(added) if _is_unit(added) else None
    if unit:
        street = next((place for place, part in enumerate(parts) if any(sign.isdigit() for sign in part)), -1)
        parts.insert(street + 1, unit.group())
    else:
        parts += re.split(r"[\n,]+", added)
    line = ", ".join(part.strip() for part in parts if part.strip(" ,."))
    if any(map(_SAME.search, (text, *said))):
        place = " ".join(part for part in (current.region, current.postcode) if part)
        line = f"{line}, {current.city}, {place}"
    return parse_address(line, current)


def correct_address(text: str, read_back: Address) -> Address | None:
    """Correct an address that was read back by a piece: "apartment 5", "14, not 12", "the zip is 62705".

    Returns:
        The whole address; None where the text gives no piece of one.
    """
    if _is_unit(text):
        unit = _UNIT.search(text)
        street = _UNIT.sub("", read_back.street).strip(" ,")
        return replace(read_back, street=f"{street}, {unit.group()}") if unit else None
    code = _code(_NEW_CODE).search(text)
    if code:
        return replace(read_back, postcode=code["postcode"].upper())
    swap, line = _SWAP.search(text), str(read_back)
    if swap and len(re.findall(rf"\b{swap['old']}\b", line, re.IGNORECASE)) == 1:
        return parse_address(re.sub(rf"\b{swap['old']}\b", swap["new"], line, flags=re.IGNORECASE), read_back)
    if _SAME.search(text):
        return complete_address(text, (), read_back)
    return None


def _bare(part: str) -> str:
    unit = _UNIT.search(part) if _is_unit(part) else None
    return unit.group() if unit else part


def _is_unit(text: str) -> bool:
    """Check whether a text gives an apartment and nothing else: "it's apartment 5"."""
    unit = _UNIT.search(text)
    rest = _FILLER.sub("", text.replace("’", "'").replace(unit.group(), "")) if unit else ""
    return unit is not None and not re.sub(r"[\W_]+", "", rest)


def _code(place: str) -> re.Pattern[str]:
    """Match a postcode of the shop's countries at a place of a line."""
    return _compiled(place, code_pattern(current_shop().countries))


@lru_cache(maxsize=32)
def _compiled(place: str, of_the_shop: str) -> re.Pattern[str]:
    codes = f"{of_the_shop}|{_CODES}" if of_the_shop else _CODES
    return re.compile(place.replace("CODE", f"(?P<postcode>{codes})"), re.IGNORECASE)
