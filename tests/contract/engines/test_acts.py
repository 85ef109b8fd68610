"""What every engine must refuse, and what those do that can: once, whatever is lost or asked again."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tandem.orders.errors import (
    AddressNotChangeable,
    IdempotencyConflict,
    InvalidAddress,
    NotCancellable,
    NotReturnable,
    OrderError,
    OrderNotFound,
    OrderSystemUnavailable,
    UnknownItem,
)
from tandem.orders.model import Address, OrderAct, OrderStatus, ReturnReason
from tests.contract.engines.harness import ITEMS, ORDERS, TOTAL, EngineShop

ELSEWHERE = Address("Ava Sandoval", "9 Élan Way, Apt 3", "Tacoma", "98402", "WA")
NEW, SHIPPED, DELIVERED, CANCELLED = (ORDERS[kind].number for kind in ("new", "shipped", "delivered", "cancelled"))


def able(shop: EngineShop, act: OrderAct) -> None:
    if act not in shop.system.engine.acts:
        pytest.skip("this engine leaves it to people, which is held by a test of its own")


@pytest.mark.parametrize("number", [SHIPPED, DELIVERED, CANCELLED])
def test_cancel_refuses_what_has_left_or_is_closed(shop: EngineShop, number: str) -> None:
    before = shop.system.find(number)
    assert not before.can_cancel
    with pytest.raises(NotCancellable) as refused:
        shop.system.cancel(number, idempotency_key="a")
    assert refused.value.status is before.status
    assert shop.system.find(number) == before


@pytest.mark.parametrize("number", [SHIPPED, DELIVERED, CANCELLED])
def test_the_address_of_what_has_left_or_is_closed_stays_though_engines_would_take_it(
    shop: EngineShop, number: str,
) -> None:
    before = shop.system.find(number)
    with pytest.raises(AddressNotChangeable):
        shop.system.change_address(number, ELSEWHERE, idempotency_key="a")
    assert shop.system.find(number) == before


@pytest.mark.parametrize("number", [NEW, SHIPPED, CANCELLED])
def test_what_has_not_come_is_not_sent_back(shop: EngineShop, number: str) -> None:
    with pytest.raises(NotReturnable):
        shop.system.start_return(number, reason=ReturnReason.OTHER, idempotency_key="a")
    assert shop.system.find(number).return_request is None


def test_writes_to_an_unknown_order_are_not_found(shop: EngineShop) -> None:
    for write in (lambda: shop.system.cancel("TD-2041", idempotency_key="a"),
                  lambda: shop.system.change_address("TD-2041", ELSEWHERE, idempotency_key="b"),
                  lambda: shop.system.start_return("TD-2041", reason=ReturnReason.OTHER, idempotency_key="c")):
        with pytest.raises(OrderNotFound):
            write()


def test_an_address_no_label_can_hold_is_refused(shop: EngineShop) -> None:
    with pytest.raises(InvalidAddress):
        shop.system.change_address(NEW, replace(ELSEWHERE, street=" "), idempotency_key="a")


def test_cancelling_is_seen_and_gives_back_what_was_paid(shop: EngineShop) -> None:
    able(shop, OrderAct.CANCEL)
    cancelled = shop.system.cancel(NEW, idempotency_key="a")
    assert cancelled.status is OrderStatus.CANCELLED and shop.system.find(NEW).status is OrderStatus.CANCELLED
    assert cancelled.refund is not None and cancelled.refund.amount.amount == TOTAL
    assert cancelled.total.amount == TOTAL, "what the customer has paid, though engines set it to nothing"
    assert NEW not in [order.number for order in shop.system.open_orders(ORDERS["new"].email)]


def test_parallel_cancels_with_different_keys_happen_once(shop: EngineShop) -> None:
    able(shop, OrderAct.CANCEL)

    def cancel(key: int) -> str:
        try:
            return shop.system.cancel(NEW, idempotency_key=str(key)).status.value
        except OrderError as error:
            return type(error).__name__

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(cancel, range(4)))
    assert outcomes == ["NotCancellable"] * 3 + ["cancelled"]


@pytest.mark.parametrize("act", [OrderAct.CANCEL, OrderAct.CHANGE_ADDRESS, OrderAct.START_RETURN])
def test_what_an_engine_leaves_to_people_is_refused_and_offered_nowhere(shop: EngineShop, act: OrderAct) -> None:
    if act in shop.system.engine.acts:
        return  # held by the tests of that act
    number = DELIVERED if act is OrderAct.START_RETURN else NEW
    before = shop.system.find(number)
    assert not {OrderAct.CANCEL: before.can_cancel, OrderAct.CHANGE_ADDRESS: before.can_change_address,
                OrderAct.START_RETURN: before.can_return}[act]
    with pytest.raises((NotCancellable, AddressNotChangeable, NotReturnable)):
        if act is OrderAct.CANCEL:
            shop.system.cancel(number, idempotency_key="a")
        elif act is OrderAct.CHANGE_ADDRESS:
            shop.system.change_address(number, ELSEWHERE, idempotency_key="a")
        else:
            shop.system.start_return(number, reason=ReturnReason.DAMAGED, idempotency_key="a")
    assert shop.system.find(number) == before


def test_a_new_address_is_kept(shop: EngineShop) -> None:
    able(shop, OrderAct.CHANGE_ADDRESS)
    changed = shop.system.change_address(NEW, ELSEWHERE, idempotency_key="a")
    assert changed.shipping_address == ELSEWHERE and shop.system.find(NEW).shipping_address == ELSEWHERE


def test_a_return_takes_what_was_delivered_once(shop: EngineShop) -> None:
    able(shop, OrderAct.START_RETURN)
    request = shop.system.start_return(DELIVERED, reason=ReturnReason.DAMAGED, idempotency_key="a")
    order = shop.system.find(DELIVERED)
    assert order.return_request == request and set(request.skus) == {sku for sku, *_ in ITEMS}
    assert order.return_until is not None and request.send_by == order.return_until
    with pytest.raises(NotReturnable):
        shop.system.start_return(DELIVERED, reason=ReturnReason.DAMAGED, idempotency_key="b")


def test_a_return_of_one_line_and_of_one_that_is_not_there(shop: EngineShop) -> None:
    able(shop, OrderAct.START_RETURN)
    with pytest.raises(UnknownItem):
        shop.system.start_return(DELIVERED, skus=("RUG-118",), reason=ReturnReason.OTHER, idempotency_key="a")
    request = shop.system.start_return(DELIVERED, skus=("TWL-012",), reason=ReturnReason.OTHER, idempotency_key="a")
    assert request.skus == ("TWL-012",)


def test_a_repeated_write_changes_nothing_and_answers_alike(shop: EngineShop) -> None:
    able(shop, OrderAct.CANCEL)
    key = "conversation 7 / “step” 1\n"
    if OrderAct.CHANGE_ADDRESS in shop.system.engine.acts:
        moved = shop.system.change_address(NEW, ELSEWHERE, idempotency_key=key + "2")
        assert shop.system.change_address(NEW, ELSEWHERE, idempotency_key=key + "2") == moved
    cancelled = shop.system.cancel(NEW, idempotency_key=key)
    assert shop.system.cancel(NEW, idempotency_key=key) == cancelled
    if OrderAct.START_RETURN in shop.system.engine.acts:
        request = shop.system.start_return(DELIVERED, reason=ReturnReason.OTHER, idempotency_key=key + "3")
        again = shop.system.start_return(DELIVERED, reason=ReturnReason.OTHER, idempotency_key=key + "3")
        assert again == request


def test_a_key_serves_one_request(shop: EngineShop) -> None:
    able(shop, OrderAct.CANCEL)
    shop.system.cancel(NEW, idempotency_key="a")
    with pytest.raises(IdempotencyConflict):
        shop.system.cancel(ORDERS["near"].number, idempotency_key="a")
    assert shop.system.find(ORDERS["near"].number).status is OrderStatus.PROCESSING


def test_a_refused_write_leaves_its_key_unused(shop: EngineShop) -> None:
    able(shop, OrderAct.CANCEL)
    with pytest.raises(NotCancellable):
        shop.system.cancel(SHIPPED, idempotency_key="a")
    assert shop.system.cancel(NEW, idempotency_key="a").status is OrderStatus.CANCELLED


def test_a_write_whose_answer_is_lost_is_seen_on_the_order_and_not_done_twice(shop: EngineShop) -> None:
    able(shop, OrderAct.CANCEL)
    if shop.lose_answers is None:
        pytest.skip("a transaction loses no answer, and the real engine none on purpose: the fakes hold it")
    shop.lose_answers(1)
    try:
        shop.system.cancel(NEW, idempotency_key="a")
    except OrderSystemUnavailable:
        assert shop.system.cancel(NEW, idempotency_key="a").status is OrderStatus.CANCELLED
    order = shop.system.find(NEW)
    assert order.status is OrderStatus.CANCELLED and order.refund is not None
    assert order.refund.amount.amount == TOTAL
