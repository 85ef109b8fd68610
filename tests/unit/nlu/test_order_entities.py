"""Patterns of data/nlu/entities.yml and what OrderEntityNormalizer makes of their matches."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from tandem.nlu.models.embedding import as_read
from tandem.nlu.models.order_mask import MASK, masked
from tandem.nlu.order_entity_normalizer import OrderEntityNormalizer, canonical, order_numbers, settle

ENTITIES_FILE = Path(__file__).parents[3] / "data" / "nlu" / "entities.yml"


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    blocks = yaml.safe_load(ENTITIES_FILE.read_text(encoding="utf-8"))["nlu"]
    return [
        (block["regex"], re.compile(line[2:], re.IGNORECASE))
        for block in blocks
        for line in block["examples"].splitlines()
        if line.startswith("- ")
    ]


PATTERNS = patterns()


def read(text: str) -> list[tuple[str, str]]:
    matches: list[dict[str, Any]] = [
        {"entity": name, "start": match.start(), "end": match.end(), "value": match.group()}
        for name, pattern in PATTERNS
        for match in pattern.finditer(text)
    ]
    return [(entity["entity"], entity["value"]) for entity in settle([*order_numbers(text), *matches])]


@pytest.mark.parametrize(
    "text",
    [
        "where is TD-10421?", "td10421", "td 10421", "Td_10421.", "order #10421", "#10421", "# 10421", "TD–10421!",
        "my order number is 10421", "order no. 10421", "Order: 10421", "order 10421 please", "(TD-10421)", "TD#10421",
        "it's tD-10421, thanks", "order id 10421", "TD-10421 TD-10421",
    ],
)  # fmt: skip
def test_an_order_number_is_found_once_however_it_is_written(text: str) -> None:
    assert read(text) == [("order_number", "TD-10421")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ana.Maria+shop@Example.com", "ana.maria+shop@example.com"),
        ("write to on-time@example.com.", "on-time@example.com"),
        ("<late@mail.example.co.uk>", "late@mail.example.co.uk"),
        ("it's Sean.O'Brien@example.com", "sean.o'brien@example.com"),
        ("b&b@example.com", "b&b@example.com"),
        ("it's kim_lee at example dot com, thanks", "kim_lee@example.com"),
        ("'late@example.com'", "late@example.com"),
        ("two_orders12345@example.com", "two_orders12345@example.com"),
    ],
)
def test_an_email_is_found_and_written_in_lower_case(text: str, value: str) -> None:
    assert read(text) == [("email", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("94107", "94107"), ("my zip is 02108-1234", "02108-1234"), ("sw1a1aa", "SW1A 1AA"),
        ("M1 1AE please", "M1 1AE"),
        ("k1a-0b1", "K1A 0B1"), ("D-10115 Berlin", "10115"), ("it's EC1A 1BB", "EC1A 1BB"),
        ("postcode: 60614.", "60614"),
    ],
)  # fmt: skip
def test_a_postcode_is_found_and_written_as_its_country_does(text: str, value: str) -> None:
    assert read(text) == [("postcode", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1Z999AA10123456784", "1Z999AA10123456784"), ("1z 999 aa1 01 2345 6784", "1Z999AA10123456784"),
        ("9400111899223344556677", "9400111899223344556677"), ("9400 1118 9922 3344 5566 77", "9400111899223344556677"),
        ("RR123456785GB", "RR123456785GB"), ("JD014600006281234567", "JD014600006281234567"),
        ("123456789012", "123456789012"), ("tba123456789012", "TBA123456789012"),
    ],
)  # fmt: skip
def test_a_tracking_number_is_found_without_its_spaces(text: str, value: str) -> None:
    assert read(text) == [("tracking_number", value)]


@pytest.mark.parametrize(
    "text",
    [
        "", "where is my order", "it cost 12000 euros", "$12000", "12,345", "12345.67", "i paid 10500 eur",
        "call +441632960961", "on 12/05/2024", "in 3 days", "order 2 lamps", "4111 1111 1111 1111", "4111111111111111",
        "90210%", "@ana", "a@b", "the 1z club",
    ],
)  # fmt: skip
def test_other_numbers_are_left_alone(text: str) -> None:
    assert read(text) == []


def test_order_number_email_and_postcode_of_one_message_are_told_apart() -> None:
    assert read("TD-10421, ana@example.com, 94107") == [
        ("order_number", "TD-10421"), ("email", "ana@example.com"), ("postcode", "94107"),
    ]  # fmt: skip


def test_two_orders_are_two_values() -> None:
    assert read("td10421 and #10388") == [("order_number", "TD-10421"), ("order_number", "TD-10388")]


def test_the_digits_of_an_order_number_are_no_date_of_another_extractor() -> None:
    found = [
        {"entity": "DATE", "start": 3, "end": 8, "value": "10421"},
        {"entity": "PERSON", "start": 20, "end": 23, "value": "Ana"},
        {"entity": "order_number", "start": 0, "end": 8, "value": "TD-10421"},
    ]
    assert [entity["entity"] for entity in settle(found)] == ["order_number", "PERSON"]


def test_the_span_of_a_number_does_not_cover_the_words_before_it() -> None:
    assert order_numbers("my order number is 10421")[0]["start"] == 19


def test_full_width_digits_are_ordinary_digits() -> None:
    assert canonical("order_number", "ＴＤ－１０４２１") == "TD-10421"


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "1 " * 50_000, "a@" * 50_000, "TD" * 50_000, "1Z" * 50_000, "a." * 50_000]
)
def test_patterns_take_no_long_time_on_hostile_text(text: str) -> None:
    started = time.perf_counter()
    for _, pattern in PATTERNS:
        for _match in pattern.finditer(text[:2000]):
            pass
    assert time.perf_counter() - started < 20, "a pattern backtracks without end"


def test_the_prefix_of_earlier_versions_may_stand_and_is_told_to_have_moved(caplog: pytest.LogCaptureFixture) -> None:
    OrderEntityNormalizer.validate_config({"order_prefix": "TD"})
    assert "data/shop.yml" in caplog.text


@pytest.mark.parametrize(("form", "text", "read"), [
    ("#{digits 4-6}", "where's 1001? I mean order 1001, zip 94107", ["#1001"]),
    ("{padded 9}", "000000123 please", ["000000123"]), ("{digits 1-6}", "order 727 is late", ["727"]),
])
def test_numbers_are_those_of_the_shops_file(
    form: str, text: str, read: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/shop.yml").write_text(f'order_numbers: {{forms: ["{form}"]}}')
    monkeypatch.chdir(tmp_path)
    assert [one["value"] for one in order_numbers(text)] == read
    assert masked(text).count(MASK) == 1
    message = Message({TEXT: text})
    OrderEntityNormalizer({}).process([message])
    assert [one["value"] for one in message.get(ENTITIES)] == read


@pytest.mark.parametrize("text", ["any news on TD-10388?", "any news on td10388?", "any news on #20313?"])
def test_a_model_sees_every_order_number_alike(text: str) -> None:
    assert masked(text) == as_read(text) == f"any news on {MASK}?"
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize(("raw", "address"), [
    ("ana at example dot com", "ana@example.com"), ("ana dot k at example dot co dot uk", "ana.k@example.co.uk"),
    ("Ana.K (at) example dot com", "ana.k@example.com"), ("pat@example.com.", "pat@example.com"),
])
def test_an_address_that_is_spelled_out_is_written_as_one(raw: str, address: str) -> None:
    assert canonical("email", raw) == address
