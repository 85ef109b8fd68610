"""What came from outside tools: webhooks as they were, and the agents' events read from them and from sweeps.

A webhook is kept before it is answered, read later, and its events are kept under the tool's own keys, so that one
event is carried out once however often and whichever way it comes.
"""
from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.engine.row import Row
from sqlalchemy.exc import IntegrityError

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import ConversationNotFound, Handoff
from tandem.conversations.store import clean_text, lock
from tandem.live_agents.protocol import Act, AgentEvent
from tandem.live_agents.relay import due_inbound
from tandem.live_agents.relay.tables import agent_events, webhooks

LEASE = timedelta(seconds=10)  # carrying out an event takes a few writes to the ledger
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600))  # then it is dead
KEPT = {"done": timedelta(days=7), "dead": timedelta(days=30)}  # webhooks: longer than any tool repeats itself
NAME = 120  # characters of an agent's id and name
_POSTPONED = 500  # webhooks about unknown handoffs that are looked at again with the others
_DEAD_EVENT = text("agent_events.state = 'dead'")  # as the partial index has it
_KEY = 160  # characters of a tool's event key that are kept as they are


@dataclass(frozen=True)
class StoredEvent:
    """An event of an agent, ready to be carried out."""

    id: int
    channel: str
    handoff_id: str
    conversation_id: str
    act: Act
    key: str
    agent_id: str
    agent_name: str
    text: str
    happened_at: datetime | None
    attempts: int


@dataclass(frozen=True)
class StoredWebhook:
    """A checked webhook, ready to be read."""

    id: int
    channel: str
    body: bytes
    received_at: datetime
    attempts: int


class Inbox:
    """Reads and writes the tables `webhooks` and `agent_events`; blocking."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    # -- webhooks ---------------------------------------------------------------------------------------------

    def keep(self, channel: str, delivery_id: str, body: bytes) -> bool:
        """Keep a checked webhook before it is answered; False if it was here before."""
        now = self._ledger.clock()
        try:
            with self._ledger.engine.begin() as connection:
                connection.execute(insert(webhooks).values(
                    channel=channel, delivery_id=stable(delivery_id), body=body, received_at=now, state="todo",
                    attempts=0, next_attempt_at=now,
                ))
        except IntegrityError:
            return False
        return True

    def unread(self, limit: int = 50, but: Sequence[str] = ()) -> list[StoredWebhook]:
        """Read the webhooks that are to be read now, in the order in which they came, but for those of some channels.

        Among them those that were postponed, whenever there is another to be read: a later one may be about the same
        thread, which has become known meanwhile.
        """
        now = self._ledger.clock()
        due = {"but": list(but), "now": now, "longest_pause": now + PAUSES[-1]}
        with self._ledger.reading.connect() as connection:
            rows = connection.execute(due_inbound.UNREAD, {**due, "limit": limit}).all()
            if rows:
                rows += connection.execute(due_inbound.POSTPONED, {**due, "limit": _POSTPONED}).all()
                rows.sort(key=lambda row: row.id)
        return [StoredWebhook(row.id, row.channel, bytes(row.body), row.received_at, row.attempts) for row in rows]

    def webhook_done(self, webhook: StoredWebhook) -> None:
        """Note that the webhook's events are stored; only its id stays, to recognise a repeat."""
        self._webhook(webhook, state="done", body=b"", error=None)

    def webhook_postponed(self, webhook: StoredWebhook) -> None:
        """Put off a webhook about a handoff that is not known, or not yet."""
        self._webhook(webhook, error=due_inbound.STRANGE, next_attempt_at=self._ledger.clock() + PAUSES[0])

    def webhook_failed(self, webhook: StoredWebhook, error: str) -> bool:
        """Note that a webhook could not be read; it is tried again after a pause. False if it is dead now."""
        values = self._after_failure(webhook.attempts, error)
        self._webhook(webhook, **values)
        return "state" not in values

    # -- events -----------------------------------------------------------------------------------------------

    def record(self, channel: str, handoff: Handoff, event: AgentEvent) -> bool:
        """Keep an event to be carried out; False if it was here before, or the customer is erased."""
        now = self._ledger.clock()
        try:
            with self._ledger.engine.begin() as connection:
                lock(connection, handoff.conversation_id)  # an erasure under way would leave it behind
                connection.execute(insert(agent_events).values(
                    channel=channel, key=stable(event.key), handoff_id=handoff.id,
                    conversation_id=handoff.conversation_id, act=event.act.value,
                    agent_id=legible(event.agent_id) or "agent",
                    agent_name=legible(event.agent_name) or channel.title(),
                    text=clean_text(event.text, len(event.text)), happened_at=event.at, sort_at=event.at or now,
                    state="todo", attempts=0, next_attempt_at=now,
                ))
        except (IntegrityError, ConversationNotFound):
            return False
        return True

    def knows(self, channel: str, key: str) -> bool:
        """Check whether the event was here before."""
        query = select(agent_events.c.id).where(agent_events.c.channel == channel, agent_events.c.key == stable(key))
        with self._ledger.reading.connect() as connection:
            return connection.execute(query).first() is not None

    def lease_events(self, limit: int = 10) -> list[StoredEvent]:
        """Take the next event of each conversation that has one; the next follows when this one is done."""
        now = self._ledger.clock()
        ready = {"now": now, "longest_pause": now + PAUSES[-1], "longest_lease": now + 2 * LEASE}
        with self._ledger.reading.connect() as connection:
            if connection.execute(due_inbound.ANY_READY, ready).first() is None:
                return []
        with self._ledger.engine.begin() as connection:
            rows = connection.execute(due_inbound.NEXT_READY, {**ready, "limit": limit}).all()
            for row in rows:
                connection.execute(update(agent_events).where(agent_events.c.id == row.id)
                                   .values(lease_until=self._ledger.clock() + LEASE))
        return [_event(row) for row in rows]

    def event_done(self, event: StoredEvent) -> None:
        """Note that an event is carried out; its key stays, to know a repeat."""
        self._event(event, state="done", text="", error=None, lease_until=None)

    def event_failed(self, event: StoredEvent, error: str) -> bool:
        """Note that an event could not be carried out; it is tried again after a pause. False if it is dead now."""
        values = self._after_failure(event.attempts, error)
        self._event(event, lease_until=None, **values)
        return "state" not in values

    # -- dead letters and tidying -----------------------------------------------------------------------------

    def dead(self) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        """Read the webhooks that could not be read, and events not carried out, the latest first."""
        # Without what people wrote: the desk counts dead letters on every page, and a webhook may have 500 kB.
        hooks, acts = webhooks.c, agent_events.c
        unread = select(hooks.id, hooks.channel, hooks.received_at, hooks.error)
        not_done = select(acts.id, acts.channel, acts.handoff_id, acts.act, acts.conversation_id, acts.agent_name,
                          acts.sort_at, acts.error)
        with self._ledger.reading.connect() as connection:
            unreadable = connection.execute(unread.where(hooks.state == "dead").order_by(hooks.id.desc())).all()
            undone = connection.execute(not_done.where(_DEAD_EVENT).order_by(acts.id.desc())).all()
        return (
            [{"id": row.id, "channel": row.channel, "received_at": row.received_at.isoformat(), "error": row.error}
             for row in unreadable],
            [{"id": row.id, "channel": row.channel, "handoff_id": row.handoff_id, "act": row.act,
              "conversation_id": row.conversation_id, "agent": row.agent_name, "at": row.sort_at.isoformat(),
              "error": row.error} for row in undone],
        )

    def dead_count(self) -> int:
        """Count the dead webhooks and events."""
        counts = (select(func.count()).select_from(webhooks).where(webhooks.c.state == "dead"),
                  select(func.count()).select_from(agent_events).where(_DEAD_EVENT))
        with self._ledger.reading.connect() as connection:
            return sum(int(connection.execute(count).scalar_one()) for count in counts)

    def replay_webhook(self, webhook_id: int) -> bool:
        """Read a dead webhook again; False if there is no such dead webhook."""
        return self._revive(webhooks, webhooks.c.id == webhook_id) > 0

    def replay_events(self, handoff_id: str) -> int:
        """Carry the dead events of a handoff out again, and return how many there were."""
        return self._revive(agent_events, agent_events.c.handoff_id == handoff_id)

    def discard_webhook(self, webhook_id: int) -> bool:
        """Leave a dead webhook unread for good, and empty it; False if there is no such dead webhook."""
        return self._discard(webhooks, webhooks.c.id == webhook_id, body=b"") > 0

    def discard_events(self, handoff_id: str) -> int:
        """Leave the dead events of a handoff undone for good, and empty them; how many there were."""
        return self._discard(agent_events, agent_events.c.handoff_id == handoff_id, text="")

    def tidy(self) -> None:
        """Remove webhooks that no tool will repeat."""
        now = self._ledger.clock()
        with self._ledger.engine.begin() as connection:
            for state, kept in KEPT.items():
                connection.execute(delete(webhooks).where(webhooks.c.state == state,
                                                          webhooks.c.received_at < now - kept))

    def _after_failure(self, attempts: int, error: str) -> dict[str, Any]:
        values: dict[str, Any] = {"attempts": attempts + 1, "error": error[:500]}
        if attempts < len(PAUSES):
            return {**values, "next_attempt_at": self._ledger.clock() + PAUSES[attempts]}
        return {**values, "state": "dead"}

    def _webhook(self, webhook: StoredWebhook, **values: Any) -> None:
        with self._ledger.engine.begin() as connection:
            connection.execute(update(webhooks).where(webhooks.c.id == webhook.id, webhooks.c.state == "todo")
                               .values(**values))

    def _event(self, event: StoredEvent, **values: Any) -> None:
        with self._ledger.engine.begin() as connection:
            connection.execute(update(agent_events).where(agent_events.c.id == event.id,
                                                          agent_events.c.state == "todo").values(**values))

    def _revive(self, table: Any, which: Any) -> int:
        with self._ledger.engine.begin() as connection:
            done = connection.execute(update(table).where(which, table.c.state == "dead").values(
                state="todo", attempts=0, next_attempt_at=self._ledger.clock(), error=None))
        return int(done.rowcount)

    def _discard(self, table: Any, which: Any, **values: Any) -> int:
        with self._ledger.engine.begin() as connection:
            done = connection.execute(
                update(table).where(which, table.c.state == "dead").values(state="done", **values))
        return int(done.rowcount)


def stable(key: str) -> str:
    """Write a tool's id as the tables keep it: itself if it is short and printable, else a digest of it."""
    if 0 < len(key) <= _KEY and key.isprintable():
        return key
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def legible(name: str) -> str:
    """Write an outside tool's name for somebody so that it may be shown: printable, on one line, not too long."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())[:NAME]


def _event(row: Row) -> StoredEvent:
    return StoredEvent(row.id, row.channel, row.handoff_id, row.conversation_id, Act(row.act), row.key, row.agent_id,
                       row.agent_name, row.text, row.happened_at, row.attempts)
