"""The queue: who waits, in which order, and what an agent sees of each at a glance."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Conversation, Handoff, Owner
from tandem.conversations.waiting import unanswered

PATIENCE = timedelta(minutes=15)  # so much waiting weighs as much as the whole range of urgency
LIVE = timedelta(minutes=30)  # a conversation with the bot counts as live this long after the customer's last word
SHOWN = 50  # of the sections that have no natural end


@dataclass(frozen=True)
class Entry:
    """One conversation in the queue, with its open handoff if it has one."""

    conversation: Conversation
    handoff: Handoff | None
    unanswered_since: datetime | None = None  # the customer waits for the next word of the agent who has them

    @property
    def since(self) -> datetime:
        """When the waiting began, or when the conversation last changed."""
        return self.handoff.opened_at if self.handoff else self.conversation.updated_at

    def weight(self, at: datetime) -> float:
        """The place in the queue: urgency (0..1) plus waiting time in units of `PATIENCE`, so that nobody starves."""
        if self.handoff is None:
            return 0.0
        return self.handoff.urgency + (at - self.handoff.opened_at) / PATIENCE


@dataclass(frozen=True)
class Inbox:
    """The queue as one agent sees it."""

    waiting: tuple[Entry, ...]
    mine: tuple[Entry, ...]
    colleagues: tuple[Entry, ...]
    with_bot: tuple[Entry, ...]
    resolved: tuple[Entry, ...]


def sort_waiting(entries: list[Entry], at: datetime) -> tuple[Entry, ...]:
    """The heaviest first; among equals the one that waits longest, then by id: the same order for everybody."""
    return tuple(sorted(entries, key=lambda entry: (-entry.weight(at), entry.since, entry.conversation.id)))


def read_inbox(ledger: Ledger, agent_id: str) -> Inbox:
    """The queue of one agent; blocking."""
    at = ledger.clock()
    handoffs = ledger.open_handoffs()

    waits = unanswered(ledger)

    def entries(*owners: Owner, limit: int) -> list[Entry]:
        return [Entry(one, handoffs.get(one.id), waits.get(one.id)) for one in ledger.list(owners, limit=limit)]

    held = sorted(entries(Owner.AGENT, limit=500), key=lambda entry: (entry.since, entry.conversation.id))
    live = [entry for entry in entries(Owner.BOT, limit=SHOWN)
            if entry.conversation.last_customer_at and at - entry.conversation.last_customer_at < LIVE]
    return Inbox(
        waiting=sort_waiting(entries(Owner.WAITING, limit=500), at),
        mine=tuple(entry for entry in held if entry.handoff and entry.handoff.claimed_by == agent_id),
        colleagues=tuple(entry for entry in held if not entry.handoff or entry.handoff.claimed_by != agent_id),
        with_bot=tuple(live),
        resolved=tuple(entries(Owner.RESOLVED, limit=SHOWN)),
    )


def customer_name(conversation: Conversation, card: object = None) -> str:
    """What to call the customer: the name or e-mail that is known, else a visitor with the end of the id."""
    if conversation.identity is not None:
        return conversation.identity.name or conversation.identity.email
    customer = card.get("customer") if isinstance(card, dict) else None
    if isinstance(customer, dict):
        known = customer.get("name") or customer.get("email")
        if isinstance(known, str) and known.strip():
            return known
    return f"Visitor {conversation.id if len(conversation.id) <= 12 else conversation.id[-6:]}"
