"""Labelled conversations: what customers wrote, and when a person must be brought in.

Their format is explained in tests/conversations/README.md.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, root_validator, validator

from tandem.configuration import ConfigModel, read_section, read_yaml
from tandem.sentiment.settings import INTENT_PREFIX, SIGNALS

_PAGE = "evaluation.md"
_MESSAGES = "a list of messages, at least one: texts (put numbers in quotes) or mappings"


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


class _Message(ConfigModel):
    text: str | None = Field(None, description="a text (put numbers in quotes)")
    button: str | None = Field(None, description="an intent's name")
    failed_lookups: int | None = Field(None, ge=0)
    handed_back: bool = False

    @root_validator(skip_on_failure=True)
    def _is_said_or_pressed(cls, values: dict[str, Any]) -> dict[str, Any]:
        if (values["text"] is None) == (values["button"] is None):
            raise ValueError("needs either text or button")
        return values


class _Conversation(ConfigModel):
    name: str = Field(..., min_length=1, description="a sentence that tells what happens")
    customer: tuple[_Message, ...] = Field(..., description=_MESSAGES)
    escalate: Literal["never"] | tuple[int, int] = Field(..., description="never, a message's number, or [first, last]")
    because: tuple[str, ...] = Field((), description=f"signals out of {', '.join(SIGNALS)} or {INTENT_PREFIX}<name>")

    @validator("customer", pre=True)
    def _are_texts_or_mappings(cls, said: Any) -> list[Any]:
        if not isinstance(said, list) or not said or not all(isinstance(one, (str, Mapping)) for one in said):
            raise ValueError
        return [{"text": one} if isinstance(one, str) else one for one in said]

    @validator("escalate", pre=True)
    def _may_be_one_number(cls, value: Any) -> Any:
        return [value, value] if isinstance(value, int) and not isinstance(value, bool) else value

    @validator("escalate")
    def _is_in_the_conversation(cls, value: Any, values: Mapping[str, Any]) -> Any:
        count = len(values.get("customer", ()))
        if value != "never" and not 1 <= value[0] <= value[1] <= count:
            raise ValueError(f"must lie within the {count} messages")
        return value

    @validator("because", pre=True)
    def _may_be_one_name(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @validator("because", each_item=True)
    def _is_signal(cls, name: str) -> str:
        if name not in SIGNALS and not name.startswith(INTENT_PREFIX):
            raise ValueError
        return name

    def labelled(self) -> LabelledConversation:
        """Return the conversation as the rest of the evaluation knows it."""
        messages = tuple(LabelledMessage(one.text or "", one.button, one.failed_lookups, one.handed_back)
                         for one in self.customer)
        escalate = self.escalate if isinstance(self.escalate, tuple) else None
        return LabelledConversation(self.name, messages, escalate, self.because)


class _File(ConfigModel):
    conversations: list[Any] = Field(..., description="a list of conversations")


def load(path: Path) -> tuple[LabelledConversation, ...]:
    """Read one file, or all `*.yml` files of a folder.

    Raises:
        ConversationFileError: Something in it cannot be read.
        OSError: The file cannot be opened.
    """
    if path.is_dir():
        return tuple(found for file in sorted(path.glob("*.yml")) for found in load(file))
    content = read_yaml(path, ConversationFileError)
    file = read_section(_File, content, where=str(path), page=_PAGE, error=ConversationFileError)
    return tuple(_conversation(entry, f"{path}, conversation {place}")
                 for place, entry in enumerate(file.conversations, 1))


def _conversation(entry: Any, where: str) -> LabelledConversation:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    where = f"{where} ({name})" if name else where
    return read_section(_Conversation, entry, where=where, page=_PAGE, error=ConversationFileError).labelled()
