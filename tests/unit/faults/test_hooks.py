"""The points at which a fault run lets the product fail: put in from outside, where they are said to be."""
from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine, base
from sqlalchemy.exc import OperationalError

from tandem.db.engine import now
from tests.fakes.core import Core, core_over
from tests.system.faults import hooks, points
from tests.system.faults.trouble import POINTS


@pytest.fixture(autouse=True)
def no_faults_afterwards() -> Iterator[None]:
    yield
    points.put_in_force(())


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Core]:
    """A ledger whose transactions are hooked."""
    monkeypatch.setattr(Engine, "begin", Engine.begin)  # as it was, afterwards
    hooks.hook_transactions(base)
    with core_over(f"sqlite:///{tmp_path / 'tandem.db'}") as made:
        yield made


def in_force(text: str, seed: int = 0) -> None:
    points.put_in_force(points.parse(text), seed)


def test_without_rules_nothing_fails(core: Core) -> None:
    points.reach("receive.before_commit")
    core.says("Hello")
    assert [one.text for one in core.ledger.messages("c")] == ["Hello"]


def test_a_fault_before_the_commit_leaves_nothing_behind(core: Core) -> None:
    in_force("receive.before_commit:1:full")
    with pytest.raises(OperationalError, match="disk is full"):
        core.says("Hello")
    assert core.ledger.list() == []


def test_a_fault_after_the_commit_leaves_the_write_and_hides_its_success(core: Core) -> None:
    in_force("receive.after_commit:1:locked")
    with pytest.raises(OperationalError, match="locked"):
        core.says("Hello")
    assert [one.text for one in core.ledger.messages("c")] == ["Hello"]


def test_steps_of_one_function_are_told_apart_by_their_name(core: Core) -> None:
    core.says("Hello")
    core.hands_off()
    in_force("resolve.before_commit:1:full")
    core.ownership.hand_back("c", None, "", "")
    core.hands_off()
    with pytest.raises(OperationalError, match=r"resolve\.before_commit"):
        core.ownership.resolve("c", None, "")


def test_only_the_named_point_fails() -> None:
    in_force("deliver.after_send:1:drop")
    points.reach("deliver.before_send")
    with pytest.raises(ConnectionResetError):
        points.reach("deliver.after_send")


def test_a_probability_is_kept_roughly() -> None:
    in_force("x:0.25:drop", seed=7)
    hits = 0
    for _ in range(2000):
        try:
            points.reach("x")
        except ConnectionResetError:
            hits += 1
    assert 400 < hits < 600


def test_the_clock_steps_back() -> None:
    in_force("clock:1:back:60")
    assert now() - points.clock(now) >= timedelta(seconds=59)


@pytest.mark.parametrize("wrong", ["x", "x:1", "x:2:kill", "x:1:explode", "x:much:kill", "clock:1:kill", "x:1:back:2"])
def test_a_wrong_rule_is_named(wrong: str) -> None:
    with pytest.raises(ValueError):
        points.parse(wrong)


@pytest.mark.parametrize(("module", "function"), hooks.STEPS)
def test_every_transaction_that_is_a_point_is_there(module: str, function: str) -> None:
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    begun = [node for one in found for node in ast.walk(one)
             if isinstance(node, ast.Attribute) and node.attr == "begin"]
    assert len(begun) == 1, "one function, one transaction"


def test_every_point_of_a_run_is_put_in_somewhere() -> None:
    steps = {step for step in hooks.STEPS.values() if step} | {"hand_back", "resolve"}
    known = {f"{step}.{moment}_commit" for step in steps for moment in ("before", "after")}
    desk = ("claim", "take_over", "reply", "hand_back", "resolve")
    known |= {point.format(act) for point in hooks.ANSWERS.values() for act in desk}
    known |= {"turn.before_bot", "turn.after_bot", "stream.before_send"}
    known |= {f"{step}_{act}" for step in ("relay.before", "relay.after") for act in ("open", "send")}
    known |= {"deliver.before_send", "deliver.after_send"}  # in the channel of the run
    assert set(POINTS) <= known


def test_without_rules_a_process_has_no_hook() -> None:
    assert hooks.environment("") == {}
