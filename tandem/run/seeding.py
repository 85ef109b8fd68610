"""Fill the demo: its shop and its two agents."""
from __future__ import annotations

from tandem.agents.accounts import seed_demo_agents
from tandem.db.engine import now
from tandem.db.schema import upgrade
from tandem.orders.demo_shop import seed
from tandem.orders.factory import shipped_tables_url
from tandem.run.databases import opened
from tandem.run.errors import RunError
from tandem.settings import Settings


def seed_demo(settings: Settings) -> str:
    """Put the demo's orders and agents in place, as of now; return a line that tells what was done.

    Raises:
        RunError: This is no demo, so that no shop's own database is written over by mistake.
    """
    if not settings.demo:
        raise RunError("seeding writes the demo shop into the database; set TANDEM_DEMO=1 if that is meant")
    with opened(settings.database_url) as engine:
        upgrade(engine)
        names = " and ".join(agent.id for agent in seed_demo_agents(engine, settings.demo_password))
    url = shipped_tables_url(settings)
    if url is None:
        return f"seeded the agents {names}; the orders are those of the shop's own system"
    with opened(url) as engine:
        orders = seed(engine, now(), settings.shop_timezone)
    return f"seeded the demo shop ({orders} orders) and the agents {names}"
