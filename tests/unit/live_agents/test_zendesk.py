"""What is Zendesk's own: the switchboard's order, tickets' fields, the secret, what its webhooks tell."""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tandem.conversations.model import Author
from tandem.handoff.routing import ChannelConfig, LiveAgentConfigError
from tandem.live_agents.adapters.zendesk import ZendeskChannel
from tandem.live_agents.adapters.zendesk.outbound import MAX_METADATA, profile, ticket_metadata, within_limit
from tandem.live_agents.factory import build_channels
from tandem.live_agents.protocol import (
    THREAD,
    Act,
    AgentEvent,
    LiveAgentRefused,
    LiveAgentUnavailable,
    WebhookRejected,
    WebhookUnreadable,
)
from tests.fakes.clock import Clock
from tests.fakes.payloads import payload
from tests.fakes.sunshine import AGENTS, APP, BOT, KEY_ID, KEY_SECRET, WEBHOOK_SECRET, Sunshine
from tests.unit.live_agents.conftest import CARD, Stage, a_handoff, a_word, ended, long_ago, staged

OPTIONS: dict[str, Any] = {"app_id": APP, "key_id": KEY_ID, "key_secret": KEY_SECRET, "webhook_secret": WEBHOOK_SECRET}
GOOD = {"x-api-key": WEBHOOK_SECRET}


class World(Stage):
    def __init__(self, tool: Sunshine, url: str) -> None:
        super().__init__(tool, url)
        self.channel = self.made()

    def made(self, **options: Any) -> ZendeskChannel:
        return ZendeskChannel.from_options("zendesk", {
            **OPTIONS, "api_url": self.url, "bot_integration": BOT, **options})

    def steps(self) -> list[str]:
        """The last parts of the calls' paths, so far."""
        return [call.rpartition("/")[2] for call in self.tool.calls]

    def told_of(self, recorded: str, **changes: Any) -> list[AgentEvent]:
        """What a recorded event tells, with some keys of its payload changed."""
        content = payload("zendesk", recorded)
        content["events"][0]["payload"].update(changes)
        return self.read(content)


@pytest.fixture
def world() -> Iterator[World]:
    with staged(World, Sunshine) as made:
        yield made


@pytest.mark.parametrize(("options", "says"), [
    ({"app_id": None}, "app_id is missing"), ({"app_id": "../x"}, "app_id must be an id"),
    ({"key_id": ""}, "key_id is missing"), ({"key_secret": 5}, "key_secret must be a text"),
    ({"webhook_secret": "short"}, "webhook_secret must be a text of at least 16"),
    ({"api_url": "http://api.example.com"}, "api_url must begin with https"),
    ({"api_url": "ftp://x"}, "api_url must be an address"), ({"api_url": "http://[x"}, "api_url must be an address"),
    ({"ticket_fields": ["x"]}, "ticket_fields must be"),
    ({"ticket_fields": {"mood": 1}}, "ticket_fields has mood, which is not known"),
    ({"ticket_fields": {"order": "abc"}}, "ticket_fields has order, which must be the number"),
    ({"tags": "x"}, "tags must be a list"), ({"tags": ["a b"]}, "tags must be a list"),
    ({"timeout": 60}, "timeout must be"),
    ({"allow_http": "yes"}, "allow_http must be"), ({"token": "x"}, "token is not known"),
])
def test_a_wrong_option_is_named(options: dict[str, Any], says: str) -> None:
    given = {key: value for key, value in {**OPTIONS, **options}.items() if value is not None}
    with pytest.raises(LiveAgentConfigError, match=says) as raised:
        build_channels([ChannelConfig("zendesk", "zendesk", given)])
    assert "docs/zendesk.md" in str(raised.value) and KEY_SECRET not in str(raised.value)


def test_the_card_is_written_before_agents_get_control_and_the_ticket_begins_with_it(world: World) -> None:
    channel = world.made(ticket_fields={"order": 360, "reason": "361"}, tags=["tandem", "vip"])
    handoff = a_handoff(world.clock)
    channel.open(handoff, [a_word(world.clock, 1, "Where is it?")], None)
    assert world.steps() == ["conversations", "users", "conversations", "messages", "passControl", "messages",
                             "messages", "passControl", "offerControl", world.tool.of_user("c 1/ü")[0]]
    [thread] = world.tool.of_user("c 1/ü")
    assert world.tool.active(thread) == AGENTS
    assert world.tool.tickets == [{
        "tandem_handoff": "h1", "tandem_conversation": "c 1/ü", "dataCapture.systemField.requester.name": "Maya",
        "dataCapture.systemField.requester.email": "maya@example.com", "dataCapture.systemField.tags": "tandem,vip",
        "dataCapture.ticketField.360": "SO-1", "dataCapture.ticketField.361": "Mood is falling",
        "first_message_id": world.tool.messages[thread][0]["id"],
    }]


def test_a_customer_who_comes_again_has_the_same_conversation_and_a_new_ticket(world: World) -> None:
    first, reference = world.opened()
    world.clock.advance(minutes=10)
    world.channel.close(reference, ended(first, world.clock))
    assert world.tool.active(str(reference[THREAD])) is None
    _, second = world.opened(2, reference)
    assert second[THREAD] == reference[THREAD] and len(world.tool.users) == 1
    assert [ticket["tandem_handoff"] for ticket in world.tool.tickets] == ["h1", "h2"]


def test_a_second_attempt_finds_what_the_first_wrote_behind_many_messages(world: World) -> None:
    handoff, reference = world.opened()
    word = a_word(world.clock, 2, "y" * 9000)
    world.channel.say(reference, handoff, word, False)
    for number in range(230):
        world.tool.agent_says(str(reference[THREAD]), f"word {number}")
    before = len(world.tool.messages[str(reference[THREAD])])
    world.channel.say(reference, handoff, word, True)
    world.channel.open(handoff, [], None)
    assert len(world.tool.messages[str(reference[THREAD])]) == before
    swept = world.channel.sweep(reference, handoff, long_ago(world.clock))
    assert [event.text for event in swept] == [f"word {number}" for number in range(230)]


def test_customers_and_agents_at_the_desk_speak_under_their_names(world: World) -> None:
    handoff, reference = world.opened()
    world.channel.say(reference, handoff, a_word(world.clock, 1, "I"), False)
    world.channel.say(reference, handoff, a_word(world.clock, 2, "we", Author.AGENT, "Anna"), False)
    authors = [message["author"] for message in world.tool.messages[str(reference[THREAD])]][-2:]
    assert authors == [{"type": "user"}, {"type": "business", "displayName": "Anna"}]


def test_an_end_on_our_side_is_told_and_one_on_theirs_is_not_answered(world: World) -> None:
    handoff, reference = world.opened()
    thread = str(reference[THREAD])
    world.tool.release(thread)
    written = len(world.tool.messages[thread])
    world.channel.close(reference, ended(handoff, world.clock))
    assert len(world.tool.messages[thread]) == written
    again, reference = world.opened(2, reference)
    for _ in range(2):
        world.channel.close(reference, ended(again, world.clock, "resolved"))
    texts = [message["content"]["text"] for message in world.tool.messages[thread]]
    assert texts[-1] == "The conversation was resolved." and texts.count(texts[-1]) == 1
    assert [event.act for event in world.told()] == [Act.HANDED_BACK], "our own release is no act of an agent"


def test_where_the_api_does_not_tell_who_is_in_control_no_end_is_guessed(world: World) -> None:
    world.tool.tells_control = False
    handoff, reference = world.opened()
    assert world.channel.sweep(reference, handoff, handoff.opened_at) == []
    world.channel.close(reference, ended(handoff, world.clock))
    assert world.tool.active(str(reference[THREAD])) is None


def test_a_conversation_that_was_deleted_is_made_anew_and_its_end_is_none(world: World) -> None:
    handoff, reference = world.opened()
    del world.tool.conversations[str(reference[THREAD])]
    world.channel.close(reference, ended(handoff, world.clock))
    assert world.opened(2, reference)[1][THREAD] != reference[THREAD]


@pytest.mark.parametrize(("status", "error"), [
    (400, LiveAgentRefused), (413, LiveAgentRefused), (401, LiveAgentUnavailable), (403, LiveAgentUnavailable),
    (423, LiveAgentUnavailable), (429, LiveAgentUnavailable), (500, LiveAgentUnavailable), (302, LiveAgentUnavailable),
])
def test_errors_are_told_apart_without_telling_secrets(world: World, status: int, error: type[Exception]) -> None:
    world.tool.status, world.tool.retry_after = status, "7"
    with pytest.raises(error) as raised:
        world.opened()
    assert KEY_SECRET not in str(raised.value) and WEBHOOK_SECRET not in repr(world.channel._options)
    if isinstance(raised.value, LiveAgentUnavailable):
        assert raised.value.retry_after == 7.0


def test_a_tool_that_is_not_there_is_unavailable(world: World) -> None:
    channel = world.made(api_url="http://127.0.0.1:9", timeout=1)
    with pytest.raises(LiveAgentUnavailable):
        channel.open(a_handoff(world.clock), [], None)


# -- webhooks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": WEBHOOK_SECRET + "x"}, {"x-api-key": "\xff"}])
def test_the_secret_must_come_with_a_webhook(world: World, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRejected) as raised:
        world.channel.delivery_id(headers, b'{"events": [{"id": "e"}]}')
    assert not isinstance(raised.value, WebhookUnreadable)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"5", b"{}", b'{"events": []}', b'{"events": [5]}',
                                  b'{"events": [{"id": ""}]}', b'{"events": [{"id": 5}]}', b"[" * 100_000])
def test_a_body_that_is_not_zendesks_is_unreadable(world: World, body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        world.channel.delivery_id(GOOD, body)


def test_a_delivery_is_named_by_its_events(world: World) -> None:
    body = json.dumps({"events": [{"id": "e1"}, {"id": "e2"}]}).encode()
    assert world.channel.delivery_id(GOOD, body) == "e1+e2"
    assert world.channel.answer(body) is None


def message(**changes: Any) -> dict[str, Any]:
    """The message of `said.json`, with some of its keys changed."""
    return {**payload("zendesk", "said")["events"][0]["payload"]["message"], **changes}


def test_an_agents_word_is_read(world: World) -> None:
    [said] = world.told_of("said")
    assert (said.act, said.key, said.thread, said.agent_id, said.agent_name) == (
        Act.SAID, f"message:{message()['id']}", "67d1a3f05f32b88acf6c0001", "17", "Kim")
    assert said.at is not None and said.at.isoformat() == "2025-03-12T15:02:30.250000+00:00"


@pytest.mark.parametrize("values", [
    {"author": {"type": "user", "userId": "u"}},
    {"metadata": {"__zendesk_msg.agent.id": "__trigger"}}, {"metadata": {}}, {"metadata": None},
    {"metadata": {"__zendesk_msg.agent.id": "17", "tandem_key": "h1:1:1"}}, {"deleted": True},
    {"content": {"type": "text", "text": "  "}}, {"content": {"type": "carousel"}}, {"content": None}, {"id": None},
])
def test_what_no_person_of_theirs_said_is_passed_over(world: World, values: dict[str, Any]) -> None:
    assert world.told_of("said", message=message(**values)) == []


def test_a_picture_is_passed_on_as_its_address(world: World) -> None:
    content = {"type": "image", "text": "look", "mediaUrl": "https://media.example.com/a.png"}
    [said] = world.told_of("said", message=message(content=content))
    assert said.text == "look\nhttps://media.example.com/a.png"


@pytest.mark.parametrize(("reason", "act"), [
    (None, Act.HANDED_BACK), ("ticketClosed", Act.RESOLVED), ("transferToEmail", Act.RESOLVED),
    ("new in a later version", Act.HANDED_BACK),
])
def test_a_release_of_control_is_an_end(world: World, reason: str | None, act: Act) -> None:
    [end] = world.told_of("resolved", reason=reason)
    assert (end.act, end.key, end.thread) == (act, "67d1a3f05f32b88acf6d0007", "67d1a3f05f32b88acf6c0001")


@pytest.mark.parametrize(("choice", "act"), [
    ("resume", Act.RESUMED), ("fresh", Act.HANDED_BACK), ("Resolve", Act.RESOLVED),
    ("soon", Act.RESOLVED), (7, Act.RESOLVED),
])
def test_whoever_gives_control_away_may_choose_and_leave_a_line(world: World, choice: Any, act: Act) -> None:
    metadata = {"tandem_handback": choice, "tandem_note_for_bot": "refund promised by Friday"}
    [end] = world.told_of("resolved", metadata=metadata)
    assert (end.act, end.text) == (act, "refund promised by Friday")
    [back] = world.told_of("handed_back", metadata=metadata)
    assert back.act is (Act.HANDED_BACK if act is Act.RESOLVED and choice != "Resolve" else act)


def test_control_passed_to_the_bot_is_a_hand_back_and_to_others_is_not(world: World) -> None:
    for name, acts in ((BOT, [Act.HANDED_BACK]), (AGENTS, []), ("another", [])):
        conversation = {"id": "t1", "activeSwitchboardIntegration": {"id": "1", "name": name}}
        assert [one.act for one in world.told_of("handed_back", conversation=conversation)] == acts


def test_typing_is_read_of_agents_only(world: World) -> None:
    for author, kind, acts in (("business", "typing:start", [Act.TYPING]), ("business", "typing:stop",
                               [Act.STOPPED_TYPING]), ("user", "typing:start", []), ("business", "wave", [])):
        told = world.told_of("typing", activity={"type": kind, "author": {"type": author}})
        assert [one.act for one in told] == acts


@pytest.mark.parametrize("inside", [None, 5, [], {"conversation": 5}, {"conversation": {"id": 5}},
                                    {"conversation": {"id": "t1"}, "message": [], "activity": 1, "metadata": "x"}])
def test_unknown_payloads_tell_nothing_and_break_nothing(world: World, inside: Any) -> None:
    for kind in ("conversation:message", "conversation:typing", "switchboard:passControl", "client:add", None, 7):
        content = payload("zendesk", "unknown_payload")
        content["events"][0].update(type=kind, createdAt=5, payload=inside)
        assert world.read(content) == []


# -- metadata -----------------------------------------------------------------------------------------------------


def test_metadata_keeps_within_its_limit_whatever_the_card_holds() -> None:
    card = {**CARD, "summary": "ü" * 9000, "channel": "\U0001f600" * 3000, "interrupted_flow": ["x"] * 2000,
            "customer": {"name": "n" * 500, "email": "not an address", "verified_by": {"deep": "y" * 5000}}}
    handoff = a_handoff(Clock(), card=card, conversation="c" * 255)
    fields = {what: str(number) for number, what in enumerate(
        ("summary", "channel", "interrupted_flow", "verified_by", "urgency", "reason", "order"), 1)}
    metadata = ticket_metadata(handoff, fields, ["tag"] * 100)
    assert len(json.dumps(metadata).encode()) <= MAX_METADATA
    assert all(isinstance(value, (str, int, float)) for value in metadata.values())
    assert (metadata["tandem_handoff"], metadata["tandem_conversation"]) == ("h1", "c" * 255)
    assert metadata["dataCapture.ticketField.7"] == "SO-1" and metadata["dataCapture.ticketField.5"] == 0.8
    assert profile(handoff) == {"givenName": "n" * 128}


def test_metadata_that_fits_is_left_alone() -> None:
    assert within_limit({"a": "x" * 3000, "b": True}) == {"a": "x" * 3000, "b": True}
