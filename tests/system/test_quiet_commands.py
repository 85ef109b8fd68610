"""Commands print their answer and nothing else: no warnings of libraries, no logs, no traces."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(240)
COMMANDS = [
    ["mood", "Where on earth is my parcel?"], ["replay", "{customer}"], ["data", "lint", "--fast"], ["agent", "list"],
    ["status"], ["seed"], ["train"], ["db", "version"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_a_command_prints_its_answer_and_nothing_else(
    project_root: Path, trained_model: Path, tmp_path: Path, command: list[str],
) -> None:
    assert trained_model.is_file()
    customer = tmp_path / "customer.txt"
    customer.write_text("hello\nwhere is my order?\n", encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TANDEM_", "TF_", "PYTHONW"))}
    arguments = [word.replace("{customer}", str(customer)) for word in command]
    done = subprocess.run(
        [sys.executable, "-m", "tandem.cli", *arguments], cwd=project_root, capture_output=True, text=True, timeout=200,
        check=False, env={**clean, "TANDEM_DEMO": "1", "TANDEM_DATABASE_URL": f"sqlite:///{tmp_path}/tandem.db",
                          "TANDEM_TRACKER_URL": f"sqlite:///{tmp_path}/rasa.db"})
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    noise = [line for line in lines if any(word in line.lower() for word in (
        "userwarning", "tensorflow", "cuda", "deprecat", "[debug", "traceback", "rebuild", "site-packages"))]
    assert noise == []
    expected = {"status": "nothing runs here\n", "train": f"the model is fresh: {trained_model.name}\n",
                "replay": f"the model is fresh: {trained_model.name}\n"}
    assert done.stderr == expected.get(command[0], "")
    assert done.returncode in (0, 1)
    assert done.stdout or command in (["status"], ["agent", "list"]), "nothing runs, and there is no account"
