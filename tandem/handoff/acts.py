"""Carries out in the ledger what agents did in an outside tool; repeats change nothing."""
from __future__ import annotations

import logging

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Handoff, NotAllowed, Owner
from tandem.conversations.ownership import Agent, Ownership
from tandem.conversations.tables import handoffs
from tandem.handoff.channel import Act, AgentEvent
from tandem.handoff.notices import notice
from tandem.handoff.tables import agent_events

logger = logging.getLogger(__name__)


class Acts:
    """Applies agents' events to the ledger; blocking."""

    def __init__(self, ledger: Ledger, ownership: Ownership) -> None:
        self._ledger = ledger
        self._ownership = ownership

    def apply(self, channel: str, event: AgentEvent) -> bool:
        """Carry out one event; False if it was known already or its handoff is not ours.

        An agent who speaks owns the conversation from then on, also if the customer had gone back to the bot: a
        person's word is never lost. Claims, hand-backs and resolutions of a handoff that is over are ignored.
        """
        handoff = self._handoff(event.handoff_id)
        if handoff is None:
            logger.warning("%s told of handoff %s, which is not known here", channel, event.handoff_id[:40])
            return False
        if event.act in (Act.TYPING, Act.STOPPED_TYPING):
            self._ledger.set_typing(handoff.conversation_id, Author.AGENT, event.agent_name, event.act is Act.TYPING)
            return True
        if self._known(channel, event.key):
            return False
        agent = Agent(f"{channel}:{event.agent_id or 'agent'}", event.agent_name or channel.title())
        try:
            self._carry_out(channel, event, handoff, agent)
        except NotAllowed as error:
            logger.info("%s: %s in handoff %s came too late: %s", channel, event.act.value, handoff.id, error)
        self._remember(channel, event)
        return True

    def _carry_out(self, channel: str, event: AgentEvent, handoff: Handoff, agent: Agent) -> None:
        conversation_id = handoff.conversation_id
        joined = notice("agent_joined", agent=agent.name)
        if event.act is Act.NOTED:
            self._ownership.note(conversation_id, agent, event.text, f"{channel}:{event.key}"[:255])
        elif event.act is Act.SAID:
            if self._ledger.conversation(conversation_id).owner is Owner.WAITING:
                self._ownership.claim(conversation_id, agent, joined)
            else:
                self._ownership.take_over(conversation_id, agent, joined, f"{agent.name} wrote in {channel}")
            self._ownership.reply(conversation_id, agent, event.text[: store.MAX_TEXT], f"{channel}:{event.key}"[:255])
        elif handoff.closed_at is not None:
            return
        elif event.act is Act.CLAIMED:
            self._ownership.take_over(conversation_id, agent, joined)
        elif event.act is Act.HANDED_BACK:
            self._ownership.hand_back(conversation_id, None, event.text[:1000], notice("handed_back", agent=agent.name))
        elif event.act is Act.RESOLVED:
            self._ownership.resolve(conversation_id, None, event.text[:1000], notice("resolved", agent=agent.name))

    def _handoff(self, handoff_id: str) -> Handoff | None:
        with self._ledger.reading.connect() as connection:
            row = connection.execute(select(handoffs).where(handoffs.c.id == handoff_id)).first()
        return store.to_handoff(row) if row is not None else None

    def _known(self, channel: str, key: str) -> bool:
        query = select(agent_events.c.key).where(agent_events.c.channel == channel, agent_events.c.key == key[:255])
        with self._ledger.reading.connect() as connection:
            return connection.execute(query).first() is not None

    def _remember(self, channel: str, event: AgentEvent) -> None:
        try:
            with self._ledger.engine.begin() as connection:
                connection.execute(insert(agent_events).values(
                    channel=channel, key=event.key[:255], handoff_id=event.handoff_id, at=self._ledger.clock()))
        except IntegrityError:
            logger.debug("%s event %s was carried out twice at once; its steps are idempotent", channel, event.key)
