"""What the benchmarks share that compare two kinds of rounds: customers who ask, what they wait, and the table."""
from __future__ import annotations

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
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
from aiohttp import web

if TYPE_CHECKING:
    from tests.system.conftest import Stack

ROOT = Path(__file__).resolve().parent.parent
ROUND = 20.0  # seconds measured
SETTLE = 15.0  # seconds between two rounds: the circuit closes, and what hung ends
PAUSE = 0.5  # seconds between two questions of one of the others, on average
PACE = 5.0  # seconds between two questions of one customer who asks for what is slow, whether answered or not
OTHERS = 8  # customers who want nothing of what is slow
SMALL_TALK = ("which ways of paying do you take?", "are you a bot", "thank you so much", "hello there")
END = "<!-- end of table -->"


@dataclass
class Felt:
    """What the others felt in one kind of rounds: seconds for each answer."""

    took: list[float] = field(default_factory=list)

    def p(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        ordered = sorted(self.took)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(frozen=True)
class Answered:
    """The bot's replies to one message, and the seconds they took."""

    texts: tuple[str, ...]
    seconds: float


def identity(stack: Stack, email: str) -> str:
    """Sign a token for a customer who is signed in at the shop."""
    claims = {"sub": email, "email": email, "exp": time.time() + 3600}
    return jwt.encode(claims, stack.identity_secret, algorithm="HS256")


async def ask(http: aiohttp.ClientSession, stack: Stack, text: str, **metadata: str) -> Answered:
    """Ask in a new conversation over REST.

    Raises:
        SystemExit: Nothing was answered.
    """
    body = {"sender": uuid.uuid4().hex, "message": text, "metadata": metadata}
    began = time.perf_counter()
    async with http.post(f"{stack.rasa_url}/webhooks/rest/webhook", json=body) as answer:
        replies = await answer.json()
    if answer.status != 200 or not replies:
        raise SystemExit(f"{text!r} was not answered: {answer.status} {replies}")
    return Answered(tuple(reply.get("text", "") for reply in replies), time.perf_counter() - began)


async def measure_round(
    http: aiohttp.ClientSession, stack: Stack, felt: Felt, crowds: dict[Callable[[], Awaitable[None]], int],
) -> None:
    """Let the crowds (what one does: how many) and `OTHERS` go on for a round; add what the others wait to `felt`.

    The crowds keep their pace whether they are answered or not, so that rounds with and without trouble carry the same
    load. The others wait for an answer before they ask on.
    """
    end = time.perf_counter() + ROUND
    under_way: list[asyncio.Task[None]] = []

    async def keep_pace(once: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(random.uniform(0, PACE))
        while time.perf_counter() < end:
            under_way.append(asyncio.ensure_future(once()))
            await asyncio.sleep(random.uniform(0.8, 1.2) * PACE)

    async def other() -> None:
        while time.perf_counter() < end:
            await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE)
            felt.took.append((await ask(http, stack, random.choice(SMALL_TALK))).seconds)

    await asyncio.gather(*(other() for _ in range(OTHERS)),
                         *(keep_pace(once) for once, number in crowds.items() for _ in range(number)))
    await asyncio.gather(*under_way)


async def alternate(rounds: int, trouble: Callable[[bool], None],
                    one: Callable[[bool, Felt], Awaitable[None]]) -> dict[bool, Felt]:
    """Run rounds without (False) and with trouble (True) in turns, after one that is not counted."""
    felt = {False: Felt(), True: Felt()}
    await one(False, Felt())  # all is loaded
    for number in range(2 * rounds):
        troubled = bool(number % 2)
        trouble(troubled)
        await one(troubled, felt[troubled])
        trouble(False)
        await asyncio.sleep(SETTLE)
    return felt


async def serve(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> tuple[str, web.AppRunner]:
    """Answer every request at a free port of this machine; return its address, and what to clean up at the end."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}", runner


async def with_stack(context: Any, measure: Callable[[Stack, aiohttp.ClientSession], Awaitable[Any]]) -> Any:
    """Start the processes, measure, and stop them; what they said is printed if the measuring fails."""
    stack = await asyncio.to_thread(context.__enter__)
    connector, limit = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=120)
    try:
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as http:
            return await measure(stack, http)
    except BaseException:
        print(stack.output()[-6000:], file=sys.stderr)
        raise
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


def felt_table(felt: dict[bool, Felt], busy: float, what: str, quiet_name: str, troubled_name: str) -> str:
    """Write what the others felt as Markdown."""
    lines = [f"{measured(busy)}", "", f"| {what} | {quiet_name} | {troubled_name} | ratio | target |",
             "|---|---|---|---|---|"]
    for name, share, target in (("p50", 0.5, ""), ("p95", 0.95, "<= 1.10")):
        quiet, troubled = felt[False].p(share), felt[True].p(share)
        lines.append(f"| {name} | {quiet:.0f} ms | {troubled:.0f} ms | {troubled / quiet:.2f} | {target} |")
    count = f"{len(felt[False].took)} and {len(felt[True].took)}"
    mean = statistics.mean(felt[True].took) / statistics.mean(felt[False].took)
    return "\n".join([*lines, "", f"{count} answers were measured; the ratio of the means is {mean:.2f}."])


def measured(busy: float) -> str:
    """Say when and on what was measured; `busy` is the load average before."""
    day = datetime.now(timezone.utc).date().isoformat()
    return (f"Measured on {day} with {os.cpu_count()} cores, clients included; load average {busy:.1f} from other "
            "work when it began.")


def put_into_docs(begin: str, text: str, end: str = END) -> None:
    """Replace the table of docs/performance.md that begins with this mark."""
    page = ROOT / "docs" / "performance.md"
    before, mark, rest = page.read_text(encoding="utf-8").partition(begin)
    if not mark:
        raise SystemExit(f"{page} has no {begin}")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def run(measure: Callable[[Path, int], Awaitable[str]], begin: str, description: str, name: str) -> None:
    """Read the command line, see that there is a model, measure in a folder of its own, and print the table."""
    import argparse

    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--rounds", type=int, default=5, help="of each kind")
    options = parser.parse_args()
    from tandem.run.model import ensure_model

    ensure_model(ROOT, print)
    with tempfile.TemporaryDirectory(prefix=f"tandem-{name}-") as kept:
        text = asyncio.run(measure(Path(kept), options.rounds))
    print(text)
    if options.write:
        put_into_docs(begin, text)
