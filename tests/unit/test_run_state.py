"""What `tandem run` leaves for others to read."""
from __future__ import annotations

import os
import time
from pathlib import Path

from tandem import run_state
from tandem.run_state import FRESH, ProcessState, RunState, installation_of

URL = "sqlite:///shop.db"
WORKERS = (ProcessState("rasa.1", 11, "up", deaths=2), ProcessState("rasa.2", 12, "starting", freezes=1))
STATE = RunState(installation_of(URL), 4711, {"rasa": 5005}, WORKERS)


def test_what_is_written_is_read_back_by_the_same_installation_only(tmp_path: Path) -> None:
    run_state.write(STATE, tmp_path)
    assert run_state.read(installation_of(URL), tmp_path) == [STATE]
    assert run_state.read(installation_of("sqlite:///other.db"), tmp_path) == []
    run_state.remove(STATE, tmp_path)
    assert run_state.read(installation_of(URL), tmp_path) == []


def test_a_run_that_was_killed_is_not_taken_for_alive(tmp_path: Path) -> None:
    run_state.write(STATE, tmp_path)
    [path] = tmp_path.glob("*.json")
    old = time.time() - FRESH - 5
    os.utime(path, (old, old))
    assert run_state.read(installation_of(URL), tmp_path) == []


def test_files_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    run_state.write(STATE, tmp_path)
    broken = {"half": b'{"inst', "list": b"[1]", "bytes": b"\xff\xfe", "more": b'{"processes": [{"x": 1}]}'}
    for name, content in broken.items():
        (tmp_path / f"{name}.json").write_bytes(content)
    assert run_state.read(installation_of(URL), tmp_path) == [STATE]
