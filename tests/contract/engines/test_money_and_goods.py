"""Refunds, vouchers, goods sent anew, speed and notes: what an engine can, once; what it cannot, people do."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

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
    OrderSystemUnavailable,
    UnknownItem,
)
from tandem.orders.model import OrderAct
from tandem.orders.money import Money
from tests.contract.engines.harness import ORDERS, TOTAL, EngineShop

NEW, SHIPPED, DELIVERED, CANCELLED = (ORDERS[kind].number for kind in ("new", "shipped", "delivered", "cancelled"))
PLACES = {OrderAct.EXCHANGE: DELIVERED, OrderAct.RESHIP: SHIPPED, OrderAct.EXPEDITE: NEW}


def money(shop: EngineShop, amount: str) -> Money:
    return Money(Decimal(amount), shop.system.find(NEW).total.currency)


def wanted(shop: EngineShop, act: OrderAct) -> ActRequest:
    """One request of each kind."""
    return {
        OrderAct.EXCHANGE: ExchangeItems(wanted="in blue"), OrderAct.RESHIP: ReshipItems(("MUG-004",)),
        OrderAct.REFUND: RefundOrder(money(shop, "10.25")), OrderAct.VOUCHER: IssueVoucher(money(shop, "5.00")),
        OrderAct.EXPEDITE: ExpediteOrder(), OrderAct.NOTE: AddNote("Said sorry; “please” hurry"),
    }[act]


def able(shop: EngineShop, act: OrderAct) -> None:
    if act not in shop.system.engine.acts:
        pytest.skip("this engine leaves it to people, which is held by a test of its own")


def left(shop: EngineShop, number: str) -> Decimal:
    found = shop.system.find(number).refundable
    assert found is not None
    return found.amount


@pytest.mark.parametrize("act", REQUESTS)
def test_an_act_that_an_engine_leaves_to_people_is_refused_and_offered_nowhere(
    shop: EngineShop, act: OrderAct,
) -> None:
    if act in shop.system.engine.acts:
        return  # held by the tests of that act
    number = PLACES.get(act, NEW)
    before = shop.system.find(number)
    assert act not in before.acts
    with pytest.raises(ActNotAllowed) as refused:
        shop.system.act(number, wanted(shop, act), idempotency_key="a")
    assert refused.value.refusal is ActRefusal.BY_PEOPLE and shop.system.find(number) == before


@pytest.mark.parametrize("act", REQUESTS)
def test_an_act_is_done_once_for_a_key_and_a_key_serves_one_request(shop: EngineShop, act: OrderAct) -> None:
    able(shop, act)
    number, key = PLACES.get(act, NEW), "conversation 7 / “act” 1\n"
    if number == DELIVERED and not shop.delivers:
        pytest.skip("it knows nothing delivered")
    result = shop.system.act(number, wanted(shop, act), idempotency_key=key)
    after = shop.system.find(number)
    assert result.act is act and result.reference
    again = shop.system.act(number, wanted(shop, act), idempotency_key=key)
    assert again.act is act and shop.system.find(number) == after
    with pytest.raises(IdempotencyConflict):
        shop.system.act(NEW, AddNote("another"), idempotency_key=key)
    with pytest.raises(OrderNotFound):
        shop.system.act("TD-2041", wanted(shop, act), idempotency_key="b")


def test_refunds_in_part_add_up_to_what_was_paid_and_no_further(shop: EngineShop) -> None:
    able(shop, OrderAct.REFUND)
    assert left(shop, NEW) == TOTAL
    shop.system.act(NEW, RefundOrder(money(shop, "20.00")), idempotency_key="a")
    assert left(shop, NEW) == TOTAL - 20
    with pytest.raises(ActNotAllowed) as refused:
        shop.system.act(NEW, RefundOrder(money(shop, str(TOTAL))), idempotency_key="b")
    assert (refused.value.refusal, refused.value.most) == (ActRefusal.TOO_MUCH, money(shop, "40.50"))
    shop.system.act(NEW, RefundOrder(money(shop, "15.30")), idempotency_key="b")
    shop.system.act(NEW, RefundOrder(money(shop, "25.20")), idempotency_key="c")
    assert left(shop, NEW) == 0
    with pytest.raises(ActNotAllowed) as refused:
        shop.system.act(NEW, RefundOrder(money(shop, "0.01")), idempotency_key="d")
    assert refused.value.refusal is ActRefusal.NOTHING_PAID
    given = shop.system.find(NEW).refund
    assert given is not None and shop.system.find(ORDERS["near"].number).refund is None


@pytest.mark.parametrize("amount", ["0", "-5", "1.005", "NaN"])
def test_what_is_no_amount_moves_no_money(shop: EngineShop, amount: str) -> None:
    able(shop, OrderAct.REFUND)
    for request in (RefundOrder(money(shop, amount)), RefundOrder(Money(Decimal(5), "XTS"))):
        with pytest.raises(ActNotAllowed) as refused:
            shop.system.act(NEW, request, idempotency_key="a")
        assert refused.value.refusal is ActRefusal.NO_AMOUNT
    assert left(shop, NEW) == TOTAL


def test_of_refunds_at_once_no_more_goes_back_than_was_paid(shop: EngineShop) -> None:
    able(shop, OrderAct.REFUND)

    def refund(key: int) -> str:
        try:
            shop.system.act(NEW, RefundOrder(money(shop, "40.00")), idempotency_key=str(key))
            return "done"
        except OrderError as error:
            return type(error).__name__

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(refund, range(4)))
    assert outcomes == ["ActNotAllowed"] * 3 + ["done"] and left(shop, NEW) == TOTAL - 40


@pytest.mark.parametrize("act", [OrderAct.REFUND, OrderAct.VOUCHER, OrderAct.NOTE])
def test_an_act_whose_answer_is_lost_is_looked_for_and_not_done_twice(shop: EngineShop, act: OrderAct) -> None:
    able(shop, act)
    if shop.lose_answers is None:
        pytest.skip("a transaction loses no answer, and the real engine none on purpose: the fakes hold it")
    shop.lose_answers(1)
    try:
        shop.system.act(NEW, wanted(shop, act), idempotency_key="a")
    except OrderSystemUnavailable:
        assert shop.system.act(NEW, wanted(shop, act), idempotency_key="a").reference
    if act is OrderAct.REFUND:
        assert left(shop, NEW) == TOTAL - Decimal("10.25")


def test_a_whole_refund_whose_answer_is_lost_is_not_told_as_refused(shop: EngineShop) -> None:
    able(shop, OrderAct.REFUND)
    if shop.lose_answers is None:
        pytest.skip("a transaction loses no answer, and the real engine none on purpose: the fakes hold it")
    shop.lose_answers(1)
    whole = RefundOrder(money(shop, str(TOTAL)))
    try:
        shop.system.act(NEW, whole, idempotency_key="a")
    except OrderSystemUnavailable:
        assert shop.system.act(NEW, whole, idempotency_key="a").reference
    assert left(shop, NEW) == 0


def test_goods_that_are_not_sent_or_not_of_the_order_are_not_sent_anew(shop: EngineShop) -> None:
    able(shop, OrderAct.RESHIP)
    for number, request, refusal in ((NEW, ReshipItems(), ActRefusal.NOT_SENT),
                                     (CANCELLED, ReshipItems(), ActRefusal.NOT_SENT)):
        with pytest.raises(ActNotAllowed) as refused:
            shop.system.act(number, request, idempotency_key="a")
        assert refused.value.refusal is refusal
    with pytest.raises(UnknownItem):
        shop.system.act(SHIPPED, ReshipItems(("RUG-118",)), idempotency_key="a")


def test_what_has_left_cannot_be_sent_faster(shop: EngineShop) -> None:
    able(shop, OrderAct.EXPEDITE)
    with pytest.raises(ActNotAllowed) as refused:
        shop.system.act(SHIPPED, ExpediteOrder(), idempotency_key="a")
    assert refused.value.refusal is ActRefusal.SENT_ALREADY


@pytest.mark.parametrize("text", ["", "  ", "x" * 501, "a\x00b"])
def test_a_note_that_nobody_could_read_is_refused(shop: EngineShop, text: str) -> None:
    able(shop, OrderAct.NOTE)
    with pytest.raises(ActNotAllowed) as refused:
        shop.system.act(NEW, AddNote(text), idempotency_key="a")
    assert refused.value.refusal is ActRefusal.NO_TEXT
