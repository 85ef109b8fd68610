"""What both sides of a conversation lived through, as their own clients saw it, and what the ledger says of it."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.engine import Engine

from tandem.conversations.ledger import Ledger
from tandem.conversations.tables import conversations, handoffs, messages
from tandem.live_agents.relay.tables import relays
from tandem.order_updates.notifier import UPDATE
from tests.system.faults.errand import Errand
from tests.system.faults.wish import Watched

FORM_SLOTS = frozenset({"order_number", "contact", "return_reason"})


@dataclass(frozen=True)
class ShownMessage:
    """What a client was shown, in the order of arrival. `seq` is None where the channel tells none."""

    text: str
    seq: int | None = None


@dataclass(frozen=True)
class Sent:
    """What a client sent under its own id and was told is kept, in the order of sending."""

    client_id: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A row of the ledger's transcript."""

    seq: int
    author: str
    kind: str
    text: str
    epoch: int
    client_id: str | None = None
    reply_to: int | None = None
    event: str = ""
    delivery: str = "none"
    doubt: bool = False
    at: datetime = datetime.min
    turn: str = ""  # how the bot's turn for it stands
    update: str = ""  # of an order, told without being asked: its number and the change


@dataclass(frozen=True)
class Remembered:
    """A message of the customer in the bot's memory: which one, and what its turn put into the form's slots."""

    seq: int
    text: str
    slots: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Side:
    """One client's notes."""

    sent: list[Sent] = field(default_factory=list)
    shown: list[ShownMessage] = field(default_factory=list)


@dataclass
class Case:
    """One handoff in an outside tool. `shown` is what its agents read; of that, `told` came word by word."""

    handoff_id: str
    shown: list[ShownMessage] = field(default_factory=list)
    told: list[ShownMessage] = field(default_factory=list)
    upto: int = 0  # where the transcript of the opening ends
    closed: bool = False


@dataclass
class History:
    """A whole conversation. `opened` are the epochs in which handoffs began; `claims` (epoch, agent) that won."""

    conversation_id: str
    channel: str
    customer: Side = field(default_factory=Side)
    agent: Side = field(default_factory=Side)
    entries: list[Entry] = field(default_factory=list)
    opened: Mapping[int, str] = field(default_factory=dict)  # the epoch in which a handoff began: its id
    claims: list[tuple[int, str]] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)  # in the outside tool
    breaches: list[str] = field(default_factory=list)  # of the protocol with the outside tool
    errand: Errand | None = None  # with an order
    errand_done: bool = False  # the order system says so
    watched: Watched | None = None  # an order of which they are asked whether they want to be told
    remembered: list[Remembered] = field(default_factory=list)  # the bot's memory, in its order
    stuck: str = ""  # what the script waited for in vain


def read_entries(ledger: Ledger, history: History) -> History:
    """Fill in what the ledger knows."""
    with ledger.reading.connect() as connection:
        rows = connection.execute(
            select(messages).where(messages.c.conversation_id == history.conversation_id).order_by(messages.c.seq)
        ).all()
        begun = connection.execute(
            select(handoffs.c.epoch, handoffs.c.id).where(handoffs.c.conversation_id == history.conversation_id)).all()
    history.entries = [_entry(row) for row in rows]
    history.opened = {row.epoch: row.id for row in begun}
    return history


def read_memory(trackers: Engine, history: History) -> None:
    """Fill in what the bot remembers of the customer's messages."""
    found: list[Remembered] = []
    with trackers.connect() as connection:
        for (data,) in connection.execute(text("SELECT data FROM events WHERE sender_id = :this ORDER BY id"),
                                          {"this": history.conversation_id}):
            event = json.loads(data)
            if event["event"] == "user" and event.get("message_id"):
                found.append(Remembered(int(event["message_id"].rpartition(":")[2]), event["text"], {}))
            elif event["event"] == "slot" and event["name"] in FORM_SLOTS and found:
                last = found[-1]  # a form may take back what the words have filled
                found[-1] = replace(last, slots={**last.slots, event["name"]: event["value"]})
    history.remembered = found


def undelivered(ledger: Ledger, channel: str) -> int:
    """How many messages of a channel are still on their way."""
    query = select(messages.c.id).join(conversations, conversations.c.id == messages.c.conversation_id).where(
        messages.c.delivery == "pending", conversations.c.channel == channel)
    with ledger.reading.connect() as connection:
        return len(connection.execute(query).all())


def open_turns(ledger: Ledger) -> int:
    """How many messages the bot still has to answer."""
    with ledger.reading.connect() as connection:
        return len(connection.execute(select(messages.c.id).where(messages.c.turn == "open")).all())


def carried(ledger: Ledger, conversation_id: str) -> str:
    """How far the relay has come with what is still to go to the tool, for who reads of a script that is stuck."""
    query = select(relays).where(relays.c.conversation_id == conversation_id, relays.c.state != "closed")
    with ledger.reading.connect() as connection:
        rows = connection.execute(query).mappings().all()
    told = ("state", "relayed_seq", "attempts", "next_attempt_at", "tried_at", "lease_until", "error")
    return "; ".join(", ".join(f"{name} {row[name]}" for name in told) for row in rows)


def _entry(row: Any) -> Entry:
    return Entry(row.seq, row.author, row.kind, row.text, row.epoch, row.client_id, row.reply_to,
                 str((row.data or {}).get("event") or ""), row.delivery, bool(row.doubt), row.at,
                 f"{row.turn}, try {row.turn_tries}" if row.turn else "", _update(row.data or {}))


def _update(data: Mapping[str, Any]) -> str:
    told = data.get(UPDATE)
    return f"{told['number']} {told['change']}" if told else ""
