"""The trained mood model that a process works with: the pipeline's, or that of the newest archive; without Rasa."""

from __future__ import annotations

from pathlib import Path

from tandem.nlu.models.archives import unpacked
from tandem.nlu.models.mood_model import MoodModel

MODEL_FILE = "mood.npz"
_current: list[MoodModel] = []


class MoodModelNotFound(RuntimeError):
    """There is no trained mood model; `rasa train` makes one."""


def keep(model: MoodModel) -> None:
    """Let this process work with `model` from now on."""
    _current[:] = [model]


def explain(text: str) -> list[tuple[str, float]]:
    """Give the reasons for the frustration read in `text`; see `MoodModel.explain`. Raises MoodModelNotFound."""
    return current().explain(text)


def current(models: Path = Path("models")) -> MoodModel:
    """Return the mood model this process runs, or else that of the newest trained model. Raises MoodModelNotFound."""
    if not _current:
        archives = sorted(models.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
        if not archives:
            raise MoodModelNotFound(f"no trained model in {models}; run `rasa train`")
        keep(from_archive(archives[-1]))
    return _current[0]


def from_archive(archive: Path) -> MoodModel:
    """Return the mood model inside a trained Rasa model. Raises MoodModelNotFound if it has none."""
    with unpacked(archive, MODEL_FILE) as file:
        if file is None:
            raise MoodModelNotFound(f"{archive.name} was trained without SentimentClassifier; see docs/nlu.md")
        return MoodModel.load(file)
