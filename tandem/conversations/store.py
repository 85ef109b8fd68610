"""Reading and writing rows inside one transaction: the primitives the ledger's services are made of."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations.changes import CHANGE_ID
from tandem.conversations.context_card import ContextCard
from tandem.conversations.model import (
    Author,
    Conversation,
    ConversationNotFound,
    Delivery,
    Handoff,
    Identity,
    InvalidMessage,
    Kind,
    Message,
    Mood,
    Owner,
)
from tandem.conversations.tables import (
    case_entries,
    conversations,
    customer_emails,
    fenced_replies,
    handoffs,
    messages,
)
from tandem.db.engine import serialise

MAX_TEXT = 10_000  # characters of one message
MAX_ID = 255  # characters of a conversation id or a client's message id
MAX_NOTE_FOR_BOT = 1000  # characters of the line that a person leaves for the bot
MAX_EMAIL = 254  # characters of an e-mail address
MAX_NAME = 120  # characters of a speaker's name, an intent or a trigger
_PREVIEW = 160
# Statements of every turn, built once: SQLAlchemy takes longer to build one than SQLite to run it.
_LOCK = select(conversations).where(conversations.c.id == bindparam("target")).with_for_update()
_LOCK_REVISION = select(conversations.c.id, conversations.c.revision).where(
    conversations.c.id == bindparam("target")).with_for_update()
_CHANGE = {dialect: update(conversations).where(conversations.c.id == bindparam("target")).values(change_id=change_id)
           for dialect, change_id in CHANGE_ID.items()}
_INSERT = insert(messages)
_BY_CLIENT_ID = select(messages).where(
    messages.c.conversation_id == bindparam("target"), messages.c.author == bindparam("author"),
    messages.c.client_id == bindparam("client"),
)
# SQLAlchemy keeps no compiled form of its own inserts with ON CONFLICT.
_KNOW_EMAIL = sql("INSERT INTO customer_emails (conversation_id, email) VALUES (:target, :email) "
                  "ON CONFLICT (conversation_id, email) DO NOTHING")
_DEPTH = 20  # levels of data that are kept
_LONG_AGO = "1970-01-01T00:00:00+00:00"


def clean_text(text: Any, limit: int = MAX_TEXT) -> str:
    """Clean a text so that every database and browser can hold it.

    Raises:
        InvalidMessage: Not a string, or longer than `limit` characters.
    """
    if not isinstance(text, str):
        raise InvalidMessage("a message must be text")
    if len(text) > limit:
        raise InvalidMessage(f"a message may have at most {limit} characters, this one has {len(text)}")
    return printable(text)


def printable(text: str) -> str:
    """Remove what no database takes: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def clean_data(value: Any, depth: int = _DEPTH) -> Any:
    """Clean data so that every database and browser can hold it: what cannot be kept becomes text or null."""
    if isinstance(value, str):
        return printable(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return None
    if isinstance(value, Mapping):
        return {printable(str(key)): clean_data(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean_data(item, depth - 1) for item in value]
    return printable(str(value))


def clean_id(value: Any, name: str) -> str:
    """Check an id, and return it as the ledger keeps it.

    Raises:
        InvalidMessage: Not a string, empty, too long, or with control characters.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidMessage(f"{name} must be a non-empty text")
    if len(value) > MAX_ID:
        raise InvalidMessage(f"{name} may have at most {MAX_ID} characters")
    if not value.isprintable():
        raise InvalidMessage(f"{name} has characters that cannot be printed")
    return value


def known_id(conversation_id: str) -> str:
    """Return the id if it could be one; some that come in addresses would make the database's driver raise.

    Raises:
        ConversationNotFound: It cannot be the id of a conversation.
    """
    try:
        return clean_id(conversation_id, "the conversation id")
    except InvalidMessage as error:
        raise ConversationNotFound(repr(conversation_id)[:MAX_ID]) from error


def lock(connection: Connection, conversation_id: str) -> Row:
    """Lock a conversation's row until the transaction ends, and return it.

    Raises:
        ConversationNotFound: There is none.
    """
    return _locked(connection, _LOCK, conversation_id)


def lock_revision(connection: Connection, conversation_id: str) -> Row:
    """Do what `lock` does; the row returned has the id and the revision alone."""
    return _locked(connection, _LOCK_REVISION, conversation_id)


def _locked(connection: Connection, query: Any, conversation_id: str) -> Row:
    row = connection.execute(query, {"target": known_id(conversation_id)}).first()
    if row is None:
        raise ConversationNotFound(conversation_id)
    return row


def as_row(values: Mapping[str, Any]) -> Row:
    """Return the row of a conversation that has just been written with these values, without reading it."""
    return SimpleNamespace(**{**dict.fromkeys(conversations.columns.keys()), **values})


def lock_agent(connection: Connection, agent_id: str) -> None:
    """Let one transaction at a time count what this agent has."""
    serialise(connection, agent_id)


def change(connection: Connection, row: Row, now: datetime, **values: Any) -> Row:
    """Write to a locked conversation and return it as it is then; its revision rises, so that every watcher sees it."""
    values = {"revision": row.revision + 1, "updated_at": now, **values}
    connection.execute(_CHANGE[connection.dialect.name], {**values, "target": row.id})
    # It is locked, so nobody else has changed it: no need to read it again.
    known = vars(row) if isinstance(row, SimpleNamespace) else row._mapping
    return SimpleNamespace(**{**known, **values})


def append(
    connection: Connection, row: Row, now: datetime, *, author: Author, kind: Kind, text: str, name: str = "",
    data: Mapping[str, Any] | None = None, client_id: str | None = None, reply_to: int | None = None,
    turn_lease: datetime | None = None, **changes: Any,
) -> tuple[Row, Message]:
    """Add a message to a locked conversation, with the next sequence number, in the same write as `changes`."""
    delivery = Delivery.NONE
    if author is not Author.CUSTOMER and kind is not Kind.NOTE:
        delivery = Delivery.PENDING if row.push else Delivery.WAITING
    seq = row.next_seq
    text = printable(text)
    changes.setdefault("next_seq", seq + 1)
    if kind is Kind.TEXT and author is not Author.BOT:  # the bot's words tell nobody what a conversation is about
        changes.setdefault("last_text", text[:_PREVIEW])
    row = change(connection, row, now, **changes)
    values = {
        "conversation_id": row.id, "seq": seq, "author": author.value, "kind": kind.value,
        "name": printable(name)[:MAX_NAME], "text": text, "data": clean_data(data or {}), "at": now, "epoch": row.epoch,
        "client_id": client_id, "reply_to": reply_to,
        "turn": "open" if turn_lease else None, "turn_lease": turn_lease,
        "delivery": delivery.value, "attempts": 0, "attempt_open": False, "doubt": False,
        "next_attempt_at": now if delivery is Delivery.PENDING else None,
    }
    connection.execute(_INSERT, values)
    return row, to_message(SimpleNamespace(**values, intent=None, mood=None))


def by_client_id(connection: Connection, conversation_id: str, author: Author, client_id: str | None) -> Row | None:
    """Find the row that this author's client already wrote under `client_id`, if any."""
    if client_id is None:
        return None
    named = {"target": conversation_id, "author": author.value, "client": client_id}
    found: Row | None = connection.execute(_BY_CLIENT_ID, named).first()
    return found


def erase(connection: Connection, conversation_id: str) -> None:
    """Remove a locked conversation and all that the ledger keeps of it."""
    for table in (customer_emails, case_entries, fenced_replies, handoffs, messages):
        connection.execute(delete(table).where(table.c.conversation_id == conversation_id))
    connection.execute(delete(conversations).where(conversations.c.id == conversation_id))


def know_email(connection: Connection, conversation_id: str, email: str) -> None:
    """Remember an address as the customer's own, once."""
    address = printable(email).strip().lower()
    if "@" not in address or len(address) > MAX_EMAIL:
        return
    connection.execute(_KNOW_EMAIL, {"target": conversation_id, "email": address})


def open_handoff_of(connection: Connection, conversation_id: str) -> Row | None:
    """Find the conversation's open handoff, if any."""
    found: Row | None = connection.execute(
        select(handoffs).where(handoffs.c.conversation_id == conversation_id, handoffs.c.closed_at.is_(None))
    ).first()
    return found


def to_mood(value: Mapping[str, Any] | None) -> Mood | None:
    """Read a mood from its stored form."""
    return Mood(**{**value, "reasons": tuple(value.get("reasons", ()))}) if value else None


def from_mood(mood: Mood | None) -> dict[str, Any] | None:
    """Write a mood in its stored form."""
    return asdict(mood) if mood else None


def from_identity(identity: Identity | None) -> dict[str, Any] | None:
    """Write an identity in its stored form."""
    if identity is None:
        return None
    ends = identity.expires_at.isoformat() if identity.expires_at else None
    return {**clean_data(vars(identity)), "expires_at": ends}


def to_identity(value: Mapping[str, Any] | None) -> Identity | None:
    """Read an identity from its stored form. One that an earlier version stored without its end counts as ended."""
    if not value:
        return None
    ends = value.get("expires_at", _LONG_AGO)
    return Identity(**{**value, "expires_at": datetime.fromisoformat(ends) if ends else None})


def to_conversation(row: Row, now: datetime) -> Conversation:
    """Read a conversation from its row; `now` decides who the customer is, and whether somebody still writes."""
    def fresh(until: datetime | None) -> bool:
        return until is not None and now < until < now + timedelta(minutes=1)

    known_as = to_identity(row.identity)
    return Conversation(
        id=row.id, channel=row.channel, owner=Owner(row.owner), epoch=row.epoch, revision=row.revision,
        created_at=row.created_at, updated_at=row.updated_at, push=row.push, last_customer_at=row.last_customer_at,
        identity=known_as if known_as is not None and known_as.holds_at(now) else None, known_as=known_as,
        session=row.session, address=row.address or {},
        last_text=row.last_text, mood=to_mood(row.mood),
        typing=(Author.AGENT.value, row.typing_name or "") if fresh(row.typing_until) else None,
        customer_typing=fresh(row.customer_typing_until),
    )


def to_message(row: Row) -> Message:
    """Read a message from its row."""
    return Message(
        conversation_id=row.conversation_id, seq=row.seq, author=Author(row.author), kind=Kind(row.kind),
        name=row.name, text=row.text, at=row.at, epoch=row.epoch, delivery=Delivery(row.delivery),
        data=row.data or {}, client_id=row.client_id, reply_to=row.reply_to, mood=to_mood(row.mood),
        intent=row.intent,
    )


def to_handoff(row: Row) -> Handoff:
    """Read a handoff from its row."""
    return Handoff(
        id=row.id, conversation_id=row.conversation_id, reason=row.reason, trigger=row.trigger, urgency=row.urgency,
        epoch=row.epoch, opened_at=row.opened_at, claimed_by=row.claimed_by, claimed_at=row.claimed_at,
        closed_at=row.closed_at, outcome=row.outcome, note_for_bot=row.note_for_bot,
        card=ContextCard.from_dict(getattr(row, "card", None)), channel=row.channel, resume=row.resume,
        last_notified_at=row.last_notified_at, contact=row.contact or "",
    )
