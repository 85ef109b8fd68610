"""The service of acts: what a role may give is counted in the database, whoever asks at once and whatever crashes."""
from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from multiprocessing import get_context
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Connection, Engine

from tandem.agents import audit
from tandem.db.engine import open_engine
from tandem.orders.acts import service
from tandem.orders.acts.log import ActLog, order_acts
from tandem.orders.acts.requests import (
    ActRequest,
    ActResult,
    AddNote,
    ExpediteOrder,
    IssueVoucher,
    RefundOrder,
    ReshipItems,
)
from tandem.orders.acts.service import BOT, ActDone, Actor, ActRole, OrderActs, OrderChanged
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.orders.errors import (
    ActNotAllowed,
    ActRefusal,
    AddressNotChangeable,
    IdempotencyConflict,
    NotCancellable,
    NotReturnable,
    OrderSystemUnavailable,
)
from tandem.orders.model import OrderAct, ReturnReason
from tandem.orders.money import Money
from tandem.orders.policies import ShopPolicies
from tandem.shop.schema import Shop as ShopFile
from tests.contract.orders.conftest import Shop
from tests.fakes.clock import Clock

ANNA, SAM = Actor("anna", ActRole.AGENT, "session"), Actor("sam", ActRole.AGENT, "session")
ADA = Actor("ada", ActRole.SUPERVISOR, "session")
LOST, SHIPPED, NEW = "TD-10405", "TD-10421", "TD-10433"


def dollars(amount: str) -> Money:
    return Money(Decimal(amount))


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What data/shop.yml says of acts; agents may give 30 for an order and 50 a day unless a test says otherwise."""

    def say(**acts: Any) -> None:
        shop = ShopFile.parse_obj({"acts": {"agent": {"per_order": 30, "per_day": 50}, **acts}})
        monkeypatch.setattr(service, "current_shop", lambda: shop)

    say()
    return say


@pytest.fixture
def acts(engine: Engine, shop: Shop) -> OrderActs:
    return OrderActs(engine, shop.system, audit.write, timezone.utc, shop.clock, lambda *_: True)


def do(acts: OrderActs, shop: Shop, number: str, request: ActRequest, actor: Actor = ANNA, key: str = "a") -> ActDone:
    """Look at the preview, and have it done."""
    token = acts.preview(shop.system.find(number), request, actor).token
    return acts.do(number, request, actor, token=token, idempotency_key=key, conversation_id="c1")


def refusal(call: Callable[[], object]) -> tuple[ActRefusal, Money | None]:
    with pytest.raises(ActNotAllowed) as refused:
        call()
    return refused.value.refusal, refused.value.most


def lines(engine: Engine) -> list[tuple[str, str, str]]:
    return [(one.actor, one.action, one.detail) for one in reversed(audit.entries(engine))]


def test_an_act_is_seen_before_done_once_and_on_record(acts: OrderActs, shop: Shop, engine: Engine) -> None:
    seen = acts.preview(shop.system.find(LOST), RefundOrder(dollars("12.50")), ANNA)
    assert seen.amount == dollars("12.50") and seen.method is shop.system.find(LOST).payment_method
    assert shop.system.find(LOST).refund is None, "a look changes nothing"
    first = acts.do(LOST, seen.request, ANNA, token=seen.token, idempotency_key="k", conversation_id="c1")
    again = acts.do(LOST, seen.request, ANNA, token=seen.token, idempotency_key="k", conversation_id="c1")
    assert not first.repeated and again.repeated and first.result == again.result and first.result.reference
    assert shop.system.find(LOST).refundable == shop.system.find(LOST).total - dollars("12.50")
    assert lines(engine) == [("anna", "refund_order_asked", "TD-10405 12.50 USD"),
                             ("anna", "refund_order", "TD-10405 12.50 USD")]
    with pytest.raises(IdempotencyConflict):
        acts.do(LOST, RefundOrder(dollars("1.00")), ANNA, token=seen.token, idempotency_key="k")


def test_what_was_confirmed_holds_for_the_order_the_request_and_the_person(acts: OrderActs, shop: Shop) -> None:
    request = RefundOrder(dollars("5.00"))
    seen = acts.preview(shop.system.find(LOST), request, ANNA)
    for actor, other in ((SAM, request), (ANNA, RefundOrder(dollars("6.00")))):
        with pytest.raises(OrderChanged):
            acts.do(LOST, other, actor, token=seen.token, idempotency_key="a")
    do(acts, shop, LOST, RefundOrder(dollars("1.00")), SAM, "b")
    with pytest.raises(OrderChanged):
        acts.do(LOST, request, ANNA, token=seen.token, idempotency_key="a")
    with pytest.raises(OrderChanged):
        acts.do(LOST, request, ANNA, token="", idempotency_key="a")


def test_a_role_gives_what_the_shop_lets_it_for_an_order_and_in_a_day(
    acts: OrderActs, shop: Shop, limits: Callable[..., None],
) -> None:
    do(acts, shop, LOST, RefundOrder(dollars("20.00")), ANNA, "a")
    for give in (RefundOrder(dollars("10.01")), IssueVoucher(dollars("10.01"))):
        told = refusal(lambda give=give: acts.preview(shop.system.find(LOST), give, ANNA))  # type: ignore[misc]
        assert told == (ActRefusal.ORDER_LIMIT, dollars("10.00"))
    do(acts, shop, LOST, IssueVoucher(dollars("10.00")), SAM, "b")
    assert refusal(lambda: do(acts, shop, LOST, IssueVoucher(dollars("0.01")), SAM, "c")) == (
        ActRefusal.ORDER_LIMIT, dollars("0"))
    do(acts, shop, SHIPPED, IssueVoucher(dollars("25.00")), ANNA, "d")
    assert refusal(lambda: do(acts, shop, NEW, IssueVoucher(dollars("6.00")), ANNA, "e")) == (
        ActRefusal.DAY_LIMIT, dollars("5.00"))
    do(acts, shop, LOST, RefundOrder(dollars("39.00")), ADA, "f")
    do(acts, shop, NEW, AddNote("no money, no limit"), ANNA, "g")
    shop.clock.advance(days=1)
    do(acts, shop, NEW, IssueVoucher(dollars("6.00")), ANNA, "h")
    limits(agent={"may": ["note"]})
    assert refusal(lambda: do(acts, shop, NEW, ExpediteOrder(), ANNA, "i"))[0] is ActRefusal.NOT_ALLOWED
    assert acts.allowed(shop.system.find(NEW), ActRole.AGENT) == (AddNote.act,)


def test_the_bot_may_nothing_until_the_shop_says_so(
    acts: OrderActs, shop: Shop, limits: Callable[..., None],
) -> None:
    request = RefundOrder(dollars("10.00"))
    assert refusal(lambda: do(acts, shop, LOST, request, BOT))[0] is ActRefusal.NOT_ALLOWED
    limits(bot={"may": ["refund"], "per_order": 10, "per_day": 15})
    assert not do(acts, shop, LOST, request, BOT).repeated
    assert refusal(lambda: do(acts, shop, SHIPPED, request, BOT, "b")) == (ActRefusal.DAY_LIMIT, dollars("5.00"))
    assert refusal(lambda: do(acts, shop, NEW, ReshipItems(), BOT, "b"))[0] in (
        ActRefusal.NOT_ALLOWED, ActRefusal.NOT_SENT)


def test_goods_that_are_sent_anew_count_by_their_price_and_once(acts: OrderActs, shop: Shop) -> None:
    worth = acts.preview(shop.system.find(LOST), ReshipItems(), ADA).amount
    assert worth == shop.system.find(LOST).items[0].price and worth.amount > 30
    assert refusal(lambda: do(acts, shop, LOST, ReshipItems(), ANNA))[0] is ActRefusal.ORDER_LIMIT
    do(acts, shop, LOST, ReshipItems(), ADA)
    assert refusal(lambda: do(acts, shop, LOST, ReshipItems(), ADA, "b"))[0] is ActRefusal.DONE_BEFORE


def test_a_limit_in_another_currency_is_no_free_ride(
    acts: OrderActs, shop: Shop, monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = ShopFile.parse_obj({"currency": "EUR"})
    monkeypatch.setattr(service, "current_shop", lambda: file)
    assert refusal(lambda: do(acts, shop, LOST, RefundOrder(dollars("1.00"))))[0] is ActRefusal.ORDER_LIMIT


def test_an_act_that_is_refused_frees_its_key_and_its_money(
    acts: OrderActs, shop: Shop, engine: Engine, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        raise ActNotAllowed(number, request.act, ActRefusal.BY_ENGINE)

    with monkeypatch.context() as patched:
        patched.setattr(shop.system, "act", refuses)
        assert refusal(lambda: do(acts, shop, LOST, RefundOrder(dollars("30.00"))))[0] is ActRefusal.BY_ENGINE
    assert [one[1] for one in lines(engine)] == ["refund_order_asked", "refund_order_refused"]
    assert not do(acts, shop, LOST, RefundOrder(dollars("30.00"))).repeated


def test_without_its_line_in_the_audit_log_nothing_is_done(shop: Shop, engine: Engine) -> None:
    def full(connection: Connection, *_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    acts = OrderActs(engine, shop.system, full, timezone.utc, shop.clock)
    with pytest.raises(OSError):
        do(acts, shop, LOST, RefundOrder(dollars("5.00")))
    assert shop.system.find(LOST).refund is None
    with engine.connect() as connection:
        assert connection.execute(select(order_acts)).all() == []


def test_an_act_whose_answer_is_lost_counts_and_is_not_done_twice(
    acts: OrderActs, shop: Shop, engine: Engine, monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = shop.system.act

    def loses(number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        real(number, request, idempotency_key=idempotency_key)
        raise OrderSystemUnavailable("the answer was lost")

    token = acts.preview(shop.system.find(LOST), RefundOrder(dollars("30.00")), ANNA).token
    request = RefundOrder(dollars("30.00"))
    with monkeypatch.context() as patched, pytest.raises(OrderSystemUnavailable):
        patched.setattr(shop.system, "act", loses)
        acts.do(LOST, request, ANNA, token=token, idempotency_key="a")
    assert refusal(lambda: do(acts, shop, LOST, RefundOrder(dollars("0.01")), SAM, "b"))[0] is ActRefusal.ORDER_LIMIT
    done = acts.do(LOST, request, ANNA, token=token, idempotency_key="a")
    assert done.preview.amount == dollars("30.00")
    order = shop.system.find(LOST)
    assert order.refundable == order.total - dollars("30.00"), "once"
    assert [one[1] for one in lines(engine)] == ["refund_order_asked", "refund_order_asked", "refund_order"]


def test_all_that_is_left_means_what_was_confirmed_also_when_it_is_asked_again(
    acts: OrderActs, shop: Shop, monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, total = shop.system.act, shop.system.find(LOST).total

    def loses(number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        real(number, request, idempotency_key=idempotency_key)
        raise OrderSystemUnavailable("the answer was lost")

    token = acts.preview(shop.system.find(LOST), RefundOrder(), ADA).token
    with monkeypatch.context() as patched, pytest.raises(OrderSystemUnavailable):
        patched.setattr(shop.system, "act", loses)
        acts.do(LOST, RefundOrder(), ADA, token=token, idempotency_key="a")
    done = acts.do(LOST, RefundOrder(), ADA, token=token, idempotency_key="a")
    assert done.preview.amount == total and shop.system.find(LOST).refundable == dollars("0")


# In processes of their own ------------------------------------------------------------------------------------


def in_process(url: str, at: datetime, key: str, number: str, begin: Any = None, outcomes: Any = None) -> None:
    """Refund 20.00 of an order as Anna.

    `begin`: a barrier at which all processes meet that have seen that they may; without one, the process dies after the
    act. `outcomes`: where to say how it went.
    """
    engine, file = open_engine(url), ShopFile.parse_obj({"acts": {"agent": {"per_order": 30, "per_day": 50}}})
    service.current_shop = lambda: file
    orders = SqlOrderSystem(engine, Clock(at), ShopPolicies(zone=timezone.utc))
    acts = OrderActs(engine, orders, audit.write, timezone.utc, Clock(at))
    begins, done = ActLog.begin, orders.act

    def together(*given: Any) -> ActResult | None:
        begin.wait(60)
        return begins(*given)

    def dies(*given: Any, **more: Any) -> ActResult:
        done(*given, **more)
        os._exit(9)

    if begin is None:
        orders.act = dies  # type: ignore[method-assign]
    else:
        ActLog.begin = together  # type: ignore[method-assign, assignment]
    request = RefundOrder(Money(Decimal("20.00")))
    try:
        token = acts.preview(orders.find(number), request, ANNA).token
        acts.do(number, request, ANNA, token=token, idempotency_key=key)
        outcomes.put("done")
    except ActNotAllowed as error:
        outcomes.put(error.refusal.value)


@pytest.mark.parametrize(("numbers", "done", "refusal"), [
    ([LOST] * 4, 1, "order_limit"), ([LOST, SHIPPED, NEW, "TD-10388", "TD-10300"], 2, "day_limit")])
def test_processes_at_once_give_no_more_than_the_limits(
    ready_url: str, engine: Engine, shop: Shop, numbers: list[str], done: int, refusal: str,
) -> None:
    spawn = get_context("spawn")
    begin, outcomes = spawn.Barrier(len(numbers)), spawn.Queue()
    children = [
        spawn.Process(target=in_process, args=(ready_url, shop.clock.at, f"key {place}", number, begin, outcomes))
        for place, number in enumerate(numbers)]
    for child in children:
        child.start()
    told = [outcomes.get(timeout=120) for _ in children]
    for child in children:
        child.join(60)
    assert sorted(told) == sorted(["done"] * done + [refusal] * (len(numbers) - done))
    orders = [shop.system.find(number) for number in set(numbers)]
    assert sum(one.refund.amount.amount for one in orders if one.refund) == 20 * done


def test_a_process_that_dies_after_the_act_has_done_it_once(
    ready_url: str, engine: Engine, shop: Shop, acts: OrderActs,
) -> None:
    child = get_context("spawn").Process(target=in_process, args=(ready_url, shop.clock.at, "a", LOST))
    child.start()
    child.join(120)
    assert child.exitcode == 9
    order, request = shop.system.find(LOST), RefundOrder(dollars("20.00"))
    assert order.refundable == order.total - dollars("20.00")
    with pytest.raises(OrderSystemUnavailable, match="under way"):
        acts.do(LOST, request, ANNA, token="", idempotency_key="a")
    shop.clock.advance(seconds=31)
    assert acts.do(LOST, request, ANNA, token="", idempotency_key="a").result.reference
    assert shop.system.find(LOST).refundable == order.refundable, "not twice"


@pytest.mark.parametrize("asked", [
    ("c1", "TD-10433", "consent:c1:1.cancel_order"),  # agreed to, but to cancel another order
    ("c2", LOST, "consent:c1:1.get_refund"), ("c1", LOST, "act:anything"), (None, LOST, "consent:c1:1.get_refund"),
])
def test_the_bot_gives_no_money_that_no_customer_has_agreed_to(
    engine: Engine, shop: Shop, limits: Callable[..., None], asked: tuple[str | None, str, str],
) -> None:
    """Whoever calls, with whatever token: the word of the ledger is needed."""
    limits(bot={"may": ["refund", "voucher"], "per_order": 500, "per_day": 500})
    agreed = {("c1", OrderAct.REFUND, LOST, "consent:c1:1.get_refund")}
    acts = OrderActs(engine, shop.system, audit.write, timezone.utc, shop.clock, lambda *given: given in agreed)
    conversation, number, key = asked
    for request in (RefundOrder(), RefundOrder(dollars("1.00")), IssueVoucher(dollars("1.00"))):
        token = acts.preview(shop.system.find(LOST), request, BOT).token
        with pytest.raises(ActNotAllowed):
            acts.do(number, request, BOT, token=token, idempotency_key=key, conversation_id=conversation)
    with pytest.raises(ActNotAllowed):
        OrderActs(engine, shop.system, audit.write, timezone.utc, shop.clock).cancel(NEW, BOT, idempotency_key="k")
    assert shop.system.find(LOST).refund is None and audit.entries(engine) == []
    token = acts.preview(shop.system.find(LOST), RefundOrder(), BOT).token
    acts.do(LOST, RefundOrder(), BOT, token=token, idempotency_key="consent:c1:1.get_refund", conversation_id="c1")
    assert shop.system.find(LOST).refund is not None


def test_cancelling_and_its_like_have_lines_when_asked_done_and_refused(
    acts: OrderActs, shop: Shop, engine: Engine,
) -> None:
    acts.cancel(NEW, BOT, idempotency_key="k", conversation_id="c1")
    with pytest.raises(NotCancellable):
        acts.cancel(SHIPPED, BOT, idempotency_key="l", conversation_id="c1")
    with pytest.raises(AddressNotChangeable):
        acts.change_address(SHIPPED, shop.system.find(NEW).shipping_address, BOT, idempotency_key="m")
    with pytest.raises(NotReturnable):
        acts.start_return(SHIPPED, None, ReturnReason.OTHER, BOT, idempotency_key="n")
    lines = [(one.action, one.actor, one.detail) for one in reversed(audit.entries(engine))]
    assert lines == [
        ("cancel_order_asked", "bot", NEW), ("cancel_order", "bot", NEW),
        ("cancel_order_asked", "bot", SHIPPED), ("cancel_order_refused", "bot", SHIPPED),
        ("change_address_asked", "bot", SHIPPED), ("change_address_refused", "bot", SHIPPED),
        ("return_item_asked", "bot", SHIPPED), ("return_item_refused", "bot", SHIPPED)]
