"""What the bot is given of a customer's message."""
from __future__ import annotations

import re

from tandem.conversations.model import Message
from tandem.conversations.queue_answers import FOR_BOT

_COMMAND_SIGN = re.compile(r"^[\s/]+")


def for_bot(message: Message) -> str:
    """Return the payload of the pressed button, else the words without the slashes they begin with.

    Of a message that also wishes to leave the queue, only what is asked beside that. Rasa takes what begins with a
    slash for an intent and its entities (`/restart`, `/inform{...}`), and customers must not give it any. Slashes alone
    are read as a question mark.
    """
    payload = message.data.get("payload")
    return str(payload) if payload else _COMMAND_SIGN.sub("", str(message.data.get(FOR_BOT) or message.text)) or "?"
