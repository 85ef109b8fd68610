"""Customers who wait: their places, how long it usually takes, and whom an agent has left without an answer."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from sqlalchemy import and_, func, select

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Handoff, Kind
from tandem.conversations.tables import handoffs, messages

CLAIMS = 20  # the latest claims that an estimate looks at
LEAST = 5  # with fewer there is no honest estimate
RECENT = timedelta(days=1)


def queue(open_handoffs: Mapping[str, Handoff]) -> dict[str, int]:
    """The places of those who wait, from 1 in order of opening, by conversation id."""
    waiting = sorted((one for one in open_handoffs.values() if one.claimed_by is None),
                     key=lambda one: (one.opened_at, one.id))
    return {one.conversation_id: place for place, one in enumerate(waiting, 1)}


def expected_wait(ledger: Ledger, place: int) -> timedelta | None:
    """How long the customer at this place of the queue may have to wait, from opening to claim; blocking.

    The median of the latest claims or, where the queue is long, the time in which as many as stand before them are
    usually claimed; whichever is longer. None if too few claims are known.
    """
    query = (
        select(handoffs.c.opened_at, handoffs.c.claimed_at)
        .where(handoffs.c.claimed_at > ledger.clock() - RECENT).order_by(handoffs.c.claimed_at.desc()).limit(CLAIMS)
    )
    with ledger.reading.connect() as connection:
        rows = connection.execute(query).all()
    if len(rows) < LEAST:
        return None
    usual = median((row.claimed_at - row.opened_at).total_seconds() for row in rows)
    between = median((one.claimed_at - other.claimed_at).total_seconds() for one, other in pairwise(rows))
    return timedelta(seconds=max(usual, between * place))


def unanswered(ledger: Ledger) -> dict[str, datetime]:
    """Since when customers wait for the next word of the agent who has them, by conversation id; blocking.

    An agent who has not spoken at all since the handoff opened leaves the customer waiting from the claim on.
    """
    spoke = (
        select(messages.c.conversation_id, func.max(messages.c.seq).label("seq"))
        .join(handoffs, and_(handoffs.c.conversation_id == messages.c.conversation_id, handoffs.c.closed_at.is_(None)))
        .where(messages.c.author == Author.AGENT.value, messages.c.kind == Kind.TEXT.value,
               messages.c.epoch >= handoffs.c.epoch)
        .group_by(messages.c.conversation_id).subquery()
    )
    asked = (
        select(messages.c.conversation_id, func.min(messages.c.seq).label("seq"))
        .join(spoke, and_(spoke.c.conversation_id == messages.c.conversation_id, messages.c.seq > spoke.c.seq))
        .where(messages.c.author == Author.CUSTOMER.value).group_by(messages.c.conversation_id).subquery()
    )
    query = (
        select(handoffs.c.conversation_id, handoffs.c.claimed_at, spoke.c.seq.label("spoke"), messages.c.at)
        .outerjoin(spoke, spoke.c.conversation_id == handoffs.c.conversation_id)
        .outerjoin(asked, asked.c.conversation_id == handoffs.c.conversation_id)
        .outerjoin(messages, and_(messages.c.conversation_id == asked.c.conversation_id,
                                  messages.c.seq == asked.c.seq))
        .where(handoffs.c.closed_at.is_(None), handoffs.c.claimed_by.is_not(None))
    )
    with ledger.reading.connect() as connection:
        rows = connection.execute(query).all()
    since = {row.conversation_id: row.at if row.spoke else row.claimed_at for row in rows}
    return {conversation_id: at for conversation_id, at in since.items() if at is not None}


def said_since(ledger: Ledger, handoff: Handoff) -> list[str]:
    """What the customer has written since the handoff opened, oldest first; blocking."""
    query = (
        select(messages.c.text)
        .where(messages.c.conversation_id == handoff.conversation_id, messages.c.epoch >= handoff.epoch,
               messages.c.author == Author.CUSTOMER.value).order_by(messages.c.seq)
    )
    with ledger.reading.connect() as connection:
        return [row.text for row in connection.execute(query).all()]
