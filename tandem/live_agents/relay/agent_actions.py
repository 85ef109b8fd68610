"""Carries out in the ledger what agents did in an outside tool; repeats change nothing."""
from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, Author, Conversation, ConversationNotFound, Handoff, NotAllowed, Owner
from tandem.conversations.ownership import Ownership
from tandem.live_agents.protocol import Act
from tandem.live_agents.relay.inbound import StoredEvent
from tandem.logs import about
from tandem.wording.phrases import notice

logger = logging.getLogger(__name__)

_BREAKS = ("\n", " ")  # where a text too long for one message is cut


class AgentActions:
    """Applies agents' events to the ledger; blocking.

    Each step asks the ledger what is done already, so an event may be carried out again after a crash at any point.
    """

    def __init__(self, ledger: Ledger, ownership: Ownership) -> None:
        self._ledger = ledger
        self._ownership = ownership

    def apply(self, event: StoredEvent, handoff: Handoff) -> None:
        """Carry out one event.

        An agent who speaks owns the conversation from then on, also if the customer had gone back to the bot, unless
        they spoke before the end of the handoff and their word was late: a person's word is never lost. Claims and
        ends are for the tool's own handoffs: they take nothing from an agent at the desk.

        Raises:
            NotAllowed: Somebody else took the conversation between two steps; to be tried again.
        """
        agent = Agent(f"{event.channel}:{event.agent_id}"[:120], event.agent_name)
        try:
            if event.act is Act.SAID:
                self._said(event, handoff, agent)
            elif event.act is Act.NOTED:
                for key, part in _parts(event):
                    self._ownership.note(handoff.conversation_id, agent, part, key)
            elif handoff.closed_at is None:
                self._move(event, handoff, agent)
        except ConversationNotFound:
            logger.info("%s: the handoff belongs to a customer who was erased", event.channel, extra=_about(handoff))

    def typing(self, handoff: Handoff, agent_name: str, writes: bool) -> None:
        """Show the customer that the agent writes, while people have the conversation."""
        if handoff.closed_at is None:
            self._ledger.set_typing(handoff.conversation_id, Author.AGENT, agent_name, writes)

    def _said(self, event: StoredEvent, handoff: Handoff, agent: Agent) -> None:
        parts = list(_parts(event))
        if not parts or self._has_said(handoff.conversation_id, parts[-1][0]):
            return
        late = handoff.closed_at is not None and event.happened_at is not None \
            and event.happened_at <= handoff.closed_at
        if not late:
            joined = notice("agent_joined", agent=agent.name)
            self._ownership.take_over(handoff.conversation_id, agent, joined, channel=event.channel)
        say = self._ownership.reply_late if late else self._ownership.reply
        for key, part in parts:
            say(handoff.conversation_id, agent, part, key)

    def _move(self, event: StoredEvent, handoff: Handoff, agent: Agent) -> None:
        if event.happened_at is not None and event.happened_at < handoff.opened_at:
            logger.info("%s: %s is older than the handoff", event.channel, event.act.value, extra=_about(handoff))
            return
        conversation = self._ledger.conversation(handoff.conversation_id)
        if not self._may_move(event.channel, conversation, handoff):
            logger.info("%s: %s is passed over: an agent elsewhere has the customer", event.channel, event.act.value,
                        extra=_about(handoff))
            return
        # Named, so that it takes nothing from an agent elsewhere who is quicker by a moment.
        holder = Agent(handoff.claimed_by or agent.id, agent.name)
        try:
            if event.act is Act.CLAIMED:
                self._ownership.take_over(
                    conversation.id, agent, notice("agent_joined", agent=agent.name), channel=event.channel,
                    from_colleague=handoff.claimed_by is not None, handoff_id=handoff.id)
            elif event.act in (Act.HANDED_BACK, Act.RESUMED):
                words = notice("handed_back", agent=agent.name) if handoff.claimed_by else notice("back_to_bot")
                self._ownership.hand_back(conversation.id, holder, event.text[: store.MAX_NOTE_FOR_BOT], words,
                                          resume=event.act is Act.RESUMED, handoff_id=handoff.id)
            elif event.act is Act.RESOLVED:
                words = notice("resolved", agent=agent.name) if handoff.claimed_by else notice("closed")
                self._ownership.resolve(conversation.id, holder, event.text[: store.MAX_NOTE_FOR_BOT], words,
                                        handoff_id=handoff.id)
        except NotAllowed as error:
            logger.info("%s: %s came too late: %s", event.channel, event.act.value, error, extra=_about(handoff))

    def _may_move(self, channel: str, conversation: Conversation, handoff: Handoff) -> bool:
        ours = handoff.claimed_by is None or handoff.claimed_by.startswith(f"{channel}:")
        return conversation.owner is Owner.WAITING or (conversation.owner is Owner.AGENT and ours)

    def _has_said(self, conversation_id: str, key: str) -> bool:
        with self._ledger.reading.connect() as connection:
            return store.by_client_id(connection, conversation_id, Author.AGENT, key) is not None


def _about(handoff: Handoff) -> dict[str, Any]:
    return about(handoff.conversation_id, handoff.epoch, handoff.id)


def client_id(channel: str, key: str, part: int = 1) -> str:
    """Return the id under which the ledger keeps what an agent said in an outside tool."""
    return f"{channel}:{key}" if part == 1 else f"{channel}:{key}#{part}"


def _parts(event: StoredEvent) -> Iterator[tuple[str, str]]:
    """Split the event's text into messages that the ledger takes, each with its id; nothing if it is empty."""
    rest, number = event.text, 1
    while rest.strip():
        part = rest[: store.MAX_TEXT]
        if len(rest) > store.MAX_TEXT:
            cut = max(part.rfind(mark) for mark in _BREAKS) + 1
            part = part[:cut] if cut > store.MAX_TEXT // 2 else part
        if part.strip():
            yield client_id(event.channel, event.key, number), part
            number += 1
        rest = rest[len(part):]
