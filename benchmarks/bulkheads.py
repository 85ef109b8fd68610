"""What others feel while something hangs: the order system, a channel's service and an outside tool, all at once.

    .venv/bin/python benchmarks/bulkheads.py            measure and print the table (some minutes)
    .venv/bin/python benchmarks/bulkheads.py --write    and put it into docs/performance.md

The three processes of `tandem run`, with an order system, a push channel and a live-agent tool behind one server of
this program. In turns it answers at once, and takes every call and never answers. Meanwhile some customers ask for
their orders and are written to over the channel, and others ask small things over REST: these are measured. Both kinds
of rounds carry the same load and alternate, so that the ratio says what hanging costs the others.
"""
from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import jwt
from aiohttp import web

if TYPE_CHECKING:
    from tests.system.conftest import Stack

ROOT = Path(__file__).resolve().parent.parent
ROUND = 20.0  # seconds measured
SETTLE = 15.0  # seconds between two rounds: the circuit closes, and what hung ends
TROUBLED = 10  # customers who ask for orders, and as many on the channel that pushes
OTHERS = 8
PAUSE = 0.5  # seconds between two questions of one customer, on average
SMALL_TALK = ("which ways of paying do you take?", "are you a bot", "thank you so much", "hello there")
BEGIN, END = "<!-- table: benchmarks/bulkheads.py -->", "<!-- end of table -->"


class Outside:
    """Answers every call at once, or none at all."""

    def __init__(self) -> None:
        self.hangs = False
        self.go_on = asyncio.Event()
        self.taken = 0
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Any call: of the order system, of the channel, of the tool."""
        self.taken += 1
        if self.hangs:
            await self.go_on.wait()
        return web.json_response({"orders": [], "ok": True, "thread": "t"})

    def hang(self, hangs: bool) -> None:
        """From now on; calls that hang are let go when it ends."""
        self.hangs = hangs
        if hangs:
            self.go_on = asyncio.Event()
        else:
            self.go_on.set()


@dataclass
class Felt:
    """What the others felt in one kind of rounds: seconds for each answer."""

    took: list[float] = field(default_factory=list)

    def p(self, share: float) -> float:
        """A percentile in milliseconds."""
        ordered = sorted(self.took)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def _asks(http: aiohttp.ClientSession, stack: Stack, text: str, **metadata: str) -> float:
    body = {"sender": uuid.uuid4().hex, "message": text, "metadata": metadata}
    began = time.perf_counter()
    async with http.post(f"{stack.rasa_url}/webhooks/rest/webhook", json=body) as answer:
        replies = await answer.json()
    if answer.status != 200 or not replies:
        raise SystemExit(f"{text!r} was not answered: {answer.status} {replies}")
    return time.perf_counter() - began


async def _until(end: float, ask: Callable[[], Awaitable[None]]) -> None:
    while time.perf_counter() < end:
        await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE)
        await ask()


async def measure_round(http: aiohttp.ClientSession, stack: Stack, identity: str, felt: Felt) -> None:
    """One round of customers, troubled and others."""
    end = time.perf_counter() + ROUND

    async def troubled() -> None:
        await _asks(http, stack, "Where is my order?", identity=identity)

    async def pushed() -> None:
        body = {"sender": uuid.uuid4().hex, "text": random.choice(SMALL_TALK), "id": uuid.uuid4().hex}
        async with http.post(f"{stack.rasa_url}/webhooks/push/webhook", json=body) as answer:
            answer.raise_for_status()

    async def other() -> None:
        felt.took.append(await _asks(http, stack, random.choice(SMALL_TALK)))

    crowd = [_until(end, ask) for ask, number in ((troubled, TROUBLED), (pushed, TROUBLED), (other, OTHERS))
             for _ in range(number)]
    await asyncio.gather(*crowd)


async def measure(stack: Stack, outside: Outside, rounds: int) -> dict[bool, Felt]:
    """What the others felt while all answers (False) and while all hangs (True)."""
    felt = {False: Felt(), True: Felt()}
    claims = {"sub": "7", "email": "on-time@example.com", "exp": time.time() + 3600}
    identity = jwt.encode(claims, stack.identity_secret, algorithm="HS256")
    connector, limit = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as http:
        await measure_round(http, stack, identity, Felt())  # all is loaded
        for number in range(2 * rounds):
            hangs = bool(number % 2)
            outside.hang(hangs)
            await measure_round(http, stack, identity, felt[hangs])
            outside.hang(False)
            await asyncio.sleep(SETTLE)
    return felt


async def run(root: Path, kept: Path, rounds: int) -> dict[bool, Felt]:
    """Start all, and measure."""
    from tests.system.conftest import running
    from tests.system.faults.trouble import make_project

    outside, app = Outside(), web.Application()
    app.router.add_route("*", "/{path:.*}", outside.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    outside.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    project = make_project(root, kept / "project", f"{outside.url}/send")
    context = running(project, kept, TANDEM_LOG_LEVEL="WARNING", TANDEM_ORDERS_URL=outside.url)
    stack = await asyncio.to_thread(context.__enter__)
    try:
        return await measure(stack, outside, rounds)
    except BaseException:
        print(stack.output()[-6000:], file=sys.stderr)
        raise
    finally:
        outside.hang(False)
        await asyncio.to_thread(context.__exit__, None, None, None)
        await runner.cleanup()


def table(felt: dict[bool, Felt], busy: float) -> str:
    """Markdown."""
    day = datetime.now(timezone.utc).date().isoformat()
    lines = [f"Measured on {day} with {os.cpu_count()} cores, clients included; load average {busy:.1f} from other "
             "work when it began.", "", "| what other customers wait | all answers | all hangs | ratio | target |",
             "|---|---|---|---|---|"]
    for name, share, target in (("p50", 0.5, ""), ("p95", 0.95, "<= 1.10")):
        quiet, hung = felt[False].p(share), felt[True].p(share)
        lines.append(f"| {name} | {quiet:.0f} ms | {hung:.0f} ms | {hung / quiet:.2f} | {target} |")
    count = f"{len(felt[False].took)} and {len(felt[True].took)}"
    mean = statistics.mean(felt[True].took) / statistics.mean(felt[False].took)
    return "\n".join([*lines, "", f"{count} answers were measured; the ratio of the means is {mean:.2f}."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--rounds", type=int, default=5, help="of each kind")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))  # the tests' helpers are not installed
    from tandem.run.model import ensure_model

    busy = os.getloadavg()[0]
    ensure_model(ROOT, print)
    with tempfile.TemporaryDirectory(prefix="tandem-bulkheads-") as kept:
        text = table(asyncio.run(run(ROOT, Path(kept), options.rounds)), busy)
    print(text)
    if options.write:
        page = ROOT / "docs" / "performance.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
