"""The case file: what the bot looked up, tried and promised in a conversation, kept beside the transcript.

It lives in the ledger because custom actions see the tracker's last session only, and `/restart` empties that.

A bot turn may be run again, and a slow one may still write when people have the conversation. So entries may name the
message that they belong to: the same entry for the same message is kept once.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import bindparam, select, text

from tandem.conversations.context_card import Attempt, OrderFacts, text_of
from tandem.conversations.ledger import Ledger
from tandem.conversations.store import clean_data
from tandem.conversations.tables import case_entries

KEPT = 100  # entries read for a card, the newest
# SQLAlchemy keeps no compiled form of its own inserts with ON CONFLICT.
_ADD = text("INSERT INTO case_entries (conversation_id, kind, at, data, key) "
            "VALUES (:conversation_id, :kind, :at, :data, :key) ON CONFLICT DO NOTHING").bindparams(
    bindparam("at", type_=case_entries.c.at.type), bindparam("data", type_=case_entries.c.data.type))


class EntryKind(str, Enum):
    """What an entry tells."""

    ORDER = "order"  # {"number", "status", "facts": [[label, value], ...], "can_cancel"}
    ATTEMPT = "attempt"  # {"action", "outcome"}
    PROMISE = "promise"  # {"text"}
    ACT = "act"  # {"question", "seq", "done"}; see tandem.conversations.consent


@dataclass(frozen=True)
class CaseEntry:
    """One entry, as it was at `at`."""

    kind: EntryKind
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)
class CaseSummary:
    """What a person wants to know of the entries: the order looked up last comes first, the rest as it happened."""

    orders: tuple[OrderFacts, ...] = ()  # each as it was seen last
    attempts: tuple[Attempt, ...] = ()
    promises: tuple[str, ...] = ()

    @classmethod
    def of(cls, entries: Sequence[CaseEntry]) -> CaseSummary:
        orders: dict[str, OrderFacts] = {}
        for entry in entries:
            if entry.kind is EntryKind.ORDER:
                seen = OrderFacts.from_dict({**entry.data, "seen_at": entry.at.isoformat()})
                orders.pop(seen.number, None)
                orders[seen.number] = seen
        return cls(
            tuple(reversed(orders.values())),
            tuple(Attempt.from_dict({**entry.data, "at": entry.at.isoformat()})
                  for entry in entries if entry.kind is EntryKind.ATTEMPT),
            tuple(text_of(entry.data.get("text")) for entry in entries if entry.kind is EntryKind.PROMISE),
        )


class CaseFile:
    """Writes and reads the case entries of conversations; blocking.

    `message_id` is that of the customer's message in whose turn something was done, if it was done in one.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record_order(
        self, conversation_id: str, number: str, status: str, facts: Mapping[str, str], message_id: str = "",
        can_cancel: bool = False,
    ) -> None:
        """Note that an order was looked up, its facts (label to value, ready to read), and if it could be cancelled."""
        self._add(conversation_id, EntryKind.ORDER, message_id,
                  {"number": number, "status": status, "facts": [list(pair) for pair in facts.items()],
                   "can_cancel": can_cancel})

    def record_attempt(self, conversation_id: str, action: str, outcome: str, message_id: str = "") -> None:
        """Note that the bot ran an action, and what came of it."""
        self._add(conversation_id, EntryKind.ATTEMPT, message_id, {"action": action, "outcome": outcome})

    def record_promise(self, conversation_id: str, text: str, message_id: str = "") -> None:
        """Note that the customer was promised something."""
        self._add(conversation_id, EntryKind.PROMISE, message_id, {"text": text})

    def entries(self, conversation_id: str) -> list[CaseEntry]:
        """Read the newest `KEPT` entries, oldest first."""
        query = (
            select(case_entries).where(case_entries.c.conversation_id == conversation_id)
            .order_by(case_entries.c.id.desc()).limit(KEPT)
        )
        with self._ledger.reading.connect() as connection:
            rows = connection.execute(query).all()
        return [CaseEntry(EntryKind(row.kind), row.at, row.data) for row in reversed(rows)]

    def read(self, conversation_id: str) -> CaseSummary:
        """Read what the newest `KEPT` entries tell a person."""
        return CaseSummary.of(self.entries(conversation_id))

    def _add(self, conversation_id: str, kind: EntryKind, message_id: str, data: Mapping[str, Any]) -> None:
        content = clean_data(data)
        with self._ledger.recoverable.begin() as connection:
            connection.execute(_ADD, {
                "conversation_id": conversation_id, "kind": kind.value, "at": self._ledger.clock(), "data": content,
                "key": _key(message_id, kind, content) if message_id else None,
            })


def _key(message_id: str, kind: EntryKind, content: Mapping[str, Any]) -> str:
    """Make the key of an entry: the same for the same entry in every run of a turn."""
    told = json.dumps([message_id, kind.value, content], sort_keys=True, default=str)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()
