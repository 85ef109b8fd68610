"""Customers who wait: their places, how long it usually takes, and whom an agent has left without an answer."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from sqlalchemy import and_, func, or_, select

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Handoff, Kind
from tandem.conversations.tables import conversations, handoffs, messages

CLAIMS = 20  # the latest claims that an estimate looks at
LEAST = 5  # with fewer there is no honest estimate
RECENT = timedelta(days=1)
PAUSE = timedelta(hours=1)  # without a claim: the desk was closed, or nobody waited
FORESEEN = timedelta(hours=3)  # what lies further ahead is not foretold
_WAITING = and_(handoffs.c.closed_at.is_(None), handoffs.c.claimed_by.is_(None))


def queue(open_handoffs: Mapping[str, Handoff]) -> dict[str, int]:
    """Number those who wait, from 1 in order of opening, by conversation id."""
    waiting = sorted((one for one in open_handoffs.values() if one.claimed_by is None),
                     key=lambda one: (one.opened_at, one.id))
    return {one.conversation_id: place for place, one in enumerate(waiting, 1)}


def places(ledger: Ledger) -> dict[str, int]:
    """Read the places of all who wait, as `queue` numbers them; blocking."""
    query = select(handoffs.c.conversation_id).where(_WAITING).order_by(handoffs.c.opened_at, handoffs.c.id)
    with ledger.reading.connect() as connection:
        return {conversation_id: place for place, conversation_id in enumerate(connection.execute(query).scalars(), 1)}


def place_of(ledger: Ledger, conversation_id: str) -> int:
    """Read the place of one customer, from 1; 0 if they do not wait; blocking."""
    mine = select(handoffs.c.opened_at, handoffs.c.id).where(_WAITING, handoffs.c.conversation_id == conversation_id)
    with ledger.reading.connect() as connection:
        waits = connection.execute(mine).first()
        if waits is None:
            return 0
        before = select(func.count()).select_from(handoffs).where(_WAITING, or_(
            handoffs.c.opened_at < waits.opened_at,
            and_(handoffs.c.opened_at == waits.opened_at, handoffs.c.id < waits.id)))
        return int(connection.execute(before).scalar_one()) + 1


@dataclass(frozen=True)
class ClaimPace:
    """How agents claim: the usual wait from opening to claim, and the time that one claim takes on average."""

    usual: timedelta
    between: timedelta

    def wait_at(self, place: int) -> timedelta | None:
        """Estimate how long the customer at this place may have to wait, from opening to claim.

        The usual wait or, where the queue is long, the time in which as many as stand before them are claimed;
        whichever is longer. None where that is so far ahead that nobody can tell.
        """
        wait = max(self.usual, self.between * place)
        return wait if wait <= FORESEEN else None


def claim_pace(ledger: Ledger) -> ClaimPace | None:
    """Measure the pace of the latest claims; None if too few are known; blocking.

    The time between claims is their mean: agents claim in bursts, so that a median tells of the bursts or of the pauses
    between them, and jumps from one to the other. Time since the latest claim counts once it is longer.
    """
    query = (
        select(handoffs.c.opened_at, handoffs.c.claimed_at)
        .where(handoffs.c.claimed_at > ledger.clock() - RECENT).order_by(handoffs.c.claimed_at.desc()).limit(CLAIMS)
    )
    with ledger.reading.connect() as connection:
        rows = connection.execute(query).all()
    if len(rows) < LEAST:
        return None
    gaps = [one.claimed_at - other.claimed_at for one, other in pairwise(rows)]
    worked = [gap for gap in gaps if gap < PAUSE] or [PAUSE]  # nights and breaks are no pace
    since_last = min(ledger.clock() - rows[0].claimed_at, PAUSE)
    between = max(sum(worked, timedelta(0)), since_last) / len(worked)
    return ClaimPace(median(row.claimed_at - row.opened_at for row in rows), between)


def expected_wait(ledger: Ledger, place: int) -> timedelta | None:
    """Estimate how long the customer at this place may have to wait; None if too few claims are known; blocking."""
    pace = claim_pace(ledger)
    return pace.wait_at(place) if pace is not None else None


def unanswered(ledger: Ledger) -> dict[str, datetime]:
    """Read since when customers wait for their agent's next word, by conversation id; blocking.

    An agent who has not spoken at all since the handoff opened leaves the customer waiting from the claim on.
    """
    query = select(handoffs.c.conversation_id, handoffs.c.unanswered_since).where(
        handoffs.c.closed_at.is_(None), handoffs.c.claimed_by.is_not(None), handoffs.c.unanswered_since.is_not(None))
    with ledger.reading.connect() as connection:
        return {row.conversation_id: row.unanswered_since for row in connection.execute(query).all()}


def unannounced(ledger: Ledger, waiting: Collection[str]) -> frozenset[str]:
    """Find those of these conversations whose customer was told nothing since the open handoff began; blocking."""
    told = select(messages.c.id).where(
        messages.c.conversation_id == handoffs.c.conversation_id, messages.c.epoch >= handoffs.c.epoch,
        messages.c.author != Author.CUSTOMER.value, messages.c.kind != Kind.NOTE.value)
    query = select(handoffs.c.conversation_id).where(
        _WAITING, handoffs.c.conversation_id.in_(sorted(waiting)), ~told.exists())
    with ledger.reading.connect() as connection:
        return frozenset(connection.execute(query).scalars())


def said_while_waiting(ledger: Ledger, containing: str, since: datetime | None = None) -> dict[str, list[str]]:
    """Read what those who wait have written since their handoff opened, oldest first, by conversation; blocking.

    Args:
        containing: Only messages with this in them.
        since: Only customers who have written since then; None for all.
    """
    query = (
        select(handoffs.c.conversation_id, messages.c.text)
        .join(conversations, conversations.c.id == handoffs.c.conversation_id)
        .join(messages, and_(messages.c.conversation_id == handoffs.c.conversation_id,
                             messages.c.epoch >= handoffs.c.epoch))
        .where(_WAITING, messages.c.author == Author.CUSTOMER.value, messages.c.text.contains(containing))
        .order_by(messages.c.conversation_id, messages.c.seq)
    )
    if since is not None:
        query = query.where(conversations.c.last_customer_at >= since)
    said: dict[str, list[str]] = {}
    with ledger.reading.connect() as connection:
        for row in connection.execute(query).all():
            said.setdefault(row.conversation_id, []).append(row.text)
    return said
