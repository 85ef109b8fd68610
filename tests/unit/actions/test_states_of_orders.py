"""What is said of an order is true in whatever state it is: every fact and every small answer, in every state."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.turn import CurrentTurn
from actions.facts.own_answers import OWN_ANSWERS, tells_use, weekend, why_less
from actions.order_fact import FACTS, tell
from actions.order_status import ActionTrackParcel
from actions.refunds import way_to_the_money
from actions.small_answers import ActionSmallAnswer
from tandem.orders.demo_orders import demo_orders
from tandem.orders.model import Order, OrderStatus, RefundState
from tandem.orders.money import Money
from tandem.orders.policies import ShopPolicies
from tandem.orders.shipments import ShipmentState
from tests.unit.actions.conftest import RESPONSES, Scene, Shop, act, check_values

NOW = datetime(2025, 6, 24, 15, 0, tzinfo=timezone.utc)
_DEMO = {order.number: ShopPolicies().applied_to(order) for order in demo_orders(NOW, timezone.utc)}


def _return_open(order: Order) -> Order:
    """The parcel with the return has not come back yet."""
    assert order.return_request is not None and order.refund is not None
    return replace(order, status=OrderStatus.DELIVERED, return_request=replace(order.return_request, received_at=None),
                   refund=replace(order.refund, state=RefundState.PENDING_RETURN))


def _refused(order: Order) -> Order:
    assert order.refund is not None
    return replace(order, refund=replace(order.refund, state=RefundState.REFUSED))


def _overdue(order: Order) -> Order:
    past = NOW - timedelta(days=2)
    return replace(order, shipments=tuple(replace(one, expected_by=past, promised_by=past) for one in order.shipments))


STATES = {
    "processing": _DEMO["TD-10433"], "payment failed": _DEMO["TD-10410"], "shipped": _DEMO["TD-10421"],
    "delayed": _DEMO["TD-10388"], "overdue": _overdue(_DEMO["TD-10421"]), "out for delivery": _DEMO["TD-10417"],
    "delivered": _DEMO["TD-10300"], "window closed": _DEMO["TD-10190"], "partly shipped": _DEMO["TD-10299"],
    "lost": _DEMO["TD-10405"], "return open": _return_open(_DEMO["TD-10360"]), "return received": _DEMO["TD-10360"],
    "refund refused": _refused(_DEMO["TD-10360"]), "refunded": _DEMO["TD-10350"], "cancelled": _DEMO["TD-10377"],
    "cancelled unpaid": replace(_DEMO["TD-10377"], refund=None),
    "returned without a record": replace(_DEMO["TD-10350"], refund=None, return_request=None),
}
_CAN_STILL_BE_CANCELLED = (r"can still be cancelled|if I cancel|if order \S+ is cancelled|is cancelled before|"
                           r"I can .*cancel")
_CAN_GO_BACK = r"can be sent back until|send it back for free|can go back for free"
_WILL_COME = (r"should be with you|is expected|it's expected|order \S+ goes to (?!your)|\bbrings order|at the door|"
              r"expects to deliver|e-mail when order")
_HAS_COME = r"was delivered (?!yet)|went to|brought order"
_WAS_PAID = r"is paid|was paid with|came to \$"
_KEEPS = r"just don't send|simply keep|can still keep"
FORBIDDEN = {
    "processing": f"{_CAN_GO_BACK}|{_HAS_COME}|has already left",
    "payment failed": f"{_CAN_GO_BACK}|{_HAS_COME}|{_WAS_PAID}|should be with you|it's expected|has already left",
    "shipped": f"{_CAN_STILL_BE_CANCELLED}|can be sent back until|{_HAS_COME}|I can change",
    "delayed": f"{_CAN_STILL_BE_CANCELLED}|can be sent back until|{_HAS_COME}|I can change|that still stands",
    "overdue": f"{_CAN_STILL_BE_CANCELLED}|{_HAS_COME}|isn't late|it's expected|still stands|isn't there 2 days ago",
    "out for delivery": f"{_CAN_STILL_BE_CANCELLED}|can be sent back until|{_HAS_COME}|I can change",
    "delivered": f"{_CAN_STILL_BE_CANCELLED}|{_WILL_COME}|I can change|still stands",
    "window closed": f"{_CAN_STILL_BE_CANCELLED}|{_WILL_COME}|{_CAN_GO_BACK}|goes back to us|still stands",
    "partly shipped": f"{_CAN_STILL_BE_CANCELLED}|order TD-10299 was delivered|went to|brought order|I can change",
    "lost": f"{_CAN_STILL_BE_CANCELLED}|{_CAN_GO_BACK}|{_WILL_COME}|{_HAS_COME}|I can change|still stands",
    "return open": f"{_CAN_STILL_BE_CANCELLED}|{_CAN_GO_BACK}|{_WILL_COME}|All of it|came back|is being checked",
    "return received": f"{_CAN_STILL_BE_CANCELLED}|{_CAN_GO_BACK}|{_WILL_COME}|{_KEEPS}|All of it|label was sent",
    "refund refused": (f"{_CAN_STILL_BE_CANCELLED}|{_CAN_GO_BACK}|{_KEEPS}|All of it|planned|"
                       r"\$98.00 .*goes? (?:back )?to"),
    "refunded": f"{_CAN_STILL_BE_CANCELLED}|{_CAN_GO_BACK}|{_WILL_COME}|{_KEEPS}|being checked",
    "cancelled": (f"{_CAN_STILL_BE_CANCELLED}|{_CAN_GO_BACK}|{_WILL_COME}|{_HAS_COME}|has already left|one parcel|"
                  "nothing has been changed|handed to a carrier"),
    "cancelled unpaid": f"{_CAN_STILL_BE_CANCELLED}|{_WILL_COME}|{_WAS_PAID}|has already left|one parcel",
    "returned without a record": f"{_CAN_STILL_BE_CANCELLED}|{_CAN_GO_BACK}|{_WILL_COME}|no return|nothing has been",
}


def _context(shop: Shop, order: Order, text: str = "and that?", **scene: Any) -> OrderContext:
    shop.orders.orders[order.number] = order
    shop.know(order.email)
    return OrderContext.of(shop.open(), CurrentTurn(Scene(text=text, **scene).tracker()))


def _texts(reply: Reply | None, number: str) -> Iterator[str]:
    """Every way of saying a reply."""
    while reply is not None:
        values = {"number": number, **reply.values}
        check_values(reply.response, values)
        for variation in RESPONSES[reply.response]:
            yield variation["text"].format(**values)
        reply = reply.then


@pytest.mark.parametrize("form", [None, "cancel_order_form", "return_item_form"])
@pytest.mark.parametrize("state", sorted(STATES))
def test_no_fact_says_what_is_false_of_an_order_in_this_state(shop: Shop, state: str, form: str | None) -> None:
    order = STATES[state]
    context = _context(shop, order, form=form)
    false = {(fact, text) for fact in FACTS for text in _texts(tell(fact, order, context), order.number)
             if re.search(FORBIDDEN[state], text, re.IGNORECASE)}
    assert not false


@pytest.mark.parametrize("untold", [("carrier",), ("tracking_url",), ("carrier", "tracking_url", "tracking_number")])
@pytest.mark.parametrize("state", sorted(STATES))
def test_what_an_engine_does_not_tell_of_a_parcel_leaves_no_hole_in_a_sentence(
    shop: Shop, state: str, untold: tuple[str, ...],
) -> None:
    order = STATES[state]
    blank = dict.fromkeys(untold, "")
    order = replace(order, shipments=tuple(replace(parcel, **blank) for parcel in order.shipments))
    context = _context(shop, order)
    tracking = ActionTrackParcel(shop.open).answer(order, context)
    replies = {fact: tell(fact, order, context) for fact in FACTS} | {"track_parcel": tracking}
    holes = {(fact, text) for fact, reply in replies.items() for text in _texts(reply, order.number)
             if re.search(r"\s\s|^\s|\s[.,;]|: *$|^our carrier", text)}
    assert not holes


@pytest.mark.parametrize("state", sorted(STATES))
def test_no_answer_about_returns_refunds_and_delivery_is_false_of_an_order_in_this_state(
    shop: Shop, state: str,
) -> None:
    order = STATES[state]
    context = _context(shop, order)
    told = {name: own(order, context) for name, own in OWN_ANSWERS.items()} | {
        "way to the money": way_to_the_money(order, context)}
    false = {(name, text) for name, reply in told.items() for text in _texts(reply, order.number)
             if re.search(FORBIDDEN[state], text, re.IGNORECASE)}
    assert not false


@pytest.mark.parametrize(("email", "answer", "text", "said"), [
    ("refund-pending@example.com", "returns/keep_after_all", "may i hold on to it", "utter_fact_keep_received"),
    ("refund@example.com", "returns/keep_after_all", "i'd like to hold on to it", "utter_fact_keep_paid_out"),
    ("on-time@example.com", "returns/keep_after_all", "may i hold on to it", "utter_returns/keep_after_all"),
    ("refund-pending@example.com", "returns/opened", "the box was open", "utter_own_opened_checked"),
    ("delivered@example.com", "returns/opened", "i only unpacked it", "utter_returns/opened"),
    ("delivered@example.com", "returns/opened", "we've slept under it for a week", "utter_own_used"),
    ("delivered@example.com", "returns/opened", "it's unworn, only unpacked", "utter_returns/opened"),
    ("delivered@example.com", "returns/refuse", "can the courier take it along again", "utter_fact_return_until"),
    ("new@example.com", "returns/refuse", "i won't open the door for it", "utter_fact_can_cancel_until"),
    ("on-time@example.com", "returns/refuse", "i won't open the door for it", "utter_returns/refuse"),
    ("refund-pending@example.com", "refunds/faster", "quicker please", "utter_own_faster_check"),
    ("refund@example.com", "refunds/faster", "quicker please", "utter_refunds/faster"),
    ("refund@example.com", "refunds/not_arrived", "my bank shows nothing", "utter_own_refund_due"),
    ("refund@example.com", "refunds/why_less", "a few dollars short", "utter_own_refund_whole"),
    ("delivered@example.com", "refunds/why_less", "a few dollars short", "utter_refunds/why_less"),
    ("payment@example.com", "payment/paypal", "is paypal ok", "utter_fact_how_to_pay"),
    ("on-time@example.com", "payment/paypal", "is paypal ok", "utter_payment/paypal"),
    ("payment@example.com", "payment/failed_why", "why not", "utter_fact_why_unpaid"),
    ("payment@example.com", "products/reserve", "is it kept", "utter_fact_pay_by"),
    ("lost@example.com", "delivery/insured", "is my money gone", "utter_order_status_lost"),
    ("on-time@example.com", "delivery/weekend", "saturdays too?", "utter_delivery/weekend"),
    ("new@example.com", "delivery/weekend", "sundays too?", "utter_own_weekend"),
])
async def test_a_rule_is_told_unless_the_order_says_otherwise(
    shop: Shop, email: str, answer: str, text: str, said: str,
) -> None:
    shop.know(email)
    assert (await act(ActionSmallAnswer(shop.open), Scene(intent=answer, text=text))).said == [said]


async def test_a_stranger_is_told_the_rule(shop: Shop) -> None:
    scene = Scene(intent="refunds/why_less", text="a few dollars short")
    assert (await act(ActionSmallAnswer(shop.open), scene)).said == ["utter_refunds/why_less"]


@pytest.mark.parametrize(("total", "amount", "items", "said"), [
    ("63.80", "59.90", 1, "utter_own_refund_without_delivery"), ("63.80", "50.00", 1, "utter_own_refund_gap"),
    ("59.90", "59.90", 1, "utter_own_refund_whole"), ("60.50", "36.00", 2, "utter_own_refund_part")])
def test_a_smaller_refund_is_explained_by_the_sums_or_not_at_all(
    shop: Shop, total: str, amount: str, items: int, said: str,
) -> None:
    order = _DEMO["TD-10350"]
    assert order.refund is not None and order.return_request is not None
    if items == 2:
        order = replace(order, items=_DEMO["TD-10300"].items, return_request=replace(
            order.return_request, skus=(_DEMO["TD-10300"].items[0].sku,)))
    order = replace(order, total=Money(Decimal(total)), refund=replace(order.refund, amount=Money(Decimal(amount))))
    reply = why_less(order, _context(shop, order))
    assert reply is not None and reply.response == said


def test_a_weekend_is_spoken_of_as_the_order_has_it(shop: Shop) -> None:
    order = _DEMO["TD-10421"]
    friday, saturday = NOW + timedelta(days=3), NOW + timedelta(days=4)
    for day, response in ((friday, None), (saturday, "utter_own_weekend")):
        one = replace(order, shipments=tuple(replace(s, expected_by=day) for s in order.shipments))
        reply = weekend(one, _context(shop, one))
        assert (reply.response if reply else None) == response


@pytest.mark.parametrize(("text", "used"), [
    ("i've had it in the washing machine", True), ("my kid wore them to school", True),
    ("i never wore them", False), ("it's unused, i just cut the tape", False), ("only took the lid off", False)])
def test_use_is_told_from_trying(text: str, used: bool) -> None:
    assert tells_use(text) == used


@pytest.mark.parametrize(("text", "said"), [
    ("money for the chair please", "utter_get_refund_rest"), ("my money back please", "utter_get_refund_partly")])
def test_what_never_left_is_not_to_be_sent_back_for_its_money(shop: Shop, text: str, said: str) -> None:
    order = STATES["partly shipped"]
    assert way_to_the_money(order, _context(shop, order, text)).response == said


def test_a_part_that_never_came_has_no_last_day_to_send_it_back(shop: Shop) -> None:
    order = STATES["partly shipped"]
    assert tell("return_deadline", order, _context(shop, order, "until when can the chair go back")).response == (
        "utter_fact_item_not_come")
    assert any(one.state is ShipmentState.BACK_ORDERED for one in order.shipments)
