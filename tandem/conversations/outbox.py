"""The outbox: what the customer's channel still has to take, in order, with retries and honest doubt."""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, literal_column, or_, select, update
from sqlalchemy.engine.row import Row
from sqlalchemy.sql import Select, Update

from tandem.conversations import counters, store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import ConversationNotFound, Delivery, Message
from tandem.conversations.tables import conversations, messages
from tandem.conversations.turn_queue import ANSWERED
from tandem.db.engine import UtcDateTime

LEASE = timedelta(seconds=30)  # longer than a channel may take for one send
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 1800))

# As it stands in the partial index: SQLite does not use that for a value that is bound later.
_PENDING = literal_column(f"'{Delivery.PENDING.value}'")
# Subqueries and no join, which a planner may begin with all conversations of these channels.
_ITS = conversations.c.id == messages.c.conversation_id
_CHANNEL = select(conversations.c.channel).where(_ITS).scalar_subquery()
_ADDRESS = select(conversations.c.address).where(_ITS).scalar_subquery()


def _ready() -> Select:
    """Select the next messages to be sent of the conversations on some channels, at a time."""
    now, earlier = bindparam("now", type_=UtcDateTime), messages.alias("earlier")
    # Retries set for later than their pause can reach were set before the clock stepped back.
    beyond_backoff = [and_(messages.c.attempts == number, messages.c.next_attempt_at > bindparam(f"pause_{number}"))
                      for number in range(1, len(BACKOFF) + 1)]
    ready = and_(
        messages.c.delivery == _PENDING,
        or_(messages.c.attempts == 0, messages.c.next_attempt_at <= now, *beyond_backoff),
        # A lease that ends later than any lease can was given before the clock stepped back.
        or_(messages.c.lease_until.is_(None), messages.c.lease_until < now,
            messages.c.lease_until > bindparam("no_lease")),
        _CHANNEL.in_(bindparam("channels", expanding=True)),
        ~exists().where(and_(
            earlier.c.conversation_id == messages.c.conversation_id,
            earlier.c.delivery == _PENDING,
            earlier.c.seq < messages.c.seq,
        )),
    )
    return select(messages, _CHANNEL.label("channel"), _ADDRESS.label("address")).where(ready).order_by(
        messages.c.next_attempt_at, messages.c.id).limit(bindparam("most"))


# Asked several times a second, so built once (see `store`).
_READY = _ready()
_TAKEN = _READY.with_for_update(skip_locked=True, of=messages)


def _at(now: datetime, channels: Sequence[str], most: int) -> dict[str, Any]:
    """Return the values of `_ready`."""
    pauses = {f"pause_{number}": now + pause for number, pause in enumerate(BACKOFF, 1)}
    return {"now": now, "no_lease": now + 2 * LEASE, "channels": list(channels), "most": most, **pauses}


def _of_attempt(outbound: OutboundMessage) -> Update:
    """Select a message on its way, as long as this attempt is the latest."""
    message = outbound.message
    return update(messages).where(
        messages.c.conversation_id == message.conversation_id, messages.c.seq == message.seq,
        messages.c.delivery == Delivery.PENDING.value, messages.c.attempts == outbound.attempt)


def _unacknowledged(conversation_id: str, up_to: int, fetched_only: bool) -> Any:
    """Select messages that the customer's side has not acknowledged."""
    states = [Delivery.PENDING.value, Delivery.SENT.value, Delivery.WAITING.value, Delivery.DOUBT.value]
    of_these = and_(messages.c.conversation_id == conversation_id, messages.c.seq <= up_to,
                    messages.c.delivery.in_(states))
    if fetched_only:
        return and_(of_these, or_(messages.c.delivery != Delivery.WAITING.value, messages.c.attempts > 0))
    return of_these


def _kept(error: str) -> str:
    return store.printable(error)[:500]


@dataclass(frozen=True)
class OutboundMessage:
    """A message on its way: where it goes, the number of this attempt, and whether an earlier one may have arrived."""

    message: Message
    channel: str
    address: Mapping[str, Any]
    attempt: int
    in_doubt: bool
    parts_sent: int = 0  # of a message that goes in several: so many are with the customer


class Outbox:
    """The delivery side of the ledger. At most one message per conversation is on its way at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def lease(
        self, channels: Sequence[str], limit: int = 20, excluded: Collection[tuple[str, int]] = (),
    ) -> list[OutboundMessage]:
        """Take the next message of each conversation that waits for one of these channels.

        An attempt is written down before it is made. If a process dies between sending and saying so, the next
        lease finds the attempt open and marks the message as in doubt.

        Args:
            excluded: Messages (conversation id, seq) that this process is sending, whatever became of their leases.
        """
        now = self._ledger.clock()
        with self._ledger.reading.connect() as connection:
            rows = connection.execute(_READY, _at(now, channels, limit + len(excluded))).all()
        if all((row.conversation_id, row.seq) in excluded for row in rows):
            return []
        outbound_messages: list[OutboundMessage] = []
        with self._ledger.engine.begin() as connection:
            now = self._ledger.clock()
            for row in connection.execute(_TAKEN, _at(now, channels, limit + len(excluded))).all():
                if (row.conversation_id, row.seq) in excluded or len(outbound_messages) == limit:
                    continue
                doubt = row.doubt or row.attempt_open
                connection.execute(update(messages).where(messages.c.id == row.id).values(
                    attempts=row.attempts + 1, attempt_open=True, doubt=doubt, lease_until=now + LEASE))
                outbound_messages.append(OutboundMessage(
                    store.to_message(row), row.channel, row.address or {}, row.attempts + 1, doubt, row.parts_sent))
        return outbound_messages

    def renew(self, outbound_messages: Collection[OutboundMessage]) -> None:
        """Hold on to the messages on which this process still works."""
        with self._ledger.engine.begin() as connection:
            until = self._ledger.clock() + LEASE
            for outbound in outbound_messages:
                connection.execute(_of_attempt(outbound).values(lease_until=until))

    def part_sent(self, outbound: OutboundMessage, parts: int) -> None:
        """Note that the channel took so many parts of the message by now; the attempt goes on, with a new lease."""
        with self._ledger.engine.begin() as connection:
            connection.execute(
                _of_attempt(outbound).values(parts_sent=parts, lease_until=self._ledger.clock() + LEASE))

    def sent(self, outbound: OutboundMessage) -> None:
        """Note that the channel took the message.

        That holds also for an attempt that others took for dead, unless a later one is being made just now.
        """
        self._finish(outbound, lambda row, now: {"delivery": (Delivery.DOUBT if row.doubt else Delivery.SENT).value},
                     counts_late=True)

    def not_begun(self, outbound: OutboundMessage) -> None:
        """Note that the attempt was never made, because nothing was free to make it: it does not count."""
        self._finish(outbound, lambda row, now: {"attempts": row.attempts - 1})

    def refused(self, outbound: OutboundMessage, error: str) -> None:
        """Note that the channel will never take the message."""
        self._finish(outbound, lambda row, now: {"delivery": Delivery.FAILED.value, "error": _kept(error)})

    def cannot_push(self, outbound: OutboundMessage) -> None:
        """Note that the channel cannot send by itself; the message waits to be fetched."""
        self._finish(outbound, lambda row, now: {"delivery": Delivery.WAITING.value})

    def failed(self, outbound: OutboundMessage, error: str, maybe_arrived: bool = False) -> None:
        """Note that the attempt failed; it is made again after a pause, or given up when the pauses are used up.

        Args:
            maybe_arrived: The connection broke after the message was handed over.
        """
        def retry(row: Row, now: datetime) -> dict[str, Any]:
            doubt = row.doubt or maybe_arrived
            if row.attempts > len(BACKOFF):
                state = Delivery.DOUBT if doubt else Delivery.FAILED
                return {"delivery": state.value, "error": _kept(error), "doubt": doubt}
            return {"next_attempt_at": now + BACKOFF[row.attempts - 1], "error": _kept(error), "doubt": doubt}

        self._finish(outbound, retry)

    def retry(self, conversation_id: str, seq: int) -> None:
        """Try a given-up message again from the start."""
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            connection.execute(
                update(messages)
                .where(messages.c.conversation_id == conversation_id, messages.c.seq == seq,
                       messages.c.delivery.in_([Delivery.FAILED.value, Delivery.DOUBT.value]))
                .values(delivery=Delivery.PENDING.value, attempts=0, next_attempt_at=now, error=None)
            )
            store.change(connection, row, now)

    def answered(self, conversation_id: str, seqs: Sequence[int]) -> None:
        """Note that these replies of the bot went into the answer to the customer's own request."""
        with self._ledger.engine.begin() as connection:
            connection.execute(ANSWERED, {"target": conversation_id, "numbers": list(seqs),
                                           "delivery": Delivery.SENT.value})

    def fetch(self, conversation_id: str, after: int, limit: int = 500) -> list[Message]:
        """Give out what waits to be fetched above a sequence number, and note that it was given out."""
        query = select(messages).where(
            messages.c.conversation_id == conversation_id, messages.c.seq > after,
            messages.c.delivery == Delivery.WAITING.value)
        with self._ledger.reading.connect() as connection:
            rows = connection.execute(query.order_by(messages.c.seq).limit(limit)).all()
        fresh = [row.seq for row in rows if not row.attempts]
        if fresh:
            with self._ledger.engine.begin() as connection:
                connection.execute(
                    update(messages)
                    .where(messages.c.conversation_id == conversation_id, messages.c.seq.in_(fresh),
                           messages.c.delivery == Delivery.WAITING.value)
                    .values(attempts=1))
        return [store.to_message(row) for row in rows]

    def acknowledge(self, conversation_id: str, up_to: int, fetched_only: bool = False) -> None:
        """Note that the customer's side has everything up to this sequence number.

        Args:
            fetched_only: Pass over what waits to be fetched and was never given out by `fetch`.
        """
        if not self.acknowledgeable(conversation_id, up_to, fetched_only):
            return
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            connection.execute(update(messages).where(
                _unacknowledged(conversation_id, up_to, fetched_only)).values(
                delivery=Delivery.DELIVERED.value, attempt_open=False, lease_until=None))
            store.change(connection, row, self._ledger.clock())

    def acknowledgeable(self, conversation_id: str, up_to: int, fetched_only: bool = False) -> bool:
        """Check whether `acknowledge` would change anything; only reads."""
        query = select(messages.c.id).where(_unacknowledged(conversation_id, up_to, fetched_only)).limit(1)
        with self._ledger.reading.connect() as connection:
            return connection.execute(query).first() is not None

    def counts(self, by_name: Mapping[str, int] | None = None) -> dict[str, int]:
        """Count the messages in each delivery state.

        Args:
            by_name: What `counters.read` said, if it was asked already.
        """
        found = counters.read(self._ledger.engine) if by_name is None else by_name
        return {state.value: count for state in Delivery if (count := found.get(f"delivery:{state.value}", 0))}

    def _finish(
        self, outbound: OutboundMessage, values: Callable[[Row, datetime], dict[str, Any]], counts_late: bool = False,
    ) -> None:
        message = outbound.message
        with self._ledger.engine.begin() as connection:
            try:
                conversation = store.lock(connection, message.conversation_id)
            except ConversationNotFound:
                return  # erased while the message was on its way
            now = self._ledger.clock()
            row = connection.execute(
                select(messages).where(messages.c.conversation_id == message.conversation_id,
                                       messages.c.seq == message.seq)
            ).first()
            if row is None or row.delivery != Delivery.PENDING.value:
                return
            if row.attempts != outbound.attempt and (row.attempt_open or not counts_late):
                return  # an attempt that was overtaken by a later one has nothing more to say
            connection.execute(update(messages).where(messages.c.id == row.id).values(
                attempt_open=False, lease_until=None, **values(row, now)))
            store.change(connection, conversation, now)
