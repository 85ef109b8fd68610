"""Postcodes of the shop's countries, in a message, as a contact and in an address."""
from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from tandem.nlu.order_entity_normalizer import OrderEntityNormalizer
from tandem.orders.addresses import parse_address
from tandem.orders.identifiers import normalise_contact
from tandem.orders.model import Address
from tandem.shop.postcodes import find_postcodes


def read(text: str, *countries: str) -> list[str]:
    return [text[start:end] for start, end in find_postcodes(text, countries)]


@pytest.mark.parametrize(("country", "text", "code"), [
    ("NL", "it's 1012 ab, thanks", "1012 ab"), ("PT", "my code is 1000-205", "1000-205"), ("PL", "00-950", "00-950"),
    ("IE", "D02 X285 please", "D02 X285"), ("AT", "1010", "1010"), ("CH", "postcode 8001", "8001"),
    ("SE", "zip: 111 22", "111 22"), ("IN", "postal code is 110001", "110001"), ("JP", "100-0001", "100-0001"),
    ("BR", "01310-100", "01310-100"), ("NO", "post code is 0150.", "0150"),
])
def test_a_postcode_of_the_shops_country_is_read(country: str, text: str, code: str) -> None:
    assert read(text, country)[:1] == [code]
    assert normalise_contact(code).is_email is False


@pytest.mark.parametrize("text", [
    "in 2023", "I paid 1010 euros", "order 1010", "call 212 555 0142", "1000-2050", "on 12-05-2024", "it's 1010 then",
    "TD-10421", "",
])
def test_what_is_none_is_left(text: str) -> None:
    assert read(text, "AT", "PT", "PL", "SE", "NL", "JP") == []


def test_the_nlu_reads_those_of_the_shops_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    for countries, found in (("[US]", []), ("[NL, BE]", ["1012 AB"])):
        (tmp_path / "data/shop.yml").unlink(missing_ok=True)
        monkeypatch.setattr("tandem.shop.shop_file._read", {})
        (tmp_path / "data/shop.yml").write_text(f"countries: {countries}\n")
        message = Message({TEXT: "#10421 and 1012 ab"})
        OrderEntityNormalizer({}).process([message])
        assert [one["value"] for one in message.get(ENTITIES) if one["entity"] == "postcode"] == found


def test_an_address_of_the_shops_country_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/shop.yml").write_text("countries: [PT]\n")
    monkeypatch.chdir(tmp_path)
    home = Address("Rui Costa", "Rua A 1", "Porto", "4000-001", "", "PT")
    assert parse_address("Rua Augusta 12, 1100-053 Lisboa", home).postcode == "1100-053"
