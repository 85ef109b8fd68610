"""The card for agents: whatever a customer has written stands there as text."""
from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tandem.conversations.model import Author, Kind
from tandem.live_agents.adapters.chatwoot.outbound import (
    MAX_ATTRIBUTE,
    MAX_NOTE,
    agents_word,
    attributes,
    escape,
    note,
    since_end,
)
from tests.contract.live_agent.conftest import full_card
from tests.fakes.chatwoot_account import check_attributes
from tests.unit.live_agents.chatwoot.conftest import Chatwoot

_WORDS = st.text(st.sampled_from("ab \n\\`*_{}[]()<>#%&~|!:/.-+=1^'\"$@\u202e\x00\t"), max_size=60)


def read(markdown: str) -> tuple[list[str], set[str]]:
    """Lines as the Markdown of Chatwoot's pages shows them, and the elements that they are made of."""
    shown = MarkdownIt("js-default", {"html": False, "breaks": True, "typographer": False}).render(markdown)
    text = html.unescape(re.sub(r"<[^>]+>", "", shown))
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()], set(re.findall(r"<(\w+)", shown))


@settings(deadline=None)
@given(_WORDS)
def test_words_are_shown_as_they_were_written(words: str) -> None:
    lines, elements = read("\n".join(f"> {line}" for line in escape(words).split("\n")))
    plain = words.replace("\u202e", "").replace("\x00", "")
    assert lines == [" ".join(line.split()) for line in plain.split("\n") if line.strip()]
    assert elements <= {"blockquote", "p", "br"}


@settings(deadline=None)
@given(_WORDS)
def test_nothing_in_a_customer_s_words_is_liquid_or_a_mention(words: str) -> None:
    assert not re.search(r"\{\{|\{%|%\}|\}\}", escape(words))
    assert "mention://" not in escape(f"[Kim](mention://user/21/Kim) {words}")


def test_a_customer_cannot_forge_a_line_of_the_card(chatwoot: Chatwoot) -> None:
    forged = "hi\n\n**Customer:** Boss · verified by channel token\r\n\u2028**Promised:** 500 EUR"
    card = {"summary": forged, "slots": {"note": forged}, "orders": [{"number": forged, "status": "x", "facts": None}]}
    shown = note(chatwoot.handoff(card=card), [chatwoot.message(forged)])
    lines = [line for line in shown.split("\n") if "Boss" in line or "500 EUR" in line]
    assert lines and all(r"\*\*" in line for line in lines)
    said = shown.partition("**Said before**")[2]
    assert all(line.startswith((">", "**Customer** · ")) for line in said.strip().split("\n"))


def test_earlier_talk_tells_who_said_what_when_and_in_what_mood(chatwoot: Chatwoot) -> None:
    card = {"mood": [{"seq": 1, "emotion": "angry", "text": "Where is it?", "score": 0.7}], "turning_point": 1}
    shown = note(chatwoot.handoff(card=card), [
        chatwoot.message("Where is it?"), chatwoot.message("It is late.", Author.BOT),
        chatwoot.message("I looked it up", Author.AGENT, name="Anna", kind=Kind.NOTE),
        chatwoot.message("", Author.SYSTEM, kind=Kind.EVENT)])
    assert shown.endswith(
        "**Said before**\n\n**Customer** · 2025-03-12 15:00 UTC · angry\n> Where is it?\n\n"
        "**Bot** · 2025-03-12 15:00 UTC\n> It is late.\n\n"
        "**Anna** (private note) · 2025-03-12 15:00 UTC\n> I looked it up")
    assert "angry 0.70; it turned at “Where is it?”" in shown


@pytest.mark.parametrize("text", ["x" * 10_000, "*" * 10_000, "👩‍👩‍👧‍👦" * 500])
def test_a_long_talk_keeps_the_card_and_the_newest_words(chatwoot: Chatwoot, text: str) -> None:
    talk = [chatwoot.message(text) for _ in range(20)] + [chatwoot.message("the last word")]
    shown = note(chatwoot.handoff(card=full_card("web-1").to_dict()), talk)
    assert len(shown) < MAX_NOTE + 200
    assert "Northern Parcel" in shown and shown.endswith("> the last word") and "are left out" in shown


def test_an_endless_card_is_cut(chatwoot: Chatwoot) -> None:
    card = {"slots": {f"slot{number}": "*" * 5000 for number in range(500)}, "summary": "*" * 200_000}
    assert len(note(chatwoot.handoff(card=card), [])) < MAX_NOTE + 200


@pytest.mark.parametrize("card", [
    {"mood": 5}, {"mood": [1, {"score": "high"}]}, {"orders": [{"facts": [["a"], "b", None]}]}, {"customer": []},
    {"slots": ["x"]}, {"attempts": [{"at": "yesterday"}]}, {"earlier_handoffs": [{}]}, {"signals": None, "promises": 3},
])
def test_a_card_of_another_shape_breaks_nothing(chatwoot: Chatwoot, card: dict[str, Any]) -> None:
    assert "Mood is falling" in note(chatwoot.handoff(card=card), [])
    check_attributes(attributes(chatwoot.handoff(card=card), 12))


def test_no_note_is_made_when_there_is_nothing_to_say(chatwoot: Chatwoot) -> None:
    assert note(chatwoot.handoff(card={}, trigger="take_over"), []) == ""


def test_attributes_are_flat_and_as_short_as_chatwoot_wants_them(chatwoot: Chatwoot) -> None:
    card = {**full_card("web-1").to_dict(), "summary": "x" * 5000, "promises": ["y" * 5000]}
    told = attributes(chatwoot.handoff(card=card), 12)
    check_attributes(told)
    assert len(told["tandem_summary"]) == MAX_ATTRIBUTE
    assert told["tandem_handoff_id"] == f"{1:032x}" and told["tandem_orders"] == "SO-10031 (shipped)"
    assert set(attributes(chatwoot.handoff(card={}), 12)) == set(told), "a later handoff empties what it does not set"


def test_an_agent_at_the_desk_is_named(chatwoot: Chatwoot) -> None:
    word = chatwoot.message("Hello *you*", Author.AGENT, name="Anna [x](y)")
    assert agents_word(word) == "**Anna \\[x\\](y):**\n\nHello \\*you\\*"


def test_what_was_said_since_the_end_begins_behind_it(chatwoot: Chatwoot) -> None:
    talk = [chatwoot.message("one"), chatwoot.message("two"), chatwoot.message("", Author.SYSTEM, kind=Kind.EVENT),
            chatwoot.message("three")]
    ended = [replace(message, data={"event": "handed_back"}) if message.kind is Kind.EVENT else message
             for message in talk]
    assert [message.text for message in since_end(ended, 1)] == ["three"]
    assert list(since_end(talk, 1)) == [] and list(since_end(ended, 3)) == []
