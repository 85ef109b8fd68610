"""The checker of the fault runs finds what it is there to find: doctored histories must not pass."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tandem.wording.phrases import notice
from tests.system.faults.checker import check
from tests.system.faults.errand import REASON, Errand
from tests.system.faults.history import Case, Entry, History, Remembered, Sent, ShownMessage
from tests.system.faults.wish import YES, Watched


def entry(seq: int, author: str, text: str, epoch: int = 0, **more: object) -> Entry:
    return Entry(seq, author, "event" if more.get("event") else "text", text, epoch, **more)


def healthy(channel: str = "webchat") -> History:
    """A question, an answer, a handoff with its announcement, words both ways, back to the bot."""
    entries = [
        entry(1, "customer", "hours?", client_id="c1"),
        entry(2, "bot", "8 to 8", reply_to=1, client_id="1.0"),
        entry(3, "customer", "a person please", client_id="c2"),
        entry(4, "bot", "connecting you", 1, reply_to=3, client_id="h1.utter_handoff"),
        entry(5, "system", "Robin has joined", 2, event="agent_joined"),
        entry(6, "customer", "my parcel", 2, client_id="c3"),
        entry(7, "agent", "I look", 2, client_id="a1"),
        entry(8, "agent", "found it", 2, client_id="a2"),
        entry(9, "system", "Robin has left", 3, event="handed_back"),
        entry(10, "customer", "delivery?", 3, client_id="c4"),
        entry(11, "bot", "3 to 5 days", 3, reply_to=10, client_id="10.0"),
    ]
    history = History("x", channel, entries=entries, opened={1: "h1"}, claims=[(2, "robin")])
    history.customer.sent = [Sent(one.client_id or "", one.text) for one in entries if one.author == "customer"]
    history.agent.sent = [Sent(one.client_id or "", one.text) for one in entries if one.author == "agent"]
    history.agent.shown = [ShownMessage(one.text, one.seq) for one in entries[:9]]
    history.remembered = [Remembered(one.seq, one.text) for one in entries if one.seq in (1, 3, 10)]
    numbered = channel == "webchat"
    history.customer.shown = [ShownMessage(one.text, one.seq if numbered else None) for one in entries
                              if numbered or one.author != "customer"]
    return history


@pytest.mark.parametrize("channel", ["webchat", "rest", "push"])
def test_a_healthy_conversation_breaks_no_promise(channel: str) -> None:
    verdict = check(healthy(channel))
    assert verdict.broken == {} and verdict.examples == []


def lose_for_customer(history: History) -> None:
    del history.customer.shown[-2 if history.channel == "webchat" else -3]


def lose_last_for_customer(history: History) -> None:
    del history.customer.shown[-1]


def lose_at_desk(history: History) -> None:
    del history.agent.shown[5]


def lose_customers_word(history: History) -> None:
    history.customer.sent.append(Sent("c9", "was kept, they said"))


def lose_agents_word(history: History) -> None:
    history.agent.sent.append(Sent("a9", "was kept, they said"))


def change_a_word(history: History) -> None:
    history.customer.shown[-1] = replace(history.customer.shown[-1], text="something else")


def leave_a_gap(history: History) -> None:
    history.entries.pop(1)


@pytest.mark.parametrize("doctor", [lose_for_customer, lose_last_for_customer, lose_at_desk, lose_customers_word,
                                    lose_agents_word, change_a_word, leave_a_gap])
def test_a_lost_message_is_found(doctor: Callable[[History], None]) -> None:
    history = healthy()
    doctor(history)
    assert check(history).broken["lost"] >= 1


@pytest.mark.parametrize("channel", ["rest", "push"])
@pytest.mark.parametrize("doctor", [lose_for_customer, lose_last_for_customer])
def test_a_lost_message_is_found_without_numbers(channel: str, doctor: Callable[[History], None]) -> None:
    history = healthy(channel)
    doctor(history)
    assert check(history).broken["lost"] == 1


@pytest.mark.parametrize("channel", ["webchat", "rest", "push"])
def test_a_message_shown_twice_is_found(channel: str) -> None:
    history = healthy(channel)
    history.customer.shown.insert(-1, history.customer.shown[-2])
    assert check(history).broken == {"doubled": 1}


def test_a_message_kept_twice_is_found() -> None:
    history = healthy()
    history.entries.append(entry(12, "agent", "found it", 3, client_id="a2"))
    history.customer.shown.append(ShownMessage("found it", 12))
    assert check(history).broken == {"doubled": 1}


def test_a_bot_answer_given_twice_is_found() -> None:
    history = healthy()
    history.entries.append(entry(12, "bot", "3 to 5 days", 3, reply_to=10, client_id="10.1"))
    history.customer.shown.append(ShownMessage("3 to 5 days", 12))
    assert check(history).broken == {"doubled": 1}


def test_a_repeat_on_a_push_channel_is_forgiven_only_where_it_is_in_doubt() -> None:
    history = healthy("push")
    history.customer.shown.insert(-1, history.customer.shown[-2])
    at = next(index for index, one in enumerate(history.entries) if one.text == history.customer.shown[-2].text)
    history.entries[at] = replace(history.entries[at], doubt=True)
    verdict = check(history)
    assert verdict.broken == {} and verdict.doubts == 1


@pytest.mark.parametrize("doubt", [True, False])
def test_of_two_messages_alike_the_first_may_be_the_one_in_doubt(doubt: bool) -> None:
    history = healthy("push")
    history.entries += [entry(12, "customer", "delivery?", 3, client_id="c5"),
                        entry(13, "bot", "3 to 5 days", 3, reply_to=12, client_id="12.0")]
    history.entries[10] = replace(history.entries[10], doubt=doubt)
    history.customer.sent.append(Sent("c5", "delivery?"))
    history.remembered.append(Remembered(12, "delivery?"))
    history.customer.shown += [ShownMessage("3 to 5 days"), ShownMessage("3 to 5 days")]
    verdict = check(history)
    assert (verdict.broken, verdict.doubts) == ({} if doubt else {"doubled": 1}, int(doubt))


@pytest.mark.parametrize("channel", ["webchat", "push"])
def test_messages_in_another_order_are_found(channel: str) -> None:
    history = healthy(channel)
    shown = history.customer.shown
    shown[-3], shown[-2] = shown[-2], shown[-3]
    assert check(history).broken["reordered"] == 1


def test_words_kept_in_another_order_than_said_are_found() -> None:
    history = healthy()
    history.agent.sent.reverse()
    assert check(history).broken == {"reordered": 1}


def bot_says(history: History, index: int, **how: object) -> History:
    """The bot speaks in the place of one of the entries."""
    old = history.entries[index]
    history.entries[index] = entry(old.seq, "bot", old.text, old.epoch, **how)
    sent = history.customer.sent if old.author == "customer" else history.agent.sent
    sent[:] = [one for one in sent if one.client_id != old.client_id]
    return history


@pytest.mark.parametrize("how", [{"client_id": "6.0"}, {"client_id": "h1.utter_handoff"}, {}])
def test_a_bot_word_while_an_agent_is_there_is_found(how: dict[str, object]) -> None:
    assert check(bot_says(healthy(), 6, **how)).broken == {"bot words after handoff": 1}


def test_a_bot_word_while_the_customer_waits_is_found_unless_it_announces() -> None:
    assert check(bot_says(healthy(), 3, reply_to=3, client_id="3.0")).broken == {"bot words after handoff": 1}


def test_a_bot_word_in_a_second_handoff_is_found() -> None:
    history = healthy()
    history.opened = {1: "h1", 4: "h2"}
    history.entries.append(entry(12, "bot", "late", 4, client_id="12.0"))
    history.customer.shown.append(ShownMessage("late", 12))
    assert check(history).broken == {"bot words after handoff": 1}


def test_two_agents_who_both_won_are_found() -> None:
    history = healthy()
    history.claims.append((2, "kim"))
    assert check(history).broken == {"claimed twice": 1}


def test_a_question_without_an_answer_is_found() -> None:
    history = healthy()
    del history.entries[-1], history.customer.shown[-1]
    assert check(history).broken == {"unanswered": 1}


def test_a_script_that_did_not_end_is_found() -> None:
    history = healthy()
    history.stuck = "waited for an answer"
    assert check(history).broken == {"stuck": 1}


# -- the outside tool's view --------------------------------------------------------------------------------------


def in_the_tool() -> History:
    """The same, but the handoff went to an outside tool."""
    history = healthy()
    begun = [ShownMessage(one.text, one.seq) for one in history.entries[:4]]
    told = [ShownMessage(one.text, one.seq) for one in history.entries[5:6]]
    history.cases = [Case("h1", begun + told, told, upto=4, closed=True)]
    return history


def test_a_healthy_handoff_to_the_tool_breaks_no_promise() -> None:
    verdict = check(in_the_tool())
    assert verdict.broken == {} and verdict.examples == []


def test_a_word_that_the_tool_never_got_is_found() -> None:
    history = in_the_tool()
    history.cases[0].shown.pop()
    assert check(history).broken == {"lost": 1}


def test_a_gap_in_the_transcript_is_found() -> None:
    history = in_the_tool()
    del history.cases[0].shown[1]
    assert check(history).broken == {"lost": 1}


def test_a_word_that_the_tool_got_twice_is_found() -> None:
    history = in_the_tool()
    history.cases[0].shown.append(history.cases[0].shown[-1])
    assert check(history).broken == {"doubled": 1}


def test_a_handoff_that_the_tool_was_shown_twice_is_found() -> None:
    history = in_the_tool()
    history.cases.append(history.cases[0])
    assert check(history).broken["doubled"] == 1


@pytest.mark.parametrize("seq", [10, 7, 11])
def test_what_was_not_for_the_tool_is_found(seq: int) -> None:
    """A word to the bot after the end, one of the tool's own, one of the bot."""
    history = in_the_tool()
    told = ShownMessage(history.entries[seq - 1].text, seq)
    history.cases[0].shown.append(told)
    history.cases[0].told.append(told)
    assert check(history).broken == {"doubled": 1}


def test_words_in_another_order_are_found_in_the_tool() -> None:
    history = in_the_tool()
    shown = history.cases[0].shown
    shown[2], shown[3] = shown[3], shown[2]
    assert check(history).broken == {"reordered": 1}


def test_an_end_that_never_reached_the_tool_is_found() -> None:
    history = in_the_tool()
    history.cases[0].closed = False
    assert check(history).broken == {"lost": 1}


def test_a_breach_of_the_tools_protocol_is_found() -> None:
    history = in_the_tool()
    history.breaches = ["message.created before its handoff.opened"]
    assert check(history).broken == {"reordered": 1}


def with_errand(kind: str = "cancel", agreed: bool = True) -> History:
    """A customer has an order cancelled or taken back, and then asks something."""
    number = "TD-40002"
    told = f"Done: order {number} is cancelled. The $10 goes back." if kind == "cancel" else f"Return R-{number}: label"
    entries = [
        entry(1, "customer", f"please {kind} {number}", client_id="c1"),
        entry(2, "bot", "Which e-mail address?", reply_to=1, client_id="1.0"),
        entry(3, "customer", "me@example.com", client_id="c2"),
        entry(4, "bot", "Shall I?", reply_to=3, client_id="3.0"),
        entry(5, "customer", "yes" if agreed else "no", client_id="c3"),
        entry(6, "bot", told if agreed else f"All right, order {number} stays as it is.", reply_to=5, client_id="5.0"),
        entry(7, "customer", "hours?", client_id="c4"),
        entry(8, "bot", "8 to 8", reply_to=7, client_id="7.0"),
    ]
    history = History("x", "webchat", entries=entries, errand=Errand(number, kind, "me@example.com", agreed),
                      errand_done=agreed)
    history.customer.sent = [Sent(one.client_id or "", one.text) for one in entries if one.author == "customer"]
    history.customer.shown = [ShownMessage(one.text, one.seq) for one in entries]
    history.remembered = [
        Remembered(1, entries[0].text, {"order_number": number}),
        Remembered(3, entries[2].text, {"contact": "me@example.com"}),
        Remembered(5, entries[4].text), Remembered(7, entries[6].text)]
    return history


@pytest.mark.parametrize("kind", ["cancel", "return"])
@pytest.mark.parametrize("agreed", [True, False])
def test_an_errand_that_went_well_breaks_no_promise(kind: str, agreed: bool) -> None:
    assert check(with_errand(kind, agreed)).broken == {}


def do_without_a_yes(history: History) -> None:
    assert history.errand is not None
    history.errand = replace(history.errand, agreed=False)


def do_and_not_tell(history: History) -> None:
    say_instead(history, 6, "Something went wrong on our side.")


def tell_and_not_do(history: History) -> None:
    history.errand_done = False


def tell_twice(history: History) -> None:
    assert history.errand is not None
    words = history.entries[5].text
    history.entries[7] = replace(history.entries[7], text=words)
    history.customer.shown[7] = replace(history.customer.shown[7], text=words)


def say_instead(history: History, seq: int, words: str) -> None:
    history.entries[seq - 1] = replace(history.entries[seq - 1], text=words)
    history.customer.shown[seq - 1] = replace(history.customer.shown[seq - 1], text=words)


@pytest.mark.parametrize("kind", ["cancel", "return"])
@pytest.mark.parametrize("doctor", [do_without_a_yes, do_and_not_tell, tell_and_not_do, tell_twice])
def test_an_act_that_differs_from_what_was_said_is_found(doctor: Callable[[History], None], kind: str) -> None:
    history = with_errand(kind)
    doctor(history)
    assert check(history).broken["acts not as told"] == 1, check(history).examples


BROKE_OFF, UNSURE = (notice(name, number="TD-40002") for name in ("trouble_done", "trouble_unsure"))
ALREADY = {"cancel": "Order TD-40002 is cancelled already.", "return": "There's already a return for order TD-40002."}


@pytest.mark.parametrize("kind", ["cancel", "return"])
def test_the_checker_expects_the_outcome_to_be_said_after_a_turn_that_broke_off(kind: str) -> None:
    history = with_errand(kind)
    say_instead(history, 6, BROKE_OFF)
    assert check(history).broken == {}
    say_instead(history, 6, UNSURE)
    assert check(history).broken["acts not as told"] == 1
    say_instead(history, 8, ALREADY[kind])
    assert check(history).broken == {}
    history.errand_done = False
    assert check(history).broken["acts not as told"] == 1


def test_that_an_order_was_cancelled_already_is_no_second_cancelling() -> None:
    history = with_errand()
    say_instead(history, 8, "Order TD-40002 is cancelled already. There's nothing left to do.")
    assert check(history).broken == {}


def answer_the_second_first(history: History) -> None:
    history.entries[5] = replace(history.entries[5], reply_to=7, text="8 to 8")
    history.entries[7] = replace(history.entries[7], reply_to=5, text="later")
    history.errand = None
    history.remembered = [replace(one, slots={}) for one in history.remembered]
    for place in (5, 7):
        history.customer.shown[place] = replace(history.customer.shown[place], text=history.entries[place].text)


def test_answers_out_of_order_are_found() -> None:
    history = with_errand()
    answer_the_second_first(history)
    assert check(history).broken == {"answers out of order": 1}


def remember_twice(history: History) -> None:
    history.remembered.insert(1, history.remembered[0])


def remember_in_another_order(history: History) -> None:
    history.remembered[2:] = reversed(history.remembered[2:])


def take_the_wrong_number(history: History) -> None:
    history.remembered[3] = replace(history.remembered[3], slots={"order_number": "TD-10421"})


def take_a_question_for_a_reason(history: History) -> None:
    history.remembered[3] = replace(history.remembered[3], slots={"return_reason": "other"})


def take_a_no_for_an_address(history: History) -> None:
    history.remembered[2] = replace(history.remembered[2], slots={"contact": "94107"})


def know_who_has_named_no_address(history: History) -> None:
    history.entries[2] = replace(history.entries[2], text="it's me")
    history.customer.sent[1] = Sent(history.customer.sent[1].client_id, "it's me")
    history.customer.shown[2] = ShownMessage("it's me", 3)
    history.remembered[2] = replace(history.remembered[2], slots={"contact": "known"})


def take_an_order_number_without_an_errand(history: History) -> None:
    history.errand, history.errand_done = None, False
    history.remembered[1] = replace(history.remembered[1], slots={})


@pytest.mark.parametrize("doctor", [remember_twice, remember_in_another_order, take_the_wrong_number,
                                    take_a_question_for_a_reason, take_a_no_for_an_address,
                                    know_who_has_named_no_address, take_an_order_number_without_an_errand])
def test_words_that_filled_what_they_were_not_said_for_are_found(doctor: Callable[[History], None]) -> None:
    history = with_errand()
    doctor(history)
    assert check(history).broken == {"slots filled by other words": 1}, check(history).examples


def test_the_reason_that_was_asked_for_may_fill_its_slot() -> None:
    history = with_errand("return")
    history.entries[6] = replace(history.entries[6], text=REASON)
    history.customer.shown[6] = replace(history.customer.shown[6], text=REASON)
    history.customer.sent[3] = replace(history.customer.sent[3], text=REASON)
    history.remembered[3] = Remembered(7, REASON, {"return_reason": "changed_mind"})
    assert check(history).broken == {}


def test_a_message_that_was_answered_and_forgotten_is_found() -> None:
    history = with_errand()
    del history.remembered[3]
    assert check(history).broken == {"forgotten by the bot": 1}


def test_what_the_bot_could_not_answer_it_need_not_remember() -> None:
    history = with_errand()
    del history.remembered[3]
    history.entries[7] = replace(history.entries[7], client_id="7.trouble")
    assert check(history).broken == {}


@pytest.mark.parametrize(("forgets", "broken"), [(3, {}), (2, {"forgotten by the bot": 1})])
def test_of_a_conversation_taken_over_only_the_last_turns_need_not_be_remembered(
    forgets: int, broken: dict[str, int],
) -> None:
    history = with_errand()
    joined = entry(9, "system", "Robin has joined", 1, event="agent_joined")
    history.entries.append(joined)
    history.customer.shown.append(ShownMessage(joined.text, 9))
    history.opened = {1: "h1"}
    del history.remembered[forgets]
    assert check(history).broken == broken


def test_a_turn_that_was_given_up_after_its_answer_need_not_be_remembered() -> None:
    history = with_errand()
    del history.remembered[3]
    history.entries[6] = replace(history.entries[6], turn="failed, try 4")
    assert check(history).broken == {}


def told_of_an_order(channel: str = "webchat") -> History:
    """A customer who has agreed to it is told that their order is on its way."""
    history = healthy(channel)
    history.watched = Watched("TD-80001", "customer1@example.com", agrees=True)
    words = [("customer", YES, {"client_id": "c5"}), ("bot", "I'll tell you", {"reply_to": 12, "client_id": "12.0"}),
             ("bot", "TD-80001 is on its way", {"update": "TD-80001 shipped"})]
    for seq, (author, text, more) in enumerate(words, 12):
        history.entries.append(entry(seq, author, text, 3, **more))
        history.customer.shown.append(ShownMessage(text, seq))
    history.customer.sent.append(Sent("c5", YES))
    history.remembered.append(Remembered(12, YES))
    return history


def test_news_that_was_agreed_to_breaks_no_promise() -> None:
    assert check(told_of_an_order()).broken == {}


def tell_again(history: History) -> None:
    history.entries.append(replace(history.entries[-1], seq=15))
    history.customer.shown.append(ShownMessage("TD-80001 is on its way", 15))


def tell_as_a_note_too(history: History) -> None:
    history.entries.append(replace(history.entries[-1], seq=15, author="system", kind="note"))


def tell_of_anothers(history: History) -> None:
    history.entries[-1] = replace(history.entries[-1], update="TD-80002 shipped")


def tell_without_a_yes(history: History) -> None:
    assert history.watched is not None
    history.watched = replace(history.watched, agrees=False)


def tell_off_the_record(history: History) -> None:
    history.entries[-1] = replace(history.entries[-1], update="")


@pytest.mark.parametrize("doctor", [tell_again, tell_as_a_note_too, tell_of_anothers, tell_without_a_yes,
                                    tell_off_the_record])
def test_news_that_should_not_have_been_told_is_found(doctor: Callable[[History], None]) -> None:
    history = told_of_an_order()
    doctor(history)
    assert check(history).broken["news twice or to another"] == 1


def test_an_order_found_in_a_turn_that_broke_off_needs_no_address_in_a_later_one() -> None:
    history = with_errand()
    history.remembered[3] = replace(history.remembered[3], slots={"contact": "known"})
    assert not check(history).broken
