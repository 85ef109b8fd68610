"""What agents write in a tool that has no buttons of ours: `/handback resume refund promised by Friday`."""
from __future__ import annotations

import re
from dataclasses import dataclass

from tandem.live_agents.protocol import Act

_COMMAND = re.compile(r"\s*[!/](handback|resolve|claim|note|say)(?:\s+|$)(.*)", re.DOTALL | re.IGNORECASE)
_CHOICE = re.compile(r"(resume|fresh)\b[\s:,;.-]*(.*)", re.DOTALL | re.IGNORECASE)
_ACTS = {"handback": Act.HANDED_BACK, "resolve": Act.RESOLVED, "claim": Act.CLAIMED, "note": Act.NOTED,
         "say": Act.SAID}


@dataclass(frozen=True)
class Command:
    """An agent's action, and the text that goes with it: a message, a note, or the line for the bot."""

    act: Act
    words: str


def read_command(text: str) -> Command | None:
    """Read the command that a text is; None if it is no command.

    A hand-back begins fresh unless its first word is `resume`; the word `fresh` may stand there too.
    """
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    act, words = _ACTS[found.group(1).lower()], found.group(2)
    choice = _CHOICE.fullmatch(words) if act is Act.HANDED_BACK else None
    if choice is not None:
        act, words = (Act.RESUMED if choice.group(1).lower() == "resume" else act), choice.group(2)
    return Command(act, words)
