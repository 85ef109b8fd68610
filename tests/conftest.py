"""What tests of every kind share."""
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tandem.run.model import ensure_model

# The same examples in every run: a red test then means a change, not a lucky find.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

LONGEST_ID = 60  # characters of a parameter that are shown in the name of a test

ROOT = Path(__file__).resolve().parent.parent


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a long text by its beginning and its length."""
    if isinstance(val, str) and len(val) > LONGEST_ID:
        return f"{ascii(val[:10])[1:-1]}... of {len(val):,} characters"
    return None


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder that holds config.yml."""
    return ROOT


@pytest.fixture(scope="session")
def trained_model() -> Path:
    """The model of the project as it stands: trained if need be, once, and shared by all tests and by `make run`."""
    return ensure_model(ROOT, print)
