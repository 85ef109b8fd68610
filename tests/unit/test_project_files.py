"""Rasa reads the project's files as YAML 1.2, which is stricter than what our own code reads them with."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from rasa.shared.utils.io import read_yaml

from tandem.settings import VARIABLES

FILES = ["config.yml", "domain.yml", *map(str, sorted(Path("data").rglob("*.yml")))]


@pytest.mark.parametrize("file", FILES)
def test_rasa_can_read_the_file(file: str) -> None:
    assert read_yaml(Path(file).read_text(encoding="utf-8"))


def test_make_sets_no_variable_that_tandem_refuses() -> None:
    """An unknown `TANDEM_` variable stops every process that Tandem starts, training among them."""
    text = Path("Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"\b(TANDEM_[A-Z_]+) *[?:]?=", text)) <= set(VARIABLES)
