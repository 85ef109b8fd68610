"""Promise 2 at the ledger's level: in order, one at a time, again after a failure, and honest about doubt."""
from __future__ import annotations

from tandem.conversations.deliveries import BACKOFF, Parcel
from tandem.conversations.model import Delivery
from tests.fakes.heart import ANNA, Heart


def lease_one(heart: Heart) -> Parcel:
    [parcel] = heart.deliveries.lease(["telegram"])
    return parcel


def state(heart: Heart, text: str) -> Delivery:
    return next(one.delivery for one in heart.ledger.messages("c") if one.text == text)


def talk(heart: Heart, *texts: str) -> None:
    heart.says()
    for text in texts:
        heart.bot_says(text)


def test_messages_leave_in_order_one_at_a_time(heart: Heart) -> None:
    talk(heart, "one", "two", "three")
    sent = []
    while parcels := heart.deliveries.lease(["telegram"]):
        assert len(parcels) == 1
        assert heart.deliveries.lease(["telegram"]) == [], "the next one waits for this one"
        sent.append(parcels[0].message.text)
        heart.deliveries.sent(parcels[0])
    assert sent == ["one", "two", "three"]
    assert state(heart, "two") is Delivery.SENT


def test_conversations_do_not_wait_for_each_other(heart: Heart) -> None:
    for conversation in ("a", "b", "c"):
        heart.says(conversation=conversation)
        heart.bot_says("hello", conversation=conversation)
    leased = {parcel.message.conversation_id for parcel in heart.deliveries.lease(["telegram"])}
    assert leased == {"a", "b", "c"}


def test_only_the_channels_that_are_here_are_served(heart: Heart) -> None:
    talk(heart, "hello")
    assert heart.deliveries.lease(["slack"]) == []
    assert heart.deliveries.lease([]) == []
    assert lease_one(heart).channel == "telegram"


def test_a_parcel_knows_where_it_goes(heart: Heart) -> None:
    heart.says(address={"channel": "D1"})
    heart.bot_says("hello")
    parcel = lease_one(heart)
    assert (parcel.address, parcel.attempt, parcel.in_doubt) == ({"channel": "D1"}, 1, False)


def test_a_failed_message_holds_back_the_next_and_is_tried_after_growing_pauses(heart: Heart) -> None:
    talk(heart, "one", "two")
    for pause in BACKOFF:
        heart.deliveries.failed(lease_one(heart), "500")
        assert heart.deliveries.lease(["telegram"]) == []
        heart.clock.at += pause * 0.9
        assert heart.deliveries.lease(["telegram"]) == []
        heart.clock.at += pause * 0.2
    last = lease_one(heart)
    assert last.message.text == "one"
    heart.deliveries.failed(last, "500")
    assert state(heart, "one") is Delivery.FAILED
    assert lease_one(heart).message.text == "two", "what was given up does not block the rest"


def test_an_agent_can_have_a_given_up_message_tried_again(heart: Heart) -> None:
    talk(heart, "one")
    heart.deliveries.refused(lease_one(heart), "blocked")
    assert state(heart, "one") is Delivery.FAILED
    heart.deliveries.retry("c", 2)
    parcel = lease_one(heart)
    assert parcel.attempt == 1
    heart.deliveries.sent(parcel)
    assert state(heart, "one") is Delivery.SENT
    heart.deliveries.retry("c", 2)
    assert state(heart, "one") is Delivery.SENT, "what has arrived is not sent again"


def test_a_crash_between_sending_and_saying_so_is_doubt_not_silence(heart: Heart) -> None:
    talk(heart, "one", "two")
    lease_one(heart)  # and the process dies
    heart.clock.advance(seconds=29)
    assert heart.deliveries.lease(["telegram"]) == []
    heart.clock.advance(seconds=2)
    again = lease_one(heart)
    assert (again.message.text, again.attempt, again.in_doubt) == ("one", 2, True)
    heart.deliveries.sent(again)
    assert state(heart, "one") is Delivery.DOUBT
    assert not lease_one(heart).in_doubt, "doubt about one message is none about the next"


def test_a_connection_that_broke_after_sending_is_doubt_for_good(heart: Heart) -> None:
    talk(heart, "one")
    heart.deliveries.failed(lease_one(heart), "dropped", maybe_arrived=True)
    heart.clock.advance(seconds=2)
    again = lease_one(heart)
    assert again.in_doubt
    heart.deliveries.sent(again)
    assert state(heart, "one") is Delivery.DOUBT


def test_a_doubtful_message_that_is_given_up_is_in_doubt_not_failed(heart: Heart) -> None:
    talk(heart, "one")
    heart.deliveries.failed(lease_one(heart), "dropped", maybe_arrived=True)
    for pause in BACKOFF:
        heart.clock.at += pause
        heart.deliveries.failed(lease_one(heart), "500")
    assert state(heart, "one") is Delivery.DOUBT


def test_a_refusal_is_final_and_plain_failures_are_not_doubt(heart: Heart) -> None:
    talk(heart, "one", "two")
    heart.deliveries.failed(lease_one(heart), "500")
    heart.clock.advance(seconds=2)
    parcel = lease_one(heart)
    assert not parcel.in_doubt
    heart.deliveries.refused(parcel, "the bot is blocked \x00\ud800" + "x" * 1000)
    assert state(heart, "one") is Delivery.FAILED
    assert lease_one(heart).message.text == "two"


def test_an_attempt_that_was_overtaken_changes_nothing(heart: Heart) -> None:
    talk(heart, "one")
    slow = lease_one(heart)
    heart.clock.advance(seconds=31)
    quick = lease_one(heart)
    heart.deliveries.failed(slow, "it took a minute")
    heart.clock.advance(seconds=10)  # more than the pause that this failure would have set
    assert heart.deliveries.lease(["telegram"]) == [], "the second attempt is still on its way"
    heart.deliveries.sent(quick)
    heart.deliveries.refused(slow, "too late to say")
    assert state(heart, "one") is Delivery.DOUBT


def test_a_message_erased_on_its_way_is_no_error(heart: Heart) -> None:
    talk(heart, "one")
    parcel = lease_one(heart)
    heart.ledger.erase("c")
    heart.deliveries.sent(parcel)
    heart.deliveries.failed(parcel, "500")
    assert heart.deliveries.counts() == {}


def test_a_channel_that_cannot_push_leaves_messages_to_be_fetched(heart: Heart) -> None:
    talk(heart, "one")
    heart.deliveries.cannot_push(lease_one(heart))
    assert state(heart, "one") is Delivery.WAITING
    heart.deliveries.acknowledge("c", 2)
    assert state(heart, "one") is Delivery.DELIVERED


def test_an_acknowledgement_beats_a_lease_a_retry_and_doubt(heart: Heart) -> None:
    talk(heart, "one", "two", "three")
    parcel = lease_one(heart)
    heart.deliveries.acknowledge("c", 2)
    heart.deliveries.failed(parcel, "dropped", maybe_arrived=True)
    assert state(heart, "one") is Delivery.DELIVERED
    assert lease_one(heart).message.text == "two"
    heart.deliveries.acknowledge("c", 999)
    assert {state(heart, text) for text in ("one", "two", "three")} == {Delivery.DELIVERED}
    assert state(heart, "Where is my order?") is Delivery.NONE


def test_acknowledging_what_is_known_writes_nothing(heart: Heart) -> None:
    talk(heart, "one")
    heart.deliveries.acknowledge("c", 2)
    revision = heart.ledger.conversation("c").revision
    heart.deliveries.acknowledge("c", 2)
    heart.deliveries.acknowledge("nobody", 2)
    assert heart.ledger.conversation("c").revision == revision


def test_replies_that_went_into_the_answer_are_not_fetched_again(heart: Heart) -> None:
    heart.says("Hello", push=False, channel="rest")
    heart.bot_says("one", reply_to=1)
    heart.bot_says("two", reply_to=1)
    heart.deliveries.answered("c", [2])
    assert (state(heart, "one"), state(heart, "two")) == (Delivery.SENT, Delivery.WAITING)


def test_events_and_agents_messages_keep_their_order_on_the_way(heart: Heart) -> None:
    heart.says()
    heart.hands_off()
    heart.ownership.claim("c", ANNA, "Anna has joined")
    heart.ownership.reply("c", ANNA, "Hello")
    heart.ownership.hand_back("c", ANNA, notice="Anna has left")
    heart.bot_says("I am back")
    sent = []
    while parcels := heart.deliveries.lease(["telegram"]):
        sent += [parcel.message.text for parcel in parcels]
        heart.deliveries.sent(parcels[0])
    assert sent == ["Anna has joined", "Hello", "Anna has left", "I am back"]


def test_the_counts_name_every_state(heart: Heart) -> None:
    talk(heart, "one", "two")
    heart.deliveries.sent(lease_one(heart))
    assert heart.deliveries.counts() == {"none": 1, "sent": 1, "pending": 1}


def test_the_parts_that_are_sent_are_known_to_whoever_goes_on(heart: Heart) -> None:
    heart.says()
    heart.bot_says("one two")
    [first] = heart.deliveries.lease(["telegram"])
    assert first.parts_sent == 0
    heart.clock.advance(seconds=25)
    heart.deliveries.part_sent(first, 1)
    heart.clock.advance(seconds=25)
    assert heart.deliveries.lease(["telegram"]) == [], "the lease is renewed with each part"
    heart.clock.advance(seconds=10)
    [second] = heart.deliveries.lease(["telegram"])
    assert (second.parts_sent, second.in_doubt) == (1, True)
    heart.deliveries.part_sent(first, 2)
    heart.deliveries.failed(second, "500")
    heart.clock.advance(minutes=1)
    [third] = heart.deliveries.lease(["telegram"])
    assert third.parts_sent == 1, "an attempt that was overtaken has nothing more to say"


def test_what_is_being_sent_here_is_not_taken_again_here(heart: Heart) -> None:
    talk(heart, "one")
    parcel = lease_one(heart)
    heart.clock.advance(hours=1)
    held = {("c", parcel.message.seq)}
    assert heart.deliveries.lease(["telegram"], held=held) == []
    assert lease_one(heart).attempt == 2, "another process takes it for dead"


def test_held_messages_do_not_keep_others_from_being_taken(heart: Heart) -> None:
    for number in range(3):
        heart.says(conversation=f"c{number}")
        heart.bot_says("hello", conversation=f"c{number}")
    first = heart.deliveries.lease(["telegram"], limit=2)
    heart.clock.advance(hours=1)
    held = {(one.message.conversation_id, one.message.seq) for one in first}
    assert len(heart.deliveries.lease(["telegram"], limit=1, held=held)) == 1


def test_a_send_that_takes_longer_than_its_lease_keeps_it(heart: Heart) -> None:
    talk(heart, "one")
    parcel = lease_one(heart)
    for _ in range(5):
        heart.clock.advance(seconds=20)
        heart.deliveries.renew([parcel])
        assert heart.deliveries.lease(["telegram"]) == []
    heart.deliveries.sent(parcel)
    heart.deliveries.renew([parcel])
    assert state(heart, "one") is Delivery.SENT


def test_a_send_that_succeeded_after_all_is_not_made_a_third_time(heart: Heart) -> None:
    talk(heart, "one")
    frozen = lease_one(heart)
    heart.clock.advance(minutes=1)
    second = lease_one(heart)
    heart.deliveries.sent(frozen)
    assert state(heart, "one") is Delivery.PENDING, "the second attempt is being made, and will tell"
    heart.deliveries.failed(second, "500")
    heart.deliveries.sent(frozen)
    assert state(heart, "one") is Delivery.DOUBT
    heart.clock.advance(hours=1)
    assert heart.deliveries.lease(["telegram"]) == []
