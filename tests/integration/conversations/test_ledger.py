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
from tests.fakes.heart import ANNA, Heart

MOOD = Mood("negative", 0.9, -0.7, "anger", 0.8, 0.4, ("caps",))


def test_a_new_customer_is_with_the_bot(heart: Heart) -> None:
    receipt = heart.says("Hello", "m1")
    assert (receipt.for_bot, receipt.duplicate, receipt.handed_back) == (True, False, None)
    assert (receipt.conversation.owner, receipt.conversation.epoch) == (Owner.BOT, 0)
    assert (receipt.message.seq, receipt.message.text, receipt.message.delivery) == (1, "Hello", Delivery.NONE)


def test_a_repeat_of_a_message_id_is_one_message_and_no_second_turn(heart: Heart) -> None:
    first = heart.says("Hello", "m1")
    again = heart.says("Hello", "m1")
    assert (again.duplicate, again.for_bot) == (True, False)
    assert again.message == first.message
    assert heart.texts() == ["Hello"]


def test_a_repeat_under_another_text_is_still_the_first_message(heart: Heart) -> None:
    heart.says("Hello", "m1")
    assert heart.says("Hello!", "m1").message.text == "Hello"


def test_the_same_message_id_in_two_conversations_is_two_messages(heart: Heart) -> None:
    heart.says("Hello", "m1", "a")
    assert not heart.says("Hello", "m1", "b").duplicate


def test_messages_without_an_id_are_never_repeats(heart: Heart) -> None:
    assert not heart.says("Hello").duplicate
    assert not heart.says("Hello").duplicate
    assert heart.texts() == ["Hello", "Hello"]


def test_customer_bot_and_agent_may_use_the_same_id(heart: Heart) -> None:
    heart.says("Hello", "1")
    heart.bot_says("Hi", key="1")
    heart.hands_off()
    heart.ownership.claim("c", ANNA)
    heart.ownership.reply("c", ANNA, "Hello, I am Anna", "1")
    assert heart.texts() == ["Hello", "Hi", "Hello, I am Anna"]


def test_sequence_numbers_have_no_gaps_over_all_authors(heart: Heart) -> None:
    heart.with_anna()
    heart.ownership.note("c", ANNA, "looks upset")
    heart.ownership.reply("c", ANNA, "Hello")
    heart.says("Hi")
    heart.ownership.hand_back("c", ANNA)
    heart.bot_says("Back again")
    found = [message.seq for message in heart.ledger.messages("c")]
    assert found == list(range(1, len(found) + 1))
    assert heart.ledger.last_seq("c") == len(found)


def test_a_refused_message_leaves_no_gap(heart: Heart) -> None:
    heart.says("one")
    for text in ("", "   ", "\n\t", "x" * (MAX_TEXT + 1)):
        with pytest.raises(InvalidMessage):
            heart.says(text)
    assert heart.says("two").message.seq == 2


def test_a_text_of_exactly_the_limit_is_kept_whole(heart: Heart) -> None:
    text = "\U0001f600" * MAX_TEXT
    heart.says(text)
    assert heart.texts() == [text]


@pytest.mark.parametrize("bad", ["", "   ", "a" * (MAX_ID + 1), "a\x00b", "a\nb", "\ud800", "a\u202eb"])
def test_an_id_that_cannot_be_kept_is_refused_by_name(heart: Heart, bad: str) -> None:
    with pytest.raises(InvalidMessage, match="conversation id"):
        heart.says("Hello", conversation=bad)
    if bad:
        with pytest.raises(InvalidMessage, match="message id"):
            heart.says("Hello", client_id=bad)


def test_ids_of_exactly_the_limit_and_of_other_scripts_are_kept(heart: Heart) -> None:
    longest, foreign = "a" * MAX_ID, "чат-客户-😀 whatsapp:+1/555"
    for conversation in (longest, foreign):
        heart.says("Hello", conversation, conversation)
        assert heart.says("Hello", conversation, conversation).duplicate


@pytest.mark.parametrize("unknown", ["nobody", "", "\x00", "\ud800", "x" * 300, "'; DROP TABLE messages; --"])
def test_an_unknown_id_is_not_found_whatever_it_holds(heart: Heart, unknown: str) -> None:
    for ask in (heart.ledger.conversation, heart.ledger.last_seq, heart.ledger.erase, heart.ownership.leave_queue):
        with pytest.raises(ConversationNotFound):
            ask(unknown)
    with pytest.raises(ConversationNotFound):
        heart.ownership.claim(unknown, ANNA)
    with pytest.raises(ConversationNotFound):
        heart.bot_says("Hello", 0, unknown)


def test_a_conversation_cannot_be_drawn_to_another_channel(heart: Heart) -> None:
    heart.says("Hello", conversation="+15550100", channel="twilio")
    heart.hands_off("+15550100")
    with pytest.raises(InvalidMessage, match="another channel"):
        heart.says("and who am I?", conversation="+15550100", channel="rest")
    with pytest.raises(InvalidMessage, match="another channel"):
        heart.says("/back_to_bot", conversation="+15550100", channel="rest")
    kept = heart.ledger.conversation("+15550100")
    assert (kept.channel, kept.owner) == ("twilio", Owner.WAITING)


def test_the_way_out_of_the_queue_may_be_typed(heart: Heart) -> None:
    heart.says("I'd like a person")
    heart.bot_says("Somebody will be with you.", data={"buttons": [
        {"title": "Back to the bot", "payload": "/back_to_bot"}]})
    assert heart.says("back to the bot").message.text == "back to the bot", "nobody waits yet: words like others"
    heart.hands_off()
    heart.says("take me back to where the bot was")
    assert heart.ledger.conversation("c").owner is Owner.WAITING
    left = heart.says("back to the BOT!")
    assert heart.ledger.conversation("c").owner is Owner.BOT
    assert (left.message.text, left.message.data["payload"]) == ("back to the BOT!", "/back_to_bot")


def test_what_a_channel_learns_later_replaces_what_it_knew(heart: Heart) -> None:
    heart.says("Hello", address={"thread": "1"})
    known = Identity("u1", "a@example.com", "Ada")
    heart.says("Hello again", address={"thread": "2"}, identity=known)
    heart.says("And again")
    conversation = heart.ledger.conversation("c")
    assert (conversation.identity, conversation.address) == (known, {"thread": "2"})


def test_a_conversation_can_begin_before_a_word_is_said(heart: Heart) -> None:
    heart.ledger.start(InboundMessage("c", "telegram", ""))
    assert heart.ledger.last_seq("c") == 0
    known = Identity("u1", "a@example.com")
    assert heart.ledger.start(InboundMessage("c", "telegram", "", identity=known)).identity == known
    assert heart.says("Hello").message.seq == 1


def test_a_reading_is_kept_with_its_message_and_a_huge_intent_is_cut(heart: Heart) -> None:
    heart.says("/" + "i" * 500)
    heart.ledger.record_reading("c", 1, MOOD, "i" * 500)
    [message] = heart.ledger.messages("c")
    assert message.mood == MOOD
    assert message.intent == "i" * 120
    assert heart.ledger.conversation("c").mood == MOOD


def test_a_reading_that_ends_late_is_not_the_conversations_mood(heart: Heart) -> None:
    for text in ("what a mess", "never mind, it has come"):
        heart.says(text)
    glad = replace(MOOD, name="positive", emotion="satisfied", frustration=0.0)
    heart.ledger.record_reading("c", 2, glad, "thanks")
    heart.ledger.record_reading("c", 1, MOOD, "complaint")
    assert [one.mood for one in heart.ledger.messages("c")] == [MOOD, glad]
    assert heart.ledger.conversation("c").mood == glad
    heart.bot_says("That is good to hear.")
    heart.ledger.record_reading("c", 2, MOOD, "complaint")
    assert heart.ledger.conversation("c").mood == MOOD, "what others said since is no reading"


def test_agents_notes_are_never_for_the_customer(heart: Heart) -> None:
    heart.with_anna()
    heart.ownership.note("c", ANNA, "careful with this one")
    heart.ownership.reply("c", ANNA, "Hello")
    assert "careful with this one" in heart.texts()
    assert "careful with this one" not in heart.texts(for_customer=True)
    note = next(one for one in heart.ledger.messages("c") if one.text == "careful with this one")
    assert note.delivery is Delivery.NONE
    heart.clock.advance(hours=1)
    sent = []
    while parcels := heart.deliveries.lease(["telegram"]):
        sent += [parcel.message.text for parcel in parcels]
        for parcel in parcels:
            heart.deliveries.sent(parcel)
    assert "Hello" in sent
    assert "careful with this one" not in sent
    assert heart.ledger.conversation("c").last_text == "Hello"


def test_the_preview_of_a_conversation_is_what_a_person_said_last(heart: Heart) -> None:
    heart.says("My lamp is broken")
    heart.bot_says("Let me connect you to one of our agents.")
    assert heart.ledger.conversation("c").last_text == "My lamp is broken"


def test_a_page_of_waiting_messages_is_not_hidden_by_those_before_it(heart: Heart) -> None:
    for number in range(12):
        heart.says(f"{number}", push=False, channel="rest")
    heart.hands_off()
    heart.ownership.claim("c", ANNA)
    heart.ownership.reply("c", ANNA, "Hello")
    found = heart.ledger.messages("c", 0, 5, True, Delivery.WAITING)
    assert [message.text for message in found] == ["", "Hello"]


def test_erasing_leaves_nothing(heart: Heart) -> None:
    heart.with_anna()
    heart.case_file.promised("c", "a refund")
    heart.bot_says("fenced", 0)
    heart.ledger.erase("c")
    with pytest.raises(ConversationNotFound):
        heart.ledger.conversation("c")
    assert heart.ledger.messages("c") == []
    assert heart.ledger.handoffs("c") == []
    assert heart.case_file.entries("c") == []
    assert heart.ledger.fenced() == 0
    assert heart.says("new").message.seq == 1


def test_the_bots_reply_of_its_own_epoch_is_recorded_and_of_another_fenced(heart: Heart) -> None:
    epoch = heart.says().conversation.epoch
    assert heart.bot_says("On its way.", epoch) is not None
    for other in (epoch - 1, epoch + 1):
        assert heart.bot_says("from another time", other) is None
    assert heart.ledger.fenced("c") == 2
    assert heart.texts() == ["Where is my order?", "On its way."]


def test_a_turn_run_again_says_nothing_twice(heart: Heart) -> None:
    heart.says()
    first = heart.bot_says("On its way.", key="1.0", reply_to=1)
    again = heart.bot_says("It is on its way!", key="1.0", reply_to=1)
    assert first is not None and again == first
    assert [reply.text for reply in heart.ledger.replies_to("c", 1)] == ["On its way."]


def test_a_fenced_reply_stays_fenced_when_the_turn_is_run_again(heart: Heart) -> None:
    heart.says()
    heart.hands_off()
    assert heart.bot_says("late", 0, key="1.0") is None
    assert heart.bot_says("late", 0, key="1.0") is None
    assert "late" not in heart.texts()


def test_nobody_is_announced_once_an_agent_is_there(heart: Heart) -> None:
    heart.says()
    handoff = heart.hands_off()
    heart.ownership.claim("c", ANNA)
    assert heart.bot_says("I will get you a person.", 0, announces=handoff.id, key=f"{handoff.id}.a") is None
    heart.ownership.release("c", ANNA)
    assert heart.bot_says("I will get you a person.", 0, announces=handoff.id, key=f"{handoff.id}.a") is not None


def test_only_the_open_handoff_may_be_announced(heart: Heart) -> None:
    heart.says()
    first = heart.hands_off()
    assert heart.bot_says("I will get you a person.", 0, announces=first.id, key=f"{first.id}.a") is not None
    assert heart.bot_says("I will get you a person.", 0, announces=first.id, key=f"{first.id}.a") is not None
    assert heart.bot_says("anything else", 0, announces="another") is None
    assert heart.bot_says("anything else", 0) is None
    heart.ownership.claim("c", ANNA)
    heart.ownership.hand_back("c", ANNA)
    assert heart.bot_says("I will get you a person.", 0, announces=first.id, key="other") is None
    second = heart.hands_off()
    assert heart.bot_says("I will get you a person.", 0, announces=first.id, key="third") is None
    assert heart.bot_says("Again a person.", 2, announces=second.id, key="fourth") is not None
    assert heart.texts().count("I will get you a person.") == 1


def test_words_of_the_customer_during_a_handoff_are_not_for_the_bot(heart: Heart) -> None:
    heart.with_anna()
    receipt = heart.says("this is ridiculous")
    assert not receipt.for_bot
    assert receipt.conversation.owner is Owner.AGENT
    heart.clock.advance(minutes=5)
    adopted = [one.message.text for one in heart.turns.adopt()]
    assert "this is ridiculous" not in adopted


def test_typing_is_seen_for_a_while_and_ends_with_the_message(heart: Heart) -> None:
    heart.with_anna()
    heart.ledger.set_typing("c", Author.AGENT, "Anna")
    heart.ledger.set_typing("c", Author.CUSTOMER, "")
    both = heart.ledger.conversation("c")
    assert (both.typing, both.customer_typing) == (("agent", "Anna"), True), "each side has a sign of its own"
    heart.says("I wait", "w1")
    after = heart.ledger.conversation("c")
    assert (after.typing, after.customer_typing) == (("agent", "Anna"), False)
    heart.ledger.set_typing("c", Author.CUSTOMER, "")
    heart.ownership.reply("c", ANNA, "Hello")
    after = heart.ledger.conversation("c")
    assert (after.typing, after.customer_typing) == (None, True)
    heart.ledger.set_typing("c", Author.AGENT, "", writes=False)
    assert heart.ledger.conversation("c").customer_typing
    heart.clock.advance(seconds=7)
    assert not heart.ledger.conversation("c").customer_typing
