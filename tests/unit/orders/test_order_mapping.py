"""Values, words and paths of any shop's orders."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tandem.orders.adapters.http.config import MappedHttpOptions
from tandem.orders.adapters.http.mapped import filled, value_at
from tandem.orders.config import OrdersSection
from tandem.orders.mapping.reader import MappingFault, OrderReader
from tandem.orders.mapping.values import read_moment
from tandem.orders.model import Order, OrderStatus
from tandem.orders.shipments import ShipmentState

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)
FIELDS: Mapping[str, Any] = {
    "number": "ref", "email": "mail", "status": "state", "placed_at": "at", "total": "sum",
    "items": {"list": "lines", "sku": "code", "name": "title", "unit_price": "price"},
}
RECORD: Mapping[str, Any] = {"ref": 10421, "mail": " Ava@Example.com ", "state": "SENT", "at": "2026-11-30 12:00:00",
                             "sum": "36.00", "lines": [{"code": "MUG", "title": "Mug", "price": 18}]}


def read(record: Mapping[str, Any], fields: Mapping[str, Any] = FIELDS, **more: Any) -> Order:
    options = OrdersSection("http", {
        "url": "https://x.example.com", "requests": {"by_number": {"path": "/a"}, "by_email": {"path": "/b"}},
        "order": fields, "statuses": {"sent": "shipped"}, **more}).read(MappedHttpOptions)
    return OrderReader(options, value_at, BERLIN).read(record, {"items": record["lines"]}).order


@pytest.mark.parametrize(("text", "dates"), [
    ("2026-11-30T12:00:00Z", "iso"), ("2026-11-30 12:00:00+00", "iso"), ("2026-11-30T14:00:00+0200", "iso"),
    ("2026-11-30T12:00:00.123456789Z", "iso"), ("2026-11-30T12:00:00.5+00:00", "iso"), (1796040000, "unix"),
    ("1796040000000", "unix_ms"), (Decimal("1796040000.0"), "unix"), (NOON, "iso"),
    ("30.11.2026 12:00 +0000", "%d.%m.%Y %H:%M %z"),
])
def test_a_time_is_read_as_engines_write_it(text: Any, dates: str) -> None:
    assert read_moment(text, dates).replace(microsecond=0) == NOON


def test_a_time_without_a_zone_is_of_the_shop_and_a_date_is_its_midnight() -> None:
    assert read(RECORD).placed_at == datetime(2026, 11, 30, 12, 0, tzinfo=BERLIN)
    assert read(RECORD, zone="UTC").placed_at == NOON
    assert read({**RECORD, "at": "2026-11-30"}).placed_at == datetime(2026, 11, 30, tzinfo=BERLIN)


def test_an_order_of_a_few_fields_is_one_parcel_where_the_order_is() -> None:
    order = read(RECORD)
    assert (order.number, order.email, order.status) == ("10421", "ava@example.com", OrderStatus.SHIPPED)
    assert [parcel.state for parcel in order.shipments] == [ShipmentState.IN_TRANSIT]
    assert order.items[0].shipment_id == order.shipments[0].id and order.can_cancel is None


def test_a_word_that_nobody_translates_counts_as_processing_lets_nothing_be_done_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    order = read({**RECORD, "state": "teleported"})
    assert order.status is OrderStatus.PROCESSING
    assert order.can_cancel is order.can_change_address is order.can_return is False
    assert "teleported" in caplog.text and "ava@" not in caplog.text.lower()


@pytest.mark.parametrize(("amount", "money", "currency", "read_as"), [
    ("36.00", "major", "USD", "36.00"), (36, "major", "USD", "36.00"), (3600, "minor", "USD", "36.00"),
    (3600, "minor", "JPY", "3600"), (Decimal("36.004"), "major", "EUR", "36.00"), ("36000", "minor", "KWD", "36.000"),
])
def test_amounts_are_exact_in_the_units_of_their_currency(
    amount: Any, money: str, currency: str, read_as: str,
) -> None:
    assert str(read({**RECORD, "sum": amount}, money=money, currency=currency).total.amount) == read_as


@pytest.mark.parametrize(("change", "told"), [
    ({"ref": None}, "number is empty"), ({"sum": "much"}, "total is no number"), ({"sum": None}, "total is empty"),
    ({"sum": "NaN"}, "total is no number"), ({"at": "soon"}, "placed_at is no time"),
    ({"at": None}, "placed_at is empty"),
])
def test_what_cannot_be_read_names_its_key_and_no_value(change: Mapping[str, Any], told: str) -> None:
    with pytest.raises(MappingFault, match=told) as fault:
        read({**RECORD, **change})
    assert "soon" not in str(fault.value) and "much" not in str(fault.value)


def test_the_price_of_a_piece_follows_from_that_of_the_line() -> None:
    items = {"list": "lines", "sku": "code", "name": "title", "quantity": "n", "line_total": "all"}
    fields = {**FIELDS, "items": items}
    order = read({**RECORD, "lines": [{"code": "A", "title": "a", "n": "3", "all": "10.00"}]}, fields)
    assert order.items[0].quantity == 3 and str(order.items[0].unit_price.amount) == "3.33"


@pytest.mark.parametrize(("path", "value"), [
    ("a.b", 1), ("list.0.x", "p"), ("list.-1.x", "q"), ("list[].x", ["p", "q"]), ("a.c", None), ("a.b.c", None),
    ("list.7.x", None), ("list.x", None), ("", {"a": {"b": 1}, "list": [{"x": "p"}, {"x": "q"}]}),
])
def test_a_path_leads_into_json_or_nowhere(path: str, value: Any) -> None:
    assert value_at({"a": {"b": 1}, "list": [{"x": "p"}, {"x": "q"}]}, path) == value


def test_values_are_put_in_and_a_list_stays_one() -> None:
    template = {"a": "{skus}", "b": ["/x/{id}", 3], "c": "{unknown}"}
    assert filled(template, {"skus": ["A", "B"], "id": "7"}) == {"a": ["A", "B"], "b": ["/x/7", 3], "c": "{unknown}"}
