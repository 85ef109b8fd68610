"""How agents' words reach a customer, in one line: what the conversation's channel can do."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tandem.conversations.channel_capabilities import ChannelCapabilities, capabilities_of
from tandem.conversations.model import Conversation


def reach(conversation: Conversation, at: datetime) -> str:
    """For example "Telegram: pushed, no receipts, up to 4,096 characters a message, your name before the text"."""
    known = capabilities_of(conversation.channel, conversation.id)
    if known is None:
        return f"{conversation.channel}: {'pushed' if conversation.push else 'fetched by the customer'}"
    return f"{known.label}: {', '.join(_facts(known, conversation, at))}"


def _facts(known: ChannelCapabilities, conversation: Conversation, at: datetime) -> Iterator[str]:
    if known.live:
        yield "at once while the page is open, else at the next visit"
    elif not known.push:
        yield "fetched by the customer's side"
    elif known.window is None:
        yield "pushed"
    else:
        last = conversation.last_customer_at
        over = last is not None and at - last > timedelta(hours=known.window)
        yield f"pushed within {known.window} hours of the customer's last word" + (
            ", which are over: it may be refused" if over else "")
    yield "with receipts" if known.acknowledges else "no receipts"
    if known.typing:
        yield "shows that you write"
    yield f"up to {known.limit:,} characters a message"
    if known.buttons == 0:
        yield "no buttons"
    if not known.names_speaker:
        yield "your name before the text"
