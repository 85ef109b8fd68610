"""What a list shows of each conversation: its head, its open handoff without the card, who waits since when."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row
from sqlalchemy.sql import Select

from tandem.conversations import store
from tandem.conversations.context_card import NOBODY, Customer
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Conversation, Kind, Owner
from tandem.conversations.tables import conversations, handoffs, messages

_LOOKED_AT = 200  # messages of a conversation that are looked at for the agent's latest word
COUNTED = 1_000
_SOME = 500  # ids that one query names

_WITH_HANDOFF = select(
    conversations, handoffs.c.reason, handoffs.c.urgency, handoffs.c.opened_at, handoffs.c.claimed_by,
    handoffs.c.claimed_at, handoffs.c.epoch.label("handoff_epoch"), handoffs.c.card["customer"].label("card_customer"),
).select_from(conversations.outerjoin(
    handoffs, and_(handoffs.c.conversation_id == conversations.c.id, handoffs.c.closed_at.is_(None))))


@dataclass(frozen=True)
class Overview:
    """One conversation at a glance. What begins with `handoff` is of the open handoff, if there is one."""

    conversation: Conversation
    reason: str = ""
    urgency: float = 0.0  # 0..1
    opened_at: datetime | None = None
    holder: str | None = None  # the agent's id
    customer: Customer = NOBODY  # as the context card knows them
    unanswered_since: datetime | None = None  # the customer waits for the next word of the agent who has them

    @property
    def since(self) -> datetime:
        """Return when the waiting began, or when the conversation last changed."""
        return self.opened_at or self.conversation.updated_at


def of_these(ledger: Ledger, ids: Sequence[str]) -> list[Overview]:
    """Read these conversations; blocking. Those that do not exist are left out."""
    found: list[Overview] = []
    for start in range(0, len(ids), _SOME):
        found += _read(ledger, _WITH_HANDOFF.where(conversations.c.id.in_(list(ids[start:start + _SOME]))))
    return found


def with_people(ledger: Ledger) -> list[Overview]:
    """Read every conversation that waits for an agent or is with one; blocking."""
    return _read(ledger, _WITH_HANDOFF.where(conversations.c.owner.in_([Owner.WAITING.value, Owner.AGENT.value])))


def latest(
    ledger: Ledger, owner: Owner, limit: int, before: tuple[datetime, str] | None = None,
) -> list[Overview]:
    """Read an owner's conversations, the latest changed first; blocking.

    Args:
        before: Only those after this one in that order: when it changed, and its id.
    """
    query = _WITH_HANDOFF.where(conversations.c.owner == owner.value)
    if before is not None:
        updated_at, conversation_id = before
        query = query.where(conversations.c.updated_at <= updated_at, or_(
            conversations.c.updated_at < updated_at, conversations.c.id > conversation_id))
    return _read(ledger, query.order_by(conversations.c.updated_at.desc(), conversations.c.id).limit(limit))


def count(ledger: Ledger, owner: Owner) -> int:
    """Count an owner's conversations, up to one more than `COUNTED`: nobody asks for more; blocking."""
    some = select(conversations.c.id).where(conversations.c.owner == owner.value).order_by(
        conversations.c.updated_at.desc()).limit(COUNTED + 1).subquery()
    query = select(func.count()).select_from(some)
    with ledger.reading.connect() as connection:
        return int(connection.execute(query).scalar_one())


def live_with_bot(ledger: Ledger, since: datetime) -> dict[str, datetime]:
    """Read when the customers wrote last who have written to the bot since then, by conversation id; blocking."""
    query = select(conversations.c.id, conversations.c.last_customer_at).where(
        conversations.c.owner == Owner.BOT.value, conversations.c.updated_at > since,
        conversations.c.last_customer_at > since)
    with ledger.reading.connect() as connection:
        return {row.id: row.last_customer_at for row in connection.execute(query).all()}


def _read(ledger: Ledger, query: Select) -> list[Overview]:
    now = ledger.clock()
    with ledger.reading.connect() as connection:
        return [_overview(connection, row, now) for row in connection.execute(query).all()]


def _overview(connection: Connection, row: Row, now: datetime) -> Overview:
    conversation = store.to_conversation(row, now)
    waits = conversation.owner is Owner.AGENT and row.claimed_by is not None
    return Overview(
        conversation, reason=row.reason or "", urgency=row.urgency or 0.0, opened_at=row.opened_at,
        holder=row.claimed_by, customer=Customer.from_dict(row.card_customer),
        unanswered_since=_unanswered(connection, row.id, row.handoff_epoch, row.claimed_at) if waits else None,
    )


def _unanswered(connection: Connection, conversation_id: str, epoch: int, claimed_at: datetime) -> datetime | None:
    """Find since when the customer waits for the agent's next word; from the claim on, if none was said yet."""
    query = (
        select(messages.c.author, messages.c.kind, messages.c.epoch, messages.c.at)
        .where(messages.c.conversation_id == conversation_id).order_by(messages.c.seq.desc()).limit(_LOOKED_AT)
    )
    asked: datetime | None = None
    for row in connection.execute(query).all():
        if row.epoch < epoch:
            break
        if row.author == Author.AGENT.value and row.kind == Kind.TEXT.value:
            return asked
        if row.author == Author.CUSTOMER.value:
            asked = row.at
    return claimed_at
