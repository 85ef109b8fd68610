"""What an agent does with a conversation: who may do it, what the customer is told, and what the audit log keeps."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import from_thread
from sqlalchemy import select
from sqlalchemy.engine import Connection, Engine

from tandem.agents import audit
from tandem.agents.accounts import Role, find
from tandem.agents.presence import capacity_of
from tandem.conversations.feed import Feed
from tandem.conversations.model import (
    Agent,
    Author,
    Conversation,
    ConversationNotFound,
    Delivery,
    Handoff,
    Kind,
    Message,
    NotAllowed,
    Owner,
)
from tandem.conversations.store import MAX_ID
from tandem.conversations.tables import conversations
from tandem.desk.errors import Conflict, Forbidden, NotFound
from tandem.desk.security.principal import Principal
from tandem.services import Services
from tandem.wording.phrases import notice


@dataclass(frozen=True)
class AgentService:
    """What agents do at the desk; blocking, called from worker threads."""

    services: Services
    feed: Feed

    @property
    def _engine(self) -> Engine:
        return self.services.engine

    def conversation(self, conversation_id: str) -> Conversation:
        """Read one conversation.

        Raises:
            ConversationNotFound: There is none, or the id could not be one.
        """
        if not conversation_id or len(conversation_id) > MAX_ID or not conversation_id.isprintable():
            raise ConversationNotFound(conversation_id)
        return self.services.ledger.conversation(conversation_id)

    def handoff(self, conversation_id: str) -> Handoff | None:
        """Return the open handoff of a conversation."""
        return self.services.ledger.open_handoff(conversation_id)

    def claim(self, caller: Principal, conversation_id: str) -> None:
        """Take a waiting conversation.

        Raises:
            CapacityReached: The agent has as many as they take at a time; supervisors and programs are not stopped.
        """
        self.conversation(conversation_id)
        joined = notice("agent_joined", agent=caller.agent.name)
        with self.act(caller, "claim", conversation_id):
            self.services.ownership.claim(conversation_id, caller.agent, joined, self._capacity(caller))

    def take_over(self, caller: Principal, conversation_id: str) -> None:
        """Take a conversation from the bot or the queue; from a colleague only as a supervisor.

        Raises:
            Forbidden: A colleague has it and the caller is no supervisor.
            AlreadyClaimed: The same, and the colleague was quicker by a moment.
            CapacityReached: It waits in the queue, and the agent has as many as they take at a time.
        """
        if self.conversation(conversation_id).owner is Owner.AGENT:
            holder = self.handoff(conversation_id)
            if holder is not None and holder.claimed_by != caller.agent.id:
                caller.require(Role.SUPERVISOR)
        joined = notice("agent_joined", agent=caller.agent.name)
        with self.act(caller, "take_over", conversation_id):
            self.services.ownership.take_over(conversation_id, caller.agent, joined, capacity=self._capacity(caller),
                                              from_colleague=caller.role.covers(Role.SUPERVISOR))

    def release(self, caller: Principal, conversation_id: str) -> None:
        """Put a claimed conversation back into the queue; a colleague's only as a supervisor."""
        self.conversation(conversation_id)
        name, holds = self._holder(caller, conversation_id)
        with self.act(caller, "release", conversation_id):
            self.services.ownership.release(conversation_id, caller.agent if holds else None,
                                            notice("agent_left", agent=name))

    def hand_back(
        self, caller: Principal, conversation_id: str, note_for_bot: str = "", resume: bool = False,
    ) -> None:
        """Give the conversation to the bot, with a line it will pass on, to carry on where it was or start fresh."""
        holder, words = self._leaving(caller, conversation_id, "handed_back", "back_to_bot")
        with self.act(caller, "hand_back", conversation_id, "resume" if resume else ""):
            self.services.ownership.hand_back(conversation_id, holder, note_for_bot, words, resume)

    def resolve(self, caller: Principal, conversation_id: str, note_for_bot: str = "") -> None:
        """Resolve the conversation."""
        holder, words = self._leaving(caller, conversation_id, "resolved", "closed")
        with self.act(caller, "resolve", conversation_id):
            self.services.ownership.resolve(conversation_id, holder, note_for_bot, words)

    def reply(self, caller: Principal, conversation_id: str, text: str, client_id: str | None) -> Message:
        """Say something to the customer; a repeat of `client_id` is the first message."""
        self.conversation(conversation_id)
        with self.act(caller, "reply", conversation_id, newest_message(conversation_id)):
            return self.services.ownership.reply(conversation_id, caller.agent, text, client_id)

    def note(self, caller: Principal, conversation_id: str, text: str, client_id: str | None) -> Message:
        """Leave a private note for colleagues."""
        self.conversation(conversation_id)
        with self.act(caller, "note", conversation_id, newest_message(conversation_id)):
            return self.services.ownership.note(conversation_id, caller.agent, text, client_id)

    def typing(self, caller: Principal, conversation_id: str, writes: bool) -> None:
        """Show the customer that the agent writes.

        Raises:
            NotAllowed: The agent does not hold the conversation.
        """
        if self.conversation(conversation_id).owner is not Owner.AGENT or not self.holds(caller, conversation_id):
            raise NotAllowed("only the agent who holds the conversation is seen writing")
        self.services.ledger.set_typing(conversation_id, Author.AGENT, caller.agent.name, writes)
        self._nudge(conversation_id)

    def retry(self, caller: Principal, conversation_id: str, seq: int) -> Message:
        """Try a message again that was given up or may not have arrived.

        Raises:
            NotFound: No message has this number.
            Conflict: The message is not in such a state.
        """
        self.conversation(conversation_id)
        message = self._message(conversation_id, seq)
        if message.delivery not in (Delivery.FAILED, Delivery.DOUBT):
            raise Conflict(f"message {seq} is {message.delivery.value}; only failed or doubtful ones are tried again")
        with self.act(caller, "retry", conversation_id, f"seq {seq}"):
            self.services.outbox.retry(conversation_id, seq)
        return self._message(conversation_id, seq)

    def _capacity(self, caller: Principal) -> int | None:
        return None if caller.role.covers(Role.SUPERVISOR) else capacity_of(self._engine, caller.agent.id)

    def _message(self, conversation_id: str, seq: int) -> Message:
        found = self.services.ledger.messages(conversation_id, after=seq - 1, limit=1)
        if not found or found[0].seq != seq or found[0].kind is Kind.NOTE:
            raise NotFound(f"there is no message {seq} to the customer")
        return found[0]

    def _leaving(
        self, caller: Principal, conversation_id: str, words: str, words_without_agent: str,
    ) -> tuple[Agent | None, str]:
        """Return who must hold the conversation for it to end (None: whoever does), and what the customer is told."""
        if self.conversation(conversation_id).owner is not Owner.AGENT:
            return caller.agent, notice(words_without_agent)  # nobody has been with the customer who could leave
        name, holds = self._holder(caller, conversation_id)
        return caller.agent if holds else None, notice(words, agent=name)

    def holds(self, caller: Principal, conversation_id: str) -> bool:
        """Check whether the caller is the agent who has the conversation."""
        current = self.handoff(conversation_id)
        return current is not None and current.claimed_by == caller.agent.id

    def _holder(self, caller: Principal, conversation_id: str) -> tuple[str, bool]:
        """Name who holds the conversation, and say whether that is the caller; a supervisor may act for others."""
        current = self.handoff(conversation_id)
        if current is None or current.claimed_by is None or current.claimed_by == caller.agent.id:
            return caller.agent.name, True
        if not caller.role.covers(Role.SUPERVISOR):
            raise Forbidden("a colleague has this conversation; a supervisor may step in")
        holder = find(self._engine, current.claimed_by)
        return (holder.name if holder else current.claimed_by), False

    @contextmanager
    def act(
        self, caller: Principal, action: str, conversation_id: str, detail: audit.Detail = "",
    ) -> Iterator[None]:
        """Do a step, with its line of the audit log in the same transaction; then wake the pages that show it."""
        with audit.recorded(self._engine, caller.agent.id, caller.via, action, conversation_id, detail):
            yield
        self._nudge(conversation_id)

    def _nudge(self, conversation_id: str) -> None:
        from_thread.run_sync(self.feed.nudge, conversation_id)


def newest_message(conversation_id: str) -> Callable[[Connection], str]:
    """Name the message that a transaction adds to a conversation, for the audit log."""
    newest = select(conversations.c.next_seq).where(conversations.c.id == conversation_id)
    return lambda connection: f"seq {connection.execute(newest).scalar_one() - 1}"
