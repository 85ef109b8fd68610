"""What the system says to those who wait for a person, and how they leave the queue in words."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations import store, transitions
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Kind, Message, Owner, Receipt
from tandem.conversations.tables import handoffs, messages
from tandem.conversations.turn_queue import BOT_EPOCH

EVENT = "queue_answer"  # the event of such a message; its data name the answer under `ANSWERS`
CONTACT = "contact_kept"  # the event of one that says that an address is kept
ANSWERS = "answers"
FOR_BOT = "for_bot"  # in a customer's message: the part of it that the bot is to answer
_OPEN = messages.c.turn == "open"


class QueueAnswers:
    """Answers to messages of customers who wait; all blocking, each one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def say(
        self, conversation_id: str, seq: int, text: str, data: Mapping[str, Any], *, contact: str = "",
        tells_standing: bool = False, urgency: float = 0.0,
    ) -> Message | None:
        """Answer message `seq`, if its customer still waits; a turn that is run again finds the first answer.

        Args:
            data: Buttons, and the names of the answers.
            contact: The e-mail address to keep with the handoff.
            tells_standing: The customer hears how long it takes, so that they need not be told again soon.
            urgency: 0..1; the handoff becomes at least this urgent.

        Returns:
            The answer; None if somebody has come, or the address was noted meanwhile.
        """
        key = f"{seq}.{EVENT}"
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            known = store.by_client_id(connection, conversation_id, Author.SYSTEM, key)
            if known is not None:
                return store.to_message(known)
            current = store.open_handoff_of(connection, conversation_id)
            if row.owner != Owner.WAITING.value or current is None:
                return None
            if contact and contact == current.contact and _was_noted(connection, conversation_id, seq):
                return None
            changes: dict[str, Any] = {"urgency": max(current.urgency, min(1.0, urgency))}
            if contact:
                changes["contact"] = contact
                store.know_email(connection, conversation_id, contact)
            if contact or tells_standing:
                changes["last_notified_at"] = now
            connection.execute(update(handoffs).where(handoffs.c.id == current.id).values(changes))
            _, message = store.append(
                connection, row, now, author=Author.SYSTEM, kind=Kind.EVENT, text=text, client_id=key, reply_to=seq,
                data={"event": CONTACT if contact else EVENT, **data})
            return message

    def leave(self, conversation_id: str, seq: int, for_bot: str = "", tries: int = 1) -> Receipt | None:
        """Give the conversation back to the bot, because the customer wishes it in message `seq`, whose turn goes on.

        That message, and whatever was written after it, is the bot's to answer.

        Args:
            for_bot: The part of the message that asks something of the bot; empty for all of it.

        Returns:
            What the bot is to see; None if the customer waits no more, or the turn is over.
        """
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            mine = (messages.c.conversation_id == conversation_id, messages.c.author == Author.CUSTOMER.value, _OPEN)
            stored = connection.execute(select(messages).where(*mine, messages.c.seq == seq)).first()
            if row.owner != Owner.WAITING.value or stored is None:
                return None
            row = transitions.close(connection, row, now, "leave_queue", "handed_back")
            for one in connection.execute(select(messages).where(*mine, messages.c.seq >= seq)).all():
                asks = {FOR_BOT: for_bot} if for_bot and one.seq == seq else {}
                connection.execute(update(messages).where(messages.c.id == one.id).values(
                    data=store.clean_data({**one.data, **asks, BOT_EPOCH: row.epoch})))
            told = self._ledger.inform_bot(connection, conversation_id, seq)
            message = connection.execute(select(messages).where(messages.c.id == stored.id)).one()
            return Receipt(store.to_conversation(row, now), store.to_message(message), False, True, told, tries)


def _was_noted(connection: Connection, conversation_id: str, seq: int) -> bool:
    """Check whether the watch over the queue has noted an address since message `seq`."""
    later: list[Row] = connection.execute(select(messages.c.data).where(
        messages.c.conversation_id == conversation_id, messages.c.seq > seq,
        messages.c.author == Author.SYSTEM.value)).all()
    return any((one.data or {}).get("event") == CONTACT for one in later)
