"""The long run: `make faults`, or `python -m tests.system.faults --conversations 2000 --write`."""
from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

from tandem.run.model import ensure_model
from tests.fakes.postgres import postgres_running
from tests.system.conftest import free_ports, running
from tests.system.faults.hooks import environment
from tests.system.faults.locks import LockService, lock_service
from tests.system.faults.report import table, write
from tests.system.faults.run import Outcome, run
from tests.system.faults.tool import OutsideTool
from tests.system.faults.trouble import FakeApi, Pace, make_project, rules

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.system.faults", description=__doc__)
    parser.add_argument("--conversations", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=60.0, help="after so many no new conversation begins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=float, default=1.5, help="at each named point, on average")
    parser.add_argument("--workers", type=int, default=1, help="of Rasa")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--redis", action="store_true", help="with a lock_store on Redis, which goes away now and then")
    parser.add_argument("--calm", action="store_true", help="without any fault, to see what the machine can do")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    options = parser.parse_args()
    ensure_model(ROOT, print)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tandem-faults-")))
        databases = {}
        if options.database == "postgresql":
            server = stack.enter_context(postgres_running())
            databases = {name: server.new_database() for name in ("TANDEM_DATABASE_URL", "TANDEM_TRACKER_URL")}
        locks = stack.enter_context(lock_service(folder)) if options.redis else None
        outcome = asyncio.run(_run(folder, options, databases, locks))
    text = table(outcome, options.at_once, datetime.now(timezone.utc).date().isoformat(), _setup(options))
    print(text)
    for example in outcome.verdict.examples:
        print(example)
    if options.write:
        write(ROOT / "docs" / "reliability.md", text, "several" if options.workers > 1 else "one")
    return 1 if outcome.verdict.broken.total() else 0


def _setup(options: argparse.Namespace) -> str:
    """What the run was made with, in words."""
    database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[options.database]
    workers = "One worker" if options.workers == 1 else f"{options.workers} workers"
    return f"{workers}, {database}" + (" and Redis" if options.redis else "")


async def _run(
    folder: Path, options: argparse.Namespace, databases: dict[str, str], locks: LockService | None,
) -> Outcome:
    port = free_ports(1)[0]
    api = FakeApi(random.Random(options.seed), well=options.calm)
    tool = OutsideTool(random.Random(options.seed + 1), well=options.calm)
    project = make_project(ROOT, folder / "project", f"http://127.0.0.1:{port}", locks)
    wanted = {"kill": options.kills, "hang:2": 2.0, "locked": 6.0, "full": 6.0, "drop": 15.0}
    faults = "" if options.calm else rules(
        options.conversations, wanted, clock_steps=10, steps=(7, 45) if options.workers == 1 else (1, 2))
    pace = Pace(0, 0, 0) if options.calm else Pace(kill=90.0)
    await api.start(port, *tool.routes())
    try:
        context = running(project, folder, TANDEM_LOG_LEVEL="WARNING", TANDEM_WORKERS=str(options.workers),
                          **environment(faults, options.seed), **databases)
        stack = await asyncio.to_thread(context.__enter__)
        try:
            return await run(stack, api, tool, options.conversations, options.at_once, pace, options.seed,
                             options.minutes, lambda text: print(text, flush=True), locks=locks)
        finally:
            await asyncio.to_thread(_keep, stack.output())
            await asyncio.to_thread(context.__exit__, None, None, None)
    finally:
        await api.stop()


def _keep(log: str) -> None:
    reports = ROOT / "reports"
    reports.mkdir(exist_ok=True)
    (reports / "faults.log").write_text(log, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
