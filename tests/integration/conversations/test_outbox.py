"""Promise 2 at the ledger's level: in order, one at a time, again after a failure, and honest about doubt."""
from __future__ import annotations

from tandem.conversations.model import Delivery
from tandem.conversations.outbox import BACKOFF, OutboundMessage
from tests.fakes.core import ANNA, Core


def lease_one(core: Core) -> OutboundMessage:
    [outbound] = core.outbox.lease(["telegram"])
    return outbound


def state(core: Core, text: str) -> Delivery:
    return next(one.delivery for one in core.ledger.messages("c") if one.text == text)


def talk(core: Core, *texts: str) -> None:
    core.says()
    for text in texts:
        core.bot_says(text)


def test_messages_leave_in_order_one_at_a_time(core: Core) -> None:
    talk(core, "one", "two", "three")
    sent = []
    while outbound_messages := core.outbox.lease(["telegram"]):
        assert len(outbound_messages) == 1
        assert core.outbox.lease(["telegram"]) == [], "the next one waits for this one"
        sent.append(outbound_messages[0].message.text)
        core.outbox.sent(outbound_messages[0])
    assert sent == ["one", "two", "three"]
    assert state(core, "two") is Delivery.SENT


def test_conversations_do_not_wait_for_each_other(core: Core) -> None:
    for conversation in ("a", "b", "c"):
        core.says(conversation=conversation)
        core.bot_says("hello", conversation=conversation)
    leased = {outbound.message.conversation_id for outbound in core.outbox.lease(["telegram"])}
    assert leased == {"a", "b", "c"}


def test_only_the_channels_that_are_here_are_served(core: Core) -> None:
    talk(core, "hello")
    assert core.outbox.lease(["slack"]) == []
    assert core.outbox.lease([]) == []
    assert lease_one(core).channel == "telegram"


def test_a_parcel_knows_where_it_goes(core: Core) -> None:
    core.says(address={"channel": "D1"})
    core.bot_says("hello")
    outbound = lease_one(core)
    assert (outbound.address, outbound.attempt, outbound.in_doubt) == ({"channel": "D1"}, 1, False)


def test_a_failed_message_holds_back_the_next_and_is_tried_after_growing_pauses(core: Core) -> None:
    talk(core, "one", "two")
    for pause in BACKOFF:
        core.outbox.failed(lease_one(core), "500")
        assert core.outbox.lease(["telegram"]) == []
        core.clock.at += pause * 0.9
        assert core.outbox.lease(["telegram"]) == []
        core.clock.at += pause * 0.2
    last = lease_one(core)
    assert last.message.text == "one"
    core.outbox.failed(last, "500")
    assert state(core, "one") is Delivery.FAILED
    assert lease_one(core).message.text == "two", "what was given up does not block the rest"


def test_an_agent_can_have_a_given_up_message_tried_again(core: Core) -> None:
    talk(core, "one")
    core.outbox.refused(lease_one(core), "blocked")
    assert state(core, "one") is Delivery.FAILED
    core.outbox.retry("c", 2)
    outbound = lease_one(core)
    assert outbound.attempt == 1
    core.outbox.sent(outbound)
    assert state(core, "one") is Delivery.SENT
    core.outbox.retry("c", 2)
    assert state(core, "one") is Delivery.SENT, "what has arrived is not sent again"


def test_a_crash_between_sending_and_saying_so_is_doubt_not_silence(core: Core) -> None:
    talk(core, "one", "two")
    lease_one(core)  # and the process dies
    core.clock.advance(seconds=29)
    assert core.outbox.lease(["telegram"]) == []
    core.clock.advance(seconds=2)
    again = lease_one(core)
    assert (again.message.text, again.attempt, again.in_doubt) == ("one", 2, True)
    core.outbox.sent(again)
    assert state(core, "one") is Delivery.DOUBT
    assert not lease_one(core).in_doubt, "doubt about one message is none about the next"


def test_a_connection_that_broke_after_sending_is_doubt_for_good(core: Core) -> None:
    talk(core, "one")
    core.outbox.failed(lease_one(core), "dropped", maybe_arrived=True)
    core.clock.advance(seconds=2)
    again = lease_one(core)
    assert again.in_doubt
    core.outbox.sent(again)
    assert state(core, "one") is Delivery.DOUBT


def test_a_doubtful_message_that_is_given_up_is_in_doubt_not_failed(core: Core) -> None:
    talk(core, "one")
    core.outbox.failed(lease_one(core), "dropped", maybe_arrived=True)
    for pause in BACKOFF:
        core.clock.at += pause
        core.outbox.failed(lease_one(core), "500")
    assert state(core, "one") is Delivery.DOUBT


def test_a_refusal_is_final_and_plain_failures_are_not_doubt(core: Core) -> None:
    talk(core, "one", "two")
    core.outbox.failed(lease_one(core), "500")
    core.clock.advance(seconds=2)
    outbound = lease_one(core)
    assert not outbound.in_doubt
    core.outbox.refused(outbound, "the bot is blocked \x00\ud800" + "x" * 1000)
    assert state(core, "one") is Delivery.FAILED
    assert lease_one(core).message.text == "two"


def test_an_attempt_that_was_overtaken_changes_nothing(core: Core) -> None:
    talk(core, "one")
    slow = lease_one(core)
    core.clock.advance(seconds=31)
    quick = lease_one(core)
    core.outbox.failed(slow, "it took a minute")
    core.clock.advance(seconds=10)  # more than the pause that this failure would have set
    assert core.outbox.lease(["telegram"]) == [], "the second attempt is still on its way"
    core.outbox.sent(quick)
    core.outbox.refused(slow, "too late to say")
    assert state(core, "one") is Delivery.DOUBT


def test_a_message_erased_on_its_way_is_no_error(core: Core) -> None:
    talk(core, "one")
    outbound = lease_one(core)
    core.ledger.erase("c")
    core.outbox.sent(outbound)
    core.outbox.failed(outbound, "500")
    assert core.outbox.counts() == {}


def test_a_channel_that_cannot_push_leaves_messages_to_be_fetched(core: Core) -> None:
    talk(core, "one")
    core.outbox.cannot_push(lease_one(core))
    assert state(core, "one") is Delivery.WAITING
    core.outbox.acknowledge("c", 2)
    assert state(core, "one") is Delivery.DELIVERED


def test_an_acknowledgement_beats_a_lease_a_retry_and_doubt(core: Core) -> None:
    talk(core, "one", "two", "three")
    outbound = lease_one(core)
    core.outbox.acknowledge("c", 2)
    core.outbox.failed(outbound, "dropped", maybe_arrived=True)
    assert state(core, "one") is Delivery.DELIVERED
    assert lease_one(core).message.text == "two"
    core.outbox.acknowledge("c", 999)
    assert {state(core, text) for text in ("one", "two", "three")} == {Delivery.DELIVERED}
    assert state(core, "Where is my order?") is Delivery.NONE


def test_acknowledging_what_is_known_writes_nothing(core: Core) -> None:
    talk(core, "one")
    core.outbox.acknowledge("c", 2)
    revision = core.ledger.conversation("c").revision
    core.outbox.acknowledge("c", 2)
    core.outbox.acknowledge("nobody", 2)
    assert core.ledger.conversation("c").revision == revision


def test_replies_that_went_into_the_answer_are_not_fetched_again(core: Core) -> None:
    core.says("Hello", push=False, channel="rest")
    core.bot_says("one", reply_to=1)
    core.bot_says("two", reply_to=1)
    core.outbox.answered("c", [2])
    assert (state(core, "one"), state(core, "two")) == (Delivery.SENT, Delivery.WAITING)


def test_a_turn_ends_together_with_the_answer_that_holds_all_its_replies(core: Core) -> None:
    core.says("Hello", push=False, channel="rest")
    core.bot_says("one", reply_to=1)
    core.bot_says("two", reply_to=1)
    assert not core.turns.finish_answered("c", 1, 1, "done", [2]), "a reply is missing in the answer"
    assert (state(core, "one"), state(core, "two")) == (Delivery.WAITING, Delivery.WAITING)
    assert not core.turns.renew("c", 1), "the turn is over all the same"
    assert core.turns.finish_answered("c", 1, 1, "done", [2, 3])
    assert (state(core, "one"), state(core, "two")) == (Delivery.SENT, Delivery.SENT)
    assert not core.turns.finish_answered("nobody", 1, 1, "done", [2])


def test_events_and_agents_messages_keep_their_order_on_the_way(core: Core) -> None:
    core.says()
    core.hands_off()
    core.ownership.claim("c", ANNA, "Anna has joined")
    core.ownership.reply("c", ANNA, "Hello")
    core.ownership.hand_back("c", ANNA, notice="Anna has left")
    core.bot_says("I am back")
    sent = []
    while outbound_messages := core.outbox.lease(["telegram"]):
        sent += [outbound.message.text for outbound in outbound_messages]
        core.outbox.sent(outbound_messages[0])
    assert sent == ["Anna has joined", "Hello", "Anna has left", "I am back"]


def test_the_counts_name_every_state(core: Core) -> None:
    talk(core, "one", "two")
    core.outbox.sent(lease_one(core))
    assert core.outbox.counts() == {"none": 1, "sent": 1, "pending": 1}


def test_the_next_attempt_knows_which_parts_were_sent(core: Core) -> None:
    core.says()
    core.bot_says("one two")
    [first] = core.outbox.lease(["telegram"])
    assert first.parts_sent == 0
    core.clock.advance(seconds=25)
    core.outbox.part_sent(first, 1)
    core.clock.advance(seconds=25)
    assert core.outbox.lease(["telegram"]) == [], "the lease is renewed with each part"
    core.clock.advance(seconds=10)
    [second] = core.outbox.lease(["telegram"])
    assert (second.parts_sent, second.in_doubt) == (1, True)
    core.outbox.part_sent(first, 2)
    core.outbox.failed(second, "500")
    core.clock.advance(minutes=1)
    [third] = core.outbox.lease(["telegram"])
    assert third.parts_sent == 1, "an attempt that was overtaken has nothing more to say"


def test_what_is_being_sent_here_is_not_taken_again_here(core: Core) -> None:
    talk(core, "one")
    outbound = lease_one(core)
    core.clock.advance(hours=1)
    held = {("c", outbound.message.seq)}
    assert core.outbox.lease(["telegram"], excluded=held) == []
    assert lease_one(core).attempt == 2, "another process takes it for dead"


def test_held_messages_do_not_keep_others_from_being_taken(core: Core) -> None:
    for number in range(3):
        core.says(conversation=f"c{number}")
        core.bot_says("hello", conversation=f"c{number}")
    first = core.outbox.lease(["telegram"], limit=2)
    core.clock.advance(hours=1)
    held = {(one.message.conversation_id, one.message.seq) for one in first}
    assert len(core.outbox.lease(["telegram"], limit=1, excluded=held)) == 1


def test_a_send_that_takes_longer_than_its_lease_keeps_it(core: Core) -> None:
    talk(core, "one")
    outbound = lease_one(core)
    for _ in range(5):
        core.clock.advance(seconds=20)
        core.outbox.renew([outbound])
        assert core.outbox.lease(["telegram"]) == []
    core.outbox.sent(outbound)
    core.outbox.renew([outbound])
    assert state(core, "one") is Delivery.SENT


def test_a_send_that_succeeded_after_all_is_not_made_a_third_time(core: Core) -> None:
    talk(core, "one")
    frozen = lease_one(core)
    core.clock.advance(minutes=1)
    second = lease_one(core)
    core.outbox.sent(frozen)
    assert state(core, "one") is Delivery.PENDING, "the second attempt is being made, and will tell"
    core.outbox.failed(second, "500")
    core.outbox.sent(frozen)
    assert state(core, "one") is Delivery.DOUBT
    core.clock.advance(hours=1)
    assert core.outbox.lease(["telegram"]) == []
