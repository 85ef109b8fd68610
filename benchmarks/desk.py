"""How quick the desk is with many pages open, and with a large database.

    .venv/bin/python benchmarks/desk.py            40 pages open, 100 customers waiting
    .venv/bin/python benchmarks/desk.py --large    how long pages take with 50,000 conversations, 1,000,000 messages
    .venv/bin/python benchmarks/desk.py --write    put the tables of both into docs/performance.md

The desk is the real process over SQLite. Each page is a client that does what the page's script does: it listens to the
live stream and fetches what that tells it to fetch. Customers' words are written to the ledger, as the channels do.
"""
from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import aiohttp

from tandem.agents.accounts import seed_demo_agents
from tandem.conversations.model import Agent, HandoffRequest, InboundMessage
from tandem.services import Services, open_services
from tandem.settings import Settings, child_environment

ROOT = Path(__file__).resolve().parent.parent
PAGES, WAITING = 40, 100
SECONDS, PAUSE = 40.0, 4.0  # of talk; between two words of one side, on average
PASSWORD = "a password for measuring"
TOKEN = "a-token-only-for-measuring"
ANNA = Agent("anna", "Anna Berg")
BEGIN, END = "<!-- table: benchmarks/desk.py {} -->", "<!-- end of table: {} -->"


@contextlib.contextmanager
def desk(folder: Path, large: bool) -> Iterator[tuple[str, Services]]:
    """A desk process over a database, with its address and the services to write to it with."""
    url = f"sqlite:///{folder / 'desk.db'}"
    if large:
        fill(url)
    services = open_services(Settings(database_url=url))
    create = getattr(__import__("tandem.agents.tables", fromlist=["tables"]), "create_tables", None)
    if create is not None:  # of versions that made their tables at the start
        create(services.engine)
    seed_demo_agents(services.engine, PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = child_environment({
        "TANDEM_DATABASE_URL": url, "TANDEM_TRACKER_URL": f"sqlite:///{folder / 'rasa.db'}", "TANDEM_API_TOKEN": TOKEN,
        "TANDEM_DESK_PORT": str(port), "TANDEM_LOG_LEVEL": "WARNING"})
    process = subprocess.Popen([sys.executable, "-m", "tandem.desk"], cwd=ROOT, env=environment)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", services
    finally:
        process.terminate()
        process.wait(20)
        services.engine.dispose()


async def sign_in(http: aiohttp.ClientSession, address: str, name: str) -> dict[str, str]:
    """Headers of a signed-in agent."""
    async with http.get(f"{address}/sign-in") as page:
        form = re.search(r'name="form_token" value="([^"]+)"', await page.text())
        cookies = {name: morsel.value for name, morsel in page.cookies.items()}
    assert form, "the sign-in page has no form token"
    values = {"username": name, "password": PASSWORD, "form_token": form[1]}
    async with http.post(f"{address}/sign-in", data=values, cookies=cookies, allow_redirects=False) as answer:
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())
    async with http.get(f"{address}/", headers={"Cookie": cookie}) as page:
        token = re.search(r'data-csrf="([^"]+)"', await page.text())
    assert token, "the desk has no CSRF token"
    return {"Cookie": cookie, "X-CSRF-Token": token[1], "Accept-Encoding": "gzip"}


class OpenPage:
    """One open desk page, with a conversation of its agent on it."""

    def __init__(self, http: aiohttp.ClientSession, address: str, headers: dict[str, str], name: str) -> None:
        self._http, self._address, self._headers, self.name = http, address, headers, name
        self._due: set[str] = set()
        self._wake = asyncio.Event()
        self._said: dict[str, float] = {}
        self.seen: list[float] = []
        self.replied: list[float] = []
        self.fetched = 0  # bytes

    async def run(self) -> None:
        """Listen, and fetch what the page would fetch."""
        await asyncio.gather(self._listen(), self._refresh("queue"), self._refresh("conversation"))

    async def _listen(self) -> None:
        url = f"{self._address}/desk/events?c={urllib.parse.quote(self.name)}"
        async with self._http.get(url, headers={**self._headers, "Accept-Encoding": "identity"}) as answer:
            async for event, data in events(answer):
                if event == "queue" and "rows" not in data:  # of versions that only say that something changed
                    self._due.add("queue")
                elif event == "conversation":
                    self._due.add("conversation")
                self._wake.set()

    async def _refresh(self, what: str) -> None:
        while True:
            await self._wake.wait()
            if what not in self._due:
                await asyncio.sleep(0.005)
                if not self._due:
                    self._wake.clear()
                continue
            self._due.discard(what)
            url = f"{self._address}/desk/{what}?c={urllib.parse.quote(self.name)}"
            async with self._http.get(url, headers={**self._headers, "Accept": "text/html-fragment"}) as answer:
                text = await answer.text()
                self.fetched += int(answer.headers.get("Content-Length", len(text)))
            if what == "conversation":
                for words in [one for one in self._said if one in text]:
                    self.seen.append(time.perf_counter() - self._said.pop(words))

    async def talk(self, services: Services, until: float) -> None:
        """Customer and agent write in turn."""
        while True:
            await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE)
            if time.perf_counter() > until:
                return
            words = f"word {uuid.uuid4().hex}"
            self._said[words] = time.perf_counter()
            await asyncio.to_thread(services.ledger.receive, InboundMessage(self.name, "webchat", words, words))
            await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE)
            body = {"text": f"answer {uuid.uuid4().hex}", "client_id": uuid.uuid4().hex}
            began = time.perf_counter()
            url = f"{self._address}/api/conversations/{urllib.parse.quote(self.name)}/reply"
            async with self._http.post(url, json=body, headers=self._headers) as answer:
                answer.raise_for_status()
            self.replied.append(time.perf_counter() - began)


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    """Server-sent events."""
    event = ""
    async for raw in answer.content:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


def session() -> aiohttp.ClientSession:
    """A client that keeps no cookies and opens as many connections as are wanted."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)  # less than the desk's, which may close one first
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(),
                                 timeout=aiohttp.ClientTimeout(total=None, sock_read=120), read_bufsize=2**22)


async def with_many_pages(address: str, services: Services) -> list[str]:
    """The rows of the table for `PAGES` open pages."""
    for number in range(WAITING):
        services.ledger.receive(InboundMessage(f"waits-{number}", "webchat", "Can I talk to a person?"))
        services.ownership.open_handoff(HandoffRequest(f"waits-{number}", "Asked for a person", "intent:ask_for_human",
                                                       random.random()))
    for number in range(PAGES):
        services.ledger.receive(InboundMessage(f"talks-{number}", "webchat", "Hello"))
        services.ownership.take_over(f"talks-{number}", ANNA)
    async with session() as http:
        headers = await sign_in(http, address, "anna")
        pages = [OpenPage(http, address, headers, f"talks-{number}") for number in range(PAGES)]
        running = [asyncio.create_task(page.run()) for page in pages]
        await asyncio.sleep(3)
        for page in pages:
            page.fetched = 0
        until = time.perf_counter() + SECONDS
        await asyncio.gather(*(page.talk(services, until) for page in pages))
        await asyncio.sleep(5)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    seen = [one for page in pages for one in page.seen]
    replied = [one for page in pages for one in page.replied]
    lost = sum(len(page._said) for page in pages)
    fetched = sum(page.fetched for page in pages) / 1000 / max(1, len(seen) + len(replied))
    crowd = f"{PAGES} pages open, {WAITING} waiting"
    return [row(f"an agent's reply is taken, {crowd}", "<= 300 ms", replied),
            row(f"a customer's word on the agent's page, {crowd}", "<= 300 ms", seen),
            f"| fetched by all pages for each word said | | {fetched:.0f} kB | | {len(seen) + len(replied)} words, "
            f"{lost} not shown |"]


def fill(url: str) -> None:
    """Fill a database as a shop does in a year; it is that of the first release, upgraded."""
    sys.path.insert(0, str(ROOT))  # the tests' helpers are not installed
    from tandem.db import schema
    from tandem.db.engine import open_engine
    from tests.integration.growth import conftest
    from tests.integration.growth.fill import fill as fill_tables

    engine = open_engine(url)
    conftest.as_released(engine)
    fill_tables(engine)
    schema.upgrade(engine, schema.MAIN)
    engine.dispose()


def row(what: str, target: str, seconds: list[float]) -> str:
    """One line of a table, in milliseconds."""
    ordered = sorted(one * 1000 for one in seconds)
    return (f"| {what} | {target} | {statistics.median(ordered):.0f} ms | {ordered[int(len(ordered) * 0.95)]:.0f} ms "
            f"| {len(ordered)} |")


async def with_large_database(address: str, services: Services) -> list[str]:
    """The rows of the table for each page of a large database."""
    for number in range(500):
        services.ledger.receive(InboundMessage("long", "webchat", f"Where is my order? I have asked {number} times"))
    services.ownership.open_handoff(HandoffRequest("long", "Asked for a person", "intent:ask_for_human"))
    found = []
    async with session() as http:
        headers = await sign_in(http, address, "sam")
        token = {"Authorization": f"Bearer {TOKEN}"}
        fragment = {**headers, "Accept": "text/html-fragment"}
        for what, path, sent in (
            ("the desk", "/", headers), ("the desk with a conversation", "/?c=c50000", headers),
            ("the queue, whole", "/desk/queue", headers),
            ("100 more of the resolved", "/desk/queue/more?section=resolved&rank=-1e12&last=", headers),
            ("a conversation's refresh", "/desk/conversation?c=c50000&since=1", fragment),
            ("a long conversation opened", "/desk/conversation?c=long&first=1", fragment),
            ("numbers", "/numbers", headers), ("/metrics", "/metrics", token),
        ):
            took = []
            for _ in range(40):
                began = time.perf_counter()
                async with http.get(address + path, headers=sent) as answer:
                    await answer.read()
                    if answer.status != 200:
                        raise SystemExit(f"{path} answered {answer.status}")
                took.append(time.perf_counter() - began)
            found.append(row(what, "<= 100 ms", took))
    return found


def table(rows: list[str], busy: float) -> str:
    """Markdown."""
    day = datetime.now(timezone.utc).date().isoformat()
    head = (f"Measured on {day} with {os.cpu_count()} cores, clients included; load average {busy:.1f} from other work "
            "when it began.")
    return "\n".join([head, "", "| what | target | p50 | p95 | measured |", "|---|---|---|---|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="measure the pages of a large database instead")
    parser.add_argument("--write", action="store_true", help="measure both and put the tables into docs/performance.md")
    options = parser.parse_args()
    parts = ("pages", "large") if options.write else ("large" if options.large else "pages",)
    for part in parts:
        busy = os.getloadavg()[0]
        with tempfile.TemporaryDirectory(prefix="tandem-desk-") as folder, \
                desk(Path(folder), part == "large") as (address, services):
            measure = with_large_database if part == "large" else with_many_pages
            text = table(asyncio.run(measure(address, services)), busy)
        print(text)
        if options.write:
            page = ROOT / "docs" / "performance.md"
            before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN.format(part))
            page.write_text(f"{before}{begin}\n\n{text}\n\n{END.format(part)}{rest.partition(END.format(part))[2]}",
                            encoding="utf-8")


if __name__ == "__main__":
    main()
