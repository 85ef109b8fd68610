"""Scene 1 with a shop engine that is slow and fails: whether every question is answered, and what others feel.

    .venv/bin/python -m benchmarks.orders            measure and print the table (some minutes)
    .venv/bin/python -m benchmarks.orders --write    and put it into docs/performance.md

The three processes of `tandem run`, and orders behind a JSON API (`engine: http` in endpoints.yml). In turns the API
answers at once, and takes `SLOW` seconds for each call and fails one in `FAILS`: half of those with a 503, half by
hanging up. Customers who are signed in ask for their order; each is told of it, or that orders cannot be looked up
just now, or nothing, which is a lost turn. Others ask small things: what they wait is compared.
"""
from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from benchmarks import rounds

if TYPE_CHECKING:
    from tests.system.conftest import Stack

SLOW = 2.0
FAILS = 5
ASKING = 10  # customers who ask for their order
NUMBER, EMAIL, TRACKING = "TD-77120", "on-time@example.com", "NB550912US"
BEGIN = "<!-- table: benchmarks/orders.py -->"
ENGINE = """
orders:
  engine: http
  url: {url}
  dates: unix
  statuses: {{SENT: shipped}}
  requests:
    by_number: {{path: /sales, query: {{ref: "{{number}}"}}, orders: rows}}
    by_email: {{path: /sales, query: {{mail: "{{email}}", size: "{{limit}}"}}, orders: rows}}
    newest: {{path: /sales, query: {{size: "1"}}, orders: rows}}
  order:
    id: uuid
    number: ref
    email: mail
    status: state
    placed_at: created
    total: gross
    address: {{street: to.street, city: to.city, postcode: to.zip}}
    items: {{list: lines, sku: code, name: title, quantity: count, line_total: sum}}
    shipments: {{list: boxes, tracking_number: track, shipped_at: out}}
"""


class Engine:
    """A shop's API with one order of one customer."""

    def __init__(self) -> None:
        self.slow = False
        self._calls = itertools.count()
        self.failed: Counter[bool] = Counter()  # by whether it was slow

    def trouble(self, slow: bool) -> None:
        """Be slow and fail from now on, or answer."""
        self.slow = slow

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a search with the order, which is what a search with room for doubt does."""
        if self.slow:
            await asyncio.sleep(SLOW)
            number = next(self._calls)
            if number % FAILS == 0:
                self.failed[True] += 1
                if number % (2 * FAILS) == 0:
                    return web.Response(status=503)
                assert request.transport is not None
                request.transport.abort()
        return web.json_response({"rows": [self._order()]})

    @staticmethod
    def _order() -> dict[str, Any]:
        day = 86400
        return {"uuid": "a1", "ref": NUMBER, "mail": EMAIL, "state": "SENT", "created": int(time.time()) - 2 * day,
                "gross": "45.00", "to": {"street": "12 Pier Road", "city": "San Francisco", "zip": "94107"},
                "lines": [{"code": "LAMP-1", "title": "Desk lamp", "count": 1, "sum": "45.00"}],
                "boxes": [{"track": TRACKING, "out": int(time.time()) - day}]}


async def measure(kept: Path, count: int) -> str:
    """Start all, run the rounds, and return the table."""
    from tests.system.conftest import running
    from tests.system.faults.trouble import make_project

    busy, engine = os.getloadavg()[0], Engine()
    url, runner = await rounds.serve(engine.answer)
    project = make_project(rounds.ROOT, kept / "project", f"{url}/send")
    with (project / "endpoints.yml").open("a", encoding="utf-8") as endpoints:
        endpoints.write(ENGINE.format(url=url))
    told: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    waited: dict[bool, rounds.Felt] = {False: rounds.Felt(), True: rounds.Felt()}

    async def run(stack: Stack, http: aiohttp.ClientSession) -> dict[bool, rounds.Felt]:
        signed_in = rounds.identity(stack, EMAIL)

        async def asks() -> None:
            slow = engine.slow
            try:
                answer = await rounds.ask(http, stack, "Where is my order?", identity=signed_in)
            except SystemExit:
                told[slow]["lost"] += 1
                return
            told[slow]["told" if NUMBER in " ".join(answer.texts) else "not now"] += 1
            waited[slow].took.append(answer.seconds)

        async def one(slow: bool, felt: rounds.Felt) -> None:
            if not felt.took and not slow:  # what came before was only to load all
                told[False].clear()
                waited[False].took.clear()
            await rounds.measure_round(http, stack, felt, {asks: ASKING})

        return await rounds.alternate(count, engine.trouble, one)

    try:
        felt = await rounds.with_stack(running(project, kept, TANDEM_LOG_LEVEL="WARNING"), run)
    finally:
        await runner.cleanup()
    lines = [rounds.felt_table(felt, busy, "what other customers wait", "quick engine", "slow engine that fails"), "",
             '| "Where is my order?" of signed-in customers | asked | told of it | "not just now" | lost | p50 | p95 |',
             "|---|---|---|---|---|---|---|"]
    for slow, name in ((False, "quick engine"), (True, f"{SLOW:.0f} s a call, one in {FAILS} fails")):
        lines.append(f"| {name} | {sum(told[slow].values())} | {told[slow]['told']} | {told[slow]['not now']} | "
                     f"{told[slow]['lost']} | {waited[slow].p(0.5):.0f} ms | {waited[slow].p(0.95):.0f} ms |")
    return "\n".join([*lines, "", f"{engine.failed[True]} calls failed; what only reads is tried again."])


if __name__ == "__main__":
    rounds.run(measure, BEGIN, __doc__ or "", "orders")
