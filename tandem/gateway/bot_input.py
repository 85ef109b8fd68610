"""What the bot is given of a customer's message, and beside it."""
from __future__ import annotations

import re
from typing import Any

from tandem.conversations.model import Message, Receipt
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


def turn_metadata(receipt: Receipt, flow: str | None) -> dict[str, Any]:
    """Return the metadata that tells the dialogue about the message (`metadata.tandem`).

    Args:
        flow: The form that a handoff interrupted, if one did.
    """
    conversation, handed_back = receipt.conversation, receipt.handed_back
    facts: dict[str, Any] = {
        "seq": receipt.message.seq, "epoch": conversation.epoch, "identified": conversation.identity is not None,
    }
    if receipt.message.data.get("button_of"):
        facts["button_of"] = receipt.message.data["button_of"]
    if handed_back is not None:
        facts["handed_back"] = {
            "outcome": handed_back.outcome, "note_for_bot": handed_back.note_for_bot,
            "agent": handed_back.claimed_by, "reason": handed_back.reason, "resume": handed_back.resume, "flow": flow,
        }
    return facts
