"""How customers write numbers and contacts."""
from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.orders.errors import InvalidContact, InvalidOrderNumber
from tandem.orders.identifiers import (
    Contact,
    normalise_contact,
    normalise_email,
    normalise_order_number,
    normalise_postcode,
)


@pytest.mark.parametrize("text", [
    "TD-10421", "td-10421", "td 10421", "TD10421", "#TD10421", "#TD-10421", "10421", "#10421", "# 10421",
    " td - 10421 ", "order 10421", "Order #10421", "order no. TD-10421", "number 10421", "td_10421", "TD–10421",
    "TD#10421", "\u200bTD-10421\u00a0", "ＴＤ－１０４２１",
])
def test_the_ways_to_write_a_number_are_one(text: str) -> None:
    assert normalise_order_number(text) == "TD-10421"


@pytest.mark.parametrize("text", [
    "", " ", "TD-", "hello", "TD-123", "TD-123456789", "AB-10421", "10421 10422", "TD-10421; DROP TABLE orders",
    "on-time@example.com", "1e5", "-10421", "10421.0", "١٠٤٢١", "9" * 10_000, "\x00", "\ud800",
])
def test_other_texts_are_no_number(text: str) -> None:
    with pytest.raises(InvalidOrderNumber):
        normalise_order_number(text)


def test_a_shop_may_number_its_orders_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/shop.yml").write_text('order_numbers: {forms: ["W-{code 5}"]}')
    monkeypatch.chdir(tmp_path)
    assert normalise_order_number("w 12abc") == "W-12ABC"
    with pytest.raises(InvalidOrderNumber):
        normalise_order_number("TD-10421")


@pytest.mark.parametrize(("text", "postcode"), [
    ("94107", "94107"), (" 94 107 ", "94107"), ("94107-1234", "94107"), ("94107 1234", "94107"),
    ("941 071 234", "94107"),
    ("sw1a 1aa", "SW1A1AA"), ("12345-678", "12345678"), ("K1A‑0B1", "K1A0B1"), ("９４１０７", "94107"),
])
def test_the_ways_to_write_a_postcode_are_one(text: str, postcode: str) -> None:
    assert normalise_postcode(text) == postcode


@pytest.mark.parametrize(("text", "contact"), [
    (" On-Time@Example.COM ", Contact("on-time@example.com", is_email=True)),
    ("O'Brien@example.com", Contact("o'brien@example.com", is_email=True)),
    ("mailto:a@b.co", Contact("a@b.co", is_email=True)),
    ("josé@exämple.de", Contact("josé@exämple.de", is_email=True)),
    ("02108", Contact("02108", is_email=False)),
])
def test_a_contact_is_an_address_or_a_postcode(text: str, contact: Contact) -> None:
    assert normalise_contact(text) == contact


@pytest.mark.parametrize("text", [
    "", "no", "hello", "@", "a@", "a@b", "a@b.", "a b@c.de", "a@b.de, c@d.de", "<a@b.de>", "x\x00@b.de", "12", "1" * 11,
    "I don't know", "\ud800@b.de", "a" * 300 + "@b.de",
])
def test_other_texts_are_no_contact(text: str) -> None:
    with pytest.raises(InvalidContact):
        normalise_contact(text)


@given(st.text())
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    normalise_email(text)
    normalise_postcode(text)
    for read, refusal in ((normalise_order_number, InvalidOrderNumber), (normalise_contact, InvalidContact)):
        with suppress(refusal):
            read(text)


@given(st.text(st.characters(max_codepoint=127), max_size=20))
def test_a_postcode_is_normal_after_one_pass(text: str) -> None:
    once = normalise_postcode(text)
    assert normalise_postcode(once) == once
