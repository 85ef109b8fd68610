"""What a conversation is about when a message comes, as far as that helps to read the message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

OF_THE_TALK = "talk"
"""The small answers about the conversation itself: they stand beside its topic and are none."""


@dataclass(frozen=True)
class Topics:
    """To which topic an intent belongs.

    `named` has it; a small answer that does not stand there says so by its name, `returns/who_pays`. Other intents (a
    greeting, a yes, an answer about the conversation itself, `talk/doubt`) have no topic, and leave the topic of the
    conversation as it was.
    """

    named: Mapping[str, str]

    @classmethod
    def of(cls, groups: Mapping[str, Sequence[str]]) -> Topics:
        """Topics from lists of intents by topic, as config.yml has them."""
        return cls({intent: topic for topic, intents in groups.items() for intent in intents})

    def __getitem__(self, intent: str) -> str:
        """Return the topic of an intent; empty if it has none."""
        topic, slash, _ = intent.partition("/")
        return self.named.get(intent, topic if slash and topic != OF_THE_TALK else "")


@dataclass(frozen=True)
class Context:
    """The place of a message in its conversation; a conversation's first message has none of this.

    Attributes:
        answered: The intent that the bot answered last and that had a topic.
        topic: Its topic.
        latest: The intent that the bot answered last, with or without a topic: a yes, thanks.
        asks: The slot that the bot has asked for and waits for; empty if it waits for none.
        offers: The intents of the buttons under the bot's latest message.
    """

    answered: str = ""
    topic: str = ""
    latest: str = ""
    asks: str = ""
    offers: tuple[str, ...] = ()

    def after(self, intent: str, asks: str, offers: Sequence[str], topics: Topics) -> Context:
        """Return the context of the next message, once the bot has answered `intent`."""
        topic = topics[intent]
        known = replace(self, answered=intent, topic=topic) if topic else self
        return replace(known, latest=intent, asks=asks, offers=tuple(offers))

    @property
    def empty(self) -> bool:
        """Tell whether nothing is known that could tell one intent from another."""
        return not (self.latest or self.asks or self.offers)
