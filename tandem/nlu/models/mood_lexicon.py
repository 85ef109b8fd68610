"""Words and turns of phrase that carry mood, read from `mood_cues.yml`; what each weighs is learnt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

CUES_FILE = Path(__file__).with_name("mood_cues.yml")
CAP = 3


class CueError(ValueError):
    """A cue in `mood_cues.yml` lacks its sentence or has a pattern that is no regular expression."""


@dataclass(frozen=True)
class Cue:
    """A named pattern over lower-case text. `shows` is what an agent reads in an explanation."""

    name: str
    shows: str
    pattern: re.Pattern[str]

    def matches(self, text: str) -> list[str]:
        """Return the first matches in `text`, at most `CAP`."""
        found: list[str] = []
        for match in self.pattern.finditer(text):
            found.append(match.group())
            if len(found) == CAP:
                break
        return found


@lru_cache(maxsize=1)
def cues() -> tuple[Cue, ...]:
    """Return all cues, in the order of the file. Raises CueError, naming the cue."""
    entries: dict[str, Any] = yaml.safe_load(CUES_FILE.read_text(encoding="utf-8"))
    return tuple(_cue(name, entry) for name, entry in entries.items())


def _cue(name: str, entry: Any) -> Cue:
    try:
        alternatives = [line.strip() for line in entry["patterns"].splitlines() if line.strip()]
        joined = "|".join(alternatives)
        return Cue(name, str(entry["shows"]), re.compile(rf"(?<!\w)(?:{joined})(?!\w)"))
    except (KeyError, TypeError, AttributeError, re.error) as error:
        raise CueError(f"{CUES_FILE.name}: cue {name!r}: {error}; it needs `shows` and `patterns`") from error
