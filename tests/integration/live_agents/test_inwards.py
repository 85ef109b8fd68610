"""What agents do in the outside tool reaches the customer: once, in order, whichever way it comes."""
from __future__ import annotations

from typing import Any

import pytest

from tandem.conversations.model import Author, Conversation, Kind, Owner
from tandem.conversations.ownership import Ownership
from tandem.live_agents.protocol import WebhookRejected
from tandem.live_agents.relay.inbound import PAUSES
from tandem.live_agents.relay.worker import UnknownChannel
from tests.fakes.live_agent import event_of
from tests.integration.live_agents.conftest import ANNA, World


def test_an_agent_claims_speaks_and_hands_back(world: World) -> None:
    handoff = world.opened()
    world.webhook(world.event("claimed", handoff))
    world.settle()
    assert world.ledger.conversation("c1").owner is Owner.AGENT
    world.webhook(world.event("said", handoff, text="Hello, I am Kim"), world.event("noted", handoff, text="psst"))
    world.webhook(world.event("handed_back", handoff, text="refund promised by Friday"))
    world.settle()
    assert world.said() == ["Hello, I am Kim"]
    assert world.events() == [("agent_joined", "Kim"), ("handed_back", "Kim")]
    assert [message.text for message in world.ledger.transcript("c1") if message.kind is Kind.NOTE] == ["psst"]
    closed = world.ledger.handoffs("c1")[-1]
    assert (closed.outcome, closed.note_for_bot) == ("handed_back", "refund promised by Friday")
    assert world.ledger.conversation("c1").owner is Owner.BOT
    assert world.tool.closed == [handoff.id]


def test_a_webhook_and_a_sweep_of_the_same_event_are_one(world: World) -> None:
    handoff = world.opened()
    said = world.event("said", handoff, key="m1", text="once")
    world.tool.swept = [event_of(said), event_of(world.event("said", handoff, key="m2", text="missed"))]
    world.webhook(said, delivery="d1")
    world.webhook(said, delivery="d1")
    world.webhook(said, delivery="another delivery of the same event")
    world.clock.advance(seconds=31)
    world.settle()
    world.clock.advance(seconds=31)
    world.settle()
    assert world.tool.sweeps == 3
    assert world.said() == ["once", "missed"]
    assert world.events() == [("agent_joined", "Kim")]


def test_the_word_of_an_agent_after_the_hand_back_takes_the_conversation_over_again(world: World) -> None:
    first = world.opened()
    world.webhook(world.event("said", first, text="bye"))
    world.webhook(world.event("handed_back", first))
    world.settle()
    world.customer("for the bot")
    world.webhook(world.event("said", first, text="one more thing"))
    world.settle()
    assert world.said() == ["bye", "one more thing"]
    assert world.ledger.conversation("c1").owner is Owner.AGENT
    second = world.ledger.handoffs("c1")[-1]
    assert second.taken_over
    assert second.channel == "tool", "the talk goes on in the tool in which the agent writes"
    world.customer("thanks")
    world.settle()
    assert world.tool.threads[second.id] == ["thanks"]
    world.webhook(world.event("resolved", second))
    world.settle()
    assert world.ledger.conversation("c1").owner is Owner.RESOLVED


def test_a_word_said_before_the_end_that_is_late_is_delivered_and_the_bot_stays(world: World) -> None:
    handoff = world.opened()
    said_at = world.clock()
    world.clock.advance(seconds=10)
    world.webhook(world.event("resolved", handoff, at=world.clock().isoformat()))
    world.settle()
    world.webhook(world.event("said", handoff, text="goodbye", at=said_at.isoformat()))
    world.settle()
    assert world.said() == ["goodbye"]
    assert world.ledger.conversation("c1").owner is Owner.RESOLVED
    assert len(world.ledger.handoffs("c1")) == 1


def test_an_end_that_is_older_than_its_handoff_ends_nothing(world: World) -> None:
    first = world.opened()
    ended_at = world.clock().isoformat()
    world.clock.advance(seconds=10)
    world.ownership.hand_back("c1", None)
    world.hand_off()
    world.settle()
    assert first.closed_at is None
    world.webhook({"act": "resolved", "key": "late", "thread": "thread of c1", "at": ended_at})
    world.settle()
    assert world.ledger.conversation("c1").owner is Owner.WAITING
    world.clock.advance(seconds=10)
    world.webhook({"act": "resolved", "key": "now", "thread": "thread of c1", "at": world.clock().isoformat()})
    world.settle()
    assert world.ledger.conversation("c1").owner is Owner.RESOLVED


def test_an_agent_claims_and_another_one_speaks(world: World) -> None:
    handoff = world.opened()
    world.webhook(world.event("claimed", handoff, agent_id="a", agent_name="Ann"))
    world.webhook(world.event("said", handoff, agent_id="b", agent_name="Bob", text="Bob here"))
    world.webhook(world.event("said", handoff, agent_id="a", agent_name="Ann", text="and Ann"))
    world.settle()
    spoken = [(message.name, message.text) for message in world.ledger.transcript("c1")
              if message.author is Author.AGENT]
    assert spoken == [("Bob", "Bob here"), ("Ann", "and Ann")]
    assert world.ledger.handoffs("c1")[-1].claimed_by == "tool:a"


def test_claims_and_ends_in_the_tool_take_nothing_from_an_agent_at_the_desk(world: World) -> None:
    handoff = world.opened()
    world.ownership.claim("c1", ANNA)
    for act in ("claimed", "handed_back", "resolved"):
        world.webhook(world.event(act, handoff))
    world.settle()
    assert world.ledger.handoffs("c1")[-1].claimed_by == "anna"
    world.webhook(world.event("said", handoff, text="but whoever speaks has it"))
    world.settle()
    assert world.ledger.handoffs("c1")[-1].claimed_by == "tool:kim"
    assert world.said() == ["but whoever speaks has it"]


@pytest.mark.parametrize("act", ["claimed", "handed_back", "resolved"])
def test_an_outside_agent_takes_nothing_from_one_at_the_desk_who_claims_a_moment_earlier(
    world: World, act: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    handoff = world.opened()
    waiting = world.ledger.conversation("c1")

    def as_it_was(conversation_id: str) -> Conversation:
        world.ownership.claim(conversation_id, ANNA)
        return waiting

    world.webhook(world.event(act, handoff))
    monkeypatch.setattr(world.ledger, "conversation", as_it_was)
    world.settle()
    monkeypatch.undo()
    assert world.ledger.conversation("c1").owner is Owner.AGENT
    assert world.ledger.open_handoffs()["c1"].claimed_by == "anna"


def test_one_bad_webhook_stops_nobody_and_is_kept_for_the_desk(world: World) -> None:
    handoff = world.opened()
    world.relay.receive_webhook("tool", {"x-signature": "good", "x-delivery": "bad"}, b"not \xff json")
    world.webhook(world.event("said", handoff, text="good"))
    world.settle()
    assert world.said() == ["good"]
    for pause in PAUSES:
        world.clock.advance(seconds=pause.total_seconds())
        world.settle()
    [dead] = world.relay.dead()["webhooks"]
    assert dead["channel"] == "tool" and "Error" in dead["error"]
    assert world.relay.replay_webhook(dead["id"])
    assert not world.relay.replay_webhook(12345)
    assert world.relay.dead()["webhooks"] == []


def test_an_event_that_cannot_be_carried_out_is_kept_for_the_desk_and_replayed(
    world: World, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*args: Any, **values: Any) -> Any:
        raise RuntimeError("broken")

    handoff = world.opened()
    world.webhook(world.event("said", handoff, text="a word"))
    monkeypatch.setattr(Ownership, "take_over", broken)
    world.settle()
    for pause in PAUSES:
        world.clock.advance(seconds=pause.total_seconds())
        world.settle()
    assert [(dead["act"], dead["agent"]) for dead in world.relay.dead()["events"]] == [("said", "Kim")]
    monkeypatch.undo()
    assert world.relay.replay(handoff.id)
    world.settle()
    assert world.said() == ["a word"]


def test_a_tool_has_no_say_in_the_handoffs_of_others(world: World) -> None:
    world.customer("Hello")
    handoff = world.hand_off(channel="desk")
    world.webhook(world.event("said", handoff, text="I should not be here"), world.event("resolved", handoff))
    for _ in range(5):
        world.settle()
        world.clock.advance(minutes=2)
    assert world.said() == []
    assert world.ledger.conversation("c1").owner is Owner.WAITING
    assert world.relay.dead() == {"handoffs": [], "webhooks": [], "events": []}


def test_a_webhook_must_be_signed_and_for_a_channel_that_is(world: World) -> None:
    with pytest.raises(WebhookRejected):
        world.relay.receive_webhook("tool", {"x-signature": "bad", "x-delivery": "d"}, b"[]")
    with pytest.raises(UnknownChannel):
        world.relay.receive_webhook("chatwoot", {}, b"[]")


def test_typing_is_shown_while_people_have_the_conversation_and_only_when_fresh(world: World) -> None:
    handoff = world.opened()
    world.webhook(world.event("typing", handoff))
    world.settle()
    assert world.ledger.conversation("c1").typing == ("agent", "Kim")
    world.webhook(world.event("stopped_typing", handoff))
    world.settle()
    assert world.ledger.conversation("c1").typing is None
    world.webhook(world.event("typing", handoff))
    world.clock.advance(seconds=30)
    world.settle()
    assert world.ledger.conversation("c1").typing is None
    world.webhook(world.event("resolved", handoff))
    world.settle()
    world.webhook(world.event("typing", handoff))
    world.settle()
    assert world.ledger.conversation("c1").typing is None


@pytest.mark.parametrize("text", [
    "\x00 nul", "\ud800 half a pair", "x" * 25_000, "word " * 5_000, "\u202eRTL", "😀" * 9_999,
])
def test_hostile_words_reach_the_customer_whole(world: World, text: str) -> None:
    handoff = world.opened()
    world.webhook(world.event("said", handoff, key="\n\x00" * 300, agent_id="x" * 500, agent_name="N\x00\n" * 200,
                              text=text))
    world.settle()
    assert "".join(world.said()) == text.replace("\x00", "\ufffd").replace("\ud800", "?")
    assert world.relay.dead()["events"] == []


def test_empty_words_are_no_words(world: World) -> None:
    handoff = world.opened()
    world.webhook(world.event("said", handoff, text=" \n "), world.event("noted", handoff, text=""))
    world.settle()
    assert world.said() == []
    assert world.ledger.conversation("c1").owner is Owner.WAITING
    assert world.relay.dead()["events"] == []
