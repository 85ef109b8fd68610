"""A database for the servers of these tests."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.heart import Heart, heart_over
from tests.integration.channels.stage import RunningClock


@pytest.fixture
def heart(tmp_path: Path) -> Iterator[Heart]:
    with heart_over(f"sqlite:///{tmp_path / 'heart.db'}", RunningClock()) as opened:
        yield opened
