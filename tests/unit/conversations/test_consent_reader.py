"""A plain yes, and everything that must never be taken for one."""
from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.conversations.consent_reader import (
    ConsentAnswer,
    asks,
    drops_the_matter,
    is_firm,
    read_answer,
    regrets,
    says_more_than_no,
)

TITLES = {"Yes, cancel it": ConsentAnswer.EXPLICIT_YES}
YES = (ConsentAnswer.YES, ConsentAnswer.EXPLICIT_YES)
ACTS = ("cancel_order", "change_address", "return_item")


def read(text: str, act: str = "cancel_order") -> ConsentAnswer:
    return read_answer(text, act, "TD-10433", titles=TITLES)


PLAIN = ["yes", "Yes.", "YES!!", "yesss", "y", "yep", "Yeah", "ok", "Okay then", "sure", "sure, thanks", "please do",
         "go ahead", "do it now please", "yes yes yes", "correct", "that’s right", "ＹＥＳ", "of course!",
         "\u200byes\u200b", "👍", "👍🏽", "✅", "✔️", "yes 🙂", "I confirm", "alright", "fine by me", "hi, yes"]
EXPLICIT = [("cancel_order", "yes, cancel it"), ("cancel_order", "Please cancel order TD-10433"),
            ("cancel_order", "yes cancel 10433"), ("cancel_order", "go ahead and cancel my order"),
            ("cancel_order", "I want you to cancel it"), ("cancel_order", "cancel it"),
            ("change_address", "yes, send it there"), ("change_address", "that address is right"),
            ("change_address", "yes change it please"), ("return_item", "yes, set it up"),
            ("return_item", "send it back please"), ("return_item", "Yes - return it"),
            ("return_item", "yes, start the return")]
@pytest.mark.parametrize(("text", "answer"), [
    ("yes scrap it", ConsentAnswer.YES), ("yeah, call it off please", ConsentAnswer.YES),
    ("scrap it", ConsentAnswer.OTHER), ("please get rid of it", ConsentAnswer.OTHER),
    ("ok scrap it", ConsentAnswer.UNCLEAR),
    ("yes, scrap it?", ConsentAnswer.UNCLEAR), ("yes, drop it", ConsentAnswer.UNCLEAR),
])
def test_words_that_may_drop_the_matter_name_the_act_behind_a_firm_yes_only(text: str, answer: ConsentAnswer) -> None:
    assert read_answer(text, "cancel_order", "TD-10433") is answer
    assert read_answer(text, "return_item", "TD-10433") not in YES


NOT_YET = [  # a yes is in it, or seems to be, and something else beside
    "yes?", "yes？", "yes;\u037e", "yes if it hasn't shipped", "yes but what about my voucher", "ok, unless it's sent",
    "yes, and the other one too", "yes, TD-10402", "yes, cancel order TD-10402", "yes / no", "yes or no", "maybe yes",
    "yes, but wait", "yes keep it", "I guess so", "if you must", "ok what happens then", "yes I think", "y̶e̶s̶",
    "yes, after the weekend", "yes only the lamp", "yes except the rug", "sure, first tell me the price", "not yes",
    "yes no", "yes, no", "no yes", "yes... not", "hm, yes", "well, yes", "yes 100 %", "yes until Friday", "yes n",
    "\u202eyes", "yes 🤔", "👍👎", "is that a yes", "yes instead of the return", "why yes", "yes later",
]
NO = ["no", "No!", "nope", "nah", "no thanks", "NOOO", "ｎｏ", "👎", "❌", "no, sorry", "that's wrong", "not that one"]
STOP = ["don't", "Don’t cancel it", "dont do it", "do not cancel", "no, keep it", "keep it please", "ok, don't",
        "leave it", "never mind", "forget it",
        "stop", "wait, don't", "I changed my mind", "I'd rather keep it", "let's not",
        "on second thought, no", "please don't", "no don't", "actually keep the order", "I don't want to cancel", "🛑",
        "fine, keep it then", "not now", "I want to keep it"]
NEITHER = ["no problem", "no worries", "why not", "hmm", "never a problem", "I don't want it", "yes but not the lamp"]
LATER = ["not sure", "I'm not sure", "I don't know yet", "wait", "hold on", "let me think about it", "maybe",
         "thanks, I'll decide later", "yes, maybe", "one moment please", "no idea",
         "I have to ask my wife", "another time"]


@pytest.mark.parametrize("text", PLAIN)
@pytest.mark.parametrize("act", ACTS)
def test_a_plain_yes_is_one(text: str, act: str) -> None:
    assert read(text, act) is ConsentAnswer.YES


@pytest.mark.parametrize(("act", "text"), EXPLICIT)
def test_a_yes_may_name_the_act(act: str, text: str) -> None:
    assert read(text, act) is ConsentAnswer.EXPLICIT_YES


@pytest.mark.parametrize(("act", "text"), EXPLICIT)
def test_a_yes_that_names_another_act_is_none(act: str, text: str) -> None:
    assert all(read_answer(text, other, "TD-10433") not in YES for other in ACTS if other != act)


@pytest.mark.parametrize("text", [*NOT_YET, *NO, *STOP, *NEITHER, *LATER, "", "?", "…", "thanks", "cancel", "oui"])
@pytest.mark.parametrize("act", ACTS)
def test_nothing_else_is_a_yes(text: str, act: str) -> None:
    assert read(text, act) not in YES


@pytest.mark.parametrize("text", NO)
def test_a_no_is_one(text: str) -> None:
    assert read(text) is ConsentAnswer.NO


@pytest.mark.parametrize("text", STOP)
def test_a_no_may_drop_the_matter(text: str) -> None:
    assert read(text) is ConsentAnswer.STOP


@pytest.mark.parametrize("text", NEITHER)
def test_what_begins_like_a_no_or_doubts_is_no_answer_yet(text: str) -> None:
    assert read(text) in (ConsentAnswer.UNCLEAR, ConsentAnswer.OTHER)


@pytest.mark.parametrize("text", LATER)
def test_a_decision_may_be_put_off(text: str) -> None:
    assert read(text) is ConsentAnswer.LATER
    assert read(f"{text}? when would it ship?") is not ConsentAnswer.LATER, "a question wants its answer first"


@pytest.mark.parametrize(("text", "drops"), [
    ("no, keep it", ConsentAnswer.STOP), ("never mind", ConsentAnswer.STOP), ("don't return it", ConsentAnswer.STOP),
    ("I don't want to send it back", ConsentAnswer.STOP), ("leave it, thanks", ConsentAnswer.STOP),
    ("I'd like to think about it", ConsentAnswer.LATER), ("I haven't decided", ConsentAnswer.LATER),
    ("I don't want it any more", None), ("I changed my mind", None), ("it stopped working", None),
    ("not my colour", None), ("the zip doesn't keep shut", None), ("maybe it's broken", None), ("no", None),
    ("12 Keep Street", None),
])
def test_a_wish_may_be_dropped_while_its_details_are_asked(text: str, drops: ConsentAnswer | None) -> None:
    assert drops_the_matter(text) is drops


@pytest.mark.parametrize(("text", "regret"), [
    ("undo that please", True), ("I still want it!", True), ("that was a mistake", True),
    ("I never said that", True), ("never mind", True), ("no no, keep it", True),
    ("thanks", False), ("when is it refunded?", False), ("great", False),
])
def test_a_regret_is_noticed(text: str, regret: bool) -> None:
    assert regrets(text) is regret


def test_the_typed_words_of_a_button_are_a_press() -> None:
    titles = {"Ja, stornieren": ConsentAnswer.EXPLICIT_YES}
    assert read_answer("ja, stornieren!", "cancel_order", "", titles=titles) is ConsentAnswer.EXPLICIT_YES
    for text in ("ja stornieren?", "ja", "nicht stornieren", "ja, stornieren, aber nur die Lampe"):
        assert read_answer(text, "cancel_order", "", titles=titles) not in YES
    twice = {"Go": ConsentAnswer.EXPLICIT_YES, "go!": ConsentAnswer.NO}
    assert read_answer("go", "cancel_order", "", titles=twice) not in YES, "two buttons of one title"


def test_of_an_act_without_a_table_only_the_button_names_it() -> None:
    assert read_answer("yes, close it", "close_account") not in YES
    assert read_answer("yes", "close_account") is ConsentAnswer.YES


VETOES = ("no", "not", "don't", "dont", "keep", "if", "but", "wait", "unless", "instead", "what", "why", "how", "stop",
          "never", "maybe", "until", "only", "except", "before", "after", "hold", "later", "?", "？", "؟", "👎", "🛑",
          "or", "TD-10402", "other", "first", "nope", "nah", "can't", "won't", "either", "question")
A_YES = st.sampled_from([*PLAIN, *(text for act, text in EXPLICIT if act == "cancel_order"), "Yes, cancel it"])


@given(A_YES, st.sampled_from(VETOES), st.integers(0, 10), st.sampled_from([str, str.upper, str.title]))
def test_with_a_veto_anywhere_no_sentence_is_a_yes(
    sentence: str, veto: str, place: int, case: Callable[[str], str],
) -> None:
    words = sentence.split()
    words.insert(min(place, len(words)), case(veto))
    assert read(" ".join(words)) not in YES


@given(A_YES, st.characters(), st.integers(0, 40))
def test_a_question_mark_of_any_script_is_a_veto(sentence: str, sign: str, place: int) -> None:
    text = sentence[:place] + sign + sentence[place:]
    if "QUESTION MARK" in unicodedata.name(sign, ""):
        assert read(text) not in YES


@given(st.text(max_size=300))
def test_any_text_is_read_and_no_odd_one_is_a_yes(text: str) -> None:
    if read(text) in YES:
        assert not any(sign.isdigit() or "QUESTION MARK" in unicodedata.name(sign, "") for sign in text)


SAME_TWICE = ["right", "now", "right now", "and", "ok", "x", "yes", "that's right", "confirm", "all"]


@given(st.lists(st.sampled_from(SAME_TWICE), max_size=60))
def test_reading_takes_no_time_however_it_is_put_together(words: list[str]) -> None:
    assert (read(" ".join(words)) in YES) <= ("x" not in words)


@pytest.mark.parametrize(("text", "more"), [
    ("no", False), ("No, keep it.", False), ("don't cancel it please", False), ("no thanks!", False),
    ("No, keep it. When do you open?", True), ("no, where is it now", True),
    ("no I would like to have the whole thing sent to my sister", True),
])
def test_what_a_no_says_besides_is_noticed(text: str, more: bool) -> None:
    assert says_more_than_no(text) is more


@pytest.mark.parametrize(("text", "question"), [
    ("is it free?", True), ("what happens then", True), ("ok, can you pick it up", True), ("do I pay for it", True),
    ("it came broken. why?", True), ("doesn't fit", False), ("is too small", False), ("too big for me", False),
    ("was damaged", False), ("the colour is not what I expected", False),
])
def test_questions_are_told_from_statements(text: str, question: bool) -> None:
    assert asks(text) is question


ALL = ["yes", "yes please", "ok", "both", "both please", "yes, both", "yes both of them", "all of them",
       "sure, all two"]
ALL_NAMED = ["yes, cancel them", "cancel both", "please cancel both orders", "cancel them all",
             "yes cancel all of them",
             "cancel TD-10433 and TD-10436", "cancel orders 10433 and 10436 please", "yes, cancel my two orders"]
NOT_ALL = ["yes, cancel it", "cancel the order", "yes, TD-10433", "cancel 10433", "yes, the first", "both?",
           "not both",
           "yes but not both", "both or none", "all but the lamp", "cancel TD-10433 and TD-10402", "them", "my orders",
           "both except 10436", "cancel all of it", "not all of them", "yes only one of them", "one of them",
           "all three"]


@pytest.mark.parametrize(("text", "answer"), [
    *((text, ConsentAnswer.YES) for text in ALL), *((text, ConsentAnswer.EXPLICIT_YES) for text in ALL_NAMED)])
def test_a_yes_to_several_orders_is_to_all_of_them(text: str, answer: ConsentAnswer) -> None:
    assert read_answer(text, "cancel_order", "TD-10433", "TD-10436") is answer


@pytest.mark.parametrize("text", NOT_ALL)
def test_what_may_mean_only_some_of_several_orders_is_no_yes(text: str) -> None:
    assert read_answer(text, "cancel_order", "TD-10433", "TD-10436") not in YES


def test_both_are_two() -> None:
    three = ("TD-10433", "TD-10436", "TD-10402")
    assert read_answer("cancel both", "cancel_order", *three) not in YES
    assert read_answer("yes, all three of them", "cancel_order", *three) is ConsentAnswer.YES
    assert read_answer("cancel 10433, 10436 and 10402", "cancel_order", *three) is ConsentAnswer.EXPLICIT_YES


@pytest.mark.parametrize("text", ["both", "both please", "yes, both", "cancel them", "cancel both",
                                  "cancel all of them",
                                  "cancel TD-10433 and TD-10436"])
def test_all_is_no_yes_to_a_question_about_one(text: str) -> None:
    assert read(text) not in YES


@pytest.mark.parametrize(("text", "act"), [("YES CANCEL", "cancel_order"), ("yeah cancel please", "cancel_order"),
                                           ("yes return", "return_item"), ("yep, change", "change_address"),
                                           ("yes refund!", "get_refund")])
def test_a_yes_with_the_bare_verb_names_the_act(text: str, act: str) -> None:
    assert read_answer(text, act, "TD-10433") is ConsentAnswer.EXPLICIT_YES
    assert read_answer(text.split(maxsplit=1)[1], act, "TD-10433") not in YES, "the verb alone may be either"


def test_what_is_said_to_have_been_said_is_read_like_the_words_themselves() -> None:
    assert read("I SAID not cancel. I want it in black") is ConsentAnswer.NO
    assert read("I said yes but only the lamp") not in YES


@pytest.mark.parametrize(("text", "firm"), [("yes", True), ("ok yes please", True), ("do it", True), ("ok", False),
                                            ("sounds good", False), ("that's fine", False), ("thanks", False)])
def test_a_firm_yes_is_told_from_one_that_may_be_to_anything(text: str, firm: bool) -> None:
    assert is_firm(text) is firm


@pytest.mark.parametrize("text", ["yes, let me know once it leaves", "ok ping me as soon as my parcel moves",
                                  "sure, message me when it is on its way", "please notify me when the order is sent"])
def test_a_wish_to_be_told_names_what_the_news_is_of(text: str) -> None:
    assert read_answer(text, "order_updates", "TD-10433") is ConsentAnswer.EXPLICIT_YES


@pytest.mark.parametrize("text", ["tell me when it leaves?", "don't tell me when it moves", "tell me when you move",
                                  "let me know when it moves, but not by mail", "tell me where it moves"])
def test_who_asks_refuses_or_wants_other_news_has_not_agreed_to_be_told(text: str) -> None:
    assert read_answer(text, "order_updates", "TD-10433") not in YES


def test_a_wish_to_be_told_agrees_to_nothing_but_that() -> None:
    assert read_answer("tell me when it leaves", "cancel_order", "TD-10433") not in YES
