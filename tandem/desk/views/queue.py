"""Who waits, in which order, and what a customer is called."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tandem.conversations.context_card import NOBODY, Customer
from tandem.conversations.model import Conversation, Handoff

PATIENCE = timedelta(minutes=15)  # so much waiting weighs as much as the whole range of urgency


@dataclass(frozen=True)
class Entry:
    """One conversation in the queue, with its open handoff if it has one."""

    conversation: Conversation
    handoff: Handoff | None

    @property
    def since(self) -> datetime:
        """Return when the waiting began, or when the conversation last changed."""
        return self.handoff.opened_at if self.handoff else self.conversation.updated_at

    def weight(self, now: datetime) -> float:
        """Return the place in the queue.

        Urgency (0..1) plus waiting time in units of `PATIENCE`, so that nobody starves.
        """
        if self.handoff is None:
            return 0.0
        return self.handoff.urgency + (now - self.handoff.opened_at) / PATIENCE


def sort_waiting(entries: list[Entry], now: datetime) -> tuple[Entry, ...]:
    """Sort those who wait: the heaviest first, among equals the one that waits longest, then by id."""
    return tuple(sorted(entries, key=lambda entry: (-entry.weight(now), entry.since, entry.conversation.id)))


def customer_name(conversation: Conversation, customer: Customer = NOBODY) -> str:
    """Name the customer by the name or e-mail that is known, else as a visitor with the end of the id."""
    if conversation.identity is not None:
        return conversation.identity.name or conversation.identity.email
    known = customer.name or customer.email
    if known.strip():
        return known
    return f"Visitor {conversation.id if len(conversation.id) <= 12 else conversation.id[-6:]}"
