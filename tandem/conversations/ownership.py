"""Who answers: handing off, claiming, replying, handing back. Every change of owner raises the epoch."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, literal, update

from tandem.conversations import store, transitions
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import (
    TAKE_OVER,
    Agent,
    AlreadyClaimed,
    Author,
    Conversation,
    Handoff,
    HandoffRequest,
    InvalidMessage,
    Kind,
    Message,
    NotAllowed,
    Owner,
)
from tandem.conversations.tables import handoffs
from tandem.db.engine import UtcDateTime


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
            NotAllowed: The bot asks for it in an epoch that is over: people have had the conversation since.
        """
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, request.conversation_id)
            now = self._ledger.clock()
            known = store.open_handoff_of(connection, row.id)
            began = known.epoch - 1 if known is not None else row.epoch
            if request.epoch is not None and request.epoch != began:
                raise NotAllowed(f"the handoff was asked for in epoch {request.epoch}, and now is epoch {row.epoch}")
            if known is not None:
                return store.to_handoff(known), False
            row = transitions.transition(connection, row, now, "open_handoff")
            return transitions.insert_handoff(connection, row, now, request), True

    def claim(
        self, conversation_id: str, agent: Agent, notice: str = "", capacity: int | None = None,
    ) -> Conversation:
        """Take a waiting conversation. Claiming one's own again changes nothing.

        Args:
            notice: What the customer is told, for example that the agent has joined.
            capacity: How many conversations the agent takes at a time; None for any number.

        Raises:
            AlreadyClaimed: Another agent has it.
            CapacityReached: The agent has as many as they take.
            NotAllowed: Nobody waits there.
        """
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            holder = transitions.holder(connection, row)
            if holder == agent.id:
                return store.to_conversation(row, now)
            if holder is not None:
                raise AlreadyClaimed(holder)
            row = transitions.transition(connection, row, now, "claim")
            if capacity is not None:
                transitions.require_room(connection, agent, capacity)
            transitions.assign(connection, row, now, agent)
            row = transitions.announce(connection, row, now, notice, "agent_joined", agent)
            return store.to_conversation(row, now)

    def take_over(
        self, conversation_id: str, agent: Agent, notice: str = "", reason: str = "", channel: str = "desk",
        capacity: int | None = None, from_colleague: bool = True, handoff_id: str | None = None,
    ) -> Conversation:
        """Take a conversation from the bot, the queue or another agent, at once.

        The bot's reply in the making is fenced, because the epoch has moved.

        Args:
            channel: The live-agent channel in which the agent works; a handoff that opens by this goes there.
            capacity: How many conversations the agent takes from the queue at a time; None for any number.
            from_colleague: The agent may take it from another one.
            handoff_id: Only while this handoff is open.

        Raises:
            AlreadyClaimed: Another agent has it, from whom this one may not take it.
            NotAllowed: The handoff is over.
            CapacityReached: The customer waits in the queue, and the agent has as many as they take.
        """
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            transitions.require_open(connection, row, handoff_id)
            holder = transitions.holder(connection, row)
            if holder == agent.id:
                return store.to_conversation(row, now)
            if holder is not None and not from_colleague:
                raise AlreadyClaimed(holder)
            waits = row.owner == Owner.WAITING.value
            row = transitions.transition(connection, row, now, "take_over")
            if waits and capacity is not None:
                transitions.require_room(connection, agent, capacity)
            if store.open_handoff_of(connection, row.id) is None:
                why = reason or f"Taken over by {agent.name}"
                request = HandoffRequest(row.id, why, TAKE_OVER, channel=channel)
                transitions.insert_handoff(connection, row, now, request)
            transitions.assign(connection, row, now, agent)
            row = transitions.announce(connection, row, now, notice, "agent_joined", agent)
            return store.to_conversation(row, now)

    def release(self, conversation_id: str, agent: Agent | None, notice: str = "") -> Conversation:
        """Put a claimed conversation back into the queue; with `agent` None whoever holds it."""
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            transitions.require_holder(connection, row, agent)
            row = transitions.transition(connection, row, now, "release")
            connection.execute(update(handoffs).where(handoffs.c.conversation_id == row.id,
                                                      handoffs.c.closed_at.is_(None))
                               .values(claimed_by=None, claimed_at=None, last_notified_at=now))
            row = transitions.announce(connection, row, now, notice, "agent_left", agent)
            return store.to_conversation(row, now)

    def hand_back(
        self, conversation_id: str, agent: Agent | None, note_for_bot: str = "", notice: str = "",
        resume: bool = False, handoff_id: str | None = None,
    ) -> Conversation:
        """Give the conversation to the bot; with `agent` None whoever holds it.

        Args:
            note_for_bot: What the bot passes on when the customer next writes.
            resume: The bot carries on with what it was in the middle of; else it starts fresh.
            handoff_id: Only while this handoff is open.
        """
        return self._close(conversation_id, agent, "hand_back", "handed_back", note_for_bot, notice, resume, handoff_id)

    def leave_queue(self, conversation_id: str) -> Conversation:
        """Give a waiting customer back to the bot, as they wish.

        Raises:
            NotAllowed: The customer does not wait; somebody may have claimed the conversation just now.
        """
        return self._close(conversation_id, None, "leave_queue", "handed_back", "", "")

    def resolve(
        self, conversation_id: str, agent: Agent | None, note_for_bot: str = "", notice: str = "",
        handoff_id: str | None = None,
    ) -> Conversation:
        """Resolve the conversation, or only this handoff if one is named. The next message is the bot's."""
        return self._close(conversation_id, agent, "resolve", "resolved", note_for_bot, notice, handoff_id=handoff_id)

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

    def notify_waiting(
        self, handoff: Handoff, notice: str, contact: str = "", buttons: Sequence[Mapping[str, str]] = (),
    ) -> bool:
        """Tell a waiting customer how long it takes, or that their contact is kept.

        Args:
            handoff: As it was read. If the customer has been told something since, or waits no more, nothing is said:
                so several desks may try at once.
            contact: The address to keep with the handoff.

        Returns:
            Whether it was said.
        """
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, handoff.conversation_id)
            now = self._ledger.clock()
            current = store.open_handoff_of(connection, row.id)
            if row.owner != Owner.WAITING.value or current is None or current.id != handoff.id \
                    or (current.last_notified_at, current.contact) != (handoff.last_notified_at, handoff.contact):
                return False
            connection.execute(update(handoffs).where(handoffs.c.id == handoff.id).values(
                last_notified_at=now, contact=contact or handoff.contact))
            if contact:
                store.know_email(connection, row.id, contact)
            event = "contact_kept" if contact else "still_waiting"
            store.append(connection, row, now, author=Author.SYSTEM, kind=Kind.EVENT, text=notice,
                         data={"event": event, "buttons": [dict(button) for button in buttons]})
            return True

    # -- inside a transaction ---------------------------------------------------------------------------------

    def _close(
        self, conversation_id: str, agent: Agent | None, step: str, outcome: str, note_for_bot: str, notice: str,
        resume: bool = False, handoff_id: str | None = None,
    ) -> Conversation:
        line = store.clean_text(note_for_bot, store.MAX_NOTE_FOR_BOT)
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            transitions.require_open(connection, row, handoff_id)
            if row.owner == Owner.AGENT.value:
                transitions.require_holder(connection, row, agent)
            row = transitions.close(connection, row, now, step, outcome, notice, agent, line, resume)
            return store.to_conversation(row, now)

    def _say(
        self, conversation_id: str, agent: Agent, text: str, client_id: str | None, kind: Kind, late: bool = False,
    ) -> Message:
        text = store.clean_text(text)
        if not text.strip():
            raise InvalidMessage("a message must not be empty")
        client_id = store.clean_id(client_id, "the client message id") if client_id else None
        with self._ledger.engine.begin() as connection:
            row = store.lock(connection, conversation_id)
            now = self._ledger.clock()
            known = store.by_client_id(connection, conversation_id, Author.AGENT, client_id)
            if known is not None:
                if (known.text, known.kind) != (text, kind.value):
                    raise InvalidMessage("this client message id belongs to another message")
                return store.to_message(known)
            changes: dict[str, Any] = {}
            if kind is Kind.TEXT and not late:
                transitions.require_holder(connection, row, agent)
                changes["typing_until"] = None
            _, message = store.append(connection, row, now, author=Author.AGENT, kind=kind, text=text,
                                      name=agent.name, client_id=client_id, **changes)
            if kind is Kind.TEXT:
                connection.execute(
                    update(handoffs).where(handoffs.c.conversation_id == row.id, handoffs.c.closed_at.is_(None))
                    .values(first_reply_at=func.coalesce(handoffs.c.first_reply_at, literal(now, UtcDateTime)),
                            unanswered_since=None))
            return message

