"""A customer's right to see and to erase what is kept about them."""
from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import MetaData, Table, delete, func, inspect, select
from sqlalchemy.engine import Engine

from tandem.conversations.ledger import Ledger
from tandem.conversations.tables import case_entries, conversations, fenced_replies, handoffs


def conversations_of(ledger: Ledger, email: str) -> list[str]:
    """Ids of the conversations of this customer.

    The channel vouched for the address, a context card names it, or it was left while waiting for a person.
    """
    email = email.strip().lower()
    if not email:
        return []
    by_identity = select(conversations.c.id).where(func.lower(conversations.c.identity["email"].as_string()) == email)
    by_card = select(handoffs.c.conversation_id).where(
        func.lower(handoffs.c.card[("customer", "email")].as_string()) == email)
    by_contact = select(handoffs.c.conversation_id).where(func.lower(handoffs.c.contact) == email)
    with ledger.reading.connect() as connection:
        found = {row[0] for query in (by_identity, by_card, by_contact) for row in connection.execute(query)}
    return sorted(found)


def export(ledger: Ledger, conversation_id: str) -> dict[str, Any]:
    """Everything the ledger keeps of one conversation, JSON-ready.

    Raises:
        ConversationNotFound: There is none.
    """
    conversation = ledger.conversation(conversation_id)
    return {
        "conversation": _plain(asdict(conversation)),
        "messages": [_plain(asdict(message)) for message in ledger.transcript(conversation_id)],
        "handoffs": [_plain(asdict(handoff)) for handoff in ledger.handoffs(conversation_id)],
        "case_file": _rows(ledger, case_entries, conversation_id),
        "fenced_replies": _rows(ledger, fenced_replies, conversation_id),
    }


def erase_tracker(engine: Engine, conversation_id: str) -> int:
    """Remove what the bot's tracker store (Rasa's SQL store) remembers of a conversation.

    Returns:
        How many events were removed; 0 if the store does not exist yet.
    """
    if not inspect(engine).has_table("events"):
        return 0
    events = Table("events", MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        result = connection.execute(delete(events).where(events.c.sender_id == conversation_id))
        return int(result.rowcount)


def _rows(ledger: Ledger, table: Table, conversation_id: str) -> list[Any]:
    """What a table keeps of a conversation, oldest first; keys of the database left out."""
    query = select(*(column for column in table.columns if column.name not in ("id", "conversation_id"))).where(
        table.c.conversation_id == conversation_id).order_by(table.c.id)
    with ledger.reading.connect() as connection:
        return [_plain(dict(row)) for row in connection.execute(query).mappings()]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.value if hasattr(value, "value") else value
