"""The one place that wires the services together, for the Rasa server, the action server, the desk and the CLI."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Engine

from tandem.conversations.deliveries import Deliveries
from tandem.conversations.ledger import Ledger
from tandem.conversations.ownership import Ownership
from tandem.conversations.router import Router
from tandem.conversations.tables import create_tables
from tandem.database import open_engine
from tandem.settings import Settings


@dataclass(frozen=True)
class Services:
    """The conversation ledger's services over one database."""

    engine: Engine
    ledger: Ledger
    ownership: Ownership
    deliveries: Deliveries
    router: Router


def open_services(settings: Settings) -> Services:
    """Open the ledger's database, create what is missing in it, and build the services on it."""
    engine = open_engine(settings.database_url)
    create_tables(engine)
    ledger = Ledger(engine)
    ownership = Ownership(ledger)
    return Services(engine, ledger, ownership, Deliveries(ledger), Router(ledger, ownership))
