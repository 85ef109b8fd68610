"""Rasa reads the project's files as YAML 1.2, which is stricter than what our own code reads them with."""
from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.utils.io import read_yaml

FILES = ["config.yml", "domain.yml", *map(str, sorted(Path("data").rglob("*.yml")))]


@pytest.mark.parametrize("file", FILES)
def test_rasa_can_read_the_file(file: str) -> None:
    assert read_yaml(Path(file).read_text(encoding="utf-8"))
