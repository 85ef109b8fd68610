"""Two wishes in one message, through real rules, forms and ledger: both are served, the second is kept and named."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rasa.core.agent import Agent

from tandem.conversations.consent import Consents
from tandem.orders.model import OrderStatus
from tandem.rasa_ext.tracker_store import CachedTrackerStore
from tests.fakes.core import ANNA
from tests.integration.handback.shop import CUSTOMER, Shop, is_response, open_shop
from tests.integration.handback.test_turns_run_again import CRASHES, Crash, crashes_at, is_open

HOURS = ("when are you open", "opening_hours")
PAY = ("how can I pay", "payment_methods")
CANCEL = ("cancel my order", "cancel_order")
RETURN = ("send something back", "return_item")
YES, NO = "yes, cancel it", "no, keep it"


@pytest.fixture
def shop(dialogue: Agent, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(dialogue, tmp_path) as opened:
        opened.agent.tracker_store = CachedTrackerStore(opened.agent.domain, f"sqlite:///{tmp_path / 'rasa.db'}")
        yield opened


def identified(shop: Shop) -> None:
    """The customer has shown whose order TD-10433 is."""
    shop.says("where is it", "order_status", order_number="TD-10433")
    shop.says("new@example.com", email="new@example.com")


def test_two_questions_are_answered_one_after_the_other(shop: Shop) -> None:
    first, second = shop.replies(shop.wants(HOURS, PAY).message)
    assert is_response(first, "utter_opening_hours") and is_response(second, "utter_payment_methods")


def test_a_question_is_answered_before_the_act_asks_and_a_plain_yes_is_enough(shop: Shop) -> None:
    identified(shop)
    told, named, asked = shop.replies(shop.wants(HOURS, CANCEL).message)
    assert is_response(told, "utter_opening_hours")
    assert named == "Now to the cancellation."
    assert asked.startswith("Shall I cancel order TD-10433")
    shop.says("yes", "affirm")
    assert shop.orders.find("TD-10433").status is OrderStatus.CANCELLED


@pytest.mark.parametrize(("answer", "intent", "status"), [
    (YES, "affirm", OrderStatus.CANCELLED), (NO, "deny", OrderStatus.PROCESSING),
])
def test_the_second_act_is_kept_named_and_begun_when_the_first_is_finished(
    shop: Shop, answer: str, intent: str, status: OrderStatus,
) -> None:
    identified(shop)
    named, asked = shop.replies(shop.wants(CANCEL, RETURN, order_number="TD-10300").message)
    assert named == "I'll take one after the other: first the cancellation, then the return."
    assert asked.startswith("Shall I cancel order TD-10433")
    replies = shop.says(answer, intent)
    assert shop.orders.find("TD-10433").status is status
    assert replies[1] == "Now to the return."
    shop.says("delivered@example.com", email="delivered@example.com")
    assert shop.tracker().active_loop_name == "return_item_form"
    assert shop.orders.find("TD-10300").return_request is None, "its own yes was not given"


def test_who_asks_in_between_still_has_both(shop: Shop) -> None:
    identified(shop)
    shop.wants(CANCEL, RETURN)
    answer, again = shop.says(*HOURS)
    assert is_response(answer, "utter_opening_hours") and "Shall I cancel order TD-10433" in again
    assert "Now to the return." in shop.says(NO, "deny")


def test_the_second_can_be_taken_back_and_the_question_stays_open(shop: Shop) -> None:
    identified(shop)
    shop.wants(CANCEL, RETURN)
    [dropped] = shop.says("forget the second thing", "inform")
    assert dropped.startswith("All right, I'll leave out the return")
    [done] = shop.says("yes", "affirm")
    assert is_response(done, "utter_cancel_order_done")
    assert len(shop.says("thanks", "thanks")) == 1


def test_who_leaves_it_all_is_not_asked_about_the_rest(shop: Shop) -> None:
    identified(shop)
    shop.wants(CANCEL, RETURN)
    shop.says("never mind all that", "never_mind")
    assert shop.tracker().active_loop_name is None
    assert not any("return" in reply for reply in shop.says(*HOURS))


def test_a_person_sees_what_was_kept_and_after_them_it_is_theirs(shop: Shop) -> None:
    identified(shop)
    shop.wants(CANCEL, RETURN)
    shop.says("a person please", "ask_for_human")
    [handoff] = shop.core.ledger.handoffs(CUSTOMER)
    assert "“send something back”" in handoff.card.summary
    shop.core.ownership.claim(CUSTOMER, ANNA)
    shop.core.ownership.hand_back(CUSTOMER, ANNA)
    [answer] = shop.says(*HOURS)
    assert is_response(answer, "utter_opening_hours")


@pytest.mark.parametrize("crash", CRASHES)
def test_a_turn_that_is_run_again_answers_each_wish_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, crash: Crash,
) -> None:
    identified(shop)
    with monkeypatch.context() as broken:
        crash(shop, broken)
        seq = shop.wants(HOURS, CANCEL).message.seq
    assert is_open(shop, seq)
    shop.taken_over()
    told, named, asked = shop.replies_to(seq)
    assert is_response(told, "utter_opening_hours")
    assert named == "Now to the cancellation." and asked.startswith("Shall I cancel order TD-10433")


def answers_and_wants(shop: Shop, answer: tuple[str, str], wish: tuple[str, str]) -> list[str]:
    """The customer answers a form, and wants something new in the same message."""
    text = f"{answer[0]}, and {wish[0]}"
    shop.wishes[text] = [{"text": answer[0], "intent": "", "confidence": 1.0, "is_act": False},
                         {"text": wish[0], "intent": wish[1], "confidence": 0.9, "is_act": True}]
    shop.readings.update({part: (intent, {}) for part, intent in (answer, wish)})
    return shop.says(text, answer[1])


def test_a_new_act_beside_an_answer_is_named_and_begun_afterwards(shop: Shop) -> None:
    identified(shop)
    shop.says("send TD-10300 back", "return_item", order_number="TD-10300")
    shop.says("delivered@example.com", email="delivered@example.com")
    kept, asked = answers_and_wants(shop, ("the towel", "inform"), ("cancel my order", "cancel_order"))
    assert kept == "I'll come to the cancellation right after this." and "Why does it go back" in asked
    [asked] = shop.says("it is too small", "inform")
    assert "Shall I set up the return" in asked or "goes back to us" in asked
    done, named, *_ = shop.says("yes, send it back", "affirm")
    assert is_response(done, "utter_return_item_label") and named == "Now to the cancellation."
    assert shop.orders.find("TD-10433").status is OrderStatus.PROCESSING, "its own yes was not given"


def test_a_yes_with_a_new_act_beside_it_is_none_and_both_are_kept(shop: Shop) -> None:
    identified(shop)
    shop.says(*CANCEL)
    kept, again = answers_and_wants(shop, ("yes", "affirm"), RETURN)
    assert kept == "I'll come to the return right after this." and "Shall I cancel order TD-10433" in again
    assert shop.orders.find("TD-10433").status is OrderStatus.PROCESSING
    done, named, *_ = shop.says(YES, "affirm")
    assert is_response(done, "utter_cancel_order_done") and named == "Now to the return."


def both_asked(shop: Shop) -> str:
    """The customer has shown whose both orders are, and has been asked whether to cancel them."""
    identified(shop)
    shop.says("TD-10436", "order_status", order_number="TD-10436")
    shop.says("70112", postcode="70112")
    [asked] = shop.says("cancel both orders", "cancel_order")
    return asked


def both(shop: Shop) -> set[OrderStatus]:
    return {shop.orders.find(number).status for number in ("TD-10433", "TD-10436")}


def test_both_are_cancelled_after_one_question_that_names_both(shop: Shop) -> None:
    asked = both_asked(shop)
    assert all(part in asked for part in ("TD-10433", "TD-10436", "$84.00", "weekend bag", "Wool rug"))
    assert both(shop) == {OrderStatus.PROCESSING}
    done = shop.says("yes please", "affirm")
    assert both(shop) == {OrderStatus.CANCELLED}
    assert len(done) == 2 and all(is_response(one, "utter_cancel_order_done") for one in done)
    [told] = shop.says("never mind", "never_mind")
    assert is_response(told, "utter_cancel_order_way_back_several")


def test_the_choice_can_still_be_changed_and_is_asked_about_anew(shop: Shop) -> None:
    both_asked(shop)
    [asked] = shop.says("only the bag", "inform")
    assert "Shall I cancel order TD-10433" in asked and "TD-10436" not in asked
    [asked] = shop.says("no wait, both", "deny")
    assert "TD-10433" in asked and "TD-10436" in asked
    [kept] = shop.says("no, keep them", "deny")
    assert is_response(kept, "utter_cancel_order_kept_several") and both(shop) == {OrderStatus.PROCESSING}


@pytest.mark.parametrize("crash", CRASHES)
def test_a_yes_to_both_that_is_run_again_does_each_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, crash: Crash,
) -> None:
    both_asked(shop)
    seq = crashes_at(crash, shop, monkeypatch, "yes", "affirm")
    assert both(shop) == {OrderStatus.CANCELLED}
    done = shop.replies_to(seq)
    assert len(done) == 2 and all(is_response(one, "utter_cancel_order_done") for one in done)


def test_a_turn_that_broke_off_between_the_two_does_the_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    both_asked(shop)
    real = Consents.begin

    def begin(consents: Consents, *arguments: Any, **named: Any) -> Any:
        verdict = real(consents, *arguments, **named)
        shop.orders.cancel("TD-10436", idempotency_key=f"consent:{CUSTOMER}:{verdict.question.id}" + (
            "" if verdict.question.number == "TD-10436" else ":TD-10436"))
        return verdict

    with monkeypatch.context() as dying:  # one is cancelled, and the process dies before anything is said
        dying.setattr(Consents, "begin", begin)
        seq = crashes_at(CRASHES[1], shop, monkeypatch, "yes", "affirm")
    assert both(shop) == {OrderStatus.CANCELLED}
    assert len(shop.replies_to(seq)) == 2
