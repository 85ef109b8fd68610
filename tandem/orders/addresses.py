"""Reading an address that a customer typed in one line."""
from __future__ import annotations

import re

from tandem.orders.errors import InvalidAddress
from tandem.orders.model import Address
from tandem.orders.policies import check_address

_CODE = r"(?P<postcode>\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4} ?[A-Z]{2}|\d{4})"
_CODE_AT_END = re.compile(rf"(?:^|[\s,]){_CODE}$", re.IGNORECASE)
_CODE_AT_START = re.compile(rf"^{_CODE}\s+", re.IGNORECASE)  # "10115 Berlin"
_REGION = re.compile(r"(?:^|[\s,])(?P<region>[A-Z]{2})$", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:(?:no|nope|sorry|wait|oops|actually|rather|please|pls|it'?s|its|to|(?:my |the )?new address(?: is)?|"
    r"(?:send|ship|deliver|change) it to)\b[\s:,]*)+", re.IGNORECASE)
_COUNTRY = re.compile(r",?\s*(?:USA|U\.S\.A\.|United States(?: of America)?)$", re.IGNORECASE)
MAX_LENGTH = 500


def parse_address(text: str, current: Address) -> Address:
    """Read "12 Oak Street, Apt 3, Springfield, IL 62704".

    Street and city are told apart by a comma or a line break; the postcode stands at the end or before the city. Name
    and country are those of `current`.

    Raises:
        InvalidAddress: A part is missing; `field` is "street", "city" or "postcode".
    """
    line = ", ".join(part.strip(" ,.") for part in re.split(r"[\n,]+", text[:MAX_LENGTH]) if part.strip(" ,."))
    line = _COUNTRY.sub("", _LEAD.sub("", " ".join(line.split())).strip(" ,."))
    region, postcode = "", ""
    code = _CODE_AT_END.search(line)
    if code:
        postcode, line = code.group("postcode").upper(), line[: code.start()].rstrip(" ,")
        state = _REGION.search(line)
        if state:
            region, line = state.group("region").upper(), line[: state.start()].rstrip(" ,")
    street, _, city = line.rpartition(",")
    city = city.strip()
    if not postcode:
        code = _CODE_AT_START.match(city)
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
