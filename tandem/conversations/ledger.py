"""The conversation ledger: every word of customer, bot, agent and system, written before anybody acts on it."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, bindparam, case, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations import store
from tandem.conversations.changes import CHANGE_ID
from tandem.conversations.model import (
    Author,
    Conversation,
    ConversationNotFound,
    Handoff,
    InboundMessage,
    InvalidMessage,
    Kind,
    Message,
    Mood,
    Owner,
    Receipt,
)
from tandem.conversations.tables import conversations, fenced_replies, handoffs, messages
from tandem.conversations.transcript import Transcript
from tandem.conversations.turn_queue import TURN_LEASE, waits
from tandem.logs import about

logger = logging.getLogger(__name__)

TYPING = timedelta(seconds=6)
INTERPRETATION = "interpretation"  # in the data of a customer's message: how the bot read it

# Statements of every turn, built once (see `store`).
_THIS = and_(messages.c.conversation_id == bindparam("target"), messages.c.seq == bindparam("number"))
_READ = update(messages).where(_THIS)
_DATA = select(messages.c.data).where(_THIS)
# While people have the conversation, messages are read side by side and may end in any order.
_READ_SINCE = select(messages.c.id).where(
    messages.c.conversation_id == bindparam("target"), messages.c.seq > bindparam("number"),
    messages.c.author == Author.CUSTOMER.value, messages.c.intent.is_not(None)).exists()
_READ_IN = {dialect: update(conversations).where(conversations.c.id == bindparam("target")).values(
    revision=conversations.c.revision + 1, updated_at=bindparam("now"), change_id=change_id,
    mood=case((_READ_SINCE, conversations.c.mood), else_=bindparam("latest", type_=conversations.c.mood.type)),
) for dialect, change_id in CHANGE_ID.items()}
_OVER = and_(handoffs.c.conversation_id == bindparam("target"), handoffs.c.closed_at.is_not(None),
             handoffs.c.bot_informed_seq.is_(None))
_BOT_UNINFORMED = select(handoffs).where(_OVER).order_by(handoffs.c.epoch.desc())  # the clock may have stepped back
_INFORM = update(handoffs).where(_OVER)
# Another process may have been quicker; not on SQLite, whose only writer has just looked. SQLAlchemy keeps no compiled
# form of an insert with ON CONFLICT.
_OPEN = {
    "postgresql": postgresql_insert(conversations).values(change_id=CHANGE_ID["postgresql"])
    .on_conflict_do_nothing(index_elements=["id"]),
    "sqlite": insert(conversations).values(change_id=CHANGE_ID["sqlite"]),
}
_WAITS_FOR_WORDS = update(handoffs).where(
    handoffs.c.conversation_id == bindparam("target"), handoffs.c.closed_at.is_(None),
    handoffs.c.first_reply_at.is_not(None), handoffs.c.unanswered_since.is_(None))


class Ledger(Transcript):
    """The writing side of the transcript. Ownership is `tandem.conversations.ownership`, the outbox `deliveries`.

    All methods are blocking and safe to call from any thread and any number of processes; each is one transaction.
    """

    def receive(self, inbound: InboundMessage) -> Receipt:
        """Store what a customer wrote, and say who must see it.

        A repeat of the same `client_id` is answered with the first message and `duplicate=True`. A customer who
        writes to a resolved conversation is with the bot again. A turn opens unless an agent has the conversation:
        who waits for one is answered by the system.

        Raises:
            InvalidMessage: Empty, longer than `store.MAX_TEXT`, an id that cannot be kept, or a conversation that
                belongs to another channel.
        """
        conversation_id = store.clean_id(inbound.conversation_id, "the conversation id")
        client_id = store.clean_id(inbound.client_id, "the message id") if inbound.client_id else None
        text = store.clean_text(inbound.text)
        if not text.strip():
            raise InvalidMessage("a message must not be empty")
        with self.engine.begin() as connection:
            row = self._open(connection, conversation_id, inbound)
            now = self.clock()
            known = store.by_client_id(connection, conversation_id, Author.CUSTOMER, client_id)
            if known is not None:
                return Receipt(store.to_conversation(row, now), store.to_message(known), duplicate=True, for_bot=False)
            changes: dict[str, Any] = {
                "last_customer_at": now, "push": inbound.push, "customer_typing_until": None,
            }
            if inbound.identity is not None:
                changes["identity"] = store.from_identity(inbound.identity)
                if changes["identity"] != row.identity:
                    store.know_email(connection, conversation_id, inbound.identity.email)
            if inbound.address:
                changes["address"] = store.clean_data(inbound.address)
            if row.owner == Owner.RESOLVED.value:
                changes.update(owner=Owner.BOT.value, epoch=row.epoch + 1)
            owner = Owner(changes.get("owner", row.owner))
            for_bot, is_answered = owner is Owner.BOT, owner in (Owner.BOT, Owner.WAITING)
            is_first = row.next_seq == 1
            informed = None if is_first or not for_bot else self.inform_bot(connection, conversation_id, row.next_seq)
            row, message = store.append(
                connection, row, now, author=Author.CUSTOMER, kind=Kind.TEXT, text=text, data=inbound.data,
                client_id=client_id, turn_lease=now + TURN_LEASE if is_answered else None, **changes,
            )
            if not for_bot:
                connection.execute(_WAITS_FOR_WORDS, {"target": conversation_id, "unanswered_since": now})
            in_line = is_answered and not is_first and waits(connection, conversation_id, message.seq)
            return Receipt(store.to_conversation(row, now), message, False, for_bot, informed, waits=in_line)

    def has_received(self, inbound: InboundMessage) -> bool:
        """Check whether this message came before, under the same `client_id`.

        Raises:
            InvalidMessage: One of its ids cannot be kept.
        """
        conversation_id = store.clean_id(inbound.conversation_id, "the conversation id")
        if not inbound.client_id:
            return False
        client_id = store.clean_id(inbound.client_id, "the message id")
        with self.reading.connect() as connection:
            return store.by_client_id(connection, conversation_id, Author.CUSTOMER, client_id) is not None

    def start(self, inbound: InboundMessage) -> Conversation:
        """Open a conversation before a word is said, or update who the customer is. `inbound.text` is not looked at."""
        conversation_id = store.clean_id(inbound.conversation_id, "the conversation id")
        with self.engine.begin() as connection:
            row = self._open(connection, conversation_id, inbound)
            now = self.clock()
            identity = store.from_identity(inbound.identity)
            if inbound.identity is not None and row.identity != identity:
                store.know_email(connection, conversation_id, inbound.identity.email)
                row = store.change(connection, row, now, identity=identity)
            return store.to_conversation(row, now)

    def record_reading(
        self, conversation_id: str, seq: int, mood: Mood | None, intent: str | None,
        interpretation: Mapping[str, Any] | None = None,
    ) -> None:
        """Note how the NLU read a customer's message; the conversation's mood is that of the latest one read.

        Args:
            interpretation: The likeliest intents and what of the conversation counted, for people to see.
        """
        with self.recoverable.begin() as connection:
            if connection.dialect.name != "sqlite":  # whose only writer has waited already
                store.lock_revision(connection, conversation_id)  # before the clock is read
            kept = store.from_mood(mood)
            found = connection.execute(_READ_IN[connection.dialect.name], {
                "target": store.known_id(conversation_id), "number": seq, "now": self.clock(), "latest": kept})
            if not found.rowcount:
                raise ConversationNotFound(conversation_id)
            noted: dict[str, Any] = {}
            if interpretation:
                data = connection.execute(_DATA, {"target": conversation_id, "number": seq}).scalar() or {}
                noted = {"data": {**data, INTERPRETATION: store.clean_data(interpretation)}}
            connection.execute(_READ, {
                "target": conversation_id, "number": seq, "mood": kept, **noted,
                "intent": store.printable(intent)[: store.MAX_NAME] if intent is not None else None,
            })

    def record_bot_reply(
        self, conversation_id: str, epoch: int, text: str, *, data: Mapping[str, Any] | None = None,
        reply_to: int | None = None, key: str | None = None, announces: str | None = None,
    ) -> Message | None:
        """Store a bot reply, or fence it.

        Args:
            epoch: The epoch in which the bot began to answer; a reply from an older epoch is suppressed and counted.
            reply_to: The customer's message it answers.
            key: What makes the reply one of a kind, so that a turn run again says nothing twice.
            announces: The id of the handoff that this reply announces; it may then be said although the conversation
                already waits for a person, as long as nobody has come.

        Returns:
            The message (the first one if `key` was used before), or None if it was fenced.
        """
        text = store.clean_text(text[: store.MAX_TEXT])
        with self.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self.clock()
            known = store.by_client_id(connection, conversation_id, Author.BOT, key)
            if known is not None:
                return store.to_message(known)
            if not (row.owner == Owner.BOT.value and row.epoch == epoch):
                current = store.open_handoff_of(connection, conversation_id)
                nobody_came = row.owner == Owner.WAITING.value
                if announces is None or current is None or current.id != announces or not nobody_came:
                    connection.execute(insert(fenced_replies).values(
                        conversation_id=conversation_id, epoch=epoch, text=text, at=now))
                    logger.info("A reply of the bot is fenced: %s owns the conversation", row.owner, extra=about(
                        row.id, row.epoch, current.id if current is not None else None))
                    return None
            row, message = store.append(
                connection, row, now, author=Author.BOT, kind=Kind.TEXT, text=text, data=data, client_id=key,
                reply_to=reply_to,
            )
            return message

    def know_email(self, conversation_id: str, email: str) -> None:
        """Remember an e-mail address as the customer's own, so that an export or an erasure finds the conversation."""
        with self.engine.begin() as connection:
            try:
                store.lock(connection, conversation_id)
            except ConversationNotFound:
                return  # erased meanwhile, or an order was looked up outside any conversation
            store.know_email(connection, conversation_id, email)

    def set_typing(self, conversation_id: str, author: Author, name: str, writes: bool = True) -> None:
        """Show the other side for `TYPING` that somebody writes, or stop showing it; the bot's sign is not kept."""
        with self.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self.clock()
            until = now + TYPING if writes else None
            if author is Author.CUSTOMER:
                store.change(connection, row, now, customer_typing_until=until)
            else:
                store.change(connection, row, now, typing_name=store.printable(name)[: store.MAX_NAME],
                             typing_until=until)

    def erase(self, conversation_id: str) -> None:
        """Remove a conversation and all that belongs to it.

        Raises:
            ConversationNotFound: There is none.
        """
        with self.engine.begin() as connection:
            store.lock(connection, conversation_id)
            store.erase(connection, conversation_id)

    # -- inside a transaction ---------------------------------------------------------------------------------

    def _open(self, connection: Connection, conversation_id: str, inbound: InboundMessage) -> Row:
        try:
            row = store.lock(connection, conversation_id)
        except ConversationNotFound:
            now = self.clock()
            opened = {
                "id": conversation_id, "channel": inbound.channel, "push": inbound.push, "owner": Owner.BOT.value,
                "epoch": 0, "revision": 0, "next_seq": 1, "created_at": now, "updated_at": now, "last_text": "",
                "address": store.clean_data(inbound.address), "identity": store.from_identity(inbound.identity),
                "session": 0,
            }
            is_ours = connection.execute(_OPEN[connection.dialect.name], opened).rowcount == 1
            row = store.as_row(opened) if is_ours else store.lock(connection, conversation_id)
            if inbound.identity is not None:
                store.know_email(connection, conversation_id, inbound.identity.email)
        if row.channel != inbound.channel:
            # Whoever guesses an id must not draw a conversation, and what is said in it, to a channel of their own.
            raise InvalidMessage(f"the conversation belongs to another channel than {inbound.channel}")
        return row

    def inform_bot(self, connection: Connection, conversation_id: str, seq: int) -> Handoff | None:
        """Note that the bot hears with message `seq` of the handoffs that are over, and return the latest of them."""
        latest = connection.execute(_BOT_UNINFORMED, {"target": conversation_id}).first()
        if latest is None:
            return None
        connection.execute(_INFORM, {"target": conversation_id, "bot_informed_seq": seq})
        return store.to_handoff(latest)
