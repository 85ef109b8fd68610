"""The heart over each kind of database."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.heart import Heart, heart_over


@pytest.fixture
def heart(database_url: str) -> Iterator[Heart]:
    with heart_over(database_url) as opened:
        yield opened
