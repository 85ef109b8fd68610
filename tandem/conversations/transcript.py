"""What the ledger says: conversations, their messages and handoffs, as they stand."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Engine

from tandem.conversations import counters, store
from tandem.conversations.changes import Changes, changes_since, position
from tandem.conversations.model import Conversation, ConversationNotFound, Delivery, Handoff, Kind, Message, Owner
from tandem.conversations.tables import conversations, fenced_replies, handoffs, messages
from tandem.db.engine import now, reading, recoverable

Clock = Callable[[], datetime]

# Queries of every turn, built once (see `store`).
_CONVERSATION = select(conversations).where(conversations.c.id == bindparam("target"))
_REPLIES = select(messages).where(
    messages.c.conversation_id == bindparam("target"), messages.c.reply_to == bindparam("answered"),
).order_by(messages.c.seq)


class Transcript:
    """The reading side of the ledger; blocking, and safe to call from any thread and any number of processes."""

    def __init__(self, engine: Engine, clock: Clock = now) -> None:
        self.engine = engine
        self.reading = reading(engine)
        self.recoverable = recoverable(engine)
        self.clock = clock

    def conversation(self, conversation_id: str) -> Conversation:
        """Read one conversation.

        Raises:
            ConversationNotFound: There is none with this id.
        """
        with self.reading.connect() as connection:
            row = connection.execute(_CONVERSATION, {"target": store.known_id(conversation_id)}).first()
        if row is None:
            raise ConversationNotFound(conversation_id)
        return store.to_conversation(row, self.clock())

    def find(self, conversation_id: str) -> Conversation | None:
        """Read one conversation; None if there is none with this id."""
        try:
            return self.conversation(conversation_id)
        except ConversationNotFound:
            return None

    def messages(
        self, conversation_id: str, after: int = 0, limit: int = 500, for_customer: bool = False,
        delivery: Delivery | None = None,
    ) -> list[Message]:
        """Read messages with a sequence number above `after`, oldest first.

        Args:
            for_customer: Leave agents' notes out.
            delivery: Only messages in this state.
        """
        query = select(messages).where(messages.c.conversation_id == conversation_id, messages.c.seq > after)
        if for_customer:
            query = query.where(messages.c.kind != Kind.NOTE.value)
        if delivery is not None:
            query = query.where(messages.c.delivery == delivery.value)
        with self.reading.connect() as connection:
            rows = connection.execute(query.order_by(messages.c.seq).limit(limit)).all()
        return [store.to_message(row) for row in rows]

    def latest_messages(self, conversation_id: str, limit: int, before: int | None = None) -> list[Message]:
        """Read the latest messages that the customer may see, oldest first; with `before`, those under that number."""
        query = select(messages).where(
            messages.c.conversation_id == conversation_id, messages.c.kind != Kind.NOTE.value)
        if before is not None:
            query = query.where(messages.c.seq < before)
        with self.reading.connect() as connection:
            rows = connection.execute(query.order_by(messages.c.seq.desc()).limit(limit)).all()
        return [store.to_message(row) for row in reversed(rows)]

    def last_seq(self, conversation_id: str) -> int:
        """Read the sequence number of the latest message, 0 if there is none.

        Raises:
            ConversationNotFound: There is no such conversation.
        """
        with self.reading.connect() as connection:
            query = select(conversations.c.next_seq).where(conversations.c.id == store.known_id(conversation_id))
            found = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise ConversationNotFound(conversation_id)
        return int(found) - 1

    def transcript(self, conversation_id: str) -> list[Message]:
        """Read the whole conversation, over all sessions."""
        return self.messages(conversation_id, limit=100_000)

    def replies_to(self, conversation_id: str, seq: int) -> list[Message]:
        """Read what the bot answered to the customer's message `seq`."""
        with self.reading.connect() as connection:
            rows = connection.execute(_REPLIES, {"target": conversation_id, "answered": seq}).all()
        return [store.to_message(row) for row in rows]

    def handoffs(self, conversation_id: str) -> list[Handoff]:
        """Read all handoffs of a conversation, oldest first."""
        query = select(handoffs).where(handoffs.c.conversation_id == conversation_id).order_by(handoffs.c.epoch)
        with self.reading.connect() as connection:
            return [store.to_handoff(row) for row in connection.execute(query).all()]

    def open_handoff(self, conversation_id: str) -> Handoff | None:
        """Read the open handoff of a conversation, if there is one."""
        with self.reading.connect() as connection:
            row = store.open_handoff_of(connection, conversation_id)
        return store.to_handoff(row) if row is not None else None

    def open_handoffs(self, cards: bool = True) -> dict[str, Handoff]:
        """Read every open handoff, by conversation id.

        Args:
            cards: With their context cards, which are large; else each has an empty one.
        """
        columns = [column for column in handoffs.columns if cards or column is not handoffs.c.card]
        with self.reading.connect() as connection:
            rows = connection.execute(select(*columns).where(handoffs.c.closed_at.is_(None))).all()
        return {row.conversation_id: store.to_handoff(row) for row in rows}

    def position(self) -> int:
        """Return the position from which to look for all that changes from now on; see `changes_since`."""
        return position(self.reading)

    def changes_since(self, since: int) -> Changes:
        """Return the next position, and (id, revision) of the conversations that changed since `since`.

        No change is passed over, however late it commits and whatever the clocks say; some are told twice.
        """
        return changes_since(self.reading, since)

    def fenced(self, conversation_id: str | None = None) -> int:
        """Count the bot replies suppressed because somebody else owned the conversation."""
        if conversation_id is None:
            return counters.read(self.engine).get("fenced", 0)
        query = select(func.count()).select_from(fenced_replies).where(
            fenced_replies.c.conversation_id == conversation_id)
        with self.reading.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def list(self, owners: Sequence[Owner] = tuple(Owner), limit: int = 200) -> list[Conversation]:
        """Read conversations of these owners, the latest changed first."""
        latest = select(conversations).order_by(conversations.c.updated_at.desc()).limit(limit)
        # One owner at a time: the rows of several, in order of time, stand together in no index.
        queries = [latest] if set(owners) == set(Owner) else [
            latest.where(conversations.c.owner == owner.value) for owner in owners]
        with self.reading.connect() as connection:
            rows = [row for query in queries for row in connection.execute(query).all()]
        rows.sort(key=lambda row: row.updated_at, reverse=True)
        return [store.to_conversation(row, self.clock()) for row in rows[:limit]]
