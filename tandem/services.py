"""The one place that wires settings to services: every process opens its own through here."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Engine

from tandem.conversations.deliveries import Deliveries
from tandem.conversations.ledger import Ledger
from tandem.conversations.ownership import Ownership
from tandem.conversations.tables import create_tables
from tandem.database import open_engine
from tandem.settings import Settings


@dataclass(frozen=True)
class Services:
    """What a process works with. All are safe to share between threads."""

    engine: Engine
    ledger: Ledger
    ownership: Ownership
    deliveries: Deliveries


def open_services(settings: Settings) -> Services:
    """Open the database of `settings`, create what is missing in it, and build the services over it."""
    engine = open_engine(settings.database_url)
    create_tables(engine)
    ledger = Ledger(engine)
    return Services(engine=engine, ledger=ledger, ownership=Ownership(ledger), deliveries=Deliveries(ledger))
