"""A backup of a Tandem that runs and talks, put back elsewhere: the talk goes on where it was."""
from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.timeout(400)


def say(url: str, customer: str, text: str) -> str:
    """What the bot answers over REST, on one line."""
    answer = httpx.post(f"{url}/webhooks/rest/webhook", timeout=60, trust_env=False,
                        json={"sender": customer, "message": text})
    answer.raise_for_status()
    return " ".join(str(one.get("text", "")) for one in answer.json())


def tandem(root: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """Run one command of `tandem`."""
    done = subprocess.run([sys.executable, "-m", "tandem.cli", *arguments], cwd=root, env=dict(environment),
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_backup_made_while_it_runs_is_put_back_and_the_talk_goes_on(
    stack, start_stack: Callable[..., object], tmp_path: Path,
) -> None:
    customer = f"backup-{time.time_ns()}"
    say(stack.rasa_url, customer, "where is my order?")
    assert say(stack.rasa_url, customer, "TD-10388"), "the bot asks on, in the middle of a form"
    tandem(stack.root, stack.environment, "backup", str(tmp_path / "copy"))
    say(stack.rasa_url, customer, "this comes after the backup")

    elsewhere = {"TANDEM_DATABASE_URL": f"sqlite:///{tmp_path / 'new' / 'tandem.db'}",
                 "TANDEM_TRACKER_URL": f"sqlite:///{tmp_path / 'new' / 'rasa.db'}"}
    tandem(stack.root, {**stack.environment, **elsewhere}, "restore", str(tmp_path / "copy"))
    second = start_stack(**elsewhere)
    answer = say(second.rasa_url, customer, "late@example.com")
    assert "Marcus" in answer or "10388" in answer or "delayed" in answer or "late" in answer.lower(), answer
    with second.api as api:
        said = [one["text"] for one in api.get(f"/api/conversations/{customer}").json()["messages"]
                if one["author"] == "customer"]
    assert said == ["where is my order?", "TD-10388", "late@example.com"]
