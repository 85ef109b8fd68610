"""A customer's right to see and to erase what the ledger and the bot's tracker store keep about them."""
from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import Table, column, delete, func, inspect, select, table
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.sql import TableClause

from tandem.conversations.casefile import EntryKind
from tandem.conversations.ledger import Ledger
from tandem.conversations.store import MAX_EMAIL
from tandem.conversations.tables import (
    case_entries,
    conversations,
    customer_emails,
    fenced_replies,
    handoffs,
    messages,
)
from tandem.db.engine import reading


def conversations_of(ledger: Ledger, email: str, order_numbers: Collection[str] = ()) -> list[str]:
    """Find the conversations of a customer.

    The channel vouched for the address, it stands on an order that was matched, a context card names it, or it was left
    while waiting for a person.

    Args:
        order_numbers: The customer's orders: conversations in which one of them was shown are theirs, too.
    """
    email = email.strip().lower()
    if not email or len(email) > MAX_EMAIL:
        return []
    cards = select(handoffs.c.conversation_id).where(
        func.lower(handoffs.c.card[("customer", "email")].as_string()) == email)
    shown = select(case_entries.c.conversation_id).where(
        case_entries.c.kind == EntryKind.ORDER.value,
        case_entries.c.data["number"].as_string().in_(list(order_numbers)))
    known = select(customer_emails.c.conversation_id).where(customer_emails.c.email == email)
    with ledger.reading.connect() as connection:
        found = {row[0] for query in (known, cards, shown) for row in connection.execute(query)}
        there = select(conversations.c.id).where(conversations.c.id.in_(found))
        return sorted(row[0] for row in connection.execute(there)) if found else []


def export(ledger: Ledger, conversation_id: str) -> dict[str, Any]:
    """Give out everything that the ledger keeps of one conversation, JSON-ready.

    Raises:
        ConversationNotFound: There is none.
    """
    conversation = ledger.conversation(conversation_id)
    with ledger.reading.connect() as connection:  # cards as they are kept, with what this version does not know
        cards = {row.id: row.card for row in connection.execute(
            select(handoffs.c.id, handoffs.c.card).where(handoffs.c.conversation_id == conversation_id))}
    return {
        "conversation": plain(asdict(conversation)),
        "messages": [plain(asdict(message)) for message in ledger.transcript(conversation_id)],
        "handoffs": [{**plain(asdict(handoff)), "card": cards.get(handoff.id)}
                     for handoff in ledger.handoffs(conversation_id)],
        "case_file": rows_of(ledger.engine, case_entries, conversation_id),
        "fenced_replies": rows_of(ledger.engine, fenced_replies, conversation_id),
        "emails": [row["email"] for row in rows_of(ledger.engine, customer_emails, conversation_id)],
    }


def has_open_turn(connection: Connection, ledger: Ledger, conversation_id: str) -> bool:
    """Check whether the bot is answering a message of this conversation just now, in a process that is alive."""
    now = ledger.clock()
    query = select(messages.c.id).where(
        messages.c.conversation_id == conversation_id, messages.c.turn == "open", messages.c.turn_lease > now).limit(1)
    return connection.execute(query).first() is not None


def export_tracker(engine: Engine, conversation_id: str) -> list[Any]:
    """Give out what the bot's tracker store (Rasa's SQL store) remembers of a conversation, oldest event first."""
    events = _events(engine)
    if events is None:
        return []
    query = select(events.c.data).where(events.c.sender_id == conversation_id).order_by(events.c.id)
    with reading(engine).connect() as connection:
        return [_parsed(row.data) for row in connection.execute(query)]


def erase_tracker(engine: Engine, conversation_id: str) -> int:
    """Remove what the bot's tracker store remembers of a conversation.

    Returns:
        How many events were removed; 0 if the store does not exist yet.
    """
    with engine.begin() as connection:
        return erase_events(connection, conversation_id)


def erase_events(connection: Connection, conversation_id: str) -> int:
    """Do what `erase_tracker` does inside a transaction on the trackers' database."""
    events = _events(connection)
    if events is None:
        return 0
    return int(connection.execute(delete(events).where(events.c.sender_id == conversation_id)).rowcount)


def _events(database: Engine | Connection) -> TableClause | None:
    """Return Rasa's table of events, if it is there yet."""
    there = inspect(database).has_table("events")
    return table("events", column("id"), column("sender_id"), column("data")) if there else None


def _parsed(data: str | None) -> Any:
    try:
        return json.loads(data or "null")
    except ValueError:  # written by a store of another kind: given out as it stands
        return data


def rows_of(engine: Engine, table: Table, conversation_id: str) -> list[Any]:
    """Read what a table keeps of a conversation, oldest first; keys of the database left out."""
    shown = [one for one in table.columns if one.name not in ("id", "conversation_id", "key")]
    query = select(*shown).where(table.c.conversation_id == conversation_id).order_by(*table.primary_key.columns)
    with reading(engine).connect() as connection:
        return [plain(dict(row)) for row in connection.execute(query).mappings()]


def plain(value: Any) -> Any:
    """Turn what databases and dataclasses hold into JSON's kinds."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.value if hasattr(value, "value") else value
