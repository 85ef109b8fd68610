"""One run: conversations in a crowd, trouble all the while, and the verdict over all of them."""
from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from tandem.conversations.ledger import Ledger
from tandem.db.engine import open_engine
from tests.system.conftest import Stack
from tests.system.faults.checker import Verdict, check
from tests.system.faults.clients import Wire
from tests.system.faults.history import History, read_entries
from tests.system.faults.locks import LockService
from tests.system.faults.orders import make_orders
from tests.system.faults.script import Stage, live
from tests.system.faults.tool import OutsideTool
from tests.system.faults.trouble import FakeApi, Outside, Pace, inside
from tests.system.faults.watched import look_often


@dataclass
class Outcome:
    """What a run came to."""

    verdict: Verdict = field(default_factory=Verdict)
    conversations: int = 0
    messages: int = 0
    handoffs: int = 0
    take_overs: int = 0
    to_the_tool: int = 0
    errands: int = 0
    watched: int = 0
    told: int = 0
    fenced: int = 0
    seconds: float = 0.0
    channels: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    inside: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    came_back: int = 0  # how often a process was started again


async def run(
    stack: Stack, api: FakeApi, tool: OutsideTool, conversations: int, at_once: int, pace: Pace, seed: int,
    minutes: float = 60.0, say: Callable[[str], None] = lambda _: None, sure_kills: int = 0,
    locks: LockService | None = None,
) -> Outcome:
    """Live `conversations`, `at_once` at a time, and check each when it has come to rest.

    Args:
        minutes: After so many no new conversation begins.
        say: Told of progress and of broken promises as they are found.
        sure_kills: Kill each process at least so often, whatever the dice say.
        locks: The Redis that the workers share, if there is one; it goes away now and then too.
    """
    rng = random.Random(seed)
    outcome, began = Outcome(), time.monotonic()
    engine = open_engine(stack.database_url)
    ledger = Ledger(engine)
    await asyncio.to_thread(make_orders, engine, conversations)
    look_often(stack.root)
    outside = Outside(stack, pace, rng, engine, locks)
    connector = aiohttp.TCPConnector(limit=0)
    finished: list[History] = []
    async with aiohttp.ClientSession(connector=connector) as http:
        wire = Wire(http, rng)
        stage = Stage(wire, stack.rasa_url, stack.desk_url, stack.api_token, ledger, api.customers, tool,
                      open_engine(stack.tracker_url), engine)
        numbers = iter(range(conversations))

        async def one_after_another() -> None:
            for number in numbers:
                if time.monotonic() - began > minutes * 60:
                    return
                history = await live(stage, number)
                finished.append(history)
                so_far = len(finished)
                verdict = await asyncio.to_thread(check, history)
                outcome.verdict += verdict
                outcome.channels[history.channel] += 1
                for example in verdict.examples:
                    say(example)
                if so_far % 50 == 0:
                    say(f"{so_far} conversations after {time.monotonic() - began:.0f} s")

        outside.start()
        killing = asyncio.create_task(outside.kill_each(sure_kills))
        try:
            await asyncio.gather(*(one_after_another() for _ in range(at_once)), killing)
        finally:
            killing.cancel()
            await outside.stop()
    await asyncio.to_thread(_said_afterwards, ledger, finished, outcome.verdict)
    outcome.conversations, outcome.messages = len(finished), stage.messages
    outcome.handoffs, outcome.take_overs, outcome.to_the_tool = stage.handoffs, stage.take_overs, stage.to_the_tool
    outcome.errands, outcome.watched, outcome.told = stage.errands, stage.watched, stage.told
    outcome.fenced = ledger.fenced()
    outcome.outside, outcome.repeated = outside.counts + api.counts + tool.counts, wire.repeated
    outcome.inside = inside(stack.output())
    outcome.came_back = stack.output().count("is up again")
    outcome.seconds = time.monotonic() - began
    return outcome


def _said_afterwards(ledger: Ledger, finished: list[History], verdict: Verdict) -> None:
    """A conversation that came to rest must not have gone on by itself."""
    for history in finished:
        if history.conversation_id and not history.stuck:
            later = read_entries(ledger, History(history.conversation_id, history.channel)).entries
            if len(later) != len(history.entries):
                verdict.add("doubled", history.conversation_id, f"afterwards: {later[-1].text!r}")
