"""A button belongs to the message that offered it, and an answer counts once."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tandem.conversations.buttons import ASIDE, BACK_TO_BOT, OUTDATED, find_press, message_of, stamped
from tandem.conversations.model import Author, Delivery, Kind, Message

YES_NO = [{"title": "Yes, cancel it", "payload": "/affirm"}, {"title": "No, keep it", "payload": "/deny"}]
MENU = [{"title": "A person", "payload": "/ask_for_human"}]


def message(seq: int, text: str, author: Author = Author.BOT, epoch: int = 0, reply_to: int | None = None,
            **data: Any) -> Message:
    at = datetime(2025, 3, 12, tzinfo=timezone.utc)
    return Message("c", seq, author, Kind.TEXT, "", text, at, epoch, Delivery.SENT, data, reply_to=reply_to)


def customer(seq: int, text: str = "…", **data: Any) -> Message:
    return message(seq, text, Author.CUSTOMER, **data)


def question(seq: int, order: str, question_id: str, **more: Any) -> Message:
    asked = {"act": "cancel_order", "number": order, "details": {}, "id": question_id, "asked": 1}
    return message(seq, f"Cancel {order}?", reply_to=seq - 1, question=asked, buttons=YES_NO, **more)


A_THEN_B = [customer(1), question(2, "TD-1", "1.a"), customer(3), message(4, "hours", reply_to=3), customer(5),
            question(6, "TD-2", "5.b")]


def test_payloads_carry_their_message_and_links_do_not() -> None:
    found = stamped(message(7, "Hi", buttons=[*YES_NO, {"title": "Site", "url": "https://x.example"}, "odd"],
                            quick_replies=[{"title": "Blue", "payload": "blue"},
                                           {"title": "Back", "payload": BACK_TO_BOT}]))
    assert [one.get("payload") for one in found] == ["/affirm#7", "/deny#7", None, "blue", BACK_TO_BOT]
    assert message_of("/affirm#7") == 7 and message_of('/inform{"item": "a#7"}') is None


def pressed(messages: list[Message], payload: str) -> str | None:
    press = find_press(messages, payload)
    return press.payload if press else None


def test_the_yes_of_another_question_is_no_answer_to_this_one() -> None:
    assert pressed(A_THEN_B, "/affirm#2") == OUTDATED
    assert pressed(A_THEN_B, "/affirm#6") == "/affirm"


def test_a_second_press_counts_for_nothing() -> None:
    once = [*A_THEN_B, customer(7, payload="/affirm", button_of=6)]
    assert pressed(once, "/affirm#6") == OUTDATED
    assert pressed(once, "/deny#6") == OUTDATED
    assert pressed([*once, message(8, "Done", reply_to=7)], "/affirm#6") == OUTDATED


def test_a_question_is_closed_by_another_answer_of_the_bot_and_by_another_owner() -> None:
    assert pressed([*A_THEN_B, customer(7), message(8, "All right", reply_to=7)], "/affirm#6") == OUTDATED
    assert pressed([*A_THEN_B, message(7, "Hello, Anna here", Author.AGENT, epoch=2)], "/affirm#6") == OUTDATED


def test_what_the_bot_says_unasked_may_ask_too() -> None:
    reminded = [*A_THEN_B, question(7, "TD-3", "6.c")]
    assert pressed(reminded, "/affirm#7") == "/affirm"
    assert pressed(reminded, "/affirm#6") == OUTDATED


def test_a_question_asked_again_may_be_answered_at_either_place() -> None:
    again = [*A_THEN_B, customer(7), message(8, "hours", reply_to=7),
             message(9, "Cancel TD-2 or not?", reply_to=7, question=A_THEN_B[-1].data["question"], buttons=YES_NO)]
    assert pressed(again, "/affirm#6") == pressed(again, "/affirm#9") == "/affirm"
    assert pressed(again, "/affirm#2") == OUTDATED
    assert pressed([*again, customer(10, payload="/affirm", button_of=6)], "/affirm#9") == OUTDATED


def test_a_word_aside_leaves_the_question_open() -> None:
    told = [*A_THEN_B, customer(7, payload=OUTDATED, button_of=2), message(8, "No longer open", reply_to=7, aside=True)]
    assert ASIDE == "aside"
    assert pressed(told, "/affirm#6") == "/affirm"


def test_a_choice_from_a_menu_may_be_pressed_at_any_time() -> None:
    menu = [customer(1), message(2, "How can I help?", reply_to=1, buttons=MENU), *A_THEN_B[2:],
            customer(7, payload="/ask_for_human", button_of=2)]
    assert pressed(menu, "/ask_for_human#2") == "/ask_for_human"


def test_an_order_may_be_chosen_again_and_a_detail_may_not() -> None:
    choices = [{"title": "TD-1", "payload": '/inform{"order_number": "TD-1"}'},
               {"title": "Damaged", "payload": '/inform{"return_reason": "damaged"}'},
               {"title": "Both", "payload": '/inform{"order_number": "TD-1", "return_reason": "damaged"}'}]
    talk = [customer(1), message(2, "Which?", reply_to=1, buttons=choices), *A_THEN_B[2:]]
    assert [pressed(talk, f"{one['payload']}#2") for one in choices] == [choices[0]["payload"], OUTDATED, OUTDATED]


@pytest.mark.parametrize(("messages", "expected"), [(A_THEN_B[:2], "/affirm"), (A_THEN_B, OUTDATED)])
def test_a_payload_without_its_message_counts_if_there_is_no_doubt(messages: list[Message], expected: str) -> None:
    assert pressed(messages, "/affirm") == expected


def test_what_was_not_offered_is_no_press() -> None:
    for payload in ("/affirm#1", "/affirm#99", "/restart#2", "/deny{}#2", "/affirm#2#2"):
        assert find_press(A_THEN_B, payload) is None, payload
    assert find_press([], "/affirm#1") is None
