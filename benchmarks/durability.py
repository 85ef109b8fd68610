"""Measure what it costs that a commit to SQLite waits for the disk: `python -m benchmarks.durability`.

Messages of customers are stored one after the other, and by eight threads at once, with and without the wait.
"""
from __future__ import annotations

import statistics
import tempfile
import threading
import time
import uuid
from pathlib import Path

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import InboundMessage
from tandem.db.engine import open_engine
from tandem.db.schema import upgrade

MESSAGES = 400
THREADS = 8


def stored(ledger: Ledger, conversation: str, messages: int) -> list[float]:
    """Milliseconds that each message took."""
    took = []
    for number in range(messages):
        began = time.perf_counter()
        ledger.receive(InboundMessage(conversation, "webchat", "Where is my order?", f"m{number}"))
        took.append((time.perf_counter() - began) * 1000)
    return took


def measure(folder: Path, durable: bool) -> str:
    """One line of the table."""
    engine = open_engine(f"sqlite:///{folder / f'{uuid.uuid4().hex}.db'}", durable=durable)
    upgrade(engine)
    ledger = Ledger(engine)
    stored(ledger, "warm", 20)
    alone = sorted(stored(ledger, "alone", MESSAGES))
    threads = [threading.Thread(target=stored, args=(ledger, f"c{number}", MESSAGES // THREADS))
               for number in range(THREADS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = MESSAGES / (time.perf_counter() - began)
    engine.dispose()
    mode = "FULL" if durable else "NORMAL"
    return (f"synchronous={mode:6}  one after the other: p50 {statistics.median(alone):.1f} ms, "
            f"p95 {alone[int(len(alone) * 0.95)]:.1f} ms  {THREADS} at once: {rate:.0f} messages/s")


def main() -> None:
    """Print the table; the disk is that of the working directory."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for durable in (False, True, False, True):
            print(measure(Path(folder), durable))


if __name__ == "__main__":
    main()
