"""Labelled messages of `data/mood/*.tsv`; what the labels mean stands in docs/training-data.md."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

EMOTIONS = ("neutral", "satisfied", "confused", "worried", "disappointed", "frustrated", "angry")
HEADER = ("text", "emotion", "frustration", "urgency")
_MOST_FRUSTRATION = 4
_MOST_URGENCY = 2


class MoodDataError(ValueError):
    """A line of a mood file is not as docs/training-data.md asks; the message names file and line."""


@dataclass(frozen=True)
class LabelledMood:
    """One labelled message: emotion (one of EMOTIONS), frustration 0..4, urgency 0..2, and the file it stands in."""

    text: str
    emotion: str
    frustration: int
    urgency: int
    source: str

    @property
    def upset(self) -> bool:
        """Check whether a careful agent reads plain frustration, or more."""
        return self.frustration >= 2

    @property
    def name(self) -> str:
        """Return negative, neutral or positive."""
        if self.emotion == "satisfied":
            return "positive"
        if self.upset or self.emotion in ("worried", "disappointed", "frustrated", "angry"):
            return "negative"
        return "neutral"


def find(folder: str) -> Path:
    """Return the folder as given, or in the project if Rasa was started elsewhere."""
    path = Path(folder)
    return path if path.is_dir() else Path(__file__).parents[3] / folder


def read(folder: Path) -> list[LabelledMood]:
    """Read all files of a folder, sorted by name. Raises MoodDataError; also if there is nothing to learn from."""
    rows = [row for path in sorted(folder.glob("*.tsv")) for row in _read_file(path)]
    if not rows:
        raise MoodDataError(f"{folder} holds no labelled messages; see docs/training-data.md")
    return rows


def digest(folder: Path) -> str:
    """Return a hash that changes when any of the files does."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.tsv")):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _read_file(path: Path) -> list[LabelledMood]:
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or tuple(lines[0].split("\t")) != HEADER:
        raise MoodDataError(f"{path.name}: the first line must be the tab-separated header {' '.join(HEADER)}")
    return [_row(line, path, number) for number, line in enumerate(lines[1:], start=2) if line.strip()]


def _row(line: str, path: Path, number: int) -> LabelledMood:
    fields = line.split("\t")
    where = f"{path.name}:{number}"
    if len(fields) != len(HEADER) or not fields[0].strip():
        raise MoodDataError(f"{where}: four tab-separated fields are wanted, found {len(fields)}")
    text, emotion, frustration, urgency = (field.strip() for field in fields)
    if emotion not in EMOTIONS:
        raise MoodDataError(f"{where}: emotion {emotion!r} is none of {', '.join(EMOTIONS)}")
    return LabelledMood(
        text,
        emotion,
        _score(frustration, _MOST_FRUSTRATION, f"{where}: frustration"),
        _score(urgency, _MOST_URGENCY, f"{where}: urgency"),
        path.name,
    )


def _score(value: str, most: int, column: str) -> int:
    if not (value.isdigit() and int(value) <= most):
        raise MoodDataError(f"{column} {value!r} is no whole number from 0 to {most}")
    return int(value)
