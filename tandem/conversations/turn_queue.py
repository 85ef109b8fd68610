"""Turns: one at a time in a conversation, in the order of its messages, whichever worker runs them.

A customer's message opens a turn, unless an agent has the conversation: the bot answers it, or the system if the
customer waits for a person. A turn may begin when no earlier message of the conversation has an open
turn, and it is open until Rasa has finished with the message. While a turn is open its holder renews its lease; a lease
that has run out belongs to a process that died, and another one takes the turn over.
"""
from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, literal_column, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row
from sqlalchemy.exc import OperationalError

from tandem.conversations import store
from tandem.conversations.model import ConversationNotFound, Delivery, Message, Owner, Receipt
from tandem.conversations.tables import conversations, handoffs, messages
from tandem.conversations.transcript import Transcript
from tandem.db.engine import is_locked
from tandem.logs import about

logger = logging.getLogger(__name__)

TURN_LEASE = timedelta(seconds=15)  # how long a bot turn counts as alive without a sign of life
MAX_TRIES = 3  # how often an interrupted or failing turn is run
TURN_LIFETIME = timedelta(minutes=15)  # an interrupted turn older than this is not answered late
BOT_EPOCH = "bot_epoch"  # in the data of a message that was written before: the epoch in which it is the bot's
DONE, FAILED, LATE = "done", "failed", "late"  # how turns end

# Statements of every turn, built once (see `store`). "open" stands in them as it stands in the partial index: SQLite
# does not use that for a value that is bound later.
_OPEN = messages.c.turn == literal_column("'open'")
_OF_THIS = messages.c.conversation_id == bindparam("target")
_EARLIER = select(messages.c.id).where(_OF_THIS, messages.c.seq < bindparam("number"), _OPEN).limit(1)
_LATER = select(messages.c.id).where(_OF_THIS, messages.c.seq > bindparam("number"), _OPEN).limit(1)
_HELD = update(messages).where(_OF_THIS, messages.c.seq == bindparam("number"), _OPEN,
                               messages.c.turn_tries == bindparam("tries"))
_SAID = select(messages.c.seq).where(_OF_THIS, messages.c.reply_to == bindparam("answered"))
ANSWERED = update(messages).where(_OF_THIS, messages.c.seq.in_(bindparam("numbers", expanding=True)),
                                  messages.c.delivery == Delivery.WAITING.value)


def waits(connection: Connection, conversation_id: str, seq: int) -> bool:
    """Check whether an earlier message of the conversation is still with the bot."""
    return connection.execute(_EARLIER, {"target": conversation_id, "number": seq}).first() is not None


def is_for_bot(owner: str, epoch: int, message: Row | Message) -> bool:
    """Check whether a message whose turn is open is the bot's to answer, in a conversation of this owner and epoch."""
    return owner == Owner.BOT.value and epoch in (message.epoch, message.data.get(BOT_EPOCH))


class TurnQueue:
    """Turns in the ledger; all blocking, each one transaction.

    `tries` says who holds a turn: it is the number of times that the turn was given to somebody, and rises when it is
    taken over. Who comes with an older number has lost it.
    """

    def __init__(self, ledger: Transcript) -> None:
        self._ledger = ledger

    def waits(self, conversation_id: str, seq: int) -> bool:
        """Check whether an earlier message of the conversation is still with the bot."""
        with self._ledger.reading.connect() as connection:
            return waits(connection, conversation_id, seq)

    def renew(self, conversation_id: str, seq: int, tries: int = 1) -> bool:
        """Say that the bot still works on this message; False if the turn is over or in other hands."""
        return self._hold(conversation_id, seq, tries, timedelta(0))

    def give_back(self, conversation_id: str, seq: int, tries: int, pause: timedelta) -> bool:
        """Let the turn be taken over after a pause, because it failed; False if it is over or in other hands."""
        return self._hold(conversation_id, seq, tries, pause - TURN_LEASE)

    def finish(self, conversation_id: str, seq: int, tries: int = 1, outcome: str = DONE) -> bool:
        """Say that the bot is done with this message; False if the turn was over, or is in other hands."""
        with self._ledger.recoverable.begin() as connection:
            return self._end(connection, conversation_id, seq, tries, outcome)

    def finish_answered(
        self, conversation_id: str, seq: int, tries: int, outcome: str, answered: Collection[int],
    ) -> bool:
        """Do what `finish` does, and note that these replies went into the answer to the customer's own request.

        Returns:
            Whether they are all that was said to the message; if not, nothing is noted of them.
        """
        with self._ledger.engine.begin() as connection:
            self._end(connection, conversation_id, seq, tries, outcome)
            said = connection.execute(_SAID, {"target": conversation_id, "answered": seq}).scalars().all()
            if not said or not set(said) <= set(answered):
                return False
            connection.execute(ANSWERED, {"target": conversation_id, "numbers": said, "delivery": Delivery.SENT.value})
            return True

    def _end(self, connection: Connection, conversation_id: str, seq: int, tries: int, outcome: str) -> bool:
        try:
            row = store.lock_revision(connection, conversation_id)
        except ConversationNotFound:
            return False
        target = {"target": conversation_id, "number": seq}
        ended = connection.execute(_HELD, {**target, "tries": tries, "turn": outcome, "turn_lease": None})
        if ended.rowcount and connection.execute(_LATER, target).first() is not None:
            store.change(connection, row, self._ledger.clock())  # wakes the worker that has the next one
        return bool(ended.rowcount)

    def adopt(
        self, channels: Sequence[str] | None = None, limit: int = 20, excluded: Collection[tuple[str, int]] = (),
    ) -> list[Receipt]:
        """Take over turns whose process died: their messages go to the bot once more, if they are still the bot's.

        Those of customers who wait for a person are answered by the system, and their receipts are not `for_bot`.

        Of each conversation the first open turn only: those behind it are not tried before their time has come.

        Args:
            channels: Only turns of conversations on these channels; None for all.
            excluded: Turns (conversation id, seq) that run in this very process, whatever became of their leases.
        """
        adopted: list[Receipt] = []
        passed_over = True
        while passed_over and len(adopted) < limit:  # behind a turn that is passed over another one may be due
            with self._ledger.reading.connect() as connection:
                rows = connection.execute(_interrupted(self._ledger.clock(), channels, limit + len(excluded))).all()
            found = [row for row in rows if (row.conversation_id, row.seq) not in excluded][: limit - len(adopted)]
            taken = [self._adopt_unless_locked(row) for row in found]
            refused = {(row.conversation_id, row.seq) for row, receipt in zip(found, taken) if receipt is None}
            excluded = {*excluded, *refused}
            adopted += [receipt for receipt in taken if receipt is not None]
            passed_over = None in taken
        return adopted

    def _hold(self, conversation_id: str, seq: int, tries: int, longer: timedelta) -> bool:
        with self._ledger.recoverable.begin() as connection:
            held = connection.execute(_HELD, {"target": conversation_id, "number": seq, "tries": tries,
                                              "turn_lease": self._ledger.clock() + TURN_LEASE + longer})
            return bool(held.rowcount)

    def _adopt_unless_locked(self, row: Row) -> Receipt | None:
        """Adopt a turn, unless somebody holds its conversation: it is looked for again, and others go on."""
        try:
            return self._adopt(row.conversation_id, row.id)
        except OperationalError as error:
            if not is_locked(error):
                raise
            logger.warning("An interrupted turn is locked; it is looked for again", extra=about(row.conversation_id))
            return None

    def _adopt(self, conversation_id: str, message_key: int) -> Receipt | None:
        with self._ledger.engine.begin() as connection:
            try:
                row = store.lock(connection, conversation_id)  # first, as everybody does: else there are deadlocks
            except ConversationNotFound:
                return None  # erased meanwhile
            now = self._ledger.clock()
            stored = connection.execute(
                select(messages).where(messages.c.id == message_key, _stale(now)).with_for_update()).first()
            if stored is None:
                return None  # another process was quicker, or the turn ended after all
            change = update(messages).where(messages.c.id == message_key)
            late = now - stored.at >= TURN_LIFETIME
            in_queue = row.owner == Owner.WAITING.value and row.epoch == stored.epoch and not late
            if not in_queue and not is_for_bot(row.owner, row.epoch, stored):
                connection.execute(change.values(turn=DONE, turn_lease=None))  # people had it, with all that was said
                return None
            if late and self._next_is_late(connection, stored, now):
                connection.execute(change.values(turn=LATE, turn_lease=None))  # the last one speaks for all
                return None
            tries = stored.turn_tries + 1
            connection.execute(change.values(turn_lease=now + TURN_LEASE, turn_tries=tries))
            told = connection.execute(
                select(handoffs)
                .where(handoffs.c.conversation_id == conversation_id, handoffs.c.bot_informed_seq == stored.seq)
                .order_by(handoffs.c.epoch.desc())
            ).first()
            return Receipt(store.to_conversation(row, now), store.to_message(stored), False, not in_queue,
                           store.to_handoff(told) if told is not None else None, tries, too_late=late)

    def _next_is_late(self, connection: Connection, message: Row, now: datetime) -> bool:
        later = select(messages.c.at).where(
            messages.c.conversation_id == message.conversation_id, messages.c.seq > message.seq, _OPEN,
        ).order_by(messages.c.seq).limit(1)
        stored = connection.execute(later).scalar_one_or_none()
        return stored is not None and now - stored >= TURN_LIFETIME


def _stale(now: datetime) -> Any:
    # A lease that ends later than any lease can was given before the clock stepped back.
    return and_(_OPEN, or_(messages.c.turn_lease < now, messages.c.turn_lease > now + 2 * TURN_LEASE))


def _interrupted(now: datetime, channels: Sequence[str] | None, limit: int) -> Any:
    earlier = messages.alias("earlier")
    ahead = select(earlier.c.id).where(
        earlier.c.conversation_id == messages.c.conversation_id, earlier.c.seq < messages.c.seq,
        earlier.c.turn == literal_column("'open'")).exists()
    query = select(messages.c.id, messages.c.conversation_id, messages.c.seq).where(_stale(now), ~ahead)
    if channels is not None:
        # A subquery and no join, which a planner may begin with all conversations of these channels.
        channel = select(conversations.c.channel).where(conversations.c.id == messages.c.conversation_id)
        query = query.where(channel.scalar_subquery().in_(list(channels)))
    return query.order_by(messages.c.conversation_id, messages.c.seq).limit(limit)
