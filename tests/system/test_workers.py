"""Two real Rasa workers on one port: one is killed, one freezes, and customers are answered throughout."""
from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.system.conftest import Stack, running

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def pair(project_root: Path, trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Tandem with two Rasa workers, in a folder whose data may be changed."""
    assert trained_model.is_file()
    root = tmp_path_factory.mktemp("project")
    for path in project_root.iterdir():
        if path.name not in ("data", "models", "var", ".git", "tests"):
            (root / path.name).symlink_to(path)
    shutil.copytree(project_root / "data", root / "data")
    (root / "models").mkdir()
    (root / "models" / trained_model.name).symlink_to(trained_model)
    with running(root, tmp_path_factory.mktemp("stack"), TANDEM_WORKERS="2") as stack:
        yield replace(stack, root=root)


def say(stack: Stack, customer: str, text: str) -> list[dict[str, str]]:
    """One message on a connection of its own, which any worker may take."""
    answer = httpx.post(f"{stack.rasa_url}/webhooks/rest/webhook", timeout=60, trust_env=False,
                        json={"sender": customer, "message": text})
    replies: list[dict[str, str]] = answer.raise_for_status().json()
    return replies


def until(true: Callable[[], bool], what: str, stack: Stack, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not in {seconds} s: {what}\n{stack.output()[-4000:]}"
        time.sleep(0.2)


@pytest.mark.parametrize(("number", "said"), [
    (signal.SIGKILL, r"rasa\.1 died \(signal SIGKILL\); starting it again"),
    (signal.SIGSTOP, r"rasa\.1 froze \(no sign of life for \d+ s\) and was killed; starting it again"),
])
def test_a_worker_that_dies_or_freezes_is_replaced_and_nobody_waits_for_it(
    pair: Stack, number: signal.Signals, said: str,
) -> None:
    customer = f"of-two-{number.name}-{time.time_ns()}"
    assert say(pair, customer, "hello")
    victim = pair.pid("rasa.1")
    before = len(re.findall(said, pair.output()))
    os.kill(victim, number)
    until(lambda: len(re.findall(said, pair.output())) > before, "replaced and said so", pair, 20)
    for _ in range(5):
        assert say(pair, f"{customer}-other-{time.time_ns()}", "hello")
    assert say(pair, customer, "what are your opening hours?")
    pair.wait_restarted("rasa.1", victim)
    with pair.api as api:
        metrics = api.get("/metrics").text
        messages = api.get(f"/api/conversations/{customer}").json()["messages"]
    assert 'tandem_process_up{process="rasa.2"} 1' in metrics
    reason = "died" if number is signal.SIGKILL else "froze"
    assert f'tandem_process_restarts_total{{process="rasa.1",reason="{reason}"}} 1' in metrics
    assert [one["author"] for one in messages].count("customer") == 2


def test_both_workers_take_customers(pair: Stack) -> None:
    """One socket between two event loops: neither must be left without work."""
    pids = [pair.pid("rasa.1"), pair.pid("rasa.2")]

    def seconds() -> list[float]:
        return [sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])) for pid in pids]

    before = seconds()
    for number in range(40):
        say(pair, f"shared-{number}-{time.time_ns()}", "hello")
    used = [now - then for now, then in zip(seconds(), before)]
    assert min(used) > 0, used


def test_a_changed_word_is_said_by_both_workers_without_a_restart(pair: Stack) -> None:
    pids = [pair.pid("rasa.1"), pair.pid("rasa.2")]
    path = pair.root / "data/responses/smalltalk.yml"
    text = path.read_text(encoding="utf-8")
    before = say(pair, f"words-{time.time_ns()}", "hello")[0]["text"]
    assert text.count(before) == 1
    path.write_text(text.replace(before, "Ahoy, what can I do for you?"), encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "tandem.cli", "train"], cwd=pair.root, capture_output=True, text=True,
                          timeout=120, check=False, env=pair.environment)
    assert done.returncode == 0 and "2 of 2 running workers answer with it" in done.stderr, done.stderr
    assert done.stdout.startswith("models/tandem-") and done.stdout.count("\n") == 1
    for number in range(12):  # on connections of their own: whichever worker takes them
        assert say(pair, f"words-{number}-{time.time_ns()}", "hello")[0]["text"] == "Ahoy, what can I do for you?"
    path.write_text(text.replace("text: ", "text: [", 1), encoding="utf-8")
    refused = subprocess.run([sys.executable, "-m", "tandem.cli", "train"], cwd=pair.root, capture_output=True,
                             text=True, timeout=120, check=False, env=pair.environment)
    assert refused.returncode == 1 and re.search(r"data/responses/smalltalk\.yml:\d+: ", refused.stderr)
    assert say(pair, f"words-{time.time_ns()}", "hello")[0]["text"] == "Ahoy, what can I do for you?"
    assert [pair.pid("rasa.1"), pair.pid("rasa.2")] == pids
