"""WooCommerce where the contract does not go: plugins' statuses, tracking, money, servers that answer otherwise."""
from __future__ import annotations

from typing import Any

import pytest

from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.model import OrderStatus
from tests.contract.engines.harness import ORDERS, TRACKING
from tests.contract.engines.woocommerce_shop import FakeWooCommerce, engine_over
from tests.fakes.transport import Reply, reply

NEW, SHIPPED = (ORDERS[kind].number.removeprefix("TD-") for kind in ("new", "shipped"))


def order_of(fake: FakeWooCommerce, number: str) -> dict[str, Any]:
    return next(order for order in fake.orders.values() if order["number"] == number)


def read(fake: FakeWooCommerce, number: str, **options: Any) -> Any:
    [found] = engine_over(fake, **options).by_number((number,))
    return found.order


def test_where_the_number_is_the_id_one_call_finds_it() -> None:
    fake = FakeWooCommerce()
    order = order_of(fake, NEW)
    order["number"] = str(order["id"])
    calls: list[str] = []

    def counted(request: Any) -> Reply:
        calls.append(request.path_url)
        return fake(request)

    [found] = engine_over(counted).by_number((str(order["id"]),))
    assert found.id == str(order["id"]) and calls == [f"/wp-json/wc/v3/orders/{order['id']}"]


@pytest.mark.parametrize(("status", "ours", "statuses"), [
    ("pending", OrderStatus.PAYMENT_FAILED, {}), ("on-hold", OrderStatus.PAYMENT_FAILED, {}),
    ("failed", OrderStatus.PAYMENT_FAILED, {}), ("refunded", OrderStatus.CANCELLED, {}),
    ("shipped", OrderStatus.SHIPPED, {"shipped": "shipped"}),
    ("delivered", OrderStatus.DELIVERED, {"wc-delivered": "delivered"}),
    ("completed", OrderStatus.DELIVERED, {"completed": "delivered"}),
])
def test_statuses_of_plugins_mean_what_the_table_says(status: str, ours: OrderStatus, statuses: dict[str, str]) -> None:
    fake = FakeWooCommerce()
    order_of(fake, NEW)["status"] = status
    assert read(fake, NEW, statuses=statuses).status is ours


def test_a_status_that_nobody_translates_is_being_processed_and_nothing_may_be_done() -> None:
    fake = FakeWooCommerce()
    order_of(fake, NEW)["status"] = "in-the-oven"
    order = read(fake, NEW)
    assert order.status is OrderStatus.PROCESSING and order.can_cancel is order.can_change_address is False


def test_tracking_is_read_where_the_shop_keeps_it() -> None:
    fake = FakeWooCommerce()
    assert read(fake, SHIPPED).shipment.tracking_number == TRACKING
    assert read(fake, SHIPPED, tracking="none").shipment.tracking_number == ""
    assert read(fake, SHIPPED, tracking="core").shipment.tracking_number == "", "the feature is switched off"
    fake.fulfillments = {order_of(fake, SHIPPED)["id"]: [
        {"id": 1, "status": "fulfilled", "is_fulfilled": True, "date_updated": "2026-11-28 08:00:00",
         "date_deleted": None, "meta_data": [{"key": "_tracking_number", "value": "CORE1"},
                                             {"key": "_shipment_provider", "value": "dhl"},
                                             {"key": "_tracking_url", "value": "https://dhl.example.com/CORE1"}]},
        {"id": 2, "is_fulfilled": True, "date_updated": None, "date_deleted": "2026-11-28", "meta_data": []}]}
    [parcel] = read(fake, SHIPPED, tracking="core").shipments
    assert (parcel.carrier, parcel.tracking_number, parcel.tracking_url) == (
        "dhl", "CORE1", "https://dhl.example.com/CORE1")


def test_without_refunds_a_paid_order_is_cancelled_by_people_and_an_unpaid_one_by_us() -> None:
    fake = FakeWooCommerce()
    assert read(fake, NEW, refund=False).can_cancel is False
    order_of(fake, NEW).update(date_paid_gmt=None, status="pending")
    assert read(fake, NEW, refund=False).can_cancel is None
    [found] = engine_over(fake, refund=False).by_number((NEW,))
    engine_over(fake, refund=False).cancel(found)
    assert order_of(fake, NEW)["status"] == "cancelled" and order_of(fake, NEW)["refunds"] == []


def test_only_what_is_still_owed_goes_back() -> None:
    fake = FakeWooCommerce()
    order = order_of(fake, NEW)
    fake._refund(order, {"amount": "10.00"})
    [found] = engine_over(fake).by_number((NEW,))
    engine_over(fake).cancel(found)
    assert [one["amount"] for one in fake.refunds[order["id"]]] == ["10.00", "50.50"]
    engine_over(fake).cancel(found)
    assert len(fake.refunds[order["id"]]) == 2 and order["status"] == "cancelled"


def test_an_order_whose_money_cannot_go_back_is_not_cancelled() -> None:
    fake = FakeWooCommerce()
    fake.gateway = False
    [found] = engine_over(fake).by_number((NEW,))
    with pytest.raises(OrderSystemUnavailable):
        engine_over(fake).cancel(found)
    assert order_of(fake, NEW)["status"] == "processing"


def test_key_and_secret_go_into_the_query_only_if_that_is_said() -> None:
    fake, seen = FakeWooCommerce(), []

    def dropping(request: Any) -> Reply:
        seen.append(str(request.url))
        request.headers.pop("Authorization", None)
        return fake(request)

    with pytest.raises(OrderSystemUnavailable, match="key_in: query"):
        engine_over(dropping).check()
    assert "cs_of_the_test" not in seen[0]
    assert engine_over(dropping, key_in="query").check().name == "WooCommerce, 5 orders"


@pytest.mark.parametrize("answer", [Reply(200, b"<html>A plugin's notice"), reply(200, json={}), reply(301)], ids=str)
def test_a_page_in_place_of_json_is_no_answer(answer: Reply) -> None:
    with pytest.raises(OrderSystemUnavailable):
        list(engine_over(answer).by_email("ava@example.com", 1))
