"""What every engine must do through its own API: find the right order and no other, and tell it as it is."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.db.schema import MAIN
from tandem.orders import identification, identifiers
from tandem.orders.errors import NotMatched, OrderNotFound
from tandem.orders.identification import IdentificationService
from tandem.orders.model import OrderStatus
from tandem.shop.schema import Shop
from tests.contract.engines.harness import AVA, ITEMS, NEAR_PHONE, ORDERS, PHONE, TOTAL, TRACKING, XAVA, EngineShop
from tests.fakes.ready import open_ready


@pytest.mark.parametrize("kind", ORDERS)
def test_an_order_is_found_by_its_number_as_it_is(shop: EngineShop, kind: str) -> None:
    wanted = ORDERS[kind]
    order = shop.system.find(wanted.number)
    status = wanted.status if shop.delivers or kind != "delivered" else OrderStatus.SHIPPED
    assert (order.number, order.email, order.status) == (wanted.number, wanted.email, status)
    assert order.customer_name == wanted.home.name and order.postcode == wanted.home.postcode
    assert order.shipping_address.street == wanted.home.street and order.shipping_address.country == "US"
    found = sorted((item.sku, item.name, item.quantity, item.unit_price.amount) for item in order.items)
    assert found == sorted(ITEMS), "in any order: Medusa's is another each time"
    assert order.total.amount == TOTAL and isinstance(order.total.amount, Decimal)
    assert order.placed_at.tzinfo is not None


def test_a_shipped_order_has_its_tracking_number_and_no_invented_day(shop: EngineShop) -> None:
    shipment = shop.system.find(ORDERS["shipped"].number).shipment
    assert shipment is not None and shipment.tracking_number == TRACKING
    assert shipment.shipped_at is not None and shipment.expected_by is None and shipment.delivered_at is None


def test_a_delivered_order_says_when_and_what_may_go_back(shop: EngineShop) -> None:
    order = shop.system.find(ORDERS["delivered"].number)
    if not shop.delivers:
        assert order.delivered_at is None and order.return_until is None
        return
    assert order.delivered_at is not None and order.return_until is not None
    assert timedelta(days=29) < order.return_until - order.delivered_at < timedelta(days=32)
    assert {item.sku for item in order.delivered_items} == {sku for sku, *_ in ITEMS}


@pytest.mark.parametrize("number", ["TD-2041", "TD-204", "TD-20419", "TD-2041010", "20410 Harrison St", "94107", AVA,
                                    "Sandoval", "", "..", "%", "TD-20410'--", "TD-20410\x00", "x" * 500, "*", "订单"])
def test_what_a_search_finds_beside_is_no_order_of_this_number(shop: EngineShop, number: str) -> None:
    with pytest.raises(OrderNotFound):
        shop.system.find(number)


def test_a_near_number_is_another_order(shop: EngineShop) -> None:
    assert shop.system.find(ORDERS["new"].number).email == AVA
    assert shop.system.find(ORDERS["near"].number).email == XAVA


def test_the_orders_of_an_address_are_its_own_newest_first(shop: EngineShop) -> None:
    found = [order.number for order in shop.system.recent_orders(AVA)]
    assert found == [ORDERS[kind].number for kind in ("new", "shipped", "delivered", "cancelled")]
    assert [order.number for order in shop.system.recent_orders(XAVA)] == [ORDERS["near"].number]


def test_open_orders_are_the_unfinished_ones(shop: EngineShop) -> None:
    found = [order.number for order in shop.system.open_orders(AVA)]
    assert found[:2] == [ORDERS["new"].number, ORDERS["shipped"].number]
    assert ORDERS["cancelled"].number not in found and (len(found) == 2 or not shop.delivers)


def test_recent_orders_obey_the_limit(shop: EngineShop) -> None:
    assert [order.number for order in shop.system.recent_orders(AVA, 1)] == [ORDERS["new"].number]


@pytest.mark.parametrize("email", ["Ava@Example.COM", "  ava@example.com "])
def test_an_address_is_the_same_in_upper_case_and_with_blanks(shop: EngineShop, email: str) -> None:
    assert len(shop.system.recent_orders(email)) == 4


@pytest.mark.parametrize("email", ["va@example.com", "ava@example.co", "ava@example.com.au", "@example.com", "ava", "",
                                   "%", "*", "ava@example.com\x00", "a" * 5000, "_va@example.com", "ava%@example.com"])
def test_an_address_that_only_looks_like_it_has_no_orders(shop: EngineShop, email: str) -> None:
    assert shop.system.recent_orders(email) == () and shop.system.open_orders(email) == ()


def test_the_newest_order_can_be_read_and_the_engine_checked(shop: EngineShop) -> None:
    newest = shop.system.engine.newest()
    assert newest is not None and newest.order.email == AVA
    assert shop.system.engine.check().name


def test_number_and_phone_open_an_order_and_a_near_one_does_not(
    shop: EngineShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_phone = Shop(match_with=("phone",))
    for module in (identification, identifiers):
        monkeypatch.setattr(module, "current_shop", lambda: by_phone)
    database = open_ready(f"sqlite:///{tmp_path / 'ledger.db'}", MAIN)
    service = IdentificationService(database, shop.system)
    number = ORDERS["new"].number
    assert shop.system.find(number).phone == PHONE
    for conversation, written in enumerate((PHONE, "+1 415-555-0142", "0014155550142", "415.555.0142")):
        assert service.verify(f"c{conversation}", number, written).order.number == number
    for conversation, near in enumerate((NEAR_PHONE, "415 555 014", "555-0142", "+49 415 555 0142", "415 555 0143")):
        with pytest.raises(NotMatched):
            service.verify(f"d{conversation}", number, near)
    database.dispose()
