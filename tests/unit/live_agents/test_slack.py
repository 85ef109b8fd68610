"""What is Slack's own: threads, names, commands, its notation, its limits, its signature."""
from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tandem.conversations.model import Author
from tandem.handoff.routing import ChannelConfig, LiveAgentConfigError
from tandem.live_agents.adapters.slack import SlackChannel
from tandem.live_agents.adapters.slack.client import Names, SlackApi, Sweeps
from tandem.live_agents.adapters.slack.config import SlackOptions
from tandem.live_agents.adapters.slack.inbound import plain
from tandem.live_agents.adapters.slack.outbound import LIMIT, parts
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
from tests.fakes.slack import CHANNEL, SECRET, TOKEN, Slack
from tests.unit.live_agents.conftest import Stage, a_handoff, a_word, ended, long_ago, staged

OPTIONS: dict[str, Any] = {"bot_token": TOKEN, "signing_secret": SECRET, "channel": CHANNEL}


class World(Stage):
    def __init__(self, tool: Slack, url: str) -> None:
        super().__init__(tool, url)
        self.options = {**OPTIONS, "api_url": f"{url}/api"}
        self.channel = SlackChannel.from_options("slack", self.options)
        self.channel._clock = lambda: self.clock().timestamp()
        self.slept: list[float] = []
        self.channel._api._sleep = self.slept.append
        self.channel._names._clock = lambda: self.clock().timestamp()

    def told_of(self, recorded: str = "said", **changes: Any) -> list[AgentEvent]:
        """What a recorded event tells, with some of its keys changed."""
        content = payload("slack", recorded)
        return self.read({**content, "event": {**content["event"], **changes}})


@pytest.fixture
def world() -> Iterator[World]:
    with staged(World, Slack) as made:
        yield made


@pytest.mark.parametrize(("options", "says"), [
    ({"bot_token": None}, "bot_token is missing"), ({"bot_token": "xoxp-1"}, "bot_token must be a bot token"),
    ({"bot_token": "xoxb-1\r\nX: y"}, "bot_token must be"), ({"signing_secret": "short"}, "signing_secret must be"),
    ({"channel": "#support"}, "channel must be a channel's id"), ({"channel": ""}, "channel is missing"),
    ({"claim_reaction": ":eyes:"}, "claim_reaction must be"), ({"api_url": "http://slack.example.com"}, "api_url must"),
    ({"api_url": 5}, "api_url must"), ({"timeout": True}, "timeout must be"), ({"token": "x"}, "token is not known"),
])
def test_a_wrong_option_is_named(options: dict[str, Any], says: str) -> None:
    given = {key: value for key, value in {**OPTIONS, **options}.items() if value is not None}
    with pytest.raises(LiveAgentConfigError, match=says) as raised:
        build_channels([ChannelConfig("slack", "slack", given)])
    assert "docs/slack.md" in str(raised.value) and TOKEN not in str(raised.value)


# -- outwards -----------------------------------------------------------------------------------------------------


def test_a_customer_is_announced_in_the_channel_and_the_card_stands_in_the_thread(world: World) -> None:
    reference = world.channel.open(a_handoff(world.clock), [a_word(world.clock, 1, "Where is it?")], None)
    head, *rest = world.tool.messages
    assert head["text"].startswith("Maya: Mood is falling\nAsked three times.\nReply in this thread")
    assert "thread_ts" not in head and {message["thread_ts"] for message in rest} == {head["ts"]}
    assert "E-mail: maya@example.com" in rest[0]["text"] and "Customer: Where is it?" in rest[1]["text"]
    assert reference == {"handoff": "h1", THREAD: f"{CHANNEL}:{head['ts']}", "ts": head["ts"]}
    json.dumps(reference)


def test_a_customer_who_comes_again_has_the_same_thread_and_is_announced_again(world: World) -> None:
    _, first = world.opened()
    world.clock.advance(hours=2)
    _, second = world.opened(2, first)
    assert second[THREAD] == first[THREAD]
    [announced] = [message for message in world.tool.messages if message.get("subtype") == "thread_broadcast"]
    assert announced["text"].startswith("Maya: ")
    world.opened(2, first)
    assert len(world.tool.messages) == 4, "a second attempt writes nothing"


def test_a_thread_that_was_deleted_is_begun_anew(world: World) -> None:
    handoff, first = world.opened()
    world.tool.messages.clear()
    world.channel.close(first, ended(handoff, world.clock))
    assert world.channel.sweep(first, handoff, handoff.opened_at) == ()
    _, second = world.opened(2, first)
    assert second[THREAD] != first[THREAD] and len(world.tool.messages) == 2


def test_a_thread_in_another_channel_than_configured_now_is_left(world: World) -> None:
    elsewhere = {"handoff": "h0", THREAD: "C0OLD:1741791600.000100", "ts": "1741791600.000100"}
    assert world.channel.open(a_handoff(world.clock), [], elsewhere)["ts"] == world.tool.messages[0]["ts"]


def test_a_second_attempt_finds_what_the_first_wrote_behind_many_messages(world: World) -> None:
    handoff, reference = world.opened()
    for number in range(70):
        world.tool.writes(f"talk in the channel {number}", None)
        world.tool.writes(f"word {number}", str(reference["ts"]))
    word = a_word(world.clock, 2, "y" * 9000)
    world.channel.say(reference, handoff, word, False)
    before = len(world.tool.messages)
    world.channel.say(reference, handoff, word, True)
    assert world.channel.open(handoff, [], None) == reference
    assert len(world.tool.messages) == before
    swept = world.channel.sweep(reference, handoff, long_ago(world.clock))
    assert [event.text for event in swept] == [f"word {number}" for number in range(70)]


def test_a_first_attempt_needs_no_look(world: World) -> None:
    handoff, reference = world.opened()
    world.tool.calls.clear()
    world.channel.say(reference, handoff, a_word(world.clock, 2, "hello"), False)
    assert world.tool.calls == ["chat.postMessage"]


def test_words_stand_after_their_speakers_name_and_call_nobody(world: World) -> None:
    handoff, reference = world.opened()
    world.channel.say(reference, handoff, a_word(world.clock, 2, "<!channel> @here <@UKIM> a & b"), False)
    world.channel.say(reference, handoff, a_word(world.clock, 3, "we", Author.AGENT, "Anna <!here>"), False)
    assert [message["text"] for message in world.tool.messages[-2:]] == [
        "Customer: &lt;!channel&gt; @here &lt;@UKIM&gt; a &amp; b", "Anna &lt;!here&gt;: we"]
    assert world.tool.mentions == []


def test_closing_twice_says_it_once(world: World) -> None:
    handoff, reference = world.opened()
    for _ in range(2):
        world.channel.close(reference, ended(handoff, world.clock, "resolved"))
    assert [message["text"] for message in world.tool.messages].count("Closed: resolved.") == 1


# -- limits and errors --------------------------------------------------------------------------------------------


def test_a_short_pause_that_slack_asks_for_is_kept_within_the_call(world: World) -> None:
    handoff, reference = world.opened()
    world.tool.limited = ["1", "2"]
    world.channel.say(reference, handoff, a_word(world.clock, 2, "hello"), False)
    assert world.slept == [1.0, 2.0] and world.tool.messages[-1]["text"] == "Customer: hello"


@pytest.mark.parametrize(("pauses", "after"), [(["30"], 30.0), (["1", "1", "1"], 1.0), (["soon"], 30.0)])
def test_a_long_pause_is_left_to_the_relay(world: World, pauses: list[str], after: float) -> None:
    world.tool.limited = pauses
    with pytest.raises(LiveAgentUnavailable) as raised:
        world.opened()
    assert raised.value.retry_after == after


@pytest.mark.parametrize(("error", "kind"), [
    ("msg_too_long", LiveAgentRefused), ("thread_not_found", LiveAgentRefused),
    ("token_revoked", LiveAgentUnavailable), ("not_in_channel", LiveAgentUnavailable),
    ("internal_error", LiveAgentUnavailable), ("", LiveAgentUnavailable),
])
def test_errors_are_told_apart_without_telling_secrets(
    world: World, caplog: pytest.LogCaptureFixture, error: str, kind: type[Exception],
) -> None:
    with caplog.at_level(logging.DEBUG):
        handoff, reference = world.opened()
        world.tool.error = error
        with pytest.raises(kind) as raised:
            world.channel.say(reference, handoff, a_word(world.clock, 2, "hello"), False)
    assert error in str(raised.value)
    for told in (str(raised.value), caplog.text, repr(world.channel._options)):
        assert TOKEN not in told and SECRET not in told


def test_sweeps_leave_room_and_what_waits_is_looked_for_later() -> None:
    clock, now = Clock(), [0.0]
    sweeps = Sweeps(per_minute=2, clock=lambda: now[0])
    opened, at = clock(), [clock() + timedelta(minutes=number) for number in range(6)]
    assert sweeps.begin("h", opened, at[1], False) == opened, "nothing is known yet: from the beginning"
    sweeps.done("h", at[1], False)
    assert sweeps.begin("h", opened, at[2], False) == at[1]
    assert sweeps.begin("h", opened, at[3], False) is None
    assert sweeps.begin("h", opened, at[3], True) == at[1], "the last look does not wait"
    now[0] = 120.0
    assert sweeps.begin("h", opened, at[4], False) == at[1]
    sweeps.done("h", at[4], False)
    assert sweeps.begin("h", opened, at[5], False) == at[4]


# -- names --------------------------------------------------------------------------------------------------------


def test_names_are_asked_for_once_an_hour_and_never_stop_a_word(world: World) -> None:
    api = SlackApi(SlackOptions(**world.options))
    names = Names(api, clock=lambda: world.clock().timestamp())
    world.tool.people["UANN"] = "Ann"
    assert [names("UANN") for _ in range(3)] == ["Ann"] * 3
    assert world.tool.calls.count("users.info") == 1
    world.clock.advance(hours=2)
    world.tool.down = True
    assert (names("UANN"), names("UBOB")) == ("Ann", "Agent"), "an old name is better than none"
    asked = world.tool.calls.count("users.info")
    assert names("UBOB") == "Agent" and world.tool.calls.count("users.info") == asked
    world.tool.down = False
    world.tool.people["UBOB"] = "Bob"
    world.clock.advance(minutes=2)
    assert names("UBOB") == "Bob"


# -- inwards ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "act", "words"), [
    ("Hello", Act.SAID, "Hello"), ("!handback", Act.HANDED_BACK, ""),
    ("!handback refund promised by Friday", Act.HANDED_BACK, "refund promised by Friday"),
    ("!handback resume refund promised by Friday", Act.RESUMED, "refund promised by Friday"),
    ("!handback Resume: refund", Act.RESUMED, "refund"), ("!handback resume", Act.RESUMED, ""),
    ("!handback fresh resume later", Act.HANDED_BACK, "resume later"),
    ("!handback resumed talks", Act.HANDED_BACK, "resumed talks"),
    (" /handback later", Act.HANDED_BACK, "later"), ("/resolve", Act.RESOLVED, ""),
    ("!Resolve\ndone", Act.RESOLVED, "done"), ("!claim", Act.CLAIMED, ""), ("!claim mine", Act.CLAIMED, ""),
    ("!note check\nthe shelf", Act.NOTED, "check\nthe shelf"),
    ("!say !resolve", Act.SAID, "!resolve"), ("!resolved it", Act.SAID, "!resolved it"), ("!!!", Act.SAID, "!!!"),
    ("please !resolve", Act.SAID, "please !resolve"), ("1 &lt; 2 &amp;amp; &gt;", Act.SAID, "1 < 2 &amp; >"),
])
def test_replies_and_commands(world: World, text: str, act: Act, words: str) -> None:
    [told] = world.told_of(text=text)
    assert (told.act, told.text, told.agent_id, told.agent_name) == (act, words, "UKIM", "Kim")
    assert (told.key, told.thread) == (f"{CHANNEL}:1741791600.000200", f"{CHANNEL}:1741791600.000100")
    assert told.at is not None and told.at.timestamp() == pytest.approx(1741791600.0002)


@pytest.mark.parametrize("event", [
    {"bot_id": "B1"}, {"subtype": "bot_message"}, {"subtype": "message_deleted", "hidden": True},
    {"subtype": "message_changed", "message": {"text": "y"}, "hidden": True}, {"subtype": "channel_join"},
    {"thread_ts": None}, {"thread_ts": "1741791600.000200"}, {"channel": "C0OTHER"}, {"user": None},
    {"user": "USLACKBOT"}, {"text": "  "}, {"text": None}, {"text": "!note"}, {"text": "!say "},
    {"ts": "now"}, {"ts": 5}, {"ts": "999999999999.1"}, {"subtype": ["x"]}, {"type": "member_joined_channel"},
])
def test_what_no_person_replied_is_passed_over(world: World, event: dict[str, Any]) -> None:
    assert world.told_of(**event) == []


def test_a_reply_that_is_shown_in_the_channel_too_or_has_a_file_is_a_reply(world: World) -> None:
    for subtype in ("thread_broadcast", "file_share", "me_message"):
        assert [told.text for told in world.told_of(subtype=subtype, text="x")] == ["x"]


def test_only_the_claiming_reaction_in_the_agents_channel_claims(world: World) -> None:
    [claim] = world.told_of("claimed")
    assert (claim.act, claim.agent_name, claim.thread) == (Act.CLAIMED, "Kim", f"{CHANNEL}:1741791600.000100")
    assert world.told_of("claimed", reaction="thumbsup") == []
    for item in (None, {}, {"type": "message", "channel": "C0OTHER", "ts": "1741791600.000100"}):
        assert world.told_of("claimed", item=item) == []


@pytest.mark.parametrize("event", [None, 5, [], {}, {"type": "message"}, {"type": ["message"], "channel": CHANNEL}])
def test_unknown_payloads_tell_nothing_and_break_nothing(world: World, event: Any) -> None:
    assert world.read({**payload("slack", "unknown_payload"), "event": event}) == []


def test_the_webhooks_route_answers_slacks_challenge(world: World) -> None:
    world.tool.send(payload("slack", "url_verification"))
    [(headers, body)] = world.tool.made
    assert world.channel.delivery_id(headers, body) == "url_verification:3eZbrw1aB"
    assert world.channel.answer(body) == {"challenge": "3eZbrw1aB"}
    assert world.channel.read(body) == ()


def test_a_retry_has_the_name_of_the_first_delivery(world: World) -> None:
    world.tool.send(payload("slack", "said"))
    [(headers, body)] = world.tool.made
    again = {**headers, "x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    assert world.channel.delivery_id(again, body) == world.channel.delivery_id(headers, body) == "Ev000000001"
    assert world.channel.answer(body) is None


def test_a_request_must_be_signed_and_young(world: World) -> None:
    world.tool.send(payload("slack", "said"))
    [(headers, body)] = world.tool.made
    for wrong in ({}, {**headers, "x-slack-signature": "v0=" + "0" * 64}, {**headers, "x-slack-signature": "v1=ü"},
                  {**headers, "x-slack-request-timestamp": "soon"}, {**headers, "x-slack-request-timestamp": "1"}):
        with pytest.raises(WebhookRejected):
            world.channel.delivery_id(wrong, body)
    for away in (timedelta(seconds=299), timedelta(seconds=-598)):
        world.clock.at += away
        world.channel.delivery_id(headers, body)
    world.clock.advance(seconds=700)
    with pytest.raises(WebhookRejected, match="300 seconds"):
        world.channel.delivery_id(headers, body)


@pytest.mark.parametrize("content", [
    5, [], {}, {"type": "event_callback"}, {"type": "event_callback", "event_id": True},
    {"type": "block_actions", "event_id": "E"}, {"type": ["x"], "event_id": "E"}])
def test_a_body_that_is_no_event_is_unreadable(world: World, content: Any) -> None:
    world.tool.send(content)
    [(headers, body)] = world.tool.made
    with pytest.raises(WebhookUnreadable):
        world.channel.delivery_id(headers, body)


# -- Slack's notation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "read"), [
    ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
    ("see <http://example.com|example.com>", "see example.com"),
    ("<https://example.com/x|here> it is", "here (https://example.com/x) it is"),
    ("<mailto:a@example.com|a@example.com>", "a@example.com"), ("<tel:+4912|+4912>", "+4912"),
    ("ask <@UKIM> or <@U1|ann>", "ask @Kim or @ann"), ("in <#C1|support> <#C2>", "in #support #C2"),
    ("<!here> <!subteam^S1|@night> <!date^1^{date}|today>", "@here @night today"),
    ("&lt;b&gt; &amp;lt; 5 < 6", "<b> &lt; 5 < 6"), ("", ""),
])
def test_slacks_notation_becomes_plain_text(written: str, read: str) -> None:
    assert plain(written, None, {"UKIM": "Kim"}.__getitem__) == read


def test_emoji_become_signs_where_slack_tells_them() -> None:
    blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
        {"type": "emoji", "name": "wave", "unicode": "1f44b"}, {"type": "emoji", "name": "party"},
        {"type": "emoji", "name": "v", "unicode": "270c-1f3fd", "skin_tone": 4},
        {"type": "emoji", "name": "bad", "unicode": "zz"}]}]}]
    assert plain(":wave: at 10:30:00 :v::skin-tone-4: :party: :bad:", blocks, str) == \
        "👋 at 10:30:00 ✌🏽 :party: :bad:"


@pytest.mark.parametrize("text", ["&" * 9000, "<>" * 4000, "😀" * 5000, "word " * 3000, "x" * 10_000, "a\n" * 5000])
def test_long_texts_are_cut_in_order_within_slacks_limit(text: str) -> None:
    cut = list(parts(text))
    assert all(len(part.encode("utf-16-le")) // 2 <= LIMIT for part in cut)
    assert "".join(cut).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text
    assert not list(parts("  \n "))
