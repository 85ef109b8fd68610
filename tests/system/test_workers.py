"""Two real Rasa workers on one port: one is killed, one freezes, and customers are answered throughout."""
from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, select, text

from tandem.conversations.tables import messages
from tests.fakes.postgres import postgres_running
from tests.system.conftest import Stack, running

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def pair(project_root: Path, trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Tandem with two Rasa workers over PostgreSQL, in a folder whose data may be changed."""
    assert trained_model.is_file()
    root = tmp_path_factory.mktemp("project")
    for path in project_root.iterdir():
        if path.name not in ("data", "models", "var", ".git", "tests"):
            (root / path.name).symlink_to(path)
    shutil.copytree(project_root / "data", root / "data")
    (root / "models").mkdir()
    (root / "models" / trained_model.name).symlink_to(trained_model)
    with postgres_running() as server, running(
            root, tmp_path_factory.mktemp("stack"), TANDEM_WORKERS="2", TANDEM_DATABASE_URL=server.new_database(),
            TANDEM_TRACKER_URL=server.new_database()) as stack:
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


QUESTIONS = ("what are your opening hours?", "which ways of paying do you take?", "how much is delivery?",
             "how long does delivery usually take?", "do you ship to Canada?")


def chat(stack: Stack) -> tuple[str, dict[str, str]]:
    """A new web chat conversation: its id, and what authorises its requests."""
    opened = httpx.post(f"{stack.webchat_url}sessions", json={}, timeout=30, trust_env=False).raise_for_status().json()
    return opened["conversation_id"], {"Authorization": f"Bearer {opened['token']}"}


def write(stack: Stack, headers: dict[str, str], text: str) -> None:
    """One message on a connection of its own, which any worker may take; nobody waits for its answer."""
    body = {"text": text, "client_id": uuid.uuid4().hex}
    httpx.post(f"{stack.webchat_url}messages", json=body, headers=headers, timeout=30,
               trust_env=False).raise_for_status()


def answered(stack: Stack, conversation_id: str) -> list[tuple[str, int]]:
    """Author and, of replies, the number of what they answer, in the order of the transcript."""
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        rows = connection.execute(select(messages.c.author, messages.c.reply_to, messages.c.seq).where(
            messages.c.conversation_id == conversation_id).order_by(messages.c.seq)).all()
    engine.dispose()
    return [(row.author, row.reply_to or row.seq) for row in rows]


def waits_for_all(stack: Stack, conversation_id: str, seconds: float = 90) -> list[int]:
    """Wait until all is answered; the numbers of what the bot's replies answer, in their order."""
    def complete() -> bool:
        found = answered(stack, conversation_id)
        asked = {number for author, number in found if author == "customer"}
        return len(asked) > 0 and asked <= {number for author, number in found if author == "bot"}

    until(complete, f"all of {conversation_id} is answered", stack, seconds)
    return [number for author, number in answered(stack, conversation_id) if author == "bot"]


def test_answers_come_in_the_order_of_the_questions_whichever_worker_takes_them(pair: Stack) -> None:
    talks = [chat(pair) for _ in range(12)]
    for question in QUESTIONS:
        for _, headers in talks:
            write(pair, headers, question)
    for conversation_id, _ in talks:
        replies = waits_for_all(pair, conversation_id)
        assert replies == sorted(replies), conversation_id


def test_a_worker_that_dies_in_the_middle_leaves_the_order_to_the_other(pair: Stack) -> None:
    talks = [chat(pair) for _ in range(8)]
    for place, question in enumerate(QUESTIONS):
        for _, headers in talks:
            write(pair, headers, question)
        if place == 2:
            victim = pair.kill("rasa.2")
    for conversation_id, _ in talks:
        replies = waits_for_all(pair, conversation_id)
        assert replies == sorted(replies), conversation_id
    with create_engine(pair.tracker_url).connect() as connection:
        for conversation_id, _ in talks:
            heard = [json.loads(data)["message_id"] for data, in connection.execute(text(
                "SELECT data FROM events WHERE sender_id = :this AND type_name = 'user' ORDER BY id"),
                {"this": conversation_id})]
            assert len(heard) == len(set(heard)) == len(QUESTIONS), "each message reached the bot once"
    pair.wait_restarted("rasa.2", victim)


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
    saved = time.monotonic()
    path.write_text(text.replace(before, "Ahoy, what can I do for you?"), encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "tandem.cli", "train"], cwd=pair.root, capture_output=True, text=True,
                          timeout=120, check=False, env=pair.environment)
    assert "taking them into" in done.stderr and "training " not in done.stderr, done.stderr  # nothing is trained
    assert done.returncode == 0 and "2 of 2 running workers answer with it" in done.stderr, done.stderr
    assert done.stdout.startswith("models/tandem-") and done.stdout.count("\n") == 1
    for number in range(12):  # on connections of their own: whichever worker takes them
        assert say(pair, f"words-{number}-{time.time_ns()}", "hello")[0]["text"] == "Ahoy, what can I do for you?"
        if number == 0:
            took = time.monotonic() - saved
            print(f"a changed word is said after {took:.1f} s")
    path.write_text(text.replace("text: ", "text: [", 1), encoding="utf-8")
    refused = subprocess.run([sys.executable, "-m", "tandem.cli", "train"], cwd=pair.root, capture_output=True,
                             text=True, timeout=120, check=False, env=pair.environment)
    assert refused.returncode == 1 and re.search(r"data/responses/smalltalk\.yml:\d+: ", refused.stderr)
    assert say(pair, f"words-{time.time_ns()}", "hello")[0]["text"] == "Ahoy, what can I do for you?"
    assert [pair.pid("rasa.1"), pair.pid("rasa.2")] == pids
