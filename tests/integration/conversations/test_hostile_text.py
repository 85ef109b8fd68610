"""Promise 8 at the ledger's level: whatever is written can be kept and shown, on both databases."""
from __future__ import annotations

import json

import pytest

from tandem.conversations.context_card import ContextCard
from tandem.conversations.model import Agent, HandoffRequest, Identity
from tests.fakes.core import ANNA, Core

KEPT = (
    "\u202eRTL override", "مرحبا بالعالم", "👩‍👩‍👧‍👦🏳️‍🌈", "Z̴̡͝a̶lgo", "<script>alert(1)</script>",
    "'; DROP TABLE messages;--", "%s %(x)s {slot} ${x}", "line\r\n\n\nline", "\u2028\u2029\ufeff\u200b.",
    "\x01\x1b[31mred", "\\u0000 \\x00",
)
CHANGED = (("a\x00b", "a\ufffdb"), ("a\ud800b", "a?b"), ("\udfff\ud83d", "??"), ("\x00", "\ufffd"))


@pytest.mark.parametrize("text", KEPT)
def test_text_is_kept_as_it_was_written(core: Core, text: str) -> None:
    core.says(text)
    core.bot_says(text)
    core.hands_off(reason=text)
    core.ownership.claim("c", ANNA, text)
    core.ownership.reply("c", ANNA, text)
    core.ownership.note("c", ANNA, text)
    assert core.texts() == [text] * 5
    assert core.ledger.handoffs("c")[0].reason == text


@pytest.mark.parametrize(("text", "kept"), CHANGED)
def test_what_no_database_takes_is_replaced_wherever_it_is_written(core: Core, text: str, kept: str) -> None:
    data = {"payload": text, "nested": [{text: text}], "number": float("nan"), "when": core.clock()}
    core.says(text, identity=Identity(text, "a@example.com", text), address={"thread": text}, data=data)
    core.bot_says(text, data={"custom": data})
    core.ledger.record_reading("c", 1, None, text)
    request = HandoffRequest("c", text, text * 100, 0.5, ContextCard(summary=text, slots={text: text}))
    core.ownership.open_handoff(request)
    agent = Agent("anna", text * 200)
    core.ownership.claim("c", agent, text)
    core.ownership.reply("c", agent, text)
    core.ownership.hand_back("c", agent, text, text)
    core.case_file.record_attempt("c", "action", text)
    messages = core.ledger.messages("c")
    assert [message.text for message in messages] == [kept] * 5
    assert messages[0].data["nested"] == [{kept: kept}]
    conversation = core.ledger.conversation("c")
    assert conversation.identity is not None and conversation.identity.subject == kept
    assert core.ledger.handoffs("c")[0].card == ContextCard(summary=kept, slots={kept: kept})
    everything = [message.data for message in messages] + [message.name for message in messages]
    json.dumps([everything, conversation.address], ensure_ascii=False, allow_nan=False).encode("utf-8")


def test_a_huge_reply_of_the_bot_is_cut_not_lost(core: Core) -> None:
    core.says()
    told = core.bot_says("x" * 20_000)
    assert told is not None and len(told.text) == 10_000


def test_data_that_is_too_deep_is_cut_not_refused(core: Core) -> None:
    deep: dict[str, object] = {}
    for _ in range(500):
        deep = {"in": deep}
    core.says(data=deep)
    assert core.texts() == ["Where is my order?"]
