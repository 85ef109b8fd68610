"""Promise 1, and the transcript: what a customer wrote is stored, once, in order, on both databases."""
from __future__ import annotations

from dataclasses import replace

import pytest

from tandem.conversations.model import (
    Author,
    ConversationNotFound,
    Delivery,
    Identity,
    InboundMessage,
    InvalidMessage,
    Mood,
    Owner,
)
from tandem.conversations.store import MAX_ID, MAX_TEXT
from tests.fakes.core import ANNA, Core

MOOD = Mood("negative", 0.9, -0.7, "anger", 0.8, 0.4, ("caps",))


def test_a_new_customer_is_with_the_bot(core: Core) -> None:
    receipt = core.says("Hello", "m1")
    assert (receipt.for_bot, receipt.duplicate, receipt.handed_back) == (True, False, None)
    assert (receipt.conversation.owner, receipt.conversation.epoch) == (Owner.BOT, 0)
    assert (receipt.message.seq, receipt.message.text, receipt.message.delivery) == (1, "Hello", Delivery.NONE)


def test_a_repeat_of_a_message_id_is_one_message_and_no_second_turn(core: Core) -> None:
    first = core.says("Hello", "m1")
    again = core.says("Hello", "m1")
    assert (again.duplicate, again.for_bot) == (True, False)
    assert again.message == first.message
    assert core.texts() == ["Hello"]


def test_a_repeat_under_another_text_is_still_the_first_message(core: Core) -> None:
    core.says("Hello", "m1")
    assert core.says("Hello!", "m1").message.text == "Hello"


def test_the_same_message_id_in_two_conversations_is_two_messages(core: Core) -> None:
    core.says("Hello", "m1", "a")
    assert not core.says("Hello", "m1", "b").duplicate


def test_messages_without_an_id_are_never_repeats(core: Core) -> None:
    assert not core.says("Hello").duplicate
    assert not core.says("Hello").duplicate
    assert core.texts() == ["Hello", "Hello"]


def test_customer_bot_and_agent_may_use_the_same_id(core: Core) -> None:
    core.says("Hello", "1")
    core.bot_says("Hi", key="1")
    core.hands_off()
    core.ownership.claim("c", ANNA)
    core.ownership.reply("c", ANNA, "Hello, I am Anna", "1")
    assert core.texts() == ["Hello", "Hi", "Hello, I am Anna"]


def test_sequence_numbers_have_no_gaps_over_all_authors(core: Core) -> None:
    core.with_anna()
    core.ownership.note("c", ANNA, "looks upset")
    core.ownership.reply("c", ANNA, "Hello")
    core.says("Hi")
    core.ownership.hand_back("c", ANNA)
    core.bot_says("Back again")
    found = [message.seq for message in core.ledger.messages("c")]
    assert found == list(range(1, len(found) + 1))
    assert core.ledger.last_seq("c") == len(found)


def test_a_refused_message_leaves_no_gap(core: Core) -> None:
    core.says("one")
    for text in ("", "   ", "\n\t", "x" * (MAX_TEXT + 1)):
        with pytest.raises(InvalidMessage):
            core.says(text)
    assert core.says("two").message.seq == 2


def test_a_text_of_exactly_the_limit_is_kept_whole(core: Core) -> None:
    text = "\U0001f600" * MAX_TEXT
    core.says(text)
    assert core.texts() == [text]


@pytest.mark.parametrize("bad", ["", "   ", "a" * (MAX_ID + 1), "a\x00b", "a\nb", "\ud800", "a\u202eb"])
def test_an_id_that_cannot_be_kept_is_refused_by_name(core: Core, bad: str) -> None:
    with pytest.raises(InvalidMessage, match="conversation id"):
        core.says("Hello", conversation=bad)
    if bad:
        with pytest.raises(InvalidMessage, match="message id"):
            core.says("Hello", client_id=bad)


def test_ids_of_exactly_the_limit_and_of_other_scripts_are_kept(core: Core) -> None:
    longest, foreign = "a" * MAX_ID, "чат-客户-😀 whatsapp:+1/555"
    for conversation in (longest, foreign):
        core.says("Hello", conversation, conversation)
        assert core.says("Hello", conversation, conversation).duplicate


@pytest.mark.parametrize("unknown", ["nobody", "", "\x00", "\ud800", "x" * 300, "'; DROP TABLE messages; --"])
def test_an_unknown_id_is_not_found_whatever_it_holds(core: Core, unknown: str) -> None:
    for ask in (core.ledger.conversation, core.ledger.last_seq, core.ledger.erase, core.ownership.leave_queue):
        with pytest.raises(ConversationNotFound):
            ask(unknown)
    with pytest.raises(ConversationNotFound):
        core.ownership.claim(unknown, ANNA)
    with pytest.raises(ConversationNotFound):
        core.bot_says("Hello", 0, unknown)


def test_a_conversation_cannot_be_drawn_to_another_channel(core: Core) -> None:
    core.says("Hello", conversation="+15550100", channel="twilio")
    core.hands_off("+15550100")
    with pytest.raises(InvalidMessage, match="another channel"):
        core.says("and who am I?", conversation="+15550100", channel="rest")
    with pytest.raises(InvalidMessage, match="another channel"):
        core.says("/back_to_bot", conversation="+15550100", channel="rest")
    kept = core.ledger.conversation("+15550100")
    assert (kept.channel, kept.owner) == ("twilio", Owner.WAITING)


def test_the_way_out_of_the_queue_may_be_typed(core: Core) -> None:
    core.says("I'd like a person")
    core.bot_says("Somebody will be with you.", data={"buttons": [
        {"title": "Back to the bot", "payload": "/back_to_bot"}]})
    assert core.says("back to the bot").message.text == "back to the bot", "nobody waits yet: words like others"
    core.hands_off()
    core.says("take me back to where the bot was")
    assert core.ledger.conversation("c").owner is Owner.WAITING
    left = core.says("back to the BOT!")
    assert core.ledger.conversation("c").owner is Owner.BOT
    assert (left.message.text, left.message.data["payload"]) == ("back to the BOT!", "/back_to_bot")


def test_what_a_channel_learns_later_replaces_what_it_knew(core: Core) -> None:
    core.says("Hello", address={"thread": "1"})
    known = Identity("u1", "a@example.com", "Ada")
    core.says("Hello again", address={"thread": "2"}, identity=known)
    core.says("And again")
    conversation = core.ledger.conversation("c")
    assert (conversation.identity, conversation.address) == (known, {"thread": "2"})


def test_a_conversation_can_begin_before_a_word_is_said(core: Core) -> None:
    core.ledger.start(InboundMessage("c", "telegram", ""))
    assert core.ledger.last_seq("c") == 0
    known = Identity("u1", "a@example.com")
    assert core.ledger.start(InboundMessage("c", "telegram", "", identity=known)).identity == known
    assert core.says("Hello").message.seq == 1


def test_a_reading_is_kept_with_its_message_and_a_huge_intent_is_cut(core: Core) -> None:
    core.says("/" + "i" * 500)
    core.ledger.record_reading("c", 1, MOOD, "i" * 500)
    [message] = core.ledger.messages("c")
    assert message.mood == MOOD
    assert message.intent == "i" * 120
    assert core.ledger.conversation("c").mood == MOOD


def test_how_a_message_was_read_stands_beside_what_its_channel_said(core: Core) -> None:
    core.says("and the money?", data={"language": "de"})
    core.ledger.record_reading("c", 1, None, "thanks", {"reasons": [{"name": "a\x00", "weight": 0.8}]})
    [message] = core.ledger.messages("c")
    noted = {"reasons": [{"name": "a\ufffd", "weight": 0.8}]}
    assert message.data == {"language": "de", "interpretation": noted}
    core.ledger.record_reading("c", 1, None, "thanks")
    assert "interpretation" in core.ledger.messages("c")[0].data


def test_a_reading_that_ends_late_is_not_the_conversations_mood(core: Core) -> None:
    for text in ("what a mess", "never mind, it has come"):
        core.says(text)
    glad = replace(MOOD, name="positive", emotion="satisfied", frustration=0.0)
    core.ledger.record_reading("c", 2, glad, "thanks")
    core.ledger.record_reading("c", 1, MOOD, "complaint")
    assert [one.mood for one in core.ledger.messages("c")] == [MOOD, glad]
    assert core.ledger.conversation("c").mood == glad
    core.bot_says("That is good to hear.")
    core.ledger.record_reading("c", 2, MOOD, "complaint")
    assert core.ledger.conversation("c").mood == MOOD, "what others said since is no reading"


def test_agents_notes_are_never_for_the_customer(core: Core) -> None:
    core.with_anna()
    core.ownership.note("c", ANNA, "careful with this one")
    core.ownership.reply("c", ANNA, "Hello")
    assert "careful with this one" in core.texts()
    assert "careful with this one" not in core.texts(for_customer=True)
    note = next(one for one in core.ledger.messages("c") if one.text == "careful with this one")
    assert note.delivery is Delivery.NONE
    core.clock.advance(hours=1)
    sent = []
    while outbound_messages := core.outbox.lease(["telegram"]):
        sent += [outbound.message.text for outbound in outbound_messages]
        for outbound in outbound_messages:
            core.outbox.sent(outbound)
    assert "Hello" in sent
    assert "careful with this one" not in sent
    assert core.ledger.conversation("c").last_text == "Hello"


def test_the_preview_of_a_conversation_is_what_a_person_said_last(core: Core) -> None:
    core.says("My lamp is broken")
    core.bot_says("Let me connect you to one of our agents.")
    assert core.ledger.conversation("c").last_text == "My lamp is broken"


def test_a_page_of_waiting_messages_is_not_hidden_by_those_before_it(core: Core) -> None:
    for number in range(12):
        core.says(f"{number}", push=False, channel="rest")
    core.hands_off()
    core.ownership.claim("c", ANNA)
    core.ownership.reply("c", ANNA, "Hello")
    found = core.ledger.messages("c", 0, 5, True, Delivery.WAITING)
    assert [message.text for message in found] == ["", "Hello"]


def test_erasing_leaves_nothing(core: Core) -> None:
    core.with_anna()
    core.case_file.record_promise("c", "a refund")
    core.bot_says("fenced", 0)
    core.ledger.erase("c")
    with pytest.raises(ConversationNotFound):
        core.ledger.conversation("c")
    assert core.ledger.messages("c") == []
    assert core.ledger.handoffs("c") == []
    assert core.case_file.entries("c") == []
    assert core.ledger.fenced() == 0
    assert core.says("new").message.seq == 1


def test_the_bots_reply_of_its_own_epoch_is_recorded_and_of_another_fenced(core: Core) -> None:
    epoch = core.says().conversation.epoch
    assert core.bot_says("On its way.", epoch) is not None
    for other in (epoch - 1, epoch + 1):
        assert core.bot_says("from another time", other) is None
    assert core.ledger.fenced("c") == 2
    assert core.texts() == ["Where is my order?", "On its way."]


def test_a_turn_run_again_says_nothing_twice(core: Core) -> None:
    core.says()
    first = core.bot_says("On its way.", key="1.0", reply_to=1)
    again = core.bot_says("It is on its way!", key="1.0", reply_to=1)
    assert first is not None and again == first
    assert [reply.text for reply in core.ledger.replies_to("c", 1)] == ["On its way."]


def test_a_fenced_reply_stays_fenced_when_the_turn_is_run_again(core: Core) -> None:
    core.says()
    core.hands_off()
    assert core.bot_says("late", 0, key="1.0") is None
    assert core.bot_says("late", 0, key="1.0") is None
    assert "late" not in core.texts()


def test_nobody_is_announced_once_an_agent_is_there(core: Core) -> None:
    core.says()
    handoff = core.hands_off()
    core.ownership.claim("c", ANNA)
    assert core.bot_says("I will get you a person.", 0, announces=handoff.id, key=f"{handoff.id}.a") is None
    core.ownership.release("c", ANNA)
    assert core.bot_says("I will get you a person.", 0, announces=handoff.id, key=f"{handoff.id}.a") is not None


def test_only_the_open_handoff_may_be_announced(core: Core) -> None:
    core.says()
    first = core.hands_off()
    assert core.bot_says("I will get you a person.", 0, announces=first.id, key=f"{first.id}.a") is not None
    assert core.bot_says("I will get you a person.", 0, announces=first.id, key=f"{first.id}.a") is not None
    assert core.bot_says("anything else", 0, announces="another") is None
    assert core.bot_says("anything else", 0) is None
    core.ownership.claim("c", ANNA)
    core.ownership.hand_back("c", ANNA)
    assert core.bot_says("I will get you a person.", 0, announces=first.id, key="other") is None
    second = core.hands_off()
    assert core.bot_says("I will get you a person.", 0, announces=first.id, key="third") is None
    assert core.bot_says("Again a person.", 2, announces=second.id, key="fourth") is not None
    assert core.texts().count("I will get you a person.") == 1


def test_words_of_the_customer_during_a_handoff_are_not_for_the_bot(core: Core) -> None:
    core.with_anna()
    receipt = core.says("this is ridiculous")
    assert not receipt.for_bot
    assert receipt.conversation.owner is Owner.AGENT
    core.clock.advance(minutes=5)
    adopted = [one.message.text for one in core.turns.adopt()]
    assert "this is ridiculous" not in adopted


def test_typing_is_seen_for_a_while_and_ends_with_the_message(core: Core) -> None:
    core.with_anna()
    core.ledger.set_typing("c", Author.AGENT, "Anna")
    core.ledger.set_typing("c", Author.CUSTOMER, "")
    both = core.ledger.conversation("c")
    assert (both.typing, both.customer_typing) == (("agent", "Anna"), True), "each side has a sign of its own"
    core.says("I wait", "w1")
    after = core.ledger.conversation("c")
    assert (after.typing, after.customer_typing) == (("agent", "Anna"), False)
    core.ledger.set_typing("c", Author.CUSTOMER, "")
    core.ownership.reply("c", ANNA, "Hello")
    after = core.ledger.conversation("c")
    assert (after.typing, after.customer_typing) == (None, True)
    core.ledger.set_typing("c", Author.AGENT, "", writes=False)
    assert core.ledger.conversation("c").customer_typing
    core.clock.advance(seconds=7)
    assert not core.ledger.conversation("c").customer_typing
