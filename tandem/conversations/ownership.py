"""Who answers: handing off, claiming, replying, handing back. Every change of owner raises the epoch."""
from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import (
    AlreadyClaimed,
    Author,
    Conversation,
    Handoff,
    InvalidMessage,
    Kind,
    Message,
    NotAllowed,
    Owner,
)
from tandem.conversations.tables import handoffs
from tandem.faults import transaction
from tandem.logs import about

logger = logging.getLogger(__name__)

STEPS: Mapping[str, Mapping[Owner, Owner]] = {
    "open_handoff": {Owner.BOT: Owner.WAITING, Owner.RESOLVED: Owner.WAITING},
    "claim": {Owner.WAITING: Owner.AGENT},
    "release": {Owner.AGENT: Owner.WAITING},
    "take_over": {Owner.BOT: Owner.AGENT, Owner.WAITING: Owner.AGENT, Owner.AGENT: Owner.AGENT,
                  Owner.RESOLVED: Owner.AGENT},
    "leave_queue": {Owner.WAITING: Owner.BOT},
    "hand_back": {Owner.AGENT: Owner.BOT, Owner.WAITING: Owner.BOT},
    "resolve": {Owner.AGENT: Owner.RESOLVED, Owner.WAITING: Owner.RESOLVED, Owner.BOT: Owner.RESOLVED},
}


@dataclass(frozen=True)
class Agent:
    """A person at the desk. `id` is stable, `name` is what customers see."""

    id: str
    name: str


@dataclass(frozen=True)
class HandoffRequest:
    """What `action_handoff` knows. `urgency` is 0..1; the card's shape is `tandem.handoff.card`."""

    conversation_id: str
    reason: str
    trigger: str
    urgency: float = 0.0
    card: Mapping[str, Any] = field(default_factory=dict)
    channel: str = "desk"  # the live-agent channel it goes to


class Ownership:
    """The steps that move a conversation from one owner to another; all blocking, each one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open_handoff(self, request: HandoffRequest) -> tuple[Handoff, bool]:
        """Hand the conversation to people.

        Returns:
            The open handoff, and whether this call opened it: asked again, it answers with the same one.

        Raises:
            ConversationNotFound: There is no such conversation.
        """
        at = self._ledger.clock()
        with transaction(self._ledger.engine, "handoff") as connection:
            row = store.lock(connection, request.conversation_id)
            known = store.open_handoff_of(connection, row.id)
            if known is not None:
                return store.to_handoff(known), False
            row = self._step(connection, row, at, "open_handoff")
            return self._insert_handoff(connection, row, at, request), True

    def claim(self, conversation_id: str, agent: Agent, notice: str = "") -> Conversation:
        """Take a waiting conversation. Claiming one's own again changes nothing.

        Args:
            notice: What the customer is told, for example that the agent has joined.

        Raises:
            AlreadyClaimed: Another agent has it.
            NotAllowed: Nobody waits there.
        """
        at = self._ledger.clock()
        with transaction(self._ledger.engine, "claim") as connection:
            row = store.lock(connection, conversation_id)
            holder = self._holder(connection, row)
            if holder == agent.id:
                return store.to_conversation(row, at)
            if holder is not None:
                raise AlreadyClaimed(f"{holder} has already claimed this conversation")
            row = self._step(connection, row, at, "claim")
            self._assign(connection, row, at, agent)
            row = self._announce(connection, row, at, notice, "agent_joined", agent)
            return store.to_conversation(row, at)

    def take_over(
        self, conversation_id: str, agent: Agent, notice: str = "", reason: str = "", channel: str = "desk",
    ) -> Conversation:
        """Take a conversation from the bot, the queue or another agent, at once.

        The bot's reply in the making is fenced, because the epoch has moved.

        Args:
            channel: The live-agent channel in which the agent works; a handoff that opens by this goes there.
        """
        at = self._ledger.clock()
        with transaction(self._ledger.engine, "take_over") as connection:
            row = store.lock(connection, conversation_id)
            if self._holder(connection, row) == agent.id:
                return store.to_conversation(row, at)
            row = self._step(connection, row, at, "take_over")
            if store.open_handoff_of(connection, row.id) is None:
                why = reason or f"Taken over by {agent.name}"
                request = HandoffRequest(row.id, why, "take_over", channel=channel)
                self._insert_handoff(connection, row, at, request)
            self._assign(connection, row, at, agent)
            row = self._announce(connection, row, at, notice, "agent_joined", agent)
            return store.to_conversation(row, at)

    def release(self, conversation_id: str, agent: Agent | None, notice: str = "") -> Conversation:
        """Put a claimed conversation back into the queue; with `agent` None whoever holds it."""
        at = self._ledger.clock()
        with transaction(self._ledger.engine, "release") as connection:
            row = store.lock(connection, conversation_id)
            self._require_holder(connection, row, agent)
            row = self._step(connection, row, at, "release")
            connection.execute(update(handoffs).where(handoffs.c.conversation_id == row.id,
                                                      handoffs.c.closed_at.is_(None))
                               .values(claimed_by=None, claimed_at=None, told_at=at))
            row = self._announce(connection, row, at, notice, "agent_left", agent)
            return store.to_conversation(row, at)

    def hand_back(
        self, conversation_id: str, agent: Agent | None, note_for_bot: str = "", notice: str = "",
        resume: bool = False,
    ) -> Conversation:
        """Give the conversation to the bot; with `agent` None whoever holds it.

        Args:
            note_for_bot: What the bot passes on when the customer next writes.
            resume: The bot carries on with what it was in the middle of; else it starts fresh.
        """
        return self._close(conversation_id, agent, "hand_back", "handed_back", note_for_bot, notice, resume)

    def leave_queue(self, conversation_id: str) -> Conversation:
        """The customer's own wish to go back to the bot while waiting.

        Raises:
            NotAllowed: The customer does not wait; somebody may have claimed the conversation just now.
        """
        return self._close(conversation_id, None, "leave_queue", "handed_back", "", "")

    def resolve(
        self, conversation_id: str, agent: Agent | None, note_for_bot: str = "", notice: str = "",
    ) -> Conversation:
        """Close the matter. The customer's next message goes to the bot."""
        return self._close(conversation_id, agent, "resolve", "resolved", note_for_bot, notice)

    def reply(self, conversation_id: str, agent: Agent, text: str, client_id: str | None = None) -> Message:
        """Say something to the customer. A repeat of `client_id` is the first message.

        Raises:
            InvalidMessage: Empty, too long, or `client_id` belongs to another message.
            NotAllowed: The agent does not own the conversation.
        """
        return self._say(conversation_id, agent, text, client_id, Kind.TEXT)

    def reply_late(self, conversation_id: str, agent: Agent, text: str, client_id: str | None = None) -> Message:
        """Pass on what an agent said while they had the conversation but which got here after its end.

        The owner stays who it is. A repeat of `client_id` is the first message.
        """
        return self._say(conversation_id, agent, text, client_id, Kind.TEXT, late=True)

    def note(self, conversation_id: str, agent: Agent, text: str, client_id: str | None = None) -> Message:
        """Leave a private note for agents; anyone at the desk may, whoever owns the conversation."""
        return self._say(conversation_id, agent, text, client_id, Kind.NOTE)

    def tell_waiting(
        self, handoff: Handoff, notice: str, contact: str = "", buttons: Sequence[Mapping[str, str]] = (),
    ) -> bool:
        """Tell a waiting customer how things stand, or that their contact is kept.

        Args:
            handoff: As it was read. If the customer has been told something since, or waits no more, nothing is said:
                so several desks may try at once.
            contact: The address to keep with the handoff.

        Returns:
            Whether it was said.
        """
        at = self._ledger.clock()
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, handoff.conversation_id)
            current = store.open_handoff_of(connection, row.id)
            if row.owner != Owner.WAITING.value or current is None or current.id != handoff.id \
                    or (current.told_at, current.contact) != (handoff.told_at, handoff.contact):
                return False
            connection.execute(update(handoffs).where(handoffs.c.id == handoff.id).values(
                told_at=at, contact=contact or handoff.contact))
            event = "contact_kept" if contact else "still_waiting"
            store.append(connection, row, at, author=Author.SYSTEM, kind=Kind.EVENT, text=notice,
                         data={"event": event, "buttons": [dict(button) for button in buttons]})
            return True

    def update_card(self, handoff_id: str, card: Mapping[str, Any]) -> None:
        """Replace a handoff's context card."""
        with self._ledger.engine.begin() as connection:
            connection.execute(update(handoffs).where(handoffs.c.id == handoff_id).values(card=store.clean_data(card)))

    # -- inside a transaction ---------------------------------------------------------------------------------

    def _step(self, connection: Connection, row: Row, at: datetime, step: str) -> Row:
        target = STEPS[step].get(Owner(row.owner))
        if target is None:
            raise NotAllowed(f"{step.replace('_', ' ')} is not possible while the conversation is owned by {row.owner}")
        current = store.open_handoff_of(connection, row.id)
        logger.info("%s: from %s to %s", step, row.owner, target.value,
                    extra=about(row.id, row.epoch + 1, current.id if current is not None else None))
        return store.change(connection, row, at, owner=target.value, epoch=row.epoch + 1, typing_until=None,
                            customer_typing_until=None)

    def _close(
        self, conversation_id: str, agent: Agent | None, step: str, outcome: str, note_for_bot: str, notice: str,
        resume: bool = False,
    ) -> Conversation:
        at = self._ledger.clock()
        with transaction(self._ledger.engine, step) as connection:
            row = store.lock(connection, conversation_id)
            if row.owner == Owner.AGENT.value:
                self._require_holder(connection, row, agent)
            row = self._step(connection, row, at, step)
            connection.execute(
                update(handoffs).where(handoffs.c.conversation_id == row.id, handoffs.c.closed_at.is_(None))
                .values(closed_at=at, outcome=outcome, note_for_bot=store.clean_text(note_for_bot, 1000),
                        resume=resume)
            )
            row = self._announce(connection, row, at, notice, outcome, agent)
            return store.to_conversation(row, at)

    def _say(
        self, conversation_id: str, agent: Agent, text: str, client_id: str | None, kind: Kind, late: bool = False,
    ) -> Message:
        text = store.clean_text(text)
        if not text.strip():
            raise InvalidMessage("a message must not be empty")
        client_id = store.clean_id(client_id, "the client message id") if client_id else None
        at = self._ledger.clock()
        with transaction(self._ledger.engine, "agent_says") as connection:
            row = store.lock(connection, conversation_id)
            known = store.by_client_id(connection, conversation_id, Author.AGENT, client_id)
            if known is not None:
                if (known.text, known.kind) != (text, kind.value):
                    raise InvalidMessage("this client message id belongs to another message")
                return store.to_message(known)
            changes: dict[str, Any] = {}
            if kind is Kind.TEXT and not late:
                self._require_holder(connection, row, agent)
                changes["typing_until"] = None
            _, message = store.append(connection, row, at, author=Author.AGENT, kind=kind, text=text,
                                      name=agent.name, client_id=client_id, **changes)
            return message

    def _insert_handoff(self, connection: Connection, row: Row, at: datetime, request: HandoffRequest) -> Handoff:
        connection.execute(insert(handoffs).values(
            id=uuid.uuid4().hex, conversation_id=row.id, channel=request.channel,
            reason=store.printable(request.reason), trigger=store.printable(request.trigger)[: store.MAX_NAME],
            urgency=max(0.0, min(1.0, request.urgency)), epoch=row.epoch, opened_at=at,
            card=store.clean_data(request.card), note_for_bot="",
        ))
        opened = store.open_handoff_of(connection, row.id)
        assert opened is not None
        return store.to_handoff(opened)

    def _assign(self, connection: Connection, row: Row, at: datetime, agent: Agent) -> None:
        connection.execute(
            update(handoffs).where(handoffs.c.conversation_id == row.id, handoffs.c.closed_at.is_(None))
            .values(claimed_by=agent.id, claimed_at=at)
        )

    def _announce(
        self, connection: Connection, row: Row, at: datetime, notice: str, event: str, agent: Agent | None,
    ) -> Row:
        data = {"event": event, "agent": agent.name if agent else ""}
        row, _ = store.append(connection, row, at, author=Author.SYSTEM, kind=Kind.EVENT, text=notice, data=data)
        return row

    def _holder(self, connection: Connection, row: Row) -> str | None:
        if row.owner != Owner.AGENT.value:
            return None
        current = store.open_handoff_of(connection, row.id)
        return current.claimed_by if current is not None else None

    def _require_holder(self, connection: Connection, row: Row, agent: Agent | None) -> None:
        if row.owner != Owner.AGENT.value:
            raise NotAllowed(f"claim the conversation first; it is owned by {row.owner}")
        holder = self._holder(connection, row)
        if agent is not None and holder != agent.id:
            raise AlreadyClaimed(f"{holder} has claimed this conversation")
