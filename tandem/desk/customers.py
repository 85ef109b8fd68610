"""A customer's rights, with what the audit log keeps of their use."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tandem.conversations import personal_data
from tandem.conversations.ledger import Ledger
from tandem.database import open_engine
from tandem.desk import audit
from tandem.orders import identification


def export(ledger: Ledger, conversation_ids: Sequence[str], actor: str, via: str) -> list[dict[str, Any]]:
    """All that is kept of these conversations, JSON-ready; blocking.

    Args:
        actor, via: Who asks, and how they came in, for the audit log.

    Raises:
        ConversationNotFound: One of them does not exist.
    """
    found = []
    for one in conversation_ids:
        audit.record(ledger.engine, actor, via, "export", one)
        found.append(personal_data.export(ledger, one))
    return found


def erase(ledger: Ledger, tracker_url: str, conversation_ids: Sequence[str], actor: str, via: str) -> None:
    """Erase these conversations from the bot's memory, the ledger and the audit log, which keeps a pseudonym; blocking.

    Whoever writes under the same id later has to identify themselves anew.

    Raises:
        ConversationNotFound: One of them does not exist; those before it are erased.
    """
    tracker = open_engine(tracker_url)
    try:
        for one in conversation_ids:
            # The ledger last: should the others fail, it still knows which customer it was.
            personal_data.erase_tracker(tracker, one)
            identification.forget(ledger.engine, one)
            ledger.erase(one)
            with ledger.engine.begin() as connection:
                audit.forget(connection, one)
            audit.record(ledger.engine, actor, via, "erase", audit.pseudonym(one))
    finally:
        tracker.dispose()
