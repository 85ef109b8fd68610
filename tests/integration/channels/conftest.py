"""A database, a clock that can be put forward, and channels that retry without making the tests wait."""
from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tandem.channels import facebook
from tandem.channels import twilio as twilio_channel
from tandem.gateway import delivery_worker, runtime
from tests.fakes.core import Core, core_over
from tests.integration.channels.lines import KINDS, Line, line_of
from tests.integration.channels.stage import RunningClock

import_module("twilio.rest.api.v2010")  # hundreds of modules, which the first send would otherwise load


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with core_over(f"sqlite:///{tmp_path / 'core.db'}", RunningClock()) as opened:
        yield opened


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_ADOPT_EVERY", 0.05)
    monkeypatch.setattr(delivery_worker, "SEND_TIMEOUT", 2.0)
    monkeypatch.setattr(delivery_worker, "POLL", 0.05)
    monkeypatch.setattr(facebook, "CLIENT_TIMEOUT", 1.5)
    monkeypatch.setattr(twilio_channel, "CLIENT_TIMEOUT", 1.5)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
async def line(request: pytest.FixtureRequest, core: Core, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    async with line_of(request.param, core, monkeypatch) as opened:
        yield opened


@pytest.fixture
async def only(request: pytest.FixtureRequest, core: Core, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    async with line_of(request.param, core, monkeypatch) as opened:
        yield opened
