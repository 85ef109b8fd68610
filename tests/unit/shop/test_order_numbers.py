"""Order numbers of real shops, however customers write them, and what stands around them in a message."""
from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.shop.order_number_form import FormError, OrderNumberForm
from tandem.shop.order_numbers import OrderNumbers

DEMO = "TD-{digits 4-8}"
SHOPIFY, SHOPIFY_OWN, PLAIN = "#{digits 4-6}", "EN{digits 4-6}-B", "{digits 4-6}"
MAGENTO, WOO, MOSS, SMALL = "{padded 9}", "WC-{digits 8}-{digits 4}", "{digits 4}/{digits 2}/{digits 2}-{digits 1-4}", \
    "{digits 1-6}"
ALL = (DEMO, SHOPIFY, SHOPIFY_OWN, PLAIN, MAGENTO, WOO, MOSS, SMALL)


def reader(*forms: str) -> OrderNumbers:
    return OrderNumbers([OrderNumberForm.parse(form) for form in forms])


@pytest.mark.parametrize(("form", "number", "ways"), [
    (DEMO, "TD-10421", ["TD-10421", "td 10421", "TD10421", "#TD-10421", "10421", "# 10421", "order no. TD-10421",
                        "number 10421", "TD–10421", "ＴＤ－１０４２１", "1 0 4 2 1", "one oh four two one",
                        "\u200bTD-10421"]),
    (SHOPIFY, "#1001", ["#1001", "1001", "# 1001", "order 1001", "order no. 1 0 0 1", "1-0-0-1"]),
    (PLAIN, "1001", ["1001", "#1001", "order #1001", "no. 1001", "one zero zero one"]),
    (SHOPIFY_OWN, "EN1001-B", ["EN1001-B", "en1001b", "EN 1001", "1001", "#1001", "EN-1001-b", "order en1001"]),
    (MAGENTO, "000000123", ["000000123", "123", "#123", "order number 000000123"]),
    (WOO, "WC-15032023-0042", ["wc-15032023-0042", "WC 15032023 0042", "15032023-0042", "wc–15032023–0042"]),
    (MOSS, "2017/06/05-123", ["2017/06/05-123", "2017-06-05-123", "order 2017/06/05-123", "2017.06.05 123"]),
    (SMALL, "727", ["727", "#727", "order 727", "7 2 7", "seven two seven"]),
])
def test_the_ways_to_write_a_number_are_one(form: str, number: str, ways: list[str]) -> None:
    numbers = reader(form)
    assert {way: numbers.read(way) for way in ways} == dict.fromkeys(ways, number)
    assert numbers.fits(number) and numbers.read(numbers.core_of(number)) == number


@pytest.mark.parametrize(("form", "text", "found"), [
    (SHOPIFY, "where is #1001? it was 49.90 and due on 5 June", ["#1001"]),
    (SHOPIFY, "order no. 1 0 0 1 please, zip 60614", ["#1001"]),
    (SHOPIFY, "order 1001 or order 1002?", ["#1001", "#1002"]),
    (PLAIN, "my order number is 1001, I paid $1200 in 2023", ["1001"]),
    (SHOPIFY_OWN, "EN1001-B and en1002, not BEN1003", ["EN1001-B", "EN1002-B"]),
    (SHOPIFY_OWN, "nothing yet of en 1001 b", ["EN1001-B"]),
    (MAGENTO, "hi, 000000123 has not come, call 212 555 0142", ["000000123"]),
    (MAGENTO, "order 123 is late", ["000000123"]),
    (WOO, "it's wc-15032023-0042, ordered on 15/03/2023", ["WC-15032023-0042"]),
    (MOSS, "where is 2017/06/05-123? I ordered on 2017/06/05", ["2017/06/05-123"]),
    (SMALL, "order no. 7 2 7 has 2 mugs", ["727"]),
    (SMALL, "#727 came, #728 did not", ["727", "728"]),
    ("{code 16}", "it says 3K9QZ7XN2B5M8PTR on it", ["3K9QZ7XN2B5M8PTR"]),
])
def test_numbers_are_found_among_other_numbers(form: str, text: str, found: list[str]) -> None:
    numbers = reader(form)
    assert [one.number for one in numbers.find(text)] == found
    assert all(numbers.read(text[one.start:one.end]) == one.number for one in numbers.find(text))


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize("text", [
    "it cost 120 euros", "$1200", "I paid 49.90", "on 12/05/2024", "2017/06/05", "since 2023", "in 2024", "5 June 2024",
    "I ordered 2 mugs", "call 212 555 0142", "+1 (212) 555-0142", "zip 60614", "94107", "order 2 lamps", "3 of 4 items",
    "between 8 and 10", "645 Harrison St", "at 10:30", "I want to order 100 mugs", "order in 2023", "my 3 year old",
    "can I order 1000 of them?", "order 1200 dollars worth", "4111 1111 1111 1111", "@ana", "M1 1AE",
    "12,345", "1.5 kg",
    "EN-suite", "the WC is broken",
])
def test_prices_dates_phones_postcodes_years_and_quantities_are_none(form: str, text: str) -> None:
    assert reader(form).find(text) == []


@pytest.mark.parametrize(("form", "text", "bare"), [
    (DEMO, "it is 10421, zip 94107", ("10421",)), (DEMO, "no wait, 10422 and my zip code is 94107", ("10422",)),
    (SHOPIFY, "it's 1001", ("1001",)), (SHOPIFY, "1 0 0 1", ("1 0 0 1",)), (SMALL, "727", ("727",)),
    (SMALL, "call 212 555 0142", ()), (PLAIN, "in 2023", ()), (PLAIN, "it cost 1200 euros", ()), (PLAIN, "$1200", ()),
    (SMALL, "on 5 June", ()), (SMALL, "12 Oak Street", ()), (WOO, "15032023-0042", ("15032023-0042",)),
    (SMALL, "I waited 14 days", ()), (PLAIN, "page 1001", ()),
])
def test_where_a_number_is_due_it_may_stand_bare(form: str, text: str, bare: tuple[str, ...]) -> None:
    assert reader(form).bare(text) == bare


@pytest.mark.parametrize("text", [
    "", " ", "TD-", "hello", "TD-123", "TD-123456789", "AB-10421", "10421 10422", "TD-10421; DROP TABLE orders",
    "on-time@example.com", "1e5", "-10421", "10421.0", "١٠٤٢١", "9" * 10_000, "\x00", "\ud800",
])
def test_other_texts_are_no_number(text: str) -> None:
    assert reader(DEMO).read(text) is None


def test_a_shop_with_two_forms_reads_both() -> None:
    numbers = reader("#{digits 4-6}", "B2B-{digits 4}")
    assert [one.number for one in numbers.find("#1001 and b2b 2001")] == ["#1001", "B2B-2001"]
    assert numbers.read("B2B-2001") == "B2B-2001"


@pytest.mark.parametrize("form", ALL)
def test_an_example_is_made_in_the_shops_form(form: str) -> None:
    numbers = reader(form)
    assert numbers.fits(numbers.example)
    assert len({numbers.number(serial) for serial in ("10421", "10388", "10402", "10417")}) == 4


@pytest.mark.parametrize(("form", "told"), [
    ("TD-", "needs a part that varies"), ("{digit 5}", "must be such as"), ("{digits 5", "a brace without its other"),
    ("{digits 8-4}", "the smaller one first"), ("{digits}", "must be such as"), ("{letters 2}", "needs a part"),
])
def test_a_form_that_cannot_be_is_told(form: str, told: str) -> None:
    with pytest.raises(FormError, match=told):
        OrderNumberForm.parse(form)


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize("text", ["a" * 2000, "1 " * 1000, "1-" * 1000, "TD" * 1000, "#" * 2000, "order " * 300,
                                  "one " * 500, "0" * 2000, "2017/" * 400])
def test_hostile_texts_take_no_long_time(form: str, text: str) -> None:
    numbers, started = reader(form), time.perf_counter()
    numbers.find(text), numbers.bare(text), numbers.read(text)
    assert time.perf_counter() - started < 5, "a pattern backtracks without end"


@given(st.sampled_from(ALL), st.text())
def test_any_text_is_read_without_an_error(form: str, text: str) -> None:
    numbers = reader(form)
    for one in numbers.find(text):
        assert 0 <= one.start < one.end <= len(text) and numbers.fits(one.number)
    number = numbers.read(text)
    assert number is None or numbers.fits(number)
