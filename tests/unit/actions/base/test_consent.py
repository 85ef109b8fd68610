"""The forms that end in an act: what they make of every kind of answer to "shall I?"."""
from __future__ import annotations

from typing import Any

import pytest

from actions.base.consent import MOST_ASKED, ConsentForm
from actions.cancel_order import ActionAskCancelOrder, ActionCancelOrder, ValidateCancelOrderForm
from actions.change_order import ActionAskChangeAddress, ValidateChangeAddressForm
from actions.conversation import ActionDeny, ActionNeverMind, ActionTalk
from actions.not_understood import ActionNotUnderstood
from actions.order_fact import ActionOrderFact
from actions.returns import ActionAskReturnItemConsent, ValidateReturnItemForm
from tandem.orders.model import OrderStatus
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

ADDRESS = "12 Oak Street, Springfield, IL 62704"
FORMS: dict[str, tuple[type[ConsentForm], str, str, dict[str, str]]] = {
    "cancel_order": (ValidateCancelOrderForm, "new@example.com", "TD-10433", {}),
    "change_address": (ValidateChangeAddressForm, "new@example.com", "TD-10433", {"new_address": ADDRESS}),
    "return_item": (ValidateReturnItemForm, "delivered@example.com", "TD-10300",
                    {"return_item": "TWL-012", "return_reason": "damaged"}),
}
EVERY_ACT = pytest.mark.parametrize("name", FORMS)


async def answer(shop: Shop, name: str, text: str, intent: str = "affirm", asked: int = 1, **scene: Any) -> Outcome:
    """The bot has asked for a yes, and the customer answers."""
    form, email, number, details = FORMS[name]
    shop.know(email)
    shop.asks(name, number, asked=asked, **details)
    slots = {"order_number": number, "contact": email, **details, **scene.pop("slots", {})}
    return await act(form(shop.open), Scene(
        form=f"{name}_form", requested="confirmed", text=text, intent=intent, seq=shop.says(text), slots=slots,
        **scene))


def confirmed(outcome: Outcome) -> Any:
    return outcome.slots.get("confirmed")


@EVERY_ACT
@pytest.mark.parametrize("intent", ["affirm", "deny", "nlu_fallback", "never_mind", "order_status", "chitchat"])
async def test_a_plain_yes_is_one_whatever_the_nlu_makes_of_it(shop: Shop, name: str, intent: str) -> None:
    outcome = await answer(shop, name, "yes please", intent)
    assert (confirmed(outcome), outcome.slots["requested_slot"]) == (True, None)


@EVERY_ACT
@pytest.mark.parametrize("text", [
    "yes, if it is free", "hm", "no problem", "ok?", "yes or no", "right, and the other one as well", "yes and no",
])
async def test_what_is_read_as_a_yes_and_is_none_is_asked_again(shop: Shop, name: str, text: str) -> None:
    outcome = await answer(shop, name, text, "affirm")
    assert confirmed(outcome) is not True
    assert outcome.slots["requested_slot"] == "confirmed"
    assert outcome.said == []


@EVERY_ACT
async def test_what_is_never_clear_ends_as_a_no(shop: Shop, name: str) -> None:
    outcome = await answer(shop, name, "yes or no", "affirm", asked=MOST_ASKED)
    assert (confirmed(outcome), outcome.slots["requested_slot"]) == (False, None)


@EVERY_ACT
async def test_a_refusal_ends_the_form(shop: Shop, name: str) -> None:
    outcome = await answer(shop, name, "no, keep it as it is", "affirm")
    assert (confirmed(outcome), outcome.slots["requested_slot"]) == (False, None)


@EVERY_ACT
async def test_a_refusal_with_a_question_ends_the_form_and_leaves_the_question_to_the_rules(
    shop: Shop, name: str,
) -> None:
    outcome = await answer(shop, name, "No, keep it. When do you open?", "opening_hours")
    assert outcome.said == [FORMS[name][0].act.kept]
    assert outcome.stepped_aside
    assert {"event": "active_loop", "timestamp": None, "name": None} in outcome.events
    assert outcome.slots["requested_slot"] is None
    assert all(outcome.slots[slot] is None for slot in FORMS[name][3])


@EVERY_ACT
@pytest.mark.parametrize("text", ["what does delivery cost?", "yes, what does delivery cost?"])
async def test_a_question_is_answered_by_the_rules_and_the_form_stays(shop: Shop, name: str, text: str) -> None:
    outcome = await answer(shop, name, text, "delivery_cost")
    assert outcome.stepped_aside and outcome.said == []
    assert not any(event["event"] == "active_loop" for event in outcome.events)


@EVERY_ACT
async def test_a_decision_that_is_put_off_ends_the_form(shop: Shop, name: str) -> None:
    outcome = await answer(shop, name, "thanks, let me think about it", "thanks")
    assert outcome.said == ["utter_take_your_time"]
    assert outcome.followed_by == ["action_listen"]


@EVERY_ACT
async def test_a_filled_slot_is_no_answer(shop: Shop, name: str) -> None:
    outcome = await answer(shop, name, "hm", "affirm", filled={"confirmed": True})
    assert outcome.slots["confirmed"] is None


async def test_the_button_of_an_earlier_question_does_nothing_to_the_order_of_this_one(shop: Shop) -> None:
    shop.match("TD-10433", "98101")
    shop.match("TD-10436", "70112")
    first, second = shop.asks("cancel_order", "TD-10433"), shop.asks("cancel_order", "TD-10436")
    slots = {"order_number": "TD-10436", "confirmed": True}
    old = Scene(seq=shop.says(f"/affirm#{first}"), slots=slots)
    assert (await act(ActionCancelOrder(shop.open), old)).said == ["utter_cancel_order_kept"]
    right = Scene(seq=shop.says(f"/affirm#{second}"), slots=slots)
    assert (await act(ActionCancelOrder(shop.open), right)).said[0].startswith("utter_cancel_order_done")
    assert shop.orders.orders["TD-10433"].status is OrderStatus.PROCESSING


async def test_another_item_at_the_last_question_is_asked_about(shop: Shop) -> None:
    outcome = await answer(shop, "return_item", "no, the mugs", "deny")
    assert outcome.slots["return_item"] == "MUG-004"
    assert outcome.slots["requested_slot"] == "confirmed"
    assert confirmed(outcome) is None


async def test_another_reason_at_the_last_question_is_asked_about(shop: Shop) -> None:
    outcome = await answer(shop, "return_item", "no, it's the wrong one", "wrong_item",
                           filled={"return_reason": "wrong_item"})
    assert outcome.slots.get("return_reason", "wrong_item") == "wrong_item"
    assert outcome.slots["requested_slot"] == "confirmed"


@pytest.mark.parametrize(("text", "said"), [("never mind, I'll keep it", "utter_return_item_kept"),
                                            ("I need to sleep on it", "utter_take_your_time")])
async def test_a_return_may_be_dropped_while_it_is_asked_why(shop: Shop, text: str, said: str) -> None:
    shop.know("delivered@example.com")
    outcome = await act(ValidateReturnItemForm(shop.open), Scene(
        form="return_item_form", requested="return_reason", text=text, intent="nlu_fallback",
        slots={"order_number": "TD-10300", "return_item": "TWL-012"}, filled={"return_reason": text}))
    assert outcome.said == [said]
    assert outcome.slots["return_reason"] is None
    assert outcome.followed_by == ["action_listen"]


@pytest.mark.parametrize("kind", [ActionAskCancelOrder, ActionAskChangeAddress, ActionAskReturnItemConsent])
async def test_the_question_names_what_is_asked_and_is_told_apart_when_asked_again(shop: Shop, kind: type) -> None:
    name = kind.act.name
    _, email, number, details = FORMS[name]
    shop.know(email)
    slots = {"order_number": number, "order_items": "…", "order_total": "…", "returning": "…", **details}
    seq = shop.says("please")
    scene = Scene(form=f"{name}_form", starts=True, seq=seq, slots=slots)
    [first] = (await act(kind(shop.open), scene)).messages
    question = first["question"]
    assert first["response"] == f"utter_ask_{name}_form_confirmed"
    assert (question["act"], question["number"], question["details"]) == (name, number, details)
    shop.bot_says("Shall I?", reply_to=seq, data={"question": question})
    [again] = (await act(kind(shop.open), Scene(form=f"{name}_form", seq=shop.says("hm"), slots=slots))).messages
    assert again["response"] == f"utter_ask_{name}_form_confirmed_again"
    assert (again["question"]["id"], again["question"]["asked"]) == (question["id"], 2)
    other = {**slots, "order_number": "TD-99999"}
    [another] = (await act(kind(shop.open), Scene(form=f"{name}_form", seq=shop.says("hm"), slots=other))).messages
    assert another["question"]["id"] != question["id"]


@pytest.mark.parametrize("kind", [ActionNeverMind, ActionDeny, ActionNotUnderstood])
async def test_a_regret_right_after_the_act_is_told_the_truth(shop: Shop, kind: type) -> None:
    shop.know("new@example.com")
    shop.asks("cancel_order", "TD-10433")
    yes = shop.says("yes")
    await act(ActionCancelOrder(shop.open), Scene(seq=yes, slots={"order_number": "TD-10433", "confirmed": True}))
    shop.bot_says("Done", reply_to=yes)
    outcome = await act(kind(shop.open), Scene(seq=shop.says("no, undo that"), text="no, undo that"))
    assert outcome.said == ["utter_cancel_order_way_back"]
    assert outcome.messages[0]["number"] == "TD-10433"
    for _ in range(6):
        shop.says("something else")
    late = await act(kind(shop.open), Scene(seq=shop.says("no, undo that"), text="no, undo that"))
    assert late.said != ["utter_cancel_order_way_back"]


@pytest.mark.parametrize("kind", [ActionNeverMind, ActionDeny, ActionNotUnderstood])
async def test_without_an_act_there_is_nothing_to_regret(shop: Shop, kind: type) -> None:
    shop.know("new@example.com")
    outcome = await act(kind(shop.open), Scene(seq=shop.says("no, undo that"), text="no, undo that"))
    assert not any("regret_reply" in said for said in outcome.said)


@EVERY_ACT
async def test_another_act_instead_says_what_stays_and_goes_there(shop: Shop, name: str) -> None:
    other = "return_item" if name == "cancel_order" else "cancel_order"
    outcome = await answer(shop, name, "hm, can we do something else with it instead", other)
    assert outcome.said == [FORMS[name][0].act.kept] and outcome.stepped_aside


@EVERY_ACT
async def test_whether_it_is_done_is_told_with_what_is_waited_for(shop: Shop, name: str) -> None:
    _, email, number, details = FORMS[name]
    shop.know(email)
    for kind, intent in ((ActionOrderFact, "order_fact/done"), (ActionOrderFact, "order_fact/nothing_done"),
                         (ActionTalk, "talk/what_next")):
        scene = Scene(intent=intent, text="and now?", form=f"{name}_form", requested="confirmed",
                      slots={"order_number": number, **details})
        assert (await act(kind(shop.open), scene)).said == [f"utter_fact_not_yet_{name}"]


@EVERY_ACT
@pytest.mark.parametrize(("text", "agrees"), [("yes", True), ("do it", True), ("ok", False), ("sounds good", False)])
async def test_a_yes_to_what_was_asked_again_behind_an_answer_counts_and_an_ok_does_not(
    shop: Shop, name: str, text: str, agrees: bool,
) -> None:
    form, email, number, details = FORMS[name]
    shop.know(email)
    said = shop.says("yes but how long does the money take")
    shop.bot_says("Five to seven days.", reply_to=said)
    question = {"act": name, "number": number, "details": details, "id": f"1.{name}", "asked": 2}
    shop.bot_says("Shall I?", reply_to=said, data={"question": question})
    outcome = await act(form(shop.open), Scene(
        form=f"{name}_form", requested="confirmed", text=text, intent="affirm", seq=shop.says(text),
        slots={"order_number": number, "contact": email, **details}))
    assert (confirmed(outcome) is True) is agrees


@EVERY_ACT
async def test_how_the_order_stands_is_told_beside_the_question(shop: Shop, name: str) -> None:
    outcome = await answer(shop, name, "yes. and when does it come?", "order_status")
    assert outcome.said[0].startswith("utter_order_status") and not outcome.stepped_aside
    assert (confirmed(outcome), outcome.slots["requested_slot"]) == (None, "confirmed")


async def test_the_other_order_is_another_matter(shop: Shop) -> None:
    outcome = await answer(shop, "cancel_order", "and where is the other one?", "order_status")
    assert outcome.stepped_aside


@pytest.mark.parametrize(("name", "text"), [
    ("cancel_order", "no not cancel. the colour"), ("cancel_order", "I don't want to cancel it"),
    ("return_item", "I never said return"), ("return_item", "don't send it back"),
])
async def test_an_act_that_is_named_to_refuse_it_is_not_begun(shop: Shop, name: str, text: str) -> None:
    form, email, _, _ = FORMS[name]
    shop.know(email)
    outcome = await act(form(shop.open), Scene(intent=name, form=f"{name}_form", starts=True, text=text))
    assert outcome.said == ["utter_not_begun"] and outcome.followed_by == ["action_listen"]


@pytest.mark.parametrize("text", ["why not cancel it", "could you not just cancel it?", "it has not come, cancel it"])
async def test_an_act_that_is_wished_is_begun_whatever_else_is_denied(shop: Shop, text: str) -> None:
    shop.know("new@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True, text=text))
    assert outcome.slots["requested_slot"] == "confirmed"


@pytest.mark.parametrize(("text", "reason"), [
    ("too big. and is it free?", "does_not_fit"), ("it's torn and do I pay for that?", "damaged"),
    ("they stink, do you take them back?", "other"), ("is it free if it's broken?", None),
])
async def test_a_reason_is_taken_where_a_question_stands_beside_it(shop: Shop, text: str, reason: str | None) -> None:
    shop.know("delivered@example.com")
    outcome = await act(ValidateReturnItemForm(shop.open), Scene(
        form="return_item_form", requested="return_reason", text=text, intent="returns/cost",
        slots={"order_number": "TD-10300", "contact": "delivered@example.com", "return_item": "TWL-012"},
        filled={"return_reason": text}))
    assert outcome.slots["return_reason"] == reason
    assert outcome.stepped_aside, "and the question is answered"
