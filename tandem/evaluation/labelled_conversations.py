"""Labelled conversations: what customers wrote, and when a person must be brought in.

Their format is explained in tests/conversations/README.md.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tandem.sentiment.settings import INTENT_PREFIX, SIGNALS

_KEYS = {"name", "escalate", "because", "customer"}
_MESSAGE_KEYS = {"text", "button", "failed_lookups", "handed_back"}


class ConversationFileError(ValueError):
    """A file of labelled conversations cannot be read; the text names the file, the conversation and the fix."""


@dataclass(frozen=True)
class LabelledMessage:
    """One message of the customer; `button` is the intent of a pressed button, and then there is no text."""

    text: str = ""
    button: str | None = None
    failed_lookups: int | None = None  # None: nothing was looked up; 0: it was found
    handed_back: bool = False


@dataclass(frozen=True)
class LabelledConversation:
    """A conversation and its label: `escalate` is the first and last message, counted from 1, at which it is right to
    bring in a person; None if none may be. `because` are the signals that may fire; empty if any may."""

    name: str
    messages: tuple[LabelledMessage, ...]
    escalate: tuple[int, int] | None
    because: tuple[str, ...] = ()

    def is_right(self, escalated_at: int | None) -> bool:
        """Tell whether bringing in a person at this message, or not at all (None), is what the label asks."""
        if self.escalate is None or escalated_at is None:
            return self.escalate is None and escalated_at is None
        return self.escalate[0] <= escalated_at <= self.escalate[1]


def load(path: Path) -> tuple[LabelledConversation, ...]:
    """Read one file, or all `*.yml` files of a folder.

    Raises:
        ConversationFileError: Something in it cannot be read.
        OSError: The file cannot be opened.
    """
    if path.is_dir():
        return tuple(found for file in sorted(path.glob("*.yml")) for found in load(file))
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConversationFileError(f"{path}: {error}") from error
    entries = content.get("conversations") if isinstance(content, Mapping) else None
    if not isinstance(entries, list):
        raise ConversationFileError(f"{path}: expected a list under 'conversations'")
    return tuple(_conversation(entry, f"{path}, conversation {place}") for place, entry in enumerate(entries, 1))


def _conversation(entry: Any, where: str) -> LabelledConversation:
    _check_keys(entry, _KEYS, where)
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise ConversationFileError(f"{where}: 'name' is missing")
    where = f"{where} ({name})"
    said = entry.get("customer")
    if not isinstance(said, list) or not said:
        raise ConversationFileError(f"{where}: 'customer' must list at least one message")
    messages = tuple(_message(item, f"{where}, message {place}") for place, item in enumerate(said, 1))
    because = entry.get("because", [])
    names = (because,) if isinstance(because, str) else tuple(because)
    for signal in names:
        if signal not in SIGNALS and not str(signal).startswith(INTENT_PREFIX):
            raise ConversationFileError(f"{where}: 'because' names no signal: {signal}")
    return LabelledConversation(name, messages, _escalate(entry.get("escalate"), len(messages), where), names)


def _escalate(value: Any, count: int, where: str) -> tuple[int, int] | None:
    if value == "never":
        return None
    span = value if isinstance(value, list) else [value, value]
    if len(span) != 2 or not all(isinstance(item, int) and not isinstance(item, bool) for item in span):
        raise ConversationFileError(f"{where}: 'escalate' must be never, a message's number, or [first, last]")
    first, last = span
    if not 1 <= first <= last <= count:
        raise ConversationFileError(f"{where}: 'escalate' must lie within the {count} messages")
    return first, last


def _message(item: Any, where: str) -> LabelledMessage:
    if isinstance(item, str):
        return LabelledMessage(text=item)
    _check_keys(item, _MESSAGE_KEYS, where)
    if isinstance(item.get("text"), str) == isinstance(item.get("button"), str):
        raise ConversationFileError(f"{where}: needs either 'text' or 'button' (put numbers in quotes)")
    failed = item.get("failed_lookups")
    if failed is not None and (not isinstance(failed, int) or isinstance(failed, bool) or failed < 0):
        raise ConversationFileError(f"{where}: 'failed_lookups' must be a whole number")
    return LabelledMessage(item.get("text") or "", item.get("button"), failed, item.get("handed_back") is True)


def _check_keys(entry: Any, known: set[str], where: str) -> None:
    if not isinstance(entry, Mapping):
        raise ConversationFileError(f"{where}: expected keys out of {', '.join(sorted(known))} (put numbers in quotes)")
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ConversationFileError(f"{where}: no such key: {', '.join(map(str, unknown))}")
