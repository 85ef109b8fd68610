"""Words to agents: once, with the right speaker, and no echo."""
from __future__ import annotations

import pytest

from tandem.conversations.model import Author
from tandem.live_agents.adapters.chatwoot.client import ChatwootNotFound
from tandem.live_agents.protocol import LiveAgentRefused, LiveAgentUnavailable
from tests.fakes.chatwoot_server import Answered
from tests.unit.live_agents.chatwoot.conftest import Chatwoot


def test_the_customer_s_words_come_in_as_the_customer_s(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.channel.say(reference, handoff, chatwoot.message("Are you there? {{contact.email}} **x**"), False)
    message = chatwoot.account.messages[-1]
    assert (message["kind"], message["content"]) == ("incoming", "Are you there? {{contact.email}} **x**")
    assert message["sender"]["identifier"] == "web-1"


def test_an_agent_at_the_desk_goes_out_by_name_and_unharmed_by_liquid(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    word = chatwoot.message("I {{see}} {% it %}", Author.AGENT, name="Anna")
    chatwoot.channel.say(reference, handoff, word, False)
    assert chatwoot.messages("outgoing") == [r"**Anna:**" + "\n\n" + r"I \{\{see\}\} \{\% it \%\}"]


def test_a_word_is_looked_for_before_it_is_said_again(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    word = chatwoot.message("once")
    chatwoot.server.lose = 1
    with pytest.raises(LiveAgentUnavailable):
        chatwoot.channel.say(reference, handoff, word, False)
    for number in range(70):
        chatwoot.account.says(chatwoot.place(reference), "Kim", f"{number}")
    chatwoot.clock.advance(hours=3)
    chatwoot.channel.say(reference, handoff, word, True)
    assert chatwoot.messages("incoming") == ["once"]
    chatwoot.channel.say(reference, handoff, chatwoot.message("once"), True)
    assert chatwoot.messages("incoming") == ["once", "once"], "the same words said twice by the customer are two"


def test_looking_back_ends_where_the_word_cannot_be(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    for number in range(100):
        chatwoot.account.says(chatwoot.place(reference), "Kim", f"{number}")
    chatwoot.clock.advance(hours=1)
    chatwoot.server.seen.clear()
    chatwoot.channel.say(reference, handoff, chatwoot.message("new"), True)
    assert [seen.endpoint for seen in chatwoot.server.seen] == ["list_messages", "create_message"]


def test_too_many_messages_a_minute_are_for_the_next_minute(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.account.messages_a_minute = 3
    for text in ("one", "two"):
        chatwoot.channel.say(reference, handoff, chatwoot.message(text), False)
    with pytest.raises(LiveAgentUnavailable, match="Too many messages") as caught:
        chatwoot.channel.say(reference, handoff, chatwoot.message("three"), False)
    chatwoot.clock.advance(seconds=(caught.value.retry_after or 0) + 1)
    chatwoot.channel.say(reference, handoff, chatwoot.message("three"), True)
    assert chatwoot.messages("incoming") == ["one", "two", "three"]


def test_an_inbox_of_another_kind_is_refused_with_words(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.server.inbox_is_api = False
    with pytest.raises(LiveAgentRefused, match="only allowed in Api inboxes"):
        chatwoot.channel.say(reference, handoff, chatwoot.message("x"), False)


def test_a_failure_that_chatwoot_calls_unprocessable_is_tried_again(
    chatwoot: Chatwoot, monkeypatch: pytest.MonkeyPatch,
) -> None:
    handoff, reference = chatwoot.opened()
    add = chatwoot.account.add_message

    def save_and_break(*args: object, **values: object) -> object:
        add(*args, **values)
        raise Answered(422, "Error connecting to Redis")

    monkeypatch.setattr(chatwoot.account, "add_message", save_and_break)
    word = chatwoot.message("once")
    with pytest.raises(LiveAgentUnavailable, match="Redis"):
        chatwoot.channel.say(reference, handoff, word, False)
    monkeypatch.undo()
    chatwoot.channel.say(reference, handoff, word, True)
    assert chatwoot.messages("incoming") == ["once"]


def test_saying_in_a_deleted_conversation_is_refused(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.account.conversations.clear()
    with pytest.raises(ChatwootNotFound):
        chatwoot.channel.say(reference, handoff, chatwoot.message("x"), False)
