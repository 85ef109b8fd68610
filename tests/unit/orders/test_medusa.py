"""Medusa where the contract does not go: plain numbers, packed parcels, lines that are split, returns left open."""
from __future__ import annotations

from typing import Any

import pytest

from tandem.orders.adapters.medusa.adapter import Medusa
from tandem.orders.adapters.medusa.config import MedusaOptions
from tandem.orders.engine import EngineRefused
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.http_client import HttpClient
from tandem.orders.model import OrderStatus, ReturnReason
from tandem.orders.shipments import ShipmentState
from tests.contract.engines.harness import ORDERS
from tests.contract.engines.medusa_shop import KEY, FakeMedusa
from tests.fakes.transport import Reply, Transport, reply

OPTIONS = MedusaOptions(url="https://medusa.example.com", key=KEY)


def engine(answer: Any, key: str = KEY) -> Medusa:
    return Medusa(OPTIONS, HttpClient(OPTIONS.url, user=(key, ""), adapter=Transport(answer), sleep=lambda _: None))


def packed(order: dict[str, Any], **of: int) -> None:
    """Pack so many of each line, by its index."""
    order["fulfillments"].append({
        "id": f"ful_{len(order['fulfillments'])}", "packed_at": "2026-11-30T10:00:00Z", "shipped_at": None,
        "delivered_at": None, "canceled_at": None, "labels": [],
        "items": [{"line_item_id": order["items"][int(line[1:])]["id"], "quantity": quantity}
                  for line, quantity in of.items()]})


def test_a_plain_number_is_found_over_the_gaps_that_drafts_leave() -> None:
    fake = FakeMedusa()
    for order in fake.orders.values():
        order["custom_display_id"] = None
    next(fake.serial), next(fake.serial)  # two drafts
    made = fake.place(ORDERS["new"])
    made["custom_display_id"] = None
    for order in (made, fake.orders["order_3"]):
        found = list(engine(fake).by_number((str(order["display_id"]),)))
        assert [one.id for one in found] == [order["id"]]
    assert list(engine(fake).by_number(("6",))) == [] and list(engine(fake).by_number(("0",))) == []


def test_a_line_that_is_split_over_parcels_is_a_line_in_each() -> None:
    fake = FakeMedusa()
    order = fake.orders["order_5"]
    packed(order, i0=1)
    order["fulfillment_status"] = "partially_fulfilled"
    [found] = engine(fake).by_number((ORDERS["new"].number,))
    assert [(item.sku, item.quantity, item.shipment_id) for item in found.order.items] == [
        ("MUG-004", 1, "ful_0"), ("MUG-004", 1, "rest"), ("TWL-012", 1, "rest")]
    assert [parcel.state for parcel in found.order.shipments] == [ShipmentState.PENDING] * 2
    assert found.order.status is OrderStatus.PROCESSING and found.order.can_change_address is False


def test_what_is_packed_is_unpacked_before_it_is_cancelled() -> None:
    fake = FakeMedusa()
    packed(fake.orders["order_5"], i0=2, i1=1)
    [found] = engine(fake).by_number((ORDERS["new"].number,))
    engine(fake).cancel(found)
    assert fake.orders["order_5"]["status"] == "canceled"


def test_a_return_that_fails_on_the_way_leaves_the_order_unlocked() -> None:
    fake = FakeMedusa()

    def refusing(request: Any) -> Reply:
        if str(request.url).endswith("/request-items"):
            return reply(400, json={"type": "invalid_data", "message": "no"})
        return fake(request)

    [found] = engine(fake).by_number((ORDERS["delivered"].number,))
    with pytest.raises(EngineRefused):
        engine(refusing).start_return(found, found.order.items, ReturnReason.OTHER)
    assert fake.orders[found.id]["returns"] == []


def test_a_return_that_a_crash_left_open_is_taken_back_and_one_of_others_is_not() -> None:
    fake = FakeMedusa()
    order = fake.orders["order_3"]
    fake._returns("POST", [], {"order_id": "order_3", "metadata": {"tandem": True}})
    [found] = engine(fake).by_number((ORDERS["delivered"].number,))
    assert found.order.return_request is None
    engine(fake).start_return(found, found.order.items, ReturnReason.OTHER)
    assert [one["status"] for one in order["returns"]] == ["requested"]
    fake._returns("POST", [], {"order_id": "order_4", "metadata": None})
    [found] = engine(fake).by_number((ORDERS["shipped"].number,))
    with pytest.raises(EngineRefused):
        engine(fake).start_return(found, found.order.items, ReturnReason.OTHER)


def test_an_order_that_waits_for_its_payment_says_so() -> None:
    fake = FakeMedusa()
    fake.orders["order_5"]["payment_status"] = "not_paid"
    [found] = engine(fake).by_number((ORDERS["new"].number,))
    assert found.order.status is OrderStatus.PAYMENT_FAILED


@pytest.mark.parametrize("answer", [Reply(200, b"<html>"), reply(200, json=[]), reply(500), reply(301), reply(403)])
def test_what_is_no_answer_of_medusa_is_unavailable(answer: Reply) -> None:
    with pytest.raises(OrderSystemUnavailable):
        list(engine(answer).by_number(("TD-1",)))


def test_a_wrong_key_is_named() -> None:
    with pytest.raises(OrderSystemUnavailable, match="does not take the key"):
        engine(FakeMedusa(), "sk_wrong").check()
