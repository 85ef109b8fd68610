"""The training data with their places: `data/nlu/*.yml` and `data/mood/*.tsv`, every example with its line."""
from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tandem.nlu.models import mood_data
from tandem.nlu.models.encoders import plain
from tandem.nlu.models.mood_data import LabelledMood
from tandem.nlu.yaml_nodes import compose

CONVERSATIONS = Path("tests/conversations")  # labelled: never to be trained on
_ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
_BULLET = re.compile(r"\s*-\s+(.*\S)\s*")
_TEXT_COLUMNS = ("text", "sentence", "query", "message", "utterance")


class DataFileError(ValueError):
    """A file of training or test data cannot be read; the text names the file and the fix."""


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Example:
    """A training sentence without its markup, its label, and where it stands; the label of a test sentence is ""."""

    text: str
    label: str
    place: Place

    @property
    def plain(self) -> str:
        """Reduce a text to what copies of it have in common: lower case without punctuation, if anything is left."""
        words = plain(self.text)
        return words if words != "." else self.text


@dataclass(frozen=True)
class MoodExample:
    """A labelled message and where it stands."""

    labelled: LabelledMood
    place: Place


def read_intents(folder: Path, root: Path) -> list[Example]:
    """Return the examples of all intents, in the order of files and lines.

    Args:
        folder: Holds `*.yml` files of Rasa's training data.
        root: Places are told relative to it.

    Raises:
        DataFileError: A file is no YAML.
    """
    return [example for path in sorted(folder.rglob("*.yml")) for example in _read_yaml(path, _name(path, root))]


def read_moods(folder: Path, root: Path) -> list[MoodExample]:
    """Return the labelled messages of all files. Raises `mood_data.MoodDataError`."""
    rows = mood_data.read(folder)
    lines: dict[str, Iterator[int]] = {}
    found = []
    for row in rows:
        path = folder / row.source
        if row.source not in lines:
            content = path.read_text(encoding="utf-8").splitlines()
            lines[row.source] = iter([number for number, line in enumerate(content[1:], 2) if line.strip()])
        found.append(MoodExample(row, Place(_name(path, root), next(lines[row.source]))))
    return found


def read_test_sentences(path: Path) -> list[Example]:
    """Return the sentences of a CSV file: the column named text, sentence, query, message or utterance, else the first.

    Raises:
        DataFileError: It cannot be read as CSV.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [cell.strip().lower() for cell in next(rows, [])]
            column = next((header.index(name) for name in _TEXT_COLUMNS if name in header), 0)
            return [Example(row[column].strip(), "", Place(path.name, rows.line_num)) for row in rows
                    if len(row) > column and row[column].strip()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataFileError(f"{path} cannot be read as CSV: {error}") from error


def fold_of(text: str, folds: int) -> int:
    """Return the fold, 0..folds-1, in which a sentence is held out.

    It depends on the sentence alone, so that an example added or removed moves no other.
    """
    return int.from_bytes(hashlib.sha256(plain(text).encode()).digest()[:4], "big") % folds


def _read_yaml(path: Path, name: str) -> Iterator[Example]:
    try:
        document = compose(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataFileError(f"{name}: {error}") from error
    for node in _walk(document):
        keys = {key.value: value for key, value in node.value}
        intent, examples = keys.get("intent"), keys.get("examples")
        if intent is None or not isinstance(examples, yaml.ScalarNode):
            continue
        for offset, line in enumerate(examples.value.splitlines(), 2):
            bullet = _BULLET.fullmatch(line)
            if bullet:
                place = Place(name, examples.start_mark.line + offset)
                yield Example(_ENTITY.sub(r"\1", bullet.group(1)), str(intent.value), place)


def _walk(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _walk(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _walk(item)


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
