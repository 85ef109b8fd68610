"""Measure what is asked all the time at the size of a year: `python -m benchmarks.size [URL]`.

Fills a database as a shop does in a year (50,000 conversations, 1,000,000 messages, 120 open handoffs), then asks the
desk for its pages and numbers, one request at a time, and erases customers. URL is that of an empty database; a SQLite
file in a temporary folder if left out.
"""
from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from tandem import privacy
from tandem.agents.accounts import Role, add_agent
from tandem.conversations.turn_queue import TurnQueue
from tandem.db import schema
from tandem.db.engine import open_engine
from tandem.desk.app import create_app
from tandem.services import open_services, open_watchdog
from tandem.settings import Settings
from tests.integration.desk.conftest import PASSWORD, sign_in
from tests.integration.growth.conftest import as_released
from tests.integration.growth.fill import fill

TIMES = 30
TOKEN = "a-token-only-for-benchmarks"


def timed(what: str, act: Callable[[int], object], target: str = "") -> None:
    """Do it `TIMES` times and print how long it took."""
    act(-1)
    took = []
    for number in range(TIMES):
        began = time.perf_counter()
        act(number)
        took.append((time.perf_counter() - began) * 1000)
    slow = sorted(took)[int(TIMES * 0.95)]
    print(f"| {what} | {target} | {statistics.median(took):.1f} ms | {slow:.1f} ms |", flush=True)


def measure(url: str) -> None:
    """Print the table."""
    engine = open_engine(url)
    began = time.perf_counter()
    as_released(engine)
    fill(engine)
    filled = time.perf_counter()
    for one in (schema.MAIN, schema.TRACKERS):
        schema.upgrade(engine, one)
    upgraded = time.perf_counter()
    print(f"filled in {filled - began:.0f} s, upgraded from the first release in {upgraded - filled:.1f} s\n")
    engine.dispose()
    settings = Settings(database_url=url, tracker_url=url, api_token=TOKEN)
    services = open_services(settings)
    add_agent(services.engine, "sam", "Sam", PASSWORD, Role.SUPERVISOR)
    app = create_app(settings, services)
    program = TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"})
    sam = sign_in(TestClient(app, follow_redirects=False), "sam")

    def get(client: TestClient, path: str) -> Callable[[int], object]:
        def ask(_number: int) -> None:
            assert client.get(path).status_code == 200, path
        return ask

    print(f"| what, with 1,000,000 messages ({services.engine.dialect.name}) | target | p50 | p95 |\n|---|---|---|---|")
    for path in ("/metrics", "/api/stats"):
        timed(path, get(program, path), "<= 100 ms")
    for path in ("/numbers", "/", "/desk/queue", "/desk/conversation?c=c49990"):
        timed(path, get(sam, path), "<= 100 ms")
    timed("looking for interrupted turns", lambda _: TurnQueue(services.ledger).adopt())
    timed("looking for messages to send", lambda _: services.outbox.lease(["telegram"]))
    timed("the watch over the queue, 60 waiting", lambda _: open_watchdog(services).look())
    timed("erasing a customer", lambda number: privacy.erase(
        services.ledger, url, [f"c{30_000 + number}"], "bench", "cli"))
    services.engine.dispose()


def main() -> None:
    """Measure in the database of the first argument, or in a file that goes afterwards."""
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(f"sqlite:///{Path(folder) / 'year.db'}")


if __name__ == "__main__":
    main()
