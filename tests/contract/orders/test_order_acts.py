"""Acts beside cancelling, address and return, on every order system that holds the demo orders."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tandem.orders.acts.requests import (
    REQUESTS,
    ActRequest,
    AddNote,
    ExchangeItems,
    ExpediteOrder,
    IssueVoucher,
    RefundOrder,
    ReshipItems,
)
from tandem.orders.errors import (
    ActNotAllowed,
    ActRefusal,
    IdempotencyConflict,
    OrderError,
    OrderNotFound,
    UnknownItem,
)
from tandem.orders.model import OrderAct, RefundState, ReturnReason
from tandem.orders.money import Money

if TYPE_CHECKING:
    from tests.contract.orders.conftest import Shop

NEW, DELIVERED, LOST, SHIPPED = "TD-10433", "TD-10300", "TD-10405", "TD-10421"
WANTED: dict[str, tuple[str, ActRequest]] = {
    "exchange": (DELIVERED, ExchangeItems(wanted="in size L")), "reship": (LOST, ReshipItems()),
    "refund": (LOST, RefundOrder(Money(Decimal("7.50")))), "refund all": (LOST, RefundOrder()),
    "voucher": (SHIPPED, IssueVoucher(Money(Decimal("10.00")))), "expedite": (NEW, ExpediteOrder()),
    "note": (NEW, AddNote("Called twice; “very” patient")),
}


def dollars(amount: str) -> Money:
    return Money(Decimal(amount))


def refused(shop: Shop, number: str, request: ActRequest, key: str = "z") -> ActNotAllowed:
    with pytest.raises(ActNotAllowed) as error:
        shop.system.act(number, request, idempotency_key=key)
    return error.value


@pytest.mark.parametrize("kind", WANTED)
def test_an_act_is_done_once_and_a_repeat_answers_alike(shop: Shop, kind: str) -> None:
    number, request = WANTED[kind]
    assert shop.system.find(number).acts == tuple(REQUESTS)
    result = shop.system.act(number, request, idempotency_key="a")
    after = shop.system.find(number)
    assert result.act is request.act and result.reference
    assert shop.system.act(number, request, idempotency_key="a") == result
    assert shop.system.find(number) == after
    with pytest.raises(IdempotencyConflict):
        shop.system.act(number, AddNote("another"), idempotency_key="a")
    with pytest.raises(OrderNotFound):
        shop.system.act("TD-99999", request, idempotency_key="b")


def test_refunds_in_part_add_up_and_cancelling_gives_back_only_the_rest(shop: Shop) -> None:
    total = shop.system.find(NEW).total
    shop.system.act(NEW, RefundOrder(dollars("5.25")), idempotency_key="a")
    shop.clock.advance(seconds=60)
    shop.system.act(NEW, RefundOrder(dollars("3.00")), idempotency_key="b")
    order = shop.system.find(NEW)
    assert order.refundable == total - dollars("8.25")
    assert order.refund is not None and order.refund.amount == dollars("3.00"), "the newest is told"
    more = refused(shop, NEW, RefundOrder(total))
    assert (more.refusal, more.most) == (ActRefusal.TOO_MUCH, order.refundable)
    shop.clock.advance(seconds=60)
    cancelled = shop.system.cancel(NEW, idempotency_key="c")
    assert cancelled.refund is not None and cancelled.refund.amount == total - dollars("8.25")
    assert shop.system.find(NEW).refundable == dollars("0")
    assert refused(shop, NEW, RefundOrder()).refusal is ActRefusal.NOTHING_PAID


def test_money_that_a_return_will_bring_is_not_given_twice(shop: Shop) -> None:
    order = shop.system.find(DELIVERED)
    item = order.delivered_items[0]
    shop.system.start_return(DELIVERED, skus=(item.sku,), reason=ReturnReason.OTHER, idempotency_key="a")
    left = shop.system.find(DELIVERED).refundable
    assert left == order.total - item.price
    assert refused(shop, DELIVERED, RefundOrder(order.total)).most == left


@pytest.mark.parametrize("number", ["TD-10410", "TD-10377"])
def test_what_was_not_paid_or_was_given_back_is_not_refunded(shop: Shop, number: str) -> None:
    assert refused(shop, number, RefundOrder()).refusal is ActRefusal.NOTHING_PAID
    assert refused(shop, number, RefundOrder(dollars("1.00"))).refusal is ActRefusal.NOTHING_PAID


def test_of_refunds_at_once_no_more_goes_back_than_was_paid(shop: Shop) -> None:
    total = shop.system.find(LOST).total
    part = Money((total.amount * 2 / 3).quantize(Decimal("0.01")))

    def refund(key: int) -> str:
        try:
            shop.system.act(LOST, RefundOrder(part), idempotency_key=str(key))
            return "done"
        except OrderError as error:
            return type(error).__name__

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(refund, range(4)))
    assert outcomes == ["ActNotAllowed"] * 3 + ["done"]
    assert shop.system.find(LOST).refundable == total - part


def test_an_exchange_sends_goods_back_without_money_for_them(shop: Shop) -> None:
    shop.system.act(DELIVERED, ExchangeItems(), idempotency_key="a")
    order = shop.system.find(DELIVERED)
    assert order.return_request is not None and order.refund is None
    assert refused(shop, DELIVERED, ExchangeItems()).refusal is ActRefusal.DONE_BEFORE
    assert refused(shop, "TD-10190", ExchangeItems()).refusal is ActRefusal.TOO_LATE
    assert refused(shop, SHIPPED, ExchangeItems()).refusal is ActRefusal.NOT_DELIVERED
    with pytest.raises(UnknownItem):
        shop.system.act(DELIVERED, ExchangeItems(("NOT-1",)), idempotency_key="c")


def test_an_order_that_is_sent_faster_says_so(shop: Shop) -> None:
    shop.system.act(NEW, ExpediteOrder(), idempotency_key="a")
    assert {one.service for one in shop.system.find(NEW).shipments} == {"express"}
    assert refused(shop, NEW, ExpediteOrder()).refusal is ActRefusal.DONE_BEFORE
    assert refused(shop, SHIPPED, ExpediteOrder()).refusal is ActRefusal.SENT_ALREADY


def test_vouchers_have_codes_of_their_own(shop: Shop) -> None:
    made = {shop.system.act(SHIPPED, IssueVoucher(dollars("5.00")), idempotency_key=key).reference for key in "abc"}
    assert len(made) == 3
    assert refused(shop, SHIPPED, IssueVoucher(dollars("0"))).refusal is ActRefusal.NO_AMOUNT


def test_a_refusal_leaves_the_key_unused(shop: Shop) -> None:
    refused(shop, SHIPPED, ExpediteOrder(), "a")
    assert shop.system.act(SHIPPED, AddNote("too late to hurry"), idempotency_key="a").act is OrderAct.NOTE


def test_a_refund_is_told_as_issued(shop: Shop) -> None:
    shop.system.act(LOST, RefundOrder(), idempotency_key="a")
    order = shop.system.find(LOST)
    assert order.refund is not None and order.refund.state is RefundState.ISSUED
    assert (order.refund.amount, order.refund.issued_at) == (order.total, shop.clock.at)
