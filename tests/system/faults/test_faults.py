"""The short run: thirty conversations, each process killed at least twice, locks, and clocks that step back."""
from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.system.conftest import free_ports, running
from tests.system.faults.hooks import environment
from tests.system.faults.run import Outcome, run
from tests.system.faults.tool import OutsideTool
from tests.system.faults.trouble import PROCESSES, FakeApi, Pace, make_project, rules

CONVERSATIONS = 30
PACE = Pace(kill=0, freeze=25, lock=15, longest_lock=3)  # the kills are dealt out, so that they are sure to come


@pytest.mark.timeout(900)
def test_no_promise_is_broken_while_everything_breaks(
    project_root: Path, trained_model: Path, tmp_path: Path,
) -> None:
    assert trained_model.is_file()
    port = free_ports(1)[0]
    api = FakeApi(random.Random(1))
    tool = OutsideTool(random.Random(2))
    project = make_project(project_root, tmp_path / "project", f"http://127.0.0.1:{port}")
    faults = rules(CONVERSATIONS, {"hang:1": 0.3, "locked": 0.6, "full": 0.6, "drop": 1.0}, clock_steps=3)
    with running(project, tmp_path, TANDEM_LOG_LEVEL="WARNING", **environment(faults)) as stack:

        async def lived() -> Outcome:
            await api.start(port, *tool.routes())
            try:
                return await run(stack, api, tool, CONVERSATIONS, 15, PACE, seed=1, sure_kills=2)
            finally:
                await api.stop()

        outcome = asyncio.run(lived())
    assert outcome.verdict.broken == {}, "\n".join(outcome.verdict.examples)
    assert outcome.conversations == CONVERSATIONS
    assert all(outcome.outside[f"{name} killed with -9"] >= 2 for name in PROCESSES)
    assert outcome.inside.total() > 10
    assert outcome.told >= 3, "customers who agreed to it were told of their orders"
