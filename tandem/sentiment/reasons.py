"""Why a conversation came to a person, in a few words for the agent's queue. Customers never see these."""
from __future__ import annotations

_PERSON = {
    "ask_for_human": "Asked for a person",
    "ask_for_call": "Asked to be called",
    "legal_threat": "Threatens legal action",
    "safety_hazard": "Reports a safety hazard or an injury",
    "fraud_report": "Reports fraud or a misused account",
    "bereavement": "Writes about an illness or a death",
}
_TIMES = {1: "once", 2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times"}


def needs_person(intent: str) -> str:
    """Say that an intent always goes to a person."""
    return _PERSON.get(intent, f"Needs a person: {intent.replace('_', ' ')}")


def angry(text: str) -> str:
    """Say that one message is angry."""
    return f"Angry: “{shorten(text)}”"


def upset(text: str) -> str:
    """Say that one message is strongly upset."""
    return f"Upset: “{shorten(text)}”"


def built_up(messages: int) -> str:
    """Say that frustration grew over the conversation."""
    return f"Frustration built up over {messages} messages"


def asked_again(count: int) -> str:
    """Say that a question was asked again and again."""
    return f"Asked the same {_times(count)}"


def not_understood(count: int) -> str:
    """Say that messages in a row were not understood."""
    return f"Not understood {_times(count)} in a row"


def lookups_failed(count: int) -> str:
    """Say that lookups keep failing."""
    return f"An order lookup failed {_times(count)}"


def shorten(text: str, limit: int = 80) -> str:
    """Shorten a text to one line of at most `limit` characters."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _times(count: int) -> str:
    return _TIMES.get(count, f"{count} times")
