"""The committed figures, and how today's stand to them."""
from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tandem.evaluation.figures import Figure

FILE = Path("tests") / "baseline.json"


class BaselineError(ValueError):
    """The baseline cannot be read; the text names the fix."""


@dataclass(frozen=True)
class Change:
    """A figure beside its baseline; `before` is None if the baseline lacks it."""

    figure: Figure
    before: float | None
    noise: float

    @property
    def difference(self) -> float:
        """Return now less before; 0 without a baseline."""
        return 0.0 if self.before is None else self.figure.value - self.before

    @property
    def is_worse(self) -> bool:
        """Check whether it got worse by more than its noise."""
        if self.before is None:
            return False
        loss = -self.difference if self.figure.more_is_better else self.difference
        return math.isnan(self.figure.value) or loss > self.noise

    @property
    def is_better(self) -> bool:
        """Check whether it got better by more than its noise."""
        gain = self.difference if self.figure.more_is_better else -self.difference
        return self.before is not None and gain > self.noise


def read(path: Path) -> dict[str, tuple[float, float]]:
    """Read the baseline's figures: value and noise by key; nothing if there is no file.

    Raises:
        BaselineError: The file is not what `write` wrote.
    """
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): (float(item["value"]), float(item["noise"])) for key, item in content["figures"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BaselineError(f"{path} is no baseline ({error}); `tandem evaluate --baseline` writes one") from error


def compare(figures: Sequence[Figure], baseline: Mapping[str, tuple[float, float]]) -> list[Change]:
    """Put each figure beside its baseline, whose noise decides what is a change."""
    return [
        Change(figure, *baseline[figure.key]) if figure.key in baseline else Change(figure, None, figure.noise)
        for figure in figures
    ]


def write(path: Path, figures: Sequence[Figure]) -> None:
    """Make today's figures the baseline."""
    content = {
        "figures": {
            figure.key: {"value": round(figure.value, 4), "noise": round(figure.noise, 4), "count": figure.count}
            for figure in figures
        },
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
