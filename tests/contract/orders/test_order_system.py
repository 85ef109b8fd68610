"""What every order system must do. The integration tests run these again on the other databases."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tandem.orders.demo_orders import demo_orders
from tandem.orders.errors import (
    AddressNotChangeable,
    IdempotencyConflict,
    InvalidAddress,
    InvoiceNotReady,
    NotCancellable,
    NotReturnable,
    OrderError,
    OrderNotFound,
    ReturnRefusal,
    UnknownItem,
)
from tandem.orders.model import Address, OrderStatus, RefundState, ReturnReason
from tandem.orders.money import Money
from tandem.orders.policies import ShopPolicies
from tandem.orders.shipments import ShipmentState

if TYPE_CHECKING:
    from tests.contract.orders.conftest import Shop

POLICIES = ShopPolicies(zone=timezone.utc)  # of the shops under contract

ELSEWHERE = Address("Noah Lindqvist", "9 Élan Way, Apt “3”", "Tacoma", "98402", "WA")


def test_every_order_comes_back_as_it_was_put_in(shop: Shop) -> None:
    for order in demo_orders(shop.clock.at, shop.clock.at.tzinfo):
        assert replace(shop.system.find(order.number), acts=()) == POLICIES.applied_to(order)


def test_an_order_says_whether_it_can_be_cancelled_and_that_holds(shop: Shop) -> None:
    for order in demo_orders(shop.clock.at, shop.clock.at.tzinfo):
        found = shop.system.find(order.number)
        assert found.can_cancel is not None
        try:
            cancelled = shop.system.cancel(order.number, idempotency_key=order.number)
        except NotCancellable:
            assert not found.can_cancel, order.number
        else:
            assert found.can_cancel, order.number
            assert cancelled.can_cancel is False


def test_an_order_says_whether_its_address_can_be_changed_and_that_holds(shop: Shop) -> None:
    for order in demo_orders(shop.clock.at, shop.clock.at.tzinfo):
        found = shop.system.find(order.number)
        assert found.can_change_address is not None
        try:
            assert shop.system.change_address(order.number, ELSEWHERE, idempotency_key=order.number).can_change_address
        except AddressNotChangeable:
            assert not found.can_change_address, order.number
        else:
            assert found.can_change_address, order.number


def test_an_order_says_until_when_it_can_be_sent_back_and_that_holds(shop: Shop) -> None:
    assert shop.system.find("TD-10421").return_until is None, "it has not come"
    [found] = [order for order in shop.system.recent_orders(shop.system.find("TD-10300").email, 100)
               if order.number == "TD-10300"]
    assert found.return_until is not None
    shop.clock.at = found.return_until + timedelta(seconds=1)
    with pytest.raises(NotReturnable) as refused:
        shop.system.start_return("TD-10300", reason=ReturnReason.OTHER, idempotency_key="a")
    assert (refused.value.reason, refused.value.deadline) == (ReturnRefusal.WINDOW_CLOSED, found.return_until)
    shop.clock.at = found.return_until
    request = shop.system.start_return("TD-10300", reason=ReturnReason.OTHER, idempotency_key="a")
    assert request.send_by == found.return_until


@pytest.mark.parametrize("number", ["TD-99999", "", "..", "../health", "TD-10421/cancel", "TD-10421?x=1", "x" * 500,
                                    "TD-10421\x00", "TD-10421' OR '1'='1", "\ud800", "订单"])
def test_a_number_that_is_no_order_is_not_found(shop: Shop, number: str) -> None:
    with pytest.raises(OrderNotFound):
        shop.system.find(number)


def test_open_orders_are_the_unfinished_ones_newest_first(shop: Shop) -> None:
    found = shop.system.open_orders("two-orders@example.com")
    assert [order.number for order in found] == ["TD-10402", "TD-10417"]


def test_recent_orders_hold_finished_ones_too_and_obey_the_limit(shop: Shop) -> None:
    found = shop.system.recent_orders("two-orders@example.com")
    assert [order.number for order in found] == ["TD-10402", "TD-10417", "TD-10325"]
    assert [order.number for order in shop.system.recent_orders("two-orders@example.com", 1)] == ["TD-10402"]


@pytest.mark.parametrize("email", ["Two-Orders@Example.COM", "  two-orders@example.com "])
def test_an_address_is_the_same_in_upper_case_and_with_blanks(shop: Shop, email: str) -> None:
    assert len(shop.system.open_orders(email)) == 2


@pytest.mark.parametrize("email", ["nobody@example.com", "", "%", "two-orders@example.com\x00", "\ud800", "a" * 5000])
def test_an_address_without_orders_has_none(shop: Shop, email: str) -> None:
    assert shop.system.open_orders(email) == ()
    assert shop.system.recent_orders(email) == ()


def test_cancelling_refunds_what_was_paid(shop: Shop) -> None:
    paid = shop.system.find("TD-10433").total
    order = shop.system.cancel("TD-10433", idempotency_key="a")
    assert order.status is OrderStatus.CANCELLED and order.cancelled_at == shop.clock.at
    assert order.refund is not None and order.refund.amount == paid and order.refund.state is RefundState.ISSUED
    found = shop.system.find("TD-10433")
    assert found.refund == order.refund and found.expected_by == order.expected_by
    assert shop.system.open_orders("new@example.com") == ()


def test_cancelling_an_unpaid_order_refunds_nothing(shop: Shop) -> None:
    order = shop.system.cancel("TD-10410", idempotency_key="a")
    assert order.status is OrderStatus.CANCELLED and order.refund is None and order.payment_due_by is None


@pytest.mark.parametrize(("number", "status"), [
    ("TD-10421", OrderStatus.SHIPPED), ("TD-10299", OrderStatus.PARTLY_SHIPPED), ("TD-10300", OrderStatus.DELIVERED),
    ("TD-10377", OrderStatus.CANCELLED), ("TD-10405", OrderStatus.LOST),
])
def test_cancel_refuses_what_has_left_or_is_closed(shop: Shop, number: str, status: OrderStatus) -> None:
    before = shop.system.find(number)
    with pytest.raises(NotCancellable) as refused:
        shop.system.cancel(number, idempotency_key="a")
    assert refused.value.status is status and refused.value.number == number
    assert shop.system.find(number) == before


def test_a_new_address_is_kept(shop: Shop) -> None:
    order = shop.system.change_address("TD-10433", ELSEWHERE, idempotency_key="a")
    assert order.shipping_address == ELSEWHERE and order.postcode == "98402"
    assert shop.system.find("TD-10433").shipping_address == ELSEWHERE


def test_the_address_of_a_shipped_order_stays(shop: Shop) -> None:
    with pytest.raises(AddressNotChangeable) as refused:
        shop.system.change_address("TD-10421", ELSEWHERE, idempotency_key="a")
    assert refused.value.status is OrderStatus.SHIPPED


@pytest.mark.parametrize(("field", "value"), [
    ("street", " "), ("street", "x" * 301), ("city", ""), ("postcode", "1\x002"), ("name", "\ud800"),
    ("country", "USA"),
])
def test_an_address_no_label_can_hold_is_refused(shop: Shop, field: str, value: str) -> None:
    with pytest.raises(InvalidAddress) as refused:
        shop.system.change_address("TD-10433", replace(ELSEWHERE, **{field: value}), idempotency_key="a")
    assert refused.value.field == field


def test_a_return_takes_all_that_was_delivered(shop: Shop) -> None:
    request = shop.system.start_return("TD-10300", reason=ReturnReason.DOES_NOT_FIT, idempotency_key="a")
    order = shop.system.find("TD-10300")
    assert request.skus == ("MUG-004", "TWL-012") and request.reason is ReturnReason.DOES_NOT_FIT
    assert order.return_request == request and order.delivered_at is not None
    assert timedelta(days=30) <= request.send_by - order.delivered_at < timedelta(days=31)
    assert order.refund is not None and order.refund.state is RefundState.PENDING_RETURN
    assert order.refund.amount == Money(Decimal("60.50"))


def test_a_return_takes_the_chosen_items(shop: Shop) -> None:
    request = shop.system.start_return(
        "TD-10300", skus=("TWL-012",), reason=ReturnReason.CHANGED_MIND, idempotency_key="a"
    )
    assert request.skus == ("TWL-012",)
    refund = shop.system.find("TD-10300").refund
    assert refund is not None and refund.amount == Money(Decimal("24.50"))


def test_a_partly_shipped_order_returns_what_has_come(shop: Shop) -> None:
    request = shop.system.start_return("TD-10299", reason=ReturnReason.DAMAGED, idempotency_key="a")
    assert request.skus == ("CLK-009",)


def test_an_item_not_yet_delivered_cannot_be_returned(shop: Shop) -> None:
    with pytest.raises(NotReturnable) as refused:
        shop.system.start_return("TD-10299", skus=("CHR-072",), reason=ReturnReason.DAMAGED, idempotency_key="a")
    assert refused.value.reason is ReturnRefusal.NOT_DELIVERED


@pytest.mark.parametrize("sku", ["NOPE-1", "\ud800", "\x00"])
def test_an_item_of_another_order_cannot_be_returned(shop: Shop, sku: str) -> None:
    with pytest.raises(UnknownItem) as refused:
        shop.system.start_return("TD-10300", skus=(sku,), reason=ReturnReason.DAMAGED, idempotency_key="a")
    assert refused.value.sku == sku


@pytest.mark.parametrize(("number", "reason"), [
    ("TD-10190", ReturnRefusal.WINDOW_CLOSED), ("TD-10421", ReturnRefusal.NOT_DELIVERED),
    ("TD-10350", ReturnRefusal.ALREADY_RETURNED), ("TD-10377", ReturnRefusal.NOT_DELIVERED),
])
def test_a_refused_return_says_why(shop: Shop, number: str, reason: ReturnRefusal) -> None:
    with pytest.raises(NotReturnable) as refused:
        shop.system.start_return(number, reason=ReturnReason.OTHER, idempotency_key="a")
    assert refused.value.reason is reason
    assert (refused.value.deadline is not None) == (shop.system.find(number).delivered_at is not None)


def test_an_order_is_returned_once(shop: Shop) -> None:
    shop.system.start_return("TD-10300", reason=ReturnReason.OTHER, idempotency_key="a")
    with pytest.raises(NotReturnable) as refused:
        shop.system.start_return("TD-10300", reason=ReturnReason.OTHER, idempotency_key="b")
    assert refused.value.reason is ReturnRefusal.ALREADY_REQUESTED


def test_the_return_window_ends_with_its_last_day(shop: Shop) -> None:
    shop.clock.advance(days=25, hours=8)  # delivered 5 days ago; 23:00 of the 30th day
    assert shop.system.start_return("TD-10300", reason=ReturnReason.OTHER, idempotency_key="a")


def test_a_repeated_write_changes_nothing_and_answers_alike(shop: Shop) -> None:
    key = "conversation 7 / “step” 1\n"
    cancelled = shop.system.cancel("TD-10433", idempotency_key=key)
    moved = shop.system.change_address("TD-10402", ELSEWHERE, idempotency_key=key + "2")
    request = shop.system.start_return("TD-10300", reason=ReturnReason.OTHER, idempotency_key=key + "3")
    shop.clock.advance(hours=1)
    assert shop.system.cancel("TD-10433", idempotency_key=key) == cancelled
    assert shop.system.change_address("TD-10402", ELSEWHERE, idempotency_key=key + "2") == moved
    assert shop.system.start_return("TD-10300", reason=ReturnReason.OTHER, idempotency_key=key + "3") == request


def test_a_key_serves_one_request(shop: Shop) -> None:
    shop.system.cancel("TD-10433", idempotency_key="a")
    with pytest.raises(IdempotencyConflict):
        shop.system.cancel("TD-10402", idempotency_key="a")
    with pytest.raises(IdempotencyConflict):
        shop.system.change_address("TD-10433", ELSEWHERE, idempotency_key="a")
    assert shop.system.find("TD-10402").status is OrderStatus.PROCESSING


def test_a_refused_write_leaves_its_key_unused(shop: Shop) -> None:
    with pytest.raises(NotCancellable):
        shop.system.cancel("TD-10421", idempotency_key="a")
    assert shop.system.cancel("TD-10433", idempotency_key="a").status is OrderStatus.CANCELLED


def test_writes_to_an_unknown_order_are_not_found(shop: Shop) -> None:
    with pytest.raises(OrderNotFound):
        shop.system.cancel("TD-99999", idempotency_key="a")
    with pytest.raises(OrderNotFound):
        shop.system.change_address("TD-99999", ELSEWHERE, idempotency_key="b")
    with pytest.raises(OrderNotFound):
        shop.system.start_return("TD-99999", reason=ReturnReason.OTHER, idempotency_key="c")
    with pytest.raises(OrderNotFound):
        shop.system.invoice("TD-99999")


def test_a_paid_order_has_an_invoice(shop: Shop) -> None:
    invoice = shop.system.invoice("TD-10421")
    assert invoice.total == shop.system.find("TD-10421").total
    assert invoice.order_number == "TD-10421" and invoice.sent_to == "on-time@example.com"


def test_an_unpaid_order_has_no_invoice(shop: Shop) -> None:
    with pytest.raises(InvoiceNotReady):
        shop.system.invoice("TD-10410")
    shop.system.cancel("TD-10410", idempotency_key="a")
    with pytest.raises(InvoiceNotReady):
        shop.system.invoice("TD-10410")


def test_parallel_cancels_with_different_keys_happen_once(shop: Shop) -> None:
    def cancel(key: int) -> str:
        try:
            return shop.system.cancel("TD-10433", idempotency_key=str(key)).status.value
        except OrderError as error:
            return type(error).__name__

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(cancel, range(4)))
    assert outcomes == ["NotCancellable"] * 3 + ["cancelled"]


def test_a_system_in_order_passes_its_check(shop: Shop) -> None:
    shop.system.check()


def test_a_cancelled_order_expects_no_parcel(shop: Shop) -> None:
    shop.system.cancel("TD-10433", idempotency_key="a")
    order = shop.system.find("TD-10433")
    assert order.expected_by is None and not order.delayed
    assert all(shipment.state is ShipmentState.CANCELLED for shipment in order.shipments)
