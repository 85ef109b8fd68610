"""An empty database in memory of the file system, and a clock that is moved by hand."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from tests.fakes.ready import open_ready


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 5, 4, 12, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        """Move on by a time delta's arguments."""
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_ready(f"sqlite:///{tmp_path / 'desk.db'}")
    yield opened
    opened.dispose()
