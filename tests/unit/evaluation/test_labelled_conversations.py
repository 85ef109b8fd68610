"""The labelled conversations and their reader."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.evaluation.labelled_conversations import ConversationFileError, load

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "conversations"


def _messages() -> list[str]:
    return [message.text.lower() for conversation in load(FOLDER) for message in conversation.messages if message.text]


def test_half_of_the_conversations_must_not_escalate() -> None:
    conversations = load(FOLDER)
    calm = sum(conversation.escalate is None for conversation in conversations)
    assert len(conversations) >= 120
    assert 0.45 <= calm / len(conversations) <= 0.55


def test_each_conversation_has_a_name_of_its_own() -> None:
    names = [conversation.name for conversation in load(FOLDER)]
    assert len(names) == len(set(names))


def test_no_sentence_of_theirs_is_learnt_from() -> None:
    learnt = {
        line.strip().removeprefix("- ").lower()
        for path in (ROOT / "data" / "nlu").glob("*.yml") for line in path.read_text(encoding="utf-8").splitlines()
    }
    learnt |= {
        line.split("\t")[0].lower()
        for path in (ROOT / "data" / "mood").glob("*.tsv") for line in path.read_text(encoding="utf-8").splitlines()
    }
    long = [text for text in _messages() if len(text.split()) > 3]
    assert [text for text in long if text in learnt] == []


def test_a_conversation_is_read_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "one.yml"
    file.write_text(
        "conversations:\n- name: x\n  escalate: [2, 3]\n  because: trend\n  customer:\n  - hi\n"
        "  - {text: TD-1, failed_lookups: 1}\n  - {button: affirm}\n", encoding="utf-8",
    )
    (conversation,) = load(file)
    assert (conversation.escalate, conversation.because) == ((2, 3), ("trend",))
    assert [message.button for message in conversation.messages] == [None, None, "affirm"]
    assert conversation.messages[1].failed_lookups == 1
    assert [conversation.is_right(at) for at in (None, 1, 2, 3, 4)] == [False, False, True, True, False]


@pytest.mark.parametrize(("change", "names"), [
    ({"escalate": 3}, "within the 2 messages"),
    ({"escalate": [2, 1]}, "within the 2 messages"),
    ({"escalate": "soon"}, r"\(x\): escalate must be never, a message's number, or \[first, last\], not 'soon'"),
    ({"escalate": True}, "escalate must be never, a message's number"),
    ({"escalate": None}, "escalate must be never, a message's number"),
    ({"escalate": [1, 2, 2]}, "escalate must be never, a message's number"),
    ({"because": "despair"}, "because must be signals out of anger, .*, not 'despair'"),
    ({"customer": []}, "at least one"),
    ({"customer": "hi"}, "customer must be a list of messages, at least one: "),
    ({"customer": [94107]}, "put numbers in quotes"),
    ({"customer": ["hi", {"text": "a", "button": "b"}]}, "customer 2 needs either text or button"),
    ({"customer": [{"failed_lookups": 1}]}, "customer 1 needs either text or button"),
    ({"customer": [{"text": 5}]}, r"customer 1: text must be a text \(put numbers in quotes\), not 5"),
    ({"customer": [{"text": "a", "failed_lookup": 1}]}, "customer 1: failed_lookup is not known, did you mean failed_"),
    ({"customer": [{"text": "a", "failed_lookups": -1}]}, "failed_lookups must be a whole number from 0 on, not -1"),
    ({"name": ""}, "name must be a sentence that tells what happens, not ''"),
    ({"escalated": 1}, "escalated is not known, did you mean escalate?"),
])
def test_a_mistake_is_named_with_its_place(tmp_path: Path, change: dict[str, Any], names: str) -> None:
    file = tmp_path / "one.yml"
    entry = {"name": "x", "escalate": "never", "customer": ["hi", "there"], **change}
    file.write_text(yaml.safe_dump({"conversations": [entry]}), encoding="utf-8")
    with pytest.raises(ConversationFileError, match=names) as caught:
        load(file)
    assert "one.yml, conversation 1" in str(caught.value)


@pytest.mark.parametrize("content", ["", "- a", "conversations: {a: b}", "conversations: [", "conversations: [3]"])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "one.yml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConversationFileError, match=r"one\.yml"):
        load(file)
