"""What others feel while something hangs: the order system, a channel's service and an outside tool, all at once.

    .venv/bin/python -m benchmarks.bulkheads            measure and print the table (some minutes)
    .venv/bin/python -m benchmarks.bulkheads --write    and put it into docs/performance.md

The three processes of `tandem run`, with an order system, a push channel and a live-agent tool behind one server of
this program. In turns it answers at once, and takes every call and never answers. Meanwhile some customers ask for
their orders and are written to over the channel, and others ask small things over REST: these are measured. Both kinds
of rounds carry the same load and alternate, so that the ratio says what hanging costs the others.
"""
from __future__ import annotations

import asyncio
import os
import random
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from benchmarks import rounds

if TYPE_CHECKING:
    from tests.system.conftest import Stack

TROUBLED = 10  # customers who ask for orders, and as many on the channel that pushes
BEGIN = "<!-- table: benchmarks/bulkheads.py -->"


class Outside:
    """Answers every call at once, or none at all."""

    def __init__(self) -> None:
        self.hangs = False
        self.go_on = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        """Answer any call: of the order system, of the channel, of the tool."""
        if self.hangs:
            await self.go_on.wait()
        return web.json_response({"orders": [], "ok": True, "thread": "t"})

    def hang(self, hangs: bool) -> None:
        """Hang from now on, or answer; calls that hang are let go when it ends."""
        self.hangs = hangs
        if hangs:
            self.go_on = asyncio.Event()
        else:
            self.go_on.set()


async def measure(kept: Path, count: int) -> str:
    """Start all, run the rounds, and return the table."""
    from tests.system.conftest import running
    from tests.system.faults.trouble import make_project

    busy = os.getloadavg()[0]
    outside = Outside()
    url, runner = await rounds.serve(outside.answer)
    project = make_project(rounds.ROOT, kept / "project", f"{url}/send")

    async def run(stack: Stack, http: aiohttp.ClientSession) -> dict[bool, rounds.Felt]:
        signed_in = rounds.identity(stack, "on-time@example.com")

        async def troubled() -> None:
            await rounds.ask(http, stack, "Where is my order?", identity=signed_in)

        async def pushed() -> None:
            body = {"sender": uuid.uuid4().hex, "text": random.choice(rounds.SMALL_TALK), "id": uuid.uuid4().hex}
            async with http.post(f"{stack.rasa_url}/webhooks/push/webhook", json=body) as answer:
                answer.raise_for_status()

        async def one(hangs: bool, felt: rounds.Felt) -> None:
            await rounds.measure_round(http, stack, felt, {troubled: TROUBLED, pushed: TROUBLED})

        return await rounds.alternate(count, outside.hang, one)

    try:
        felt = await rounds.with_stack(
            running(project, kept, TANDEM_LOG_LEVEL="WARNING", TANDEM_ORDERS_URL=url), run)
    finally:
        outside.hang(False)
        await runner.cleanup()
    return rounds.felt_table(felt, busy, "what other customers wait", "all answers", "all hangs")


if __name__ == "__main__":
    rounds.run(measure, BEGIN, __doc__ or "", "bulkheads")
