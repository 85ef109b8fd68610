"""The databases that the settings name, each with the schema that Tandem keeps in it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from tandem.db import schema
from tandem.db.engine import open_engine
from tandem.db.schema import Schema
from tandem.orders.factory import shipped_tables_url
from tandem.settings import Settings


@dataclass(frozen=True)
class Database:
    """A schema, the setting that says where it is, and the URL there."""

    schema: Schema
    setting: str
    url: str


def own_databases(settings: Settings) -> tuple[Database, ...]:
    """Name the databases of the ledger and the trackers."""
    return (Database(schema.MAIN, "TANDEM_DATABASE_URL", settings.database_url),
            Database(schema.TRACKERS, "TANDEM_TRACKER_URL", settings.tracker_url))


def databases(settings: Settings) -> tuple[Database, ...]:
    """Name the databases of the ledger, the trackers and the orders, unless those are in a system of the shop's own.

    Raises:
        ConfigurationError: endpoints.yml does not say where the orders are.
    """
    found = own_databases(settings)
    url = shipped_tables_url(settings)
    if url is None:
        return found
    setting = "TANDEM_ORDERS_URL" if settings.orders_url else (
        "TANDEM_DATABASE_URL" if url == settings.database_url else "orders: url of endpoints.yml")
    return (*found, Database(schema.ORDERS, setting, url))


def upgrade(settings: Settings, trackers: bool = True) -> None:
    """Bring the databases to the newest schema, before a process needs them.

    Args:
        trackers: The trackers' database too, which only the Rasa server opens.

    Raises:
        SchemaTooNew: A newer Tandem has upgraded one of them.
    """
    for database in databases(settings):
        if trackers or database.schema is not schema.TRACKERS:
            with opened(database.url) as engine:
                schema.upgrade(engine, database.schema)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Open an engine for a short while."""
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
