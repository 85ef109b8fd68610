"""One fact of an order: told from the order, of the order that is meant, and to nobody else."""
from __future__ import annotations

import re
from datetime import timezone
from pathlib import Path

import pytest
import yaml

from actions.base.order_context import OrderContext
from actions.base.turn import CurrentTurn
from actions.cancel_order import ActionCancelOrder
from actions.order_fact import FACTS, ActionOrderFact, tell
from tandem.orders.demo_orders import demo_orders
from tests.unit.actions.conftest import RESPONSES, Scene, Shop, act, check_values


def test_every_fact_has_examples_and_every_example_a_fact() -> None:
    data = yaml.safe_load(Path("data/nlu/order_fact.yml").read_text(encoding="utf-8"))["nlu"]
    assert {one["intent"] for one in data} == {f"order_fact/{fact}" for fact in FACTS}


def test_no_words_stand_there_for_facts_that_nobody_tells() -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in [*Path("actions/facts").glob("*.py"),
                                                                 Path("actions/order_fact.py")])
    names = {name for name in RESPONSES if name.startswith("utter_fact_")}
    built = {name for name in names if re.match(r"utter_fact_(membership|done|not_yet)_", name)}  # by tier, by act
    assert not {name for name in names - built if f'"{name}"' not in told}


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_a_fact_of_any_order_has_words_and_all_that_they_need(shop: Shop, fact: str) -> None:
    for order in demo_orders(shop.clock(), timezone.utc):
        shop.know(order.email)
        turn = CurrentTurn(Scene(intent=f"order_fact/{fact}", text="and that?").tracker())
        reply = tell(fact, order, OrderContext.of(shop.open(), turn))
        while reply is not None:
            check_values(reply.response, {"number": order.number, **reply.values})
            reply = reply.then


@pytest.mark.parametrize(("fact", "email", "text", "response", "value"), [
    ("carrier", "on-time@example.com", "who brings it", "utter_fact_carrier", "Northbound Parcel"),
    ("total", "on-time@example.com", "the total?", "utter_fact_total", "$54.00"),
    ("ships_on", "new@example.com", "when does it leave", "utter_fact_ships_on", "tomorrow by 5 PM"),
    ("ships_on", "on-time@example.com", "when did it leave", "utter_fact_shipped_on", "2 days ago"),
    ("arrival_time", "on-time@example.com", "what time", "utter_fact_arrival_time", "tomorrow by 3 PM"),
    ("arrival_time", "lost@example.com", "what time", "utter_order_status_lost", None),
    ("promised_date", "late@example.com", "the first date?", "utter_fact_promised_late", "Friday, June 20"),
    ("why_late", "late@example.com", "why", "utter_fact_why_late_held", "Gary, IN"),
    ("why_late", "on-time@example.com", "why", "utter_fact_not_late", "tomorrow by 3 PM"),
    ("rest", "partial@example.com", "and the chair?", "utter_fact_rest_ships", "Folding oak chair"),
    ("rest", "partial@example.com", "and the clock?", "utter_fact_rest_delivered", "2 days ago"),
    ("parcels", "partial@example.com", "one box?", "utter_fact_parcels", "2"),
    ("item_price", "delivered@example.com", "and the towel?", "utter_fact_item_price", "$24.50"),
    ("item_price", "delivered@example.com", "prices?", "utter_fact_contents", "$60.50"),
    ("delivered_on", "delivered@example.com", "what time", "utter_fact_delivered_on", "2:05 PM"),
    ("pay_by", "payment@example.com", "till when", "utter_fact_pay_by", "Thursday, June 26"),
    ("pay_by", "on-time@example.com", "till when", "utter_fact_paid", "$54.00"),
    ("refund_date", "refund@example.com", "by when", "utter_fact_refund_date", "Tuesday, July 1"),
    ("refund_date", "refund-pending@example.com", "by when", "utter_fact_refund_date_open", "$98.00"),
    ("refund_amount", "new@example.com", "all of it?", "utter_fact_refund_would_be", "$84.00"),
    ("search", "lost@example.com", "since when", "utter_fact_search", "Wednesday, June 18"),
    ("can_cancel", "new@example.com", "could i", "utter_fact_can_cancel_until", "tomorrow by 5 PM"),
    ("can_cancel", "on-time@example.com", "could i", "utter_fact_cannot_cancel", "TD-10421"),
    ("return_deadline", "delivered@example.com", "till when", "utter_fact_return_until", "Saturday, July 19"),
    ("cancelled_by", "cancelled@example.com", "who was it", "utter_fact_cancelled_by_unknown", "3 days ago"),
    ("membership", "vip@example.com", "my tier", "utter_fact_membership_gold", None),
    ("nothing_done", "new@example.com", "nothing done?", "utter_fact_nothing_done", "TD-10433"),
    ("cancel_fee", "new@example.com", "is that free", "utter_fact_cancel_fee", "TD-10433"),
    ("cancel_fee", "payment@example.com", "is that free", "utter_fact_cancel_fee_unpaid", "TD-10410"),
    ("cancel_fee", "on-time@example.com", "is that free", "utter_fact_cannot_cancel", "TD-10421"),
    ("not_recorded", "on-time@example.com", "who drives", "utter_fact_not_recorded", "TD-10421"),
    ("undo", "cancelled@example.com", "bring it back", "utter_fact_undo_cancelled", "TD-10377"),
    ("undo", "new@example.com", "bring it back", "utter_fact_nothing_done", "TD-10433"),
])
async def test_the_fact_follows_from_the_order(
    shop: Shop, fact: str, email: str, text: str, response: str, value: str | None,
) -> None:
    shop.know(email)
    outcome = await act(ActionOrderFact(shop.open), Scene(intent=f"order_fact/{fact}", text=text))
    assert outcome.said == [response]
    assert value is None or value in outcome.messages[0].values()


async def test_a_stranger_is_asked_which_order_and_told_nothing(shop: Shop) -> None:
    outcome = await act(ActionOrderFact(shop.open), Scene(intent="order_fact/total", text="the total of TD-10421",
                                                          entities={"order_number": "TD-10421"}))
    assert (outcome.said, outcome.followed_by) == ([], ["order_fact_form"])
    assert outcome.slots["order_fact"] == "total"


async def test_the_order_named_by_an_item_is_the_one_meant(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionOrderFact(shop.open), Scene(intent="order_fact/total", text="what was the pan",
                                                          slots={"order_number": "TD-10402"}))
    assert (outcome.messages[0]["number"], outcome.slots["order_number"]) == ("TD-10417", "TD-10417")


async def test_a_fact_asked_inside_another_form_leaves_its_order_alone(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionOrderFact(shop.open), Scene(
        intent="order_fact/carrier", text="who brings the pan", slots={"order_number": "TD-10402"},
        form="cancel_order_form", requested="confirmed"))
    assert outcome.messages[0]["number"] == "TD-10417"
    assert "order_number" not in outcome.slots


@pytest.mark.parametrize(("form", "fact", "email", "response"), [
    ("cancel_order_form", "refund_date", "new@example.com", "utter_fact_refund_date_would_be_cancel_order"),
    ("cancel_order_form", "refund_amount", "new@example.com", "utter_fact_refund_would_be_cancel_order"),
    ("return_item_form", "refund_date", "delivered@example.com", "utter_fact_refund_date_would_be_return_item"),
    (None, "refund_date", "new@example.com", "utter_fact_refund_date_would_be"),
])
async def test_money_is_answered_for_the_act_that_is_asked_about(
    shop: Shop, form: str | None, fact: str, email: str, response: str
) -> None:
    shop.know(email)
    requested = "confirmed" if form else None
    scene = Scene(intent=f"order_fact/{fact}", text="and the money?", form=form, requested=requested)
    assert (await act(ActionOrderFact(shop.open), scene)).said == [response]


@pytest.mark.parametrize(("fact", "said"), [
    ("last_seen", ["utter_note_first", "utter_fact_last_seen"]), ("total", ["utter_fact_total"])])
async def test_a_note_comes_before_facts_that_may_be_older(shop: Shop, fact: str, said: list[str]) -> None:
    shop.know("on-time@example.com")
    outcome = await act(ActionOrderFact(shop.open), Scene(intent=f"order_fact/{fact}", slots={
        "order_number": "TD-10421", "last_handoff": {"note_for_bot": "A new kettle is on its way."}}))
    assert outcome.said == said


async def test_whether_it_is_done_is_told_from_the_record_whatever_order_is_talked_about(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    shop.asks("cancel_order", "TD-10402")
    await act(ActionCancelOrder(shop.open), Scene(
        intent="affirm", text="yes", seq=shop.says("yes"), slots={"order_number": "TD-10402", "confirmed": True}))
    outcome = await act(ActionOrderFact(shop.open), Scene(
        intent="order_fact/done", text="did it work", slots={"order_number": "TD-10417"}))
    assert outcome.said == ["utter_fact_done_cancel_order"]
    assert outcome.messages[0]["number"] == "TD-10402"


async def test_all_orders_are_listed_with_what_they_come_to(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionOrderFact(shop.open), Scene(intent="order_fact/order_list", text="both of them"))
    assert outcome.said == ["utter_fact_order_list"]
    assert outcome.messages[0]["total"] == "$160.00"
    assert outcome.messages[0]["orders"].index("TD-10417") < outcome.messages[0]["orders"].index("TD-10402")


async def test_who_wants_a_cancelled_order_back_is_told_what_can_be_done_about_that_one(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    shop.asks("cancel_order", "TD-10402")
    await act(ActionCancelOrder(shop.open), Scene(
        intent="affirm", text="yes", seq=shop.says("yes"), slots={"order_number": "TD-10402", "confirmed": True}))
    outcome = await act(ActionOrderFact(shop.open), Scene(
        intent="order_fact/undo", text="bring it back", slots={"order_number": "TD-10417"}))
    assert (outcome.said, outcome.messages[0]["number"]) == (["utter_cancel_order_way_back"], "TD-10402")
