"""How long words take between customer and agent, an order takes to be told, and whether long talks get slower.

    .venv/bin/python benchmarks/handoff.py            measure and print the table (some minutes)
    .venv/bin/python benchmarks/handoff.py --write    and put it into docs/performance.md

Everything is real: the three processes of `tandem run` on this machine, the web chat's and the desk's streams, the demo
shop's database. Clients run on the same machine and take their share of it.
"""
from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt

if TYPE_CHECKING:
    from tests.system.conftest import Stack

ROOT = Path(__file__).resolve().parent.parent
CONVERSATIONS = 50
SECONDS = 60.0  # of talk
PAUSE = 10.0  # seconds between two words of one side, on average: people who write fast
ASKING = 10
QUESTIONS = 20  # of each who asks for an order
TURNS = 505
SMALL_TALK = (
    "which ways of paying do you take?", "how long do I have to send something back?", "are you a bot",
    "what are your opening hours", "do you ship to Canada?", "how much is delivery", "thank you so much",
    "how long does delivery usually take?", "do you have a loyalty programme", "hello there",
)
PARTS = ("order", "length", "handoff")
BEGIN, END = "<!-- table: benchmarks/handoff.py -->", "<!-- end of table -->"


@dataclass(frozen=True)
class Row:
    """One line of the table; milliseconds, but for ratios."""

    what: str
    target: str
    p50: str
    p95: str
    count: int


def milliseconds(what: str, target: float, seconds: list[float]) -> Row:
    """The usual figures of a list of durations."""
    ordered = sorted(one * 1000 for one in seconds)
    return Row(what, f"<= {target:.0f} ms", f"{statistics.median(ordered):.0f} ms",
               f"{ordered[int(len(ordered) * 0.95)]:.0f} ms", len(ordered))


class Pair:
    """A customer in the web chat and an agent at the desk, both listening to their streams."""

    def __init__(self, stack: Stack, http: aiohttp.ClientSession, session: str) -> None:
        self._stack, self._http = stack, http
        self._chat = f"{stack.rasa_url}/webhooks/webchat"
        self._desk = {"Authorization": f"Bearer {stack.api_token}", "X-Tandem-Agent": "anna"}
        self._cookie = {"Cookie": session}
        self._said: dict[str, float] = {}
        self.to_desk: list[float] = []
        self.to_customer: list[float] = []
        self._listening: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Open the chat, let the agent take it over, and listen on both sides."""
        async with self._http.post(f"{self._chat}/sessions", json={}) as answer:
            opened = await answer.json()
        self._id = opened["conversation_id"]
        self._auth = {"Authorization": f"Bearer {opened['token']}"}
        await self._step("take-over", {})
        self._listening = [asyncio.create_task(self._customer_listens()), asyncio.create_task(self._agent_listens())]

    async def talk(self, until: float) -> None:
        """Both sides write, each after pauses of its own."""
        await asyncio.gather(self._write(until, self._customer_says), self._write(until, self._agent_says))

    async def end(self) -> None:
        """Hang up; what has not arrived by then has not arrived."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        if self._said:
            raise SystemExit(f"{len(self._said)} messages did not arrive")

    async def _write(self, until: float, say: Callable[[str], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE)
            if time.perf_counter() > until:
                return
            text = f"word {uuid.uuid4().hex}"
            self._said[text] = time.perf_counter()
            await say(text)

    async def _customer_says(self, text: str) -> None:
        body = {"text": text, "client_id": text}
        async with self._http.post(f"{self._chat}/messages", json=body, headers=self._auth) as answer:
            answer.raise_for_status()

    async def _agent_says(self, text: str) -> None:
        await self._step("reply", {"text": text, "client_id": text})

    async def _step(self, name: str, body: dict[str, Any]) -> None:
        url = f"{self._stack.desk_url}/api/conversations/{self._id}/{name}"
        async with self._http.post(url, json=body, headers=self._desk) as answer:
            answer.raise_for_status()

    async def _customer_listens(self) -> None:
        async with self._http.get(f"{self._chat}/stream?after=0", headers=self._auth) as answer:
            async for event, data in _events(answer):
                if event == "message" and data["author"] == "agent":
                    self._arrived(data["text"], self.to_customer)

    async def _agent_listens(self) -> None:
        seen = 0
        async with self._http.get(f"{self._stack.desk_url}/desk/events?c={self._id}", headers=self._cookie) as answer:
            async for event, _ in _events(answer):
                if event != "conversation":
                    continue
                url = f"{self._stack.desk_url}/api/conversations/{self._id}?after={seen}"
                async with self._http.get(url, headers=self._cookie) as found:
                    for message in (await found.json())["messages"]:
                        seen = message["seq"]
                        if message["author"] == "customer":
                            self._arrived(message["text"], self.to_desk)

    def _arrived(self, text: str, where: list[float]) -> None:
        said = self._said.pop(text, None)
        if said is not None:
            where.append(time.perf_counter() - said)


async def _events(answer: aiohttp.ClientResponse) -> Any:
    event = ""
    async for raw in answer.content:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


async def measure_handoff(stack: Stack, http: aiohttp.ClientSession) -> list[Row]:
    """Customer to desk and back, at `CONVERSATIONS` at once."""
    session = await _sign_in(stack, http)
    pairs = [Pair(stack, http, session) for _ in range(CONVERSATIONS)]
    for pair in pairs:
        await pair.begin()
    await asyncio.sleep(3)
    until = time.perf_counter() + SECONDS
    await asyncio.gather(*(pair.talk(until) for pair in pairs))
    await asyncio.sleep(5)
    for pair in pairs:
        await pair.end()
    crowd = f"{CONVERSATIONS} conversations at once"
    to_desk = [one for pair in pairs for one in pair.to_desk]
    to_customer = [one for pair in pairs for one in pair.to_customer]
    return [milliseconds(f"customer's word to the desk, {crowd}", 300, to_desk),
            milliseconds(f"agent's word to the customer, {crowd}", 300, to_customer)]


async def _sign_in(stack: Stack, http: aiohttp.ClientSession) -> str:
    async with http.get(f"{stack.desk_url}/sign-in") as page:
        form = re.search(r'name="form_token" value="([^"]+)"', await page.text())
        cookies = {name: morsel.value for name, morsel in page.cookies.items()}
    assert form, "the sign-in page has no form token"
    values = {"username": "anna", "password": stack.password, "form_token": form[1]}
    async with http.post(f"{stack.desk_url}/sign-in", data=values, cookies=cookies, allow_redirects=False) as answer:
        return "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())


async def _ask(stack: Stack, http: aiohttp.ClientSession, sender: str, text: str, **metadata: str) -> float:
    body = {"sender": sender, "message": text, "metadata": metadata}
    began = time.perf_counter()
    async with http.post(f"{stack.rasa_url}/webhooks/rest/webhook", json=body) as answer:
        replies = await answer.json()
    if answer.status != 200 or not replies:
        raise SystemExit(f"{text!r} was not answered: {answer.status} {replies}")
    return time.perf_counter() - began


async def measure_order(stack: Stack, http: aiohttp.ClientSession) -> Row:
    """A known customer asks for the order, `ASKING` at once; each time in a new conversation."""
    claims = {"sub": "7", "email": "on-time@example.com", "exp": time.time() + 3600}
    identity = jwt.encode(claims, stack.identity_secret, algorithm="HS256")
    took: list[float] = []

    async def ask_on() -> None:
        for _ in range(QUESTIONS):
            took.append(await _ask(stack, http, uuid.uuid4().hex, "Where is my order?", identity=identity))

    await ask_on()
    took.clear()
    processes = [stack.pid(name) for name in ("rasa", "actions")]
    before = [cpu_seconds(pid) for pid in processes]
    await asyncio.gather(*(ask_on() for _ in range(ASKING)))
    rasa, actions = ((cpu_seconds(pid) - used) * 1000 / len(took) for pid, used in zip(processes, before))
    print(f"CPU time of a question: {rasa:.1f} ms of Rasa's process, {actions:.1f} ms of the action server's")
    return milliseconds(f'"Where is my order?" with action server and database, {ASKING} at once', 120, took)


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used; of Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _meet_a_person(stack: Stack, http: aiohttp.ClientSession, sender: str) -> None:
    """An agent takes over and hands back; else the bot would bring one in for what is asked a third time."""
    for step in ("take-over", "hand-back"):
        url = f"{stack.desk_url}/api/conversations/{sender}/{step}"
        headers = {"Authorization": f"Bearer {stack.api_token}", "X-Tandem-Agent": "anna"}
        async with http.post(url, json={}, headers=headers) as answer:
            answer.raise_for_status()


async def measure_length(stack: Stack, http: aiohttp.ClientSession) -> Row:
    """The last turns of a long conversation against its first."""
    sender, took = uuid.uuid4().hex, []
    for number in range(TURNS):
        if number % (2 * len(SMALL_TALK)) == 0 and number:
            await _meet_a_person(stack, http, sender)
        took.append(await _ask(stack, http, sender, SMALL_TALK[number % len(SMALL_TALK)]))
    early, late = statistics.median(took[2:22]), statistics.median(took[-20:])
    return Row(f"turn {TURNS - 5} of a conversation against turn 5 ({early * 1000:.0f} ms)", "<= 1.2x",
               f"{late / early:.2f}x", "", TURNS)


def table(rows: list[Row], busy: float) -> str:
    """Markdown."""
    day = datetime.now(timezone.utc).date().isoformat()
    head = (f"Measured on {day} with {os.cpu_count()} cores, clients included; load average {busy:.1f} from other work "
            "when it began.")
    lines = ["| what | target | p50 | p95 | measured |", "|---|---|---|---|---|"]
    lines += [f"| {row.what} | {row.target} | {row.p50} | {row.p95} | {row.count} |" for row in rows]
    return "\n".join([head, "", *lines])


async def measure(stack: Stack, parts: list[str]) -> list[Row]:
    """The rows of these parts."""
    no_end = aiohttp.ClientTimeout(total=None, sock_read=120)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=no_end, cookie_jar=aiohttp.DummyCookieJar()) as http:
        rows = [await measure_order(stack, http)] if "order" in parts else []
        rows += [await measure_length(stack, http)] if "length" in parts else []
        return rows + (await measure_handoff(stack, http) if "handoff" in parts else [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="measure only these")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))  # the tests' helpers are not installed
    from tandem.run.model import ensure_model
    from tests.system.conftest import running
    from tests.system.faults.trouble import make_project

    busy = os.getloadavg()[0]
    ensure_model(ROOT, print)
    with tempfile.TemporaryDirectory(prefix="tandem-handoff-") as kept:
        # Its channels carry no limits on one address: here all customers have the same.
        project = make_project(ROOT, Path(kept) / "project", "http://127.0.0.1:9/send")
        with running(project, Path(kept), TANDEM_LOG_LEVEL="WARNING") as stack:
            try:
                rows = asyncio.run(measure(stack, list(options.parts)))
            except BaseException:
                print(stack.output()[-6000:], file=sys.stderr)
                raise
    text = table(rows, busy)
    print(text)
    if options.write:
        page = ROOT / "docs" / "performance.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
