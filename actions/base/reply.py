"""What an action says: a response's name and the values that it needs."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from tandem.conversations.consent import QUESTION

Button = Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """A response of data/responses/ by name. `values` fill its braces; `buttons` come after its own.

    `question` goes with it where it asks for a yes to an act. `then` is said after it, as a message of its own.
    """

    response: str
    values: Mapping[str, str] = field(default_factory=dict)
    buttons: tuple[Button, ...] = ()
    then: Reply | None = None
    question: Mapping[str, Any] | None = None

    def say(self, dispatcher: CollectingDispatcher) -> None:
        """Hand it to Rasa, which picks the variation for the mood and the channel."""
        asked = {QUESTION: dict(self.question)} if self.question else {}
        dispatcher.utter_message(
            response=self.response, buttons=[dict(button) for button in self.buttons], **self.values, **asked
        )
        if self.then is not None:
            self.then.say(dispatcher)


def in_a_row(replies: Sequence[Reply]) -> Reply:
    """Make one reply of several, each a message of its own."""
    first, *rest = replies
    after = [first.then, *rest] if first.then is not None else rest
    return replace(first, then=in_a_row(after)) if after else first
