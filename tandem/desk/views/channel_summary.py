"""How agents' words reach a customer, in one line: what the conversation's channel can do."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tandem.conversations.channel_capabilities import ChannelCapabilities, capabilities_of
from tandem.conversations.model import Conversation


def summarise_channel(conversation: Conversation, now: datetime) -> str:
    """Sum up a channel, as in "Telegram: pushed, no receipts, up to 4,096 characters a message"."""
    capabilities = capabilities_of(conversation.channel, conversation.id)
    if capabilities is None:
        return f"{conversation.channel}: {'pushed' if conversation.push else 'fetched by the customer'}"
    return f"{capabilities.label}: {', '.join(_facts(capabilities, conversation, now))}"


def _facts(capabilities: ChannelCapabilities, conversation: Conversation, now: datetime) -> Iterator[str]:
    if capabilities.live:
        yield "at once while the page is open, else at the next visit"
    elif not capabilities.push:
        yield "fetched by the customer's side"
    elif capabilities.window is None:
        yield "pushed"
    else:
        last = conversation.last_customer_at
        over = last is not None and now - last > timedelta(hours=capabilities.window)
        yield f"pushed within {capabilities.window} hours of the customer's last word" + (
            ", which are over: it may be refused" if over else "")
    yield "with receipts" if capabilities.acknowledges else "no receipts"
    if capabilities.typing:
        yield "shows that you write"
    yield f"up to {capabilities.limit:,} characters a message"
    if capabilities.buttons == 0:
        yield "no buttons"
    if not capabilities.names_speaker:
        yield "your name before the text"
