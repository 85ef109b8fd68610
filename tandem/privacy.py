"""A customer's rights over all that is kept about them: found, given out and erased in one place."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Table, delete
from sqlalchemy.engine import Engine

from tandem.agents import audit
from tandem.conversations import personal_data, store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import NotAllowed
from tandem.conversations.turn_queue import TURN_LEASE
from tandem.db.engine import open_engine
from tandem.live_agents.relay.tables import agent_events, relays
from tandem.order_updates.tables import order_subscriptions
from tandem.orders import identification
from tandem.orders.system import OrderSystem

RELAYED: tuple[Table, ...] = (agent_events, relays)  # whatever tool they belong to, one that was removed as well
_PATIENCE = TURN_LEASE.total_seconds() + 10  # seconds; the lease of a turn whose process died has ended by then
_LOOK_EVERY = 0.2
_ORDERS = 100  # a customer's newest orders, by which older conversations are found


class BotIsAnswering(NotAllowed):
    """The bot answers the customer all the time: what it is about to remember could not be erased."""


def conversations_of(ledger: Ledger, orders: OrderSystem, email: str) -> list[str]:
    """Find a customer's conversations by an e-mail address; blocking.

    Those in which the address was vouched for or left, or stands on an order that was matched or shown. The last are
    found through the order system, too: before the ledger kept such addresses, only it knew whose an order is.

    Raises:
        OrderSystemUnavailable: It does not answer, so that some might be missed.
    """
    plain = store.printable(email).strip()
    if "@" not in plain or len(plain) > store.MAX_EMAIL:
        return []
    return personal_data.conversations_of(ledger, plain, [one.number for one in orders.recent_orders(plain, _ORDERS)])


def export(
    ledger: Ledger, tracker_url: str, conversation_ids: Sequence[str], actor: str, via: str,
) -> list[dict[str, Any]]:
    """Give out all that is kept of these conversations, JSON-ready; blocking.

    Args:
        actor, via: Who asks, and how they came in, for the audit log.

    Raises:
        ConversationNotFound: One of them does not exist.
    """
    found = []
    with _opened(tracker_url) as tracker:
        for one in conversation_ids:
            kept = personal_data.export(ledger, one)
            audit.record(ledger.engine, actor, via, "export", one)
            found.append({
                **kept,
                "tracker": personal_data.export_tracker(tracker, one),
                "relayed": {table.name: personal_data.rows_of(ledger.engine, table, one) for table in RELAYED},
                "order_updates": personal_data.rows_of(ledger.engine, order_subscriptions, one),
                "identified": [personal_data.plain(asdict(it)) for it in identification.grants_of(ledger.engine, one)],
                "audit": [personal_data.plain(asdict(line)) for line in _lines(ledger.engine, one)],
            })
    return found


def erase(
    ledger: Ledger, tracker_url: str, conversation_ids: Sequence[str], actor: str, via: str,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Erase these conversations from the bot's memory, the ledger, the relay and the audit log; blocking.

    The audit log keeps a pseudonym. Whoever writes under the same id later has to identify themselves anew. A turn of
    the bot that is in progress is waited for: it would save what it remembers afterwards.

    Raises:
        ConversationNotFound: One of them does not exist; those before it are erased.
        BotIsAnswering: There was always another turn in progress, for half a minute.
    """
    with _opened(tracker_url) as tracker:
        for one in conversation_ids:
            # Before the ledger: should this fail, the ledger still knows which customer it was.
            personal_data.erase_tracker(tracker, one)
            _erase_ledger(ledger, one, actor, via, sleep)
            personal_data.erase_tracker(tracker, one)  # what a turn that ended in between has saved


def _erase_ledger(ledger: Ledger, one: str, actor: str, via: str, sleep: Callable[[float], None]) -> None:
    for _ in range(round(_PATIENCE / _LOOK_EVERY)):
        with ledger.engine.begin() as connection:
            store.lock(connection, one)  # from now on no turn can begin: it would have to write its message first
            if not personal_data.has_open_turn(connection, ledger, one):
                store.erase(connection, one)
                for table in RELAYED:
                    connection.execute(delete(table).where(table.c.conversation_id == one))
                identification.forget(connection, one)
                audit.forget(connection, one)
                audit.write(connection, actor, via, "erase", audit.pseudonym(one))
                return
        sleep(_LOOK_EVERY)
    raise BotIsAnswering("the bot is answering this customer just now; try again in a moment")


def _lines(engine: Engine, conversation_id: str) -> list[audit.AuditEntry]:
    """Read all lines of the audit log about a conversation, the newest first."""
    found: list[audit.AuditEntry] = []
    while page := audit.entries(engine, conversation_id=conversation_id, limit=audit.MAX_PAGE,
                                before=found[-1].id if found else None):
        found.extend(page)
    return found


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
