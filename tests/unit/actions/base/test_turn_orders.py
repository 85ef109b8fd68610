"""How often a turn asks for orders: once, in threads that hold nobody up, and anew wherever something changes."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from rasa_sdk import Action
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import event

from actions.ask import ActionAskOrderNumber, ActionAskReturnItem
from actions.base import turn_orders
from actions.cancel_order import ActionCancelOrder, ValidateCancelOrderForm
from actions.change_order import ActionChangeAddress
from actions.conversation import ActionGreet
from actions.handoff import ActionHandoff
from actions.not_understood import ActionNotUnderstood
from actions.order_facts import ActionOrderFacts
from actions.order_status import ActionOrderStatus, ValidateOrderStatusForm
from actions.payment import ActionPaymentProblem
from actions.returns import ActionReturnItem
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.model import OrderStatus
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

ASKED = Scene(intent="order_status", text="Where is my order?", form="order_status_form", starts=True)


@contextmanager
def statements(shop: Shop) -> Iterator[list[str]]:
    """What is run on the ledger's database."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(shop.services.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(shop.services.engine, "before_cursor_execute", note)


async def _whole_turn(shop: Shop, scene: Scene) -> Outcome:
    """The form and its action, as Rasa calls them."""
    filled = (await act(ValidateOrderStatusForm(shop.open), scene)).slots
    slots = {name: value for name, value in filled.items() if name != "requested_slot"}
    return await act(ActionOrderStatus(shop.open), replace(scene, slots={**scene.slots, **slots}, form=None))


async def test_where_is_my_order_asks_the_order_system_once_and_the_database_little(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    with statements(shop) as seen:
        outcome = await _whole_turn(shop, replace(ASKED, entities={"order_number": "TD-10417"}))
    assert outcome.said == ["utter_order_status_out_for_delivery"]
    assert outcome.payloads() == ['/order_status{"order_number": "TD-10402"}'], "and knows of the other one"
    assert shop.orders.calls == ["recent_orders"]
    reads = [one for one in seen if one.startswith("SELECT")]
    assert len(reads) == 3, "who the customer is, what they have matched, and of what they want to be told"
    assert len(seen) == 5, "and two notes in the case file"


async def test_a_stranger_who_names_number_and_contact_costs_one_call(shop: Shop) -> None:
    shop.says("TD-10421, 80206")
    outcome = await _whole_turn(shop, replace(
        ASKED, entities={"order_number": "TD-10421", "postcode": shop.orders.orders["TD-10421"].postcode},
        filled={"order_number": "TD-10421", "contact": shop.orders.orders["TD-10421"].postcode}))
    assert outcome.said == ["utter_order_status_shipped"]
    assert shop.orders.calls == ["find"]


async def test_the_next_message_hears_what_is_true_then(shop: Shop) -> None:
    shop.know("on-time@example.com")
    first = await _whole_turn(shop, ASKED)
    order = shop.orders.orders["TD-10421"]
    shop.orders.orders["TD-10421"] = replace(order, status=OrderStatus.OUT_FOR_DELIVERY)
    later = await _whole_turn(shop, replace(ASKED, message_id="m2"))
    assert first.said != later.said
    assert later.said[0].startswith("utter_order_status_out_for_delivery")


async def test_a_turn_that_is_run_again_later_reads_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.know("on-time@example.com")
    await _whole_turn(shop, ASKED)
    monkeypatch.setattr(turn_orders, "KEPT_SECONDS", -1.0)
    await act(ActionOrderStatus(shop.open), replace(ASKED, slots={"order_number": "TD-10421"}))
    assert shop.orders.calls.count("find") == 1, "not what the first run has read"


async def test_another_conversation_sees_nothing_of_it(shop: Shop) -> None:
    shop.know("on-time@example.com")
    assert (await _whole_turn(shop, ASKED)).said == ["utter_order_status_shipped"]
    scene = replace(ASKED, slots={"order_number": "TD-10421"})
    tracker = scene.tracker()
    tracker.sender_id = "somebody else"
    said = CollectingDispatcher()
    await ActionOrderStatus(shop.open).run(said, tracker, {})
    assert [one["response"] for one in said.messages] == ["utter_not_identified"]


async def test_an_act_reads_the_order_anew_and_leaves_nothing_old_behind(shop: Shop) -> None:
    shop.know("new@example.com")
    shop.asks("cancel_order", "TD-10433")
    scene = Scene(slots={"order_number": "TD-10433", "confirmed": True}, seq=shop.says("yes"))
    await act(ValidateCancelOrderForm(shop.open), replace(scene, intent="affirm", form="cancel_order_form",
                                                          requested="confirmed"))
    shop.orders.calls.clear()
    assert (await act(ActionCancelOrder(shop.open), scene)).said == ["utter_cancel_order_done"]
    assert shop.orders.calls.count("find") >= 1, "read for the act, whatever the form had read"
    shown = await act(ActionOrderStatus(shop.open), scene)
    assert shown.said[0].startswith("utter_order_status_cancelled"), "and after it, in the same turn"


def test_every_act_on_an_order_says_that_it_changes_it() -> None:
    assert all(one.changes for one in (ActionCancelOrder, ActionChangeAddress, ActionReturnItem))
    assert not ActionOrderStatus.changes


@pytest.mark.parametrize("action", [
    ValidateOrderStatusForm, ActionOrderStatus, ActionAskOrderNumber, ActionAskReturnItem, ActionOrderFacts,
    ActionPaymentProblem, ActionNotUnderstood,
])
async def test_calls_of_the_order_system_run_in_threads_of_their_own(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, action: type[Action],
) -> None:
    shop.know("on-time@example.com")
    names: list[str] = []

    def away(*_: object, **__: object) -> None:
        names.append(threading.current_thread().name)
        raise OrderSystemUnavailable("hangs")

    for call in ("find", "recent_orders"):
        monkeypatch.setattr(shop.orders, call, away)
    outcome = await act(action(shop.open), replace(
        ASKED, slots={"order_number": "TD-10421"}, text="kettle",
        **({"form": None, "starts": False} if action is ActionNotUnderstood else {})))
    assert names and all(name.startswith("order-actions") for name in names)
    assert outcome.messages, "and the customer hears something"


@pytest.mark.parametrize("action", [ActionGreet, ActionHandoff])
async def test_an_action_without_orders_never_calls_the_order_system(shop: Shop, action: type[Action]) -> None:
    shop.know("on-time@example.com")
    await act(action(shop.open), Scene(intent="greet", text="Hello"))
    assert shop.orders.calls == []
