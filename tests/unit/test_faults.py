"""Named fault points: absent unless a setting asks for them, and then they fail as they say."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from tandem import faults
from tandem.db.engine import now
from tandem.settings import FaultRule, SettingsError, load


@pytest.fixture(autouse=True)
def no_faults_afterwards() -> Iterator[None]:
    yield
    faults.install(())


@pytest.fixture
def engine() -> Engine:
    made = create_engine("sqlite://")
    with made.begin() as connection:
        connection.execute(text("create table words (word text)"))
    return made


def rules(text: str) -> tuple[FaultRule, ...]:
    return load({"TANDEM_FAULTS": text}).faults


def write(engine: Engine) -> None:
    with faults.transaction(engine, "receive") as connection:
        connection.execute(text("insert into words values ('hello')"))


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("select count(*) from words")).scalar_one())


def test_without_rules_nothing_fails(engine: Engine) -> None:
    faults.fault("receive.before_commit")
    write(engine)
    assert count(engine) == 1 and faults.clock() is now


def test_a_fault_before_the_commit_leaves_nothing_behind(engine: Engine) -> None:
    faults.install(rules("receive.before_commit:1:full"))
    with pytest.raises(OperationalError, match="disk is full"):
        write(engine)
    assert count(engine) == 0


def test_a_fault_after_the_commit_leaves_the_write_and_hides_its_success(engine: Engine) -> None:
    faults.install(rules("receive.after_commit:1:locked"))
    with pytest.raises(OperationalError, match="locked"):
        write(engine)
    assert count(engine) == 1


def test_only_the_named_point_fails() -> None:
    faults.install(rules("deliver.after_send:1:drop"))
    faults.fault("deliver.before_send")
    with pytest.raises(ConnectionResetError):
        faults.fault("deliver.after_send")


def test_a_probability_is_kept_roughly() -> None:
    faults.install(rules("x:0.25:drop"), seed=7)
    hits = 0
    for _ in range(2000):
        try:
            faults.fault("x")
        except ConnectionResetError:
            hits += 1
    assert 400 < hits < 600


def test_the_clock_steps_back() -> None:
    faults.install(rules("clock:1:back:60"))
    assert now() - faults.clock()() >= timedelta(seconds=59)


def test_a_kill_is_told_first_and_cannot_be_caught() -> None:
    code = ("from tandem import faults; from tandem.settings import FaultRule\n"
            "faults.install([FaultRule('x', 1, 'kill')])\n"
            "try:\n    faults.fault('x')\nfinally:\n    print('lived')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -9 and done.stderr == "fault: x kill\n" and done.stdout == ""


@pytest.mark.parametrize("wrong", ["x", "x:1", "x:2:kill", "x:1:explode", "x:much:kill", "clock:1:kill", "x:1:back:2"])
def test_a_wrong_rule_is_named_at_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match="TANDEM_FAULTS"):
        rules(wrong)
