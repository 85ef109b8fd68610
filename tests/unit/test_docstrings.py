"""The first line of a docstring says plainly what a function does: a sentence that begins with a verb."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.source import nodes

ROOT = Path(__file__).resolve().parents[2]
NO_VERBS = set("""
    A All An As At Because Both By Each Every For From How If In It Its Nobody No None Nothing Of On Once One Our Own
    Several Since Some That The Their There These They This Those Through To Two Under We What When Where Whether Which
    Who Whoever Whom Whose Why With Without You
""".split())
SECTIONS = ("Args:", "Raises:", "Returns:")


def first_lines() -> Iterator[tuple[str, str]]:
    for path in sorted([*(ROOT / "tandem").rglob("*.py"), *(ROOT / "actions").rglob("*.py")]):
        for node in nodes(path):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                text = ast.get_docstring(node)
                if text and not text.startswith(SECTIONS):
                    yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", text.splitlines()[0]


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, str]]:
    return list(first_lines())


def test_a_docstring_begins_with_a_verb(lines: list[tuple[str, str]]) -> None:
    assert [f"{place}: {line}" for place, line in lines if line.split()[0].strip("`'\",;:") in NO_VERBS] == []


def test_a_docstring_begins_with_a_whole_sentence_on_one_line(lines: list[tuple[str, str]]) -> None:
    assert [f"{place}: {line}" for place, line in lines if not line.endswith((".", "?", ":", '"'))] == []
