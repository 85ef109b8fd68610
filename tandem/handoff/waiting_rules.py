"""The table of data/waiting.yml: what who waits for a person is answered. docs/escalation.md explains every key."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from tandem.configuration import ConfigModel, ConfigurationError, read_section, read_yaml
from tandem.conversations.consent_reader import asks
from tandem.sentiment.phrase_match import has_phrase

WAITING = Path("data/waiting.yml")
NOTED = "noted"
FALLBACK = "nlu_fallback"


class WaitingRoomError(ConfigurationError):
    """data/waiting.yml cannot be read; the text names the key and its fix."""


def _names() -> Any:
    return Field(default=(), description="a list of intents")


def _share(default: float) -> Any:
    return Field(default=default, ge=0, le=1)


class LeaveRules(ConfigModel):
    """When a customer leaves the queue by writing so.

    Attributes:
        intents: What wishes to leave.
        sure: Confidence from which such a wish counts; 1 never.
        unsure: Confidence from which the customer is asked, where nothing else is understood.
        ask: Intents that may mean it; the customer is asked.
        stays: With these nobody leaves, whatever a part of the message says.
        no_matter: What is no matter for the bot where it stands beside the wish.
        words: Phrases that wish it, however the message was read; beside more words the customer is asked.
    """

    intents: tuple[str, ...] = ("back_to_bot",)
    sure: float = _share(0.5)
    unsure: float = _share(0.2)
    ask: tuple[str, ...] = _names()
    stays: tuple[str, ...] = _names()
    no_matter: tuple[str, ...] = _names()
    words: tuple[str, ...] = Field(default=(), description="a list of phrases")


class ReopenRules(ConfigModel):
    """Which message the bot answers when its customer has left the queue.

    Attributes:
        wishes: Intents that wish for a person; of such a message only what it asks beside that is answered.
        person: Intents that only a person can answer.
        person_reasons: Reasons of a handoff for which what brought the customer needs a person.
        nothing: Intents that ask nothing, besides those of `leaving`.
    """

    wishes: tuple[str, ...] = _names()
    person: tuple[str, ...] = _names()
    person_reasons: tuple[str, ...] = Field(default=(), description="a list of reasons")
    nothing: tuple[str, ...] = _names()


class WaitingRoom(ConfigModel):
    """The table from readings to answers.

    Attributes:
        confidence: From which a question is answered by a response.
        hunch: From which one is answered by an action, a message that was not understood gets its likeliest notice, and
            a part of a message is a matter for the bot.
        quiet_seconds: Remarks of one kind are answered once in this time.
        presence: Phrases that ask whether somebody is there; nobody leaves by them.
        elliptical: Notices that answer messages of four words at most, besides their own.
        joints: Words between the parts of a message.
        notices: The name of a notice (`utter_notice_waiting_<name>`), and the intents that it answers.
        remarks: Notices that answer no question.
        urgency: How urgent a handoff becomes by a notice.
        looks_up: Custom actions that tell something and change nothing, and the intents that they answer.
        says_nothing: Responses of these actions that tell nothing: the message is noted instead.
        explains: Intents that are answered by the response `utter_<intent>`.
        reopened: Which message is answered after leaving.
    """

    confidence: float = _share(0.35)
    hunch: float = _share(0.2)
    quiet_seconds: float = Field(default=60, ge=0, le=3600, description="seconds from 0 to 3600")
    presence: tuple[str, ...] = Field(default=(), description="a list of phrases")
    joints: tuple[str, ...] = Field(default=(), description="a list of words")
    leaving: LeaveRules = LeaveRules()
    notices: Mapping[str, tuple[str, ...]] = {}
    remarks: tuple[str, ...] = Field(default=(NOTED,), description="a list of notices")
    urgency: Mapping[str, float] = {}
    elliptical: Mapping[str, tuple[str, ...]] = {}
    looks_up: Mapping[str, tuple[str, ...]] = {}
    says_nothing: tuple[str, ...] = Field(default=(), description="a list of responses")
    explains: tuple[str, ...] = _names()
    reopened: ReopenRules = ReopenRules()

    def wishes_nobody(self, text: str) -> bool:
        """Check whether a text says in plain words that no person is wanted."""
        return has_phrase(text, self.leaving.words)

    def is_for_person(self, intent: str) -> bool:
        """Check whether only a person can answer what was read so."""
        return is_named(intent, self.reopened.person)

    def tells_facts(self, intent: str) -> bool:
        """Check whether the facts of an order answer what was read so."""
        return any(is_named(intent, intents) for intents in self.looks_up.values())

    def is_matter(self, intent: str, text: str) -> bool:
        """Check whether a message asks or wants something; one that was not understood, if it is a question."""
        if intent in ("", FALLBACK):
            return asks(text)
        return not is_named(intent, (*self.leaving.intents, *self.leaving.no_matter, *self.reopened.nothing))


def is_named(intent: str, intents: Sequence[str]) -> bool:
    """Check whether an intent is one of these, by its full name or its topic."""
    return intent in intents or intent.partition("/")[0] in intents


def read_waiting_room(path: Path = WAITING) -> WaitingRoom:
    """Read the table; without the file all that customers write is noted, and nobody leaves in words unasked.

    Raises:
        WaitingRoomError: A key or value is wrong.
    """
    return read_section(WaitingRoom, read_yaml(path, WaitingRoomError), where=WAITING.as_posix(),
                        page="escalation.md", error=WaitingRoomError)
