"""What an operator can set or type is written down."""
from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.cli import build_parser
from tandem.settings import VARIABLES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands(parser: argparse.ArgumentParser, before: str = "tandem") -> Iterator[tuple[str, list[str]]]:
    """Every command with its options: ("tandem agent add", ["--role", ...])."""
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not nested:
        yield before, [option for action in parser._actions for option in action.option_strings
                       if option.startswith("--") and option != "--help"]
    for action in nested:
        for name, inner in action.choices.items():
            yield from commands(inner, f"{before} {name}")


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_setting_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (DOCS / "settings.md").read_text(encoding="utf-8")


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = {line.split("`")[1] for line in (DOCS / "settings.md").read_text(encoding="utf-8").splitlines()
                  if line.startswith("| `TANDEM_")}
    assert documented == set(VARIABLES)


@pytest.mark.parametrize(("command", "options"), list(commands(build_parser())))
def test_every_command_and_option_is_documented(command: str, options: list[str]) -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(f"| `{command}") and command in line.split("`")[1]]
    assert rows, f"docs/operations.md has no row for `{command}`"
    for option in options:
        assert any(option in row for row in rows), f"docs/operations.md does not name {option} of `{command}`"


def test_a_fresh_clone_has_the_folder_of_models_with_its_page_and_nothing_else() -> None:
    done = subprocess.run(["git", "ls-files", "models"], cwd=DOCS.parent, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["models/README.md"]
    assert "tandem train" in (DOCS.parent / "models/README.md").read_text(encoding="utf-8")
