"""Fill the demo: its shop and its two agents."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from sqlalchemy.engine import Engine

from tandem.database import now, open_engine
from tandem.desk.accounts import seed_demo_agents
from tandem.desk.tables import create_tables
from tandem.orders.demo_shop import seed
from tandem.run.errors import RunError
from tandem.settings import Settings


def seed_demo(settings: Settings) -> str:
    """Put the demo's orders and agents in place, as of now; a line that tells what was done.

    Raises:
        RunError: This is no demo, so that no shop's own database is written over by mistake.
    """
    if not settings.demo:
        raise RunError("seeding writes the demo shop into the database; set TANDEM_DEMO=1 if that is meant")
    with _opened(settings.database_url) as engine:
        create_tables(engine)
        names = " and ".join(agent.id for agent in seed_demo_agents(engine, settings.demo_password))
    if urlsplit(settings.orders_url).scheme in ("http", "https"):
        return f"seeded the agents {names}; the orders are those of {settings.orders_url}"
    with _opened(settings.orders_url or settings.database_url) as engine:
        orders = seed(engine, now(), settings.shop_timezone)
    return f"seeded the demo shop ({orders} orders) and the agents {names}"


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
