"""The case file: what the bot looked up, tried and promised in a conversation, kept beside the transcript.

It lives in the ledger because custom actions see the tracker's last session only, and `/restart` empties that.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import insert, select

from tandem.conversations.ledger import Ledger
from tandem.conversations.store import clean_data
from tandem.conversations.tables import case_entries

KEPT = 100  # entries read for a card, the newest
_ADD = insert(case_entries)


class EntryKind(str, Enum):
    """What an entry tells."""

    ORDER = "order"  # {"number", "status", "facts": [[label, value], ...]}
    ATTEMPT = "attempt"  # {"action", "outcome"}
    PROMISE = "promise"  # {"text"}


@dataclass(frozen=True)
class CaseEntry:
    """One entry, as it was at `at`."""

    kind: EntryKind
    at: datetime
    data: Mapping[str, Any]


class CaseFile:
    """Writes and reads the case entries of conversations; blocking."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def saw_order(self, conversation_id: str, number: str, status: str, facts: Mapping[str, str]) -> None:
        """An order was looked up, and these were its facts (label to value, ready to read)."""
        self._add(conversation_id, EntryKind.ORDER,
                  {"number": number, "status": status, "facts": [list(pair) for pair in facts.items()]})

    def tried(self, conversation_id: str, action: str, outcome: str) -> None:
        """The bot ran an action, and this came of it."""
        self._add(conversation_id, EntryKind.ATTEMPT, {"action": action, "outcome": outcome})

    def promised(self, conversation_id: str, text: str) -> None:
        """The customer was promised something."""
        self._add(conversation_id, EntryKind.PROMISE, {"text": text})

    def entries(self, conversation_id: str) -> list[CaseEntry]:
        """The newest `KEPT` entries, oldest first."""
        query = (
            select(case_entries).where(case_entries.c.conversation_id == conversation_id)
            .order_by(case_entries.c.id.desc()).limit(KEPT)
        )
        with self._ledger.reading.connect() as connection:
            rows = connection.execute(query).all()
        return [CaseEntry(EntryKind(row.kind), row.at, row.data) for row in reversed(rows)]

    def _add(self, conversation_id: str, kind: EntryKind, data: Mapping[str, Any]) -> None:
        with self._ledger.engine.begin() as connection:
            connection.execute(_ADD, {"conversation_id": conversation_id, "kind": kind.value,
                                      "at": self._ledger.clock(), "data": clean_data(data)})
