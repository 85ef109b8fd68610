"""How a customer is reached with something that they have not asked for just now."""
from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from tandem.conversations.channel_capabilities import capabilities_of
from tandem.conversations.model import Conversation

IS_THERE = timedelta(minutes=30)  # after their last word a customer is taken to be at a page that has to be open
_MARGIN = timedelta(minutes=10)  # before a service's window closes


class ContactMethod(str, Enum):
    """How news goes to a customer."""

    CHAT = "chat"  # on the channel on which they write
    MAIL = "mail"
    NOTE = "note"  # people have the conversation, and are told instead
    NOWHERE = "nowhere"


def can_be_notified(conversation: Conversation, mails: bool) -> bool:
    """Check whether days from now something will reach the customer: what may be promised.

    Args:
        mails: E-mails can be sent.
    """
    capabilities = capabilities_of(conversation.channel, conversation.id)
    if mails:
        return True
    return conversation.push if capabilities is None else capabilities.window is None


def choose_contact_method(conversation: Conversation, now: datetime, mails: bool) -> ContactMethod:
    """Choose how to tell a customer something now.

    A channel that pushes has it as long as the service takes it. The web chat and REST have it at the customer's next
    look, so that an e-mail is better once they are gone.
    """
    capabilities = capabilities_of(conversation.channel, conversation.id)
    last = conversation.last_customer_at or conversation.created_at
    if capabilities is not None and capabilities.window is not None:
        if now < last + timedelta(hours=capabilities.window) - _MARGIN:
            return ContactMethod.CHAT
        return ContactMethod.MAIL if mails else ContactMethod.NOWHERE
    pushes = capabilities.push if capabilities is not None else conversation.push
    if pushes or not mails or now - last < IS_THERE:
        return ContactMethod.CHAT
    return ContactMethod.MAIL
