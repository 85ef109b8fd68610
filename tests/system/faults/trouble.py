"""Everything that goes wrong in a run, from outside and at named points inside, with a count of each."""
from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from sqlalchemy.engine import Engine

from tests.system.conftest import Stack
from tests.system.faults import tool
from tests.system.faults.clients import PushCustomer
from tests.system.faults.locks import LockService

PROCESSES = ("rasa", "actions", "desk")


def processes(workers: int) -> tuple[str, ...]:
    """The names of the processes of a Tandem with so many Rasa workers."""
    rasa = ("rasa",) if workers == 1 else tuple(f"rasa.{number}" for number in range(1, workers + 1))
    return (*rasa, "actions", "desk")


LINKED = ("actions", "config.yml", "domain.yml", "models", "tandem", "tests")
CREDENTIALS = """\
tandem.channels.rest.Rest:

tandem.channels.webchat.server.WebChat:
  messages_per_minute: 100000
  sessions_per_minute: 100000

tests.system.faults.push_channel.Push:
  url: {url}/send
"""
LIVE_AGENT = """
live_agent:
  channels:
    - type: desk
    - name: {name}
      type: webhook
      url: {url}/tool
      secret: {secret}
      timeout: 3
  rules:
    - channel: {name}
      triggers: ["intent:legal_threat"]
  default: desk
"""
_SPEAKER = re.compile(r"^robin-\d+: ")


def make_project(root: Path, folder: Path, url: str, locks: LockService | None = None) -> Path:
    """The project as it stands, but with the channels of this test, on both sides; `url` is where they all end."""
    folder.mkdir()
    for name in LINKED:
        (folder / name).symlink_to(root / name)
    shutil.copytree(root / "data", folder / "data")  # for data/shop.yml of its own
    (folder / "credentials.yml").write_text(CREDENTIALS.format(url=url), encoding="utf-8")
    endpoints = (root / "endpoints.yml").read_text(encoding="utf-8")
    live_agent = LIVE_AGENT.format(url=url, name=tool.NAME, secret=tool.SECRET)
    (folder / "endpoints.yml").write_text(
        endpoints + live_agent + (locks.endpoints if locks is not None else ""), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Pace:
    """How often each trouble comes, in seconds between two; 0 for never."""

    kill: float
    freeze: float = 60.0
    lock: float = 30.0
    longest_lock: float = 6.0


class Outside:
    """Kills with -9, freezes, and locks the database, at random."""

    def __init__(
        self, stack: Stack, pace: Pace, rng: random.Random, database: Engine, locks: LockService | None = None,
    ) -> None:
        self._stack = stack
        self._pace = pace
        self._rng = rng
        self._database = database
        self._locks = locks
        self.names = processes(int(stack.environment.get("TANDEM_WORKERS", "1")))
        self.counts: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._every(pause, trouble)) for pause, trouble in (
            (self._pace.kill, self._kill), (self._pace.freeze, self._freeze), (self._pace.lock, self._lock),
            (self._pace.freeze if self._locks else 0, self._take_locks_away)) if pause]

    async def stop(self) -> None:
        """Let things come to rest."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _every(self, pause: float, trouble: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(0.5, 1.5) * pause)
            await trouble()

    def kill(self, name: str) -> None:
        """Kill one with -9, if it lives."""
        with suppress(ProcessLookupError):
            os.kill(self._stack.pid(name), signal.SIGKILL)
            self.counts[f"{name} killed with -9"] += 1

    async def kill_each(self, times: int) -> None:
        """Kill every process so often, waiting each time until it is back."""
        for _ in range(times):
            for name in self.names:
                old = self._stack.pid(name)
                self.kill(name)
                await asyncio.to_thread(self._stack.wait_restarted, name, old)

    async def _kill(self) -> None:
        self.kill(min(self.names, key=lambda name: (self.counts[f"{name} killed with -9"], self._rng.random())))

    async def _freeze(self) -> None:
        name = self._rng.choice(self.names)
        with suppress(ProcessLookupError):
            self._stack.freeze(name)
            self.counts[f"{name} frozen for seconds"] += 1
            try:
                await asyncio.sleep(self._rng.uniform(1, 5))
            finally:
                self._stack.thaw(name)

    async def _lock(self) -> None:
        await asyncio.to_thread(self._hold_lock, self._rng.uniform(1, self._pace.longest_lock))
        self.counts["database locked by another writer"] += 1

    def _hold_lock(self, seconds: float) -> None:
        with self._database.begin() as connection:  # on SQLite that alone keeps other writers out
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE conversations IN EXCLUSIVE MODE")
            time.sleep(seconds)

    async def _take_locks_away(self) -> None:
        assert self._locks is not None
        what = await self._locks.goes_away(self._rng)
        self.counts[f"Redis {what}"] += 1


class FakeApi:
    """The messenger's API: takes messages, answers 500, hangs, or drops the connection after receiving.

    It does not fail the same message twice in a row: the retries then come minutes apart, which no run waits for.
    """

    def __init__(self, rng: random.Random, well: bool = False) -> None:
        self._rng = rng
        self.well = well
        self.customers: dict[str, PushCustomer] = {}
        self.counts: Counter[str] = Counter()
        self._failed: set[tuple[str, str]] = set()
        self._runner: web.AppRunner | None = None

    async def start(self, port: int, *more: web.RouteDef) -> None:
        """Listen on this machine, on `/send` and what is given."""
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/send", self._send)
        app.router.add_routes(more)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _send(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except ConnectionError:
            return web.Response(status=400)  # the sender died while sending
        this = (body["recipient"], body["text"])
        dice = 1.0 if self.well or this in self._failed else self._rng.random()
        if dice < 0.107:
            self._failed.add(this)
        else:
            self._failed.discard(this)
        if dice < 0.06:
            self.counts["outside API answered 500"] += 1
            return web.Response(status=500)
        customer = self.customers.get(f"push:{body['recipient']}")
        if customer is not None:
            customer.show(_SPEAKER.sub("", body["text"]))
        if dice < 0.10:
            self.counts["outside API dropped the connection after receiving"] += 1
            assert request.transport is not None
            request.transport.abort()
        elif dice < 0.107:
            self.counts["outside API hung after receiving"] += 1
            await asyncio.sleep(17)
        return web.json_response({"ok": True})


def inside(log: str) -> Counter[str]:
    """The faults that happened at named points, from the processes' output: "receive.after_commit kill"."""
    return Counter(f"{point} {action}" for point, action in re.findall(r"fault: (\S+) (\w+)", log))


# Named points and how often a conversation of the script passes each, roughly.
POINTS: Mapping[str, float] = {
    "receive.before_commit": 9, "receive.after_commit": 9, "webchat.before_answer": 5, "rest.before_answer": 2,
    "turn.before_bot": 4, "turn.after_bot": 4, "bot_reply.before_commit": 5, "bot_reply.after_commit": 5,
    "turn_end.before_commit": 4, "turn_end.after_commit": 4, "stream.before_send": 14,
    "acknowledge.before_commit": 8, "acknowledge.after_commit": 8, "answered.before_commit": 0.8,
    "answered.after_commit": 0.8, "delivery_lease.before_commit": 3, "delivery_lease.after_commit": 3,
    "deliver.before_send": 3, "deliver.after_send": 3, "delivery_end.before_commit": 3, "delivery_end.after_commit": 3,
    "handoff.before_commit": 1, "handoff.after_commit": 1,
    "claim.before_commit": 1, "claim.after_commit": 1, "desk_claim.before_answer": 1,
    "take_over.before_commit": 2.5, "take_over.after_commit": 2.5, "desk_take_over.before_answer": 0.25,
    "agent_says.before_commit": 4, "agent_says.after_commit": 4, "desk_reply.before_answer": 4,
    "hand_back.before_commit": 0.6, "hand_back.after_commit": 0.6, "desk_hand_back.before_answer": 0.6,
    "relay.before_open": 0.4, "relay.after_open": 0.4, "relay.before_send": 0.8, "relay.after_send": 0.8,
    "relay_progress.before_commit": 5, "relay_progress.after_commit": 5, "webhook_kept.before_commit": 2,
    "webhook_kept.after_commit": 2, "webhook.before_answer": 2, "agent_event_kept.before_commit": 2,
    "agent_event_kept.after_commit": 2, "agent_event_end.before_commit": 2, "agent_event_end.after_commit": 2,
    "update_offered.before_commit": 0.4, "update_offered.after_commit": 0.4, "update_agreed.before_commit": 0.3,
    "update_agreed.after_commit": 0.3, "update_due.before_commit": 10, "update_due.after_commit": 10,
    "update_told.before_commit": 10, "update_told.after_commit": 10,
    "resolve.before_commit": 0.6, "resolve.after_commit": 0.6, "desk_resolve.before_answer": 0.6,
}
DATABASE_ONLY, WIRE_ONLY = {"locked", "full"}, {"drop"}
CLOCK_LOOKS = 600.0  # of all processes, for each conversation


def rules(
    conversations: int, wanted: Mapping[str, float], clock_steps: float, steps: Sequence[int] = (7, 45),
) -> str:
    """The rules that bring about so many faults of each kind at each point in a run.

    Args:
        conversations: How many the run has.
        wanted: Faults at each point by action, its seconds after a colon: {"kill": 1.5, "hang:2": 3}. Databases fail
            at commits only, connections elsewhere only.
        clock_steps: How often a clock steps back.
        steps: By so many seconds. Workers whose clocks differ by more than a lease take each other for dead.
    """
    found = [f"clock:{min(1.0, clock_steps / conversations / CLOCK_LOOKS):.7f}:back:{seconds}" for seconds in steps]
    for point, passes in POINTS.items():
        for action, count in wanted.items():
            if action not in DATABASE_ONLY | WIRE_ONLY or (action in DATABASE_ONLY) == point.endswith("commit"):
                name, _, seconds = action.partition(":")
                probability = min(0.2, count / conversations / passes)
                found.append(f"{point}:{probability:.6f}:{name}" + (f":{seconds}" if seconds else ""))
    return ",".join(found)
