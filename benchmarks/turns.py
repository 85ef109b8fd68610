"""Our bot beside Rasa's default pipeline and policies, on our own data, in one run.

    .venv/bin/python benchmarks/turns.py                    train both, measure both, print the table (hours)
    .venv/bin/python benchmarks/turns.py --default-epochs 2     train the default's models for 2 epochs instead of 100
    .venv/bin/python benchmarks/turns.py --reuse DIR            measure the models of an earlier run again

Epochs change how long the default trains and how well it answers, not how fast: with few of them its training time is
a lower bound, and its replies are only counted, not judged.

The default stands without its FallbackClassifier (default_config.yml says why).

Both are real servers, `rasa run` in its own process on this machine, spoken to over REST without an action server.
Ours runs as shipped: its channel writes every message to the ledger. The default has Rasa's plain REST channel and
in-memory tracker. Rounds alternate between the two, so that a change of the machine's speed meets both.
"""
from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
TURNS = 10  # turns of a conversation, as long as conversations with a bot are; Rasa reads all of them at each turn
CONVERSATIONS = 6  # conversations timed one after the other in a round
CONCURRENT = 16  # conversations at once in a round's burst

# Questions that the bot answers with a response, without the action server.
QUESTIONS = (
    "which ways of paying do you take?", "how long do I have to send something back?", "are you a real person or a bot",
    "what are your opening hours", "do you ship to Canada?", "how much is delivery",
    "how long does delivery usually take?", "do you have a loyalty programme", "how long is the warranty",
    "do you wrap presents?",
)

# Around them, so that every message of a conversation is one that nobody has written before.
BEFORE = ("hello,", "hi there,", "good morning,", "hey", "sorry,", "quick question:", "just wondering,", "excuse me,",
          "one more thing,", "tell me,", "well,", "before I order:")
AFTER = ("please", "thanks", "thank you", "cheers", "if I may ask", "exactly", "for you", "in general", "these days",
         "at the moment", "by the way", "then")

DEFAULT_CONFIG = Path(__file__).with_name("default_config.yml")


@dataclass
class Figures:
    """What was measured of one bot; seconds, milliseconds and MiB as named."""

    train_s: float = 0.0
    start_s: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    new_p50_ms: float = 0.0
    cpu_ms: float = 0.0
    per_second: float = 0.0
    memory_mib: float = 0.0
    unanswered: int = 0  # turns in which the bot said nothing; a default trained for few epochs has such


class Bot:
    """A Rasa project in a folder of its own, trained and run as real processes."""

    def __init__(self, name: str, folder: Path, channel: str, must_answer: bool) -> None:
        self.name, self.folder, self.channel, self.must_answer = name, folder, channel, must_answer
        self.figures = Figures()
        self.latencies: list[float] = []
        self.new: list[float] = []
        self.cpu: list[float] = []
        self.rates: list[float] = []
        self.starts: list[float] = []
        self.memory: list[float] = []
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self, config: str | None) -> None:
        """Copy the project; `config` replaces its config.yml."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in ("data", "domain.yml", "config.yml", "endpoints.yml"):
            source, target = ROOT / part, self.folder / part
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
        if config is not None:
            (self.folder / "config.yml").write_text(config)
            (self.folder / "endpoints.yml").write_text('action_endpoint:\n  url: "http://127.0.0.1:9/webhook"\n')
        (self.folder / "credentials.yml").write_text(f"{self.channel}:\n")

    def train(self) -> None:
        """Train from nothing."""
        started = time.perf_counter()
        self._rasa("train", "--force", "--fixed-model-name", "model")
        self.figures.train_s = time.perf_counter() - started
        (self.folder / "train_s").write_text(str(self.figures.train_s))

    def start(self) -> None:
        """Start the server and wait for its first answer."""
        started = time.perf_counter()
        log = (self.folder / "run.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(self.port), "-m", "models/model.tar.gz",
             "--credentials", "credentials.yml", "--endpoints", "endpoints.yml"],
            cwd=self.folder, env=self._environment(), stdout=log, stderr=log, start_new_session=True,
        )
        while True:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} did not start; see {self.folder / 'run.log'}")
            try:
                answer = httpx.post(self.url, json={"sender": uuid.uuid4().hex, "message": QUESTIONS[0]}, timeout=60)
                if answer.status_code == 200 and (answer.json() or not self.must_answer):
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        self.starts.append(time.perf_counter() - started)

    @property
    def url(self) -> str:
        """Where messages are posted."""
        return f"http://127.0.0.1:{self.port}/webhooks/rest/webhook"

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None

    async def measure(self) -> None:
        """One round: turns one after the other, then a burst."""
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=CONCURRENT)) as client:
            assert self.process is not None
            cpu = _cpu_ms(self.process.pid)
            for _ in range(CONVERSATIONS):
                sender = uuid.uuid4().hex
                for number in range(TURNS):
                    started = time.perf_counter()
                    await self._say(client, sender, QUESTIONS[number % len(QUESTIONS)])
                    self.latencies.append((time.perf_counter() - started) * 1000)
            self.cpu.append((_cpu_ms(self.process.pid) - cpu) / (CONVERSATIONS * TURNS))
            for sender in (uuid.uuid4().hex for _ in range(CONVERSATIONS)):
                for question in QUESTIONS[:TURNS]:
                    words = f"{random.choice(BEFORE)} {question} {random.choice(AFTER)}"
                    started = time.perf_counter()
                    await self._say(client, sender, words)
                    self.new.append((time.perf_counter() - started) * 1000)
            senders = [uuid.uuid4().hex for _ in range(CONCURRENT)]

            async def talk(who: str) -> None:
                for number in range(TURNS):
                    await self._say(client, who, QUESTIONS[number % len(QUESTIONS)])

            started = time.perf_counter()
            await asyncio.gather(*(talk(who) for who in senders))
            self.rates.append(CONCURRENT * TURNS / (time.perf_counter() - started))
        self.memory.append(_memory_mib(self.process.pid))

    async def _say(self, client: httpx.AsyncClient, sender: str, text: str) -> None:
        answer = await client.post(self.url, json={"sender": sender, "message": text})
        if answer.status_code != 200 or (not answer.json() and self.must_answer):
            raise SystemExit(f"{self.name} did not answer {text!r}: {answer.status_code} {answer.text[:200]}")
        self.figures.unanswered += not answer.json()

    def conclude(self) -> Figures:
        """The medians of all rounds."""
        ordered = sorted(self.latencies)
        figures = self.figures
        figures.train_s = float((self.folder / "train_s").read_text())
        figures.start_s = statistics.median(self.starts)
        figures.p50_ms = statistics.median(ordered)
        figures.p95_ms = ordered[int(len(ordered) * 0.95)]
        figures.new_p50_ms = statistics.median(self.new)
        figures.cpu_ms = statistics.median(self.cpu)
        figures.per_second = statistics.median(self.rates)
        figures.memory_mib = max(self.memory)
        return figures

    def _environment(self) -> dict[str, str]:
        var = self.folder / "var"
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("TANDEM_")},
            "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "TANDEM_DATABASE_URL": f"sqlite:///{var}/tandem.db", "TANDEM_TRACKER_URL": f"sqlite:///{var}/rasa.db",
            "TANDEM_ACTIONS_URL": "http://127.0.0.1:9/webhook", "PYTHONWARNINGS": "ignore",
            "TANDEM_DEMO": "1",  # in which the REST channel needs no token on loopback
        }

    def _rasa(self, *arguments: str) -> None:
        (self.folder / "var").mkdir(exist_ok=True)
        with (self.folder / "train.log").open("wb") as log:
            done = subprocess.run([sys.executable, "-m", "rasa", *arguments], cwd=self.folder, env=self._environment(),
                                  stdout=log, stderr=log, check=False)
        if done.returncode:
            raise SystemExit(f"{self.name}: rasa {arguments[0]} failed; see {self.folder / 'train.log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _cpu_ms(pid: int) -> float:
    """Time that the process has had a processor; other processes disturb it less than they do the clock."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(ticks[11]) + int(ticks[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _table(ours: Figures, default: Figures) -> str:
    rows = [
        ("bot turn over REST, p50", f"{ours.p50_ms:.1f} ms", f"{default.p50_ms:.1f} ms", ours.p50_ms / default.p50_ms,
         "<= 0.20"),
        ("bot turn over REST, p95", f"{ours.p95_ms:.1f} ms", f"{default.p95_ms:.1f} ms",
         ours.p95_ms / default.p95_ms, ""),
        ("the same in words that nobody has used before, p50", f"{ours.new_p50_ms:.1f} ms",
         f"{default.new_p50_ms:.1f} ms", ours.new_p50_ms / default.new_p50_ms, "<= 0.60"),
        ("CPU time of the Rasa process a turn", f"{ours.cpu_ms:.1f} ms", f"{default.cpu_ms:.1f} ms",
         ours.cpu_ms / default.cpu_ms, ""),
        (f"messages/s, {CONCURRENT} at once", f"{ours.per_second:.0f}", f"{default.per_second:.0f}",
         ours.per_second / default.per_second, ">= 4.00"),
        ("start to first answer", f"{ours.start_s:.1f} s", f"{default.start_s:.1f} s", ours.start_s / default.start_s,
         "<= 0.25"),
        ("training all of data/", f"{ours.train_s:.0f} s", f"{default.train_s:.0f} s", ours.train_s / default.train_s,
         "<= 0.20"),
        ("memory of the Rasa process", f"{ours.memory_mib:.0f} MiB", f"{default.memory_mib:.0f} MiB",
         ours.memory_mib / default.memory_mib, "<= 0.60"),
    ]
    lines = ["| what | Tandem | default Rasa | ratio | target |", "|---|---|---|---|---|"]
    lines += [f"| {what} | {a} | {b} | {ratio:.2f} | {target} |" for what, a, b, ratio, target in rows]
    return "\n".join(lines)


def main() -> None:
    """Train, measure in alternating rounds, print the table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reuse", type=Path, help="the folder of an earlier run, printed at its end")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--default-epochs", type=int, default=100, help="of the default's DIET, TED and UnexpecTED")
    arguments = parser.parse_args()
    folder = arguments.reuse or Path(tempfile.mkdtemp(prefix="tandem-turns-"))
    ours = Bot("tandem", folder / "tandem", "tandem.channels.rest.Rest", must_answer=True)
    default = Bot("default", folder / "default", "rest", must_answer=False)
    if arguments.reuse is None:
        ours.prepare(None)
        default.prepare(DEFAULT_CONFIG.read_text(encoding="utf-8").replace("EPOCHS", str(arguments.default_epochs)))
        for bot in (ours, default):
            print(f"training {bot.name} ...", flush=True)
            bot.train()
    try:
        for number in range(arguments.rounds):
            for bot in (ours, default) if number % 2 == 0 else (default, ours):
                bot.start()
                asyncio.run(bot.measure())
                bot.stop()
            print(f"round {number + 1} of {arguments.rounds} done", flush=True)
    finally:
        for bot in (ours, default):
            bot.stop()
    print(_table(ours.conclude(), default.conclude()))
    if default.figures.unanswered:
        print(f"\nIn {default.figures.unanswered} turns the default said nothing; more epochs let it answer more.")
    print(json.dumps({"tandem": vars(ours.figures), "default": vars(default.figures), "folder": str(folder)}))


if __name__ == "__main__":
    main()
