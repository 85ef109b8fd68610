"""Phone numbers as customers and shops write them."""
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.orders import identifiers
from tandem.orders.errors import InvalidContact
from tandem.orders.identifiers import normalise_contact
from tandem.shop.phones import find_phones, normalise_phone
from tandem.shop.schema import Shop
from tandem.shop.shop_file import ShopFileError, read_shop


@pytest.mark.parametrize(("text", "country", "dialled"), [
    ("(415) 555-0142", "US", "+14155550142"), ("+1 415.555.0142", "DE", "+14155550142"),
    ("1 415 555 0142", "US", "+14155550142"), ("tel:+1-415-555-0142", "US", "+14155550142"),
    ("0049 30 1234567", "US", "+49301234567"), ("030 / 123 45 67", "DE", "+49301234567"),
    ("+49 (0)30 1234567", "US", "+49301234567"), ("+49 (0) 30 1234567", "DE", "+49301234567"),
    ("020 7946 0018", "GB", "+442079460018"), ("06 698 12345", "IT", "+390669812345"),
    ("612 345 678", "ES", "+34612345678"), ("٤١٥٥٥٥٠١٤٢", "US", ""), ("４１５ 555 0142", "US", "+14155550142"),
    ("415–555–0142", "US", "+14155550142"), ("555 0142", "TH", "5550142"),
    ("94107", "US", ""), ("call 415 555 0142", "US", ""), ("", "US", ""), ("+", "US", ""), ("1" * 18, "US", ""),
    ("00 1", "US", ""), ("ava@example.com", "US", ""), ("415\n555\x000142", "US", ""),
])
def test_a_number_is_written_as_dialled_from_abroad(text: str, country: str, dialled: str) -> None:
    assert normalise_phone(text, country) == dialled


@given(st.text(max_size=60), st.sampled_from(["US", "DE", "IT", "TH"]))
def test_no_text_is_too_odd(text: str, country: str) -> None:
    once = normalise_phone(text, country)
    assert once.lstrip("+").isdigit() or not once
    assert normalise_phone(once, country) in (once, "") or not once.startswith("+")
    list(find_phones(text))


@pytest.mark.parametrize(("text", "found"), [
    ("where's order #10421? my phone is (415) 555-0142, thanks", ["(415) 555-0142"]),
    ("it's +49 30 1234567.", ["+49 30 1234567"]), ("4155550142", ["4155550142"]),
    ("94107-1234", []), ("TD-10421", []), ("#4155550142", []), ("it cost 1.250,00", []),
    ("ava4155550142@example.com", []),
])
def test_numbers_are_found_in_sentences(text: str, found: list[str]) -> None:
    assert list(find_phones(text)) == found


@pytest.mark.parametrize(("match_with", "text", "kind"), [
    (("email", "postcode"), "94107-1234", "postcode"), (("email", "postcode"), "4155550142", "postcode"),
    (("email", "phone"), "4155550142", "phone"), (("phone",), "+14155550142", "phone"),
    (("postcode", "phone"), "94107", "postcode"), (("postcode", "phone"), "415-555-0142", "phone"),
    (("phone",), "ava@example.com", "email"), (("phone",), "94107", "postcode"),
])
def test_a_contact_is_what_the_shop_matches_with(
    monkeypatch: pytest.MonkeyPatch, match_with: tuple[str, ...], text: str, kind: str,
) -> None:
    monkeypatch.setattr(identifiers, "current_shop", lambda: Shop(match_with=match_with))
    assert normalise_contact(text).kind == kind


def test_what_is_no_contact_stays_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identifiers, "current_shop", lambda: Shop(match_with=("phone",)))
    with pytest.raises(InvalidContact):
        normalise_contact("my dog")


def test_a_way_to_match_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text("name: Loom\nmatch_with: [phone, fax]\n")
    with pytest.raises(ShopFileError, match=r"line 2: match_with must be a list of email, postcode and phone"):
        read_shop(path)
