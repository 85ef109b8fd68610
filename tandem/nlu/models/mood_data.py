"""Labelled messages of `data/mood/*.tsv`; what the labels mean stands in docs/training-data.md."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

EMOTIONS = ("neutral", "satisfied", "confused", "worried", "disappointed", "frustrated", "angry")
HEADER = ("text", "emotion", "frustration", "urgency")
_MOST_FRUSTRATION = 4
_MOST_URGENCY = 2


class BadMoodData(ValueError):
    """A line of a mood file is not as docs/training-data.md asks; the message names file and line."""


@dataclass(frozen=True)
class Labelled:
    """One labelled message: emotion (one of EMOTIONS), frustration 0..4, urgency 0..2, and the file it stands in."""

    text: str
    emotion: str
    frustration: int
    urgency: int
    source: str

    @property
    def upset(self) -> bool:
        """Whether a careful agent reads plain frustration, or more."""
        return self.frustration >= 2

    @property
    def name(self) -> str:
        """negative, neutral or positive."""
        if self.emotion == "satisfied":
            return "positive"
        if self.upset or self.emotion in ("worried", "disappointed", "frustrated", "angry"):
            return "negative"
        return "neutral"


def find(folder: str) -> Path:
    """The folder as given, or in the project if Rasa was started elsewhere."""
    path = Path(folder)
    return path if path.is_dir() else Path(__file__).parents[3] / folder


def read(folder: Path) -> list[Labelled]:
    """Read all files of a folder, sorted by name. Raises BadMoodData; also if there is nothing to learn from."""
    rows = [row for path in sorted(folder.glob("*.tsv")) for row in _read_file(path)]
    if not rows:
        raise BadMoodData(f"{folder} holds no labelled messages; see docs/training-data.md")
    return rows


def digest(folder: Path) -> str:
    """A hash that changes when any of the files does."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.tsv")):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _read_file(path: Path) -> list[Labelled]:
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or tuple(lines[0].split("\t")) != HEADER:
        raise BadMoodData(f"{path.name}: the first line must be the tab-separated header {' '.join(HEADER)}")
    return [_row(line, path, number) for number, line in enumerate(lines[1:], start=2) if line.strip()]


def _row(line: str, path: Path, number: int) -> Labelled:
    fields = line.split("\t")
    where = f"{path.name}:{number}"
    if len(fields) != len(HEADER) or not fields[0].strip():
        raise BadMoodData(f"{where}: four tab-separated fields are wanted, found {len(fields)}")
    text, emotion, frustration, urgency = (field.strip() for field in fields)
    if emotion not in EMOTIONS:
        raise BadMoodData(f"{where}: emotion {emotion!r} is none of {', '.join(EMOTIONS)}")
    return Labelled(
        text,
        emotion,
        _score(frustration, _MOST_FRUSTRATION, f"{where}: frustration"),
        _score(urgency, _MOST_URGENCY, f"{where}: urgency"),
        path.name,
    )


def _score(value: str, most: int, column: str) -> int:
    if not (value.isdigit() and int(value) <= most):
        raise BadMoodData(f"{column} {value!r} is no whole number from 0 to {most}")
    return int(value)
