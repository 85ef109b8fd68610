"""No answer begins with a yes or no of its own: whether it fits depends on how the customer has asked.

"Is it paid?" and "will I be charged again?" want the same fact, and opposite words before it.
"""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

_SAYS_YES_OR_NO = re.compile(r"(?:yes|no|by what I see, (?:yes|no))\s*[,:.!]", re.IGNORECASE)
# Said by the waiting room, which reads the words of the question itself.
_OTHERS = {"waiting.yml"}


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in sorted(Path("data/responses").glob("*.yml")):
        for name, variants in yaml.safe_load(path.read_text(encoding="utf-8"))["responses"].items():
            found += [(name, str(one["text"])) for one in variants if path.name not in _OTHERS]
    return found


@pytest.mark.parametrize("text", ["Yes, it is paid.", "No: nothing.", "By what I see, yes: tomorrow."])
def test_a_yes_at_the_beginning_is_seen(text: str) -> None:
    assert _SAYS_YES_OR_NO.match(text)


def test_no_answer_begins_with_a_yes_or_no() -> None:
    assert [(name, text) for name, text in _texts() if _SAYS_YES_OR_NO.match(text)] == []
