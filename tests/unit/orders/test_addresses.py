"""Addresses as customers type them."""
from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.orders.addresses import complete_address, correct_address, parse_address
from tandem.orders.errors import InvalidAddress
from tandem.orders.model import Address

CURRENT = Address("Noah Lindqvist", "512 Pine St", "Seattle", "98101", "WA")


@pytest.mark.parametrize(("text", "street", "city", "region", "postcode"), [
    ("12 Oak Street, Springfield, IL 62704", "12 Oak Street", "Springfield", "IL", "62704"),
    ("12 Oak Street\nApt 3\nSpringfield IL 62704-1234", "12 Oak Street, Apt 3", "Springfield", "IL", "62704-1234"),
    ("please send it to 12 oak street, springfield, il, 62704, USA", "12 oak street", "springfield", "IL", "62704"),
    ("Torstr. 5, 10115 Berlin", "Torstr. 5", "Berlin", "", "10115"),
    ("10 Downing Street, London SW1A 2AA", "10 Downing Street", "London", "", "SW1A 2AA"),
    ("no, sorry: 98 Elm Ave, Dayton, OH 45402.", "98 Elm Ave", "Dayton", "OH", "45402"),
    ("to my sister Greta, 31 Birch Rd Olympia WA 98501 thanks", "31 Birch Rd", "Olympia", "WA", "98501"),
    ("yes, that's the old one. the new one is 4 Quarry Lane, Tacoma 98402", "4 Quarry Lane", "Tacoma", "", "98402"),
    ("I've moved, please send it to 16 St Clair Ave NE Apt 2 Salem OR 97301 instead", "16 St Clair Ave NE Apt 2",
     "Salem",
     "OR", "97301"),
    ("Unit 4, 77 Canal St, New Orleans, LA 70112", "Unit 4, 77 Canal St", "New Orleans", "LA", "70112"),
])
def test_an_address_is_read(text: str, street: str, city: str, region: str, postcode: str) -> None:
    assert parse_address(text, CURRENT) == Address("Noah Lindqvist", street, city, postcode, region)


@pytest.mark.parametrize(("text", "field"), [
    ("", "street"), ("how long does it take?", "street"), ("12 Oak Street, Springfield", "postcode"),
    ("12 Oak Street 62704", "city"), ("12 Oak Street, 62704", "city"), ("x" * 10_000, "street"),
])
def test_what_is_missing_is_named(text: str, field: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_address(text, CURRENT)
    assert caught.value.field == field


def test_an_address_read_back_is_the_same_address() -> None:
    address = parse_address("12 Oak Street, Apt 3, Springfield, IL 62704", CURRENT)
    assert parse_address(str(address), CURRENT) == address


@given(st.text(max_size=600))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    with contextlib.suppress(InvalidAddress):
        parse_address(text, CURRENT)


@pytest.mark.parametrize(("said", "text", "whole"), [
    (["12 Oak Street"], "Springfield, IL 62704", "12 Oak Street, Springfield, IL 62704"),
    (["12 Oak Street, Springfield"], "62704", "12 Oak Street, Springfield, 62704"),
    (["12 Oak Street", "it's apartment 5"], "Springfield, IL 62704",
     "12 Oak Street, apartment 5, Springfield, IL 62704"),
    (["12 Oak Street, Springfield"], "IL 62704", "12 Oak Street, Springfield, IL 62704"),
    ([], "12 Oak Street, same city", "12 Oak Street, Seattle, WA 98101"),
    ([], "14 Elm Road, the rest is the same", "14 Elm Road, Seattle, WA 98101"),
    (["14 Elm Road"], "the rest stays the same", "14 Elm Road, Seattle, WA 98101"),
])
def test_an_address_is_completed_in_pieces(said: list[str], text: str, whole: str) -> None:
    assert str(complete_address(text, said, CURRENT)) == whole


@pytest.mark.parametrize(("text", "whole"), [
    ("oh, it's apartment 5", "12 Oak Street, apartment 5, Springfield, IL 62704"),
    ("14, not 12", "14 Oak Street, Springfield, IL 62704"),
    ("the zip is 62705", "12 Oak Street, Springfield, IL 62705"),
    ("9 Ash Lane, same city", "9 Ash Lane, Springfield, IL 62704"), ("no", None), ("is that right?", None),
])
def test_what_was_read_back_is_corrected_by_a_piece(text: str, whole: str | None) -> None:
    address = correct_address(text, parse_address("12 Oak Street, Springfield, IL 62704", CURRENT))
    assert (str(address) if address else None) == whole
