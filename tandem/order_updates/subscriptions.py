"""Who is to be told of which order: asked once, agreed to by a plain yes, ended by a word. All of it blocks."""
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations import store
from tandem.conversations.consent import Consents, Question
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import ConversationNotFound
from tandem.order_updates.changes import OrderChange, changes_of
from tandem.order_updates.tables import order_subscriptions, order_updates
from tandem.orders.identifiers import normalise_email
from tandem.orders.model import Order

ACT = "order_updates"  # what the question for a yes is about
KNOWN = "known"  # the way of what the customer has been told in an answer
STOP, OVER, IDENTITY, AGE, GONE = "stop", "over", "identity", "age", "gone"  # what ended a subscription
MISSING = "missing"  # the record of when an order was first not found, until it is found again
LONGEST = timedelta(days=120)  # from the yes, after which an order is looked at no more
_ACTIVE = order_subscriptions.c.next_look_at.is_not(None)
# SQLAlchemy keeps no compiled form of its own inserts with ON CONFLICT.
_NOTE = text(
    "INSERT INTO order_updates (subscription_id, change, way, at) VALUES (:subscription_id, :change, :way, :at) "
    "ON CONFLICT DO NOTHING").bindparams(bindparam("at", type_=order_updates.c.at.type))


@dataclass(frozen=True)
class DueSubscription:
    """A subscription whose order is to be looked at now."""

    id: int
    conversation_id: str
    order_number: str


class Subscriptions:
    """Reads and writes the subscriptions of conversations.

    Args:
        zone: The shop's time zone, in which days begin.
    """

    def __init__(self, ledger: Ledger, zone: tzinfo) -> None:
        self._ledger = ledger
        self._zone = zone

    # -- the customer's side ------------------------------------------------------------------------------------

    def offer(self, conversation_id: str, order: Order, seq: int, wished: bool = False) -> bool:
        """Note that the customer is asked after message `seq` whether to be told; return whether to ask.

        Once for an order, unless the customer wishes it by themselves. What holds of the order now has just been told.
        The disk is not waited for: the commit of the reply that asks takes this along.
        """
        with self._ledger.recoverable.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            known = self._of(connection, conversation_id, order.number)
            asked = {"offered_at": now, "offered_seq": seq, "email_hash": hash_of(order.email)}
            if known is None:
                connection.execute(insert(order_subscriptions).values(
                    conversation_id=row.id, order_number=order.number, mood="", language="", **asked))
                known = self._of(connection, conversation_id, order.number)
            elif known.next_look_at is not None:
                return False
            elif known.offered_seq != seq:  # else the turn is run again
                if not wished:
                    return False
                connection.execute(_of_row(known).values(**asked))
            assert known is not None
            found_again(connection, known.id)
            note(connection, known.id, changes_of(order, now, self._zone), KNOWN, now)
            return True

    def agree(self, conversation_id: str, seq: int, mood: str, language: str) -> str | None:
        """Begin to tell of the order, if message `seq` is a plain yes to the question whether to.

        Returns:
            The order's number; the same in a turn that is run again. None if the message is no such yes.
        """
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            verdict = Consents(self._ledger).verdict(conversation_id, seq)
            if verdict is None or verdict.question.act != ACT:
                return None
            known = self._of(connection, conversation_id, verdict.question.number)
            if known is None:
                return None
            if known.agreed_seq != seq:
                if not verdict.agrees:
                    return None
                now = self._ledger.clock()
                identity = store.to_identity(row.identity)
                connection.execute(_of_row(known).values(
                    agreed_at=now, agreed_seq=seq, ended_at=None, ended_by=None, next_look_at=now,
                    mood=mood[:16], language=language[:16], subject=identity.subject if identity else None))
            return str(verdict.question.number)

    def question(self, conversation_id: str, seq: int, order_number: str) -> Question:
        """Make the question whether to tell of an order, asked in the turn of message `seq`."""
        return Consents(self._ledger).to_ask(conversation_id, seq, Question(ACT, order_number, {}), fresh=True)

    def stop(self, conversation_id: str) -> Sequence[str]:
        """Tell nothing more in a conversation; return the orders of which it would have been told."""
        with self._ledger.engine.begin() as connection:
            try:
                store.lock(connection, conversation_id)
            except ConversationNotFound:
                return ()
            mine = order_subscriptions.c.conversation_id == conversation_id
            numbers = connection.execute(select(order_subscriptions.c.order_number).where(mine, _ACTIVE).order_by(
                order_subscriptions.c.order_number)).scalars().all()
            connection.execute(update(order_subscriptions).where(mine, _ACTIVE).values(
                ended_at=self._ledger.clock(), ended_by=STOP, next_look_at=None))
            return tuple(numbers)

    def active(self, conversation_id: str) -> Sequence[str]:
        """List the orders of which the customer is told."""
        query = select(order_subscriptions.c.order_number).where(
            order_subscriptions.c.conversation_id == conversation_id, _ACTIVE)
        with self._ledger.reading.connect() as connection:
            return tuple(connection.execute(query.order_by(order_subscriptions.c.order_number)).scalars())

    def answered(self, conversation_id: str, order: Order, mood: str = "") -> None:
        """Note that the customer has just been told in an answer how an order stands: that is no news any more."""
        if order.number not in self.active(conversation_id):
            return
        with self._ledger.recoverable.begin() as connection:  # as in `offer`
            try:
                store.lock(connection, conversation_id)
            except ConversationNotFound:
                return
            known = self._of(connection, conversation_id, order.number)
            if known is not None and known.next_look_at is not None:
                now = self._ledger.clock()
                note(connection, known.id, changes_of(order, now, self._zone), KNOWN, now)
                if mood:
                    connection.execute(_of_row(known).values(mood=mood[:16]))

    # -- the shop's side ----------------------------------------------------------------------------------------

    def due(self, pace: timedelta, limit: int) -> list[DueSubscription]:
        """Take those whose orders are to be looked at now, the longest overdue first; each again after `pace`."""
        table = order_subscriptions

        def overdue(now: datetime) -> Any:
            # What is due later than any look can be was set before the clock stepped back, or the pace was changed.
            return or_(table.c.next_look_at <= now, table.c.next_look_at > now + pace)

        query = select(table.c.id, table.c.conversation_id, table.c.order_number).order_by(table.c.next_look_at)
        with self._ledger.reading.connect() as connection:
            if connection.execute(query.where(_ACTIVE, overdue(self._ledger.clock())).limit(1)).first() is None:
                return []
        with self._ledger.engine.begin() as connection:
            now = self._ledger.clock()
            rows = connection.execute(
                query.where(_ACTIVE, overdue(now)).limit(limit).with_for_update(skip_locked=True)).all()
            connection.execute(update(table).where(table.c.id.in_([row.id for row in rows]), _ACTIVE)
                               .values(next_look_at=now + pace))
        return [DueSubscription(row.id, row.conversation_id, row.order_number) for row in rows]

    def give_back(self, looks: Sequence[DueSubscription]) -> None:
        """Have those looked at in the next run that were taken and not come to."""
        with self._ledger.engine.begin() as connection:
            connection.execute(update(order_subscriptions).where(
                order_subscriptions.c.id.in_([look.id for look in looks]), _ACTIVE).values(
                    next_look_at=self._ledger.clock()))

    def count(self) -> int:
        """Count those who are to be told of an order."""
        with self._ledger.reading.connect() as connection:
            query = select(func.count()).select_from(order_subscriptions).where(_ACTIVE)
            return int(connection.execute(query).scalar_one())

    @staticmethod
    def _of(connection: Connection, conversation_id: str, order_number: str) -> Row | None:
        found: Row | None = connection.execute(select(order_subscriptions).where(
            order_subscriptions.c.conversation_id == conversation_id,
            order_subscriptions.c.order_number == order_number)).first()
        return found


def note(connection: Connection, subscription_id: int, changes: Iterable[OrderChange], way: str, now: datetime) -> bool:
    """Write down what the customer knows now; return whether all of it is new to the record."""
    written = [connection.execute(_NOTE, {"subscription_id": subscription_id, "change": change.key, "way": way,
                                          "at": now}).rowcount for change in changes]
    return all(written)


def missing_since(connection: Connection, subscription_id: int, now: datetime) -> datetime:
    """Write down that the order was not found, if it is not known; return when it was missed first."""
    connection.execute(_NOTE, {"subscription_id": subscription_id, "change": MISSING, "way": KNOWN, "at": now})
    since: datetime = connection.execute(select(order_updates.c.at).where(
        order_updates.c.subscription_id == subscription_id, order_updates.c.change == MISSING)).scalar_one()
    return since


def found_again(connection: Connection, subscription_id: int) -> None:
    """Take back that the order was not found, and that this was said."""
    connection.execute(delete(order_updates).where(
        order_updates.c.subscription_id == subscription_id, order_updates.c.change.in_([MISSING, GONE])))


def end(connection: Connection, subscription_id: int, why: str, now: datetime) -> None:
    """End a subscription."""
    connection.execute(update(order_subscriptions).where(order_subscriptions.c.id == subscription_id).values(
        ended_at=now, ended_by=why, next_look_at=None))


def hash_of(email: str) -> str:
    """Make what tells one address from another without keeping it."""
    return hashlib.sha256(normalise_email(email).encode("utf-8", "surrogatepass")).hexdigest()


def _of_row(row: Row) -> Any:
    return update(order_subscriptions).where(order_subscriptions.c.id == row.id)
