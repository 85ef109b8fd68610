"""Dangers to life and health in a customer's words (data/safety.yml), which the reading of intents may miss."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field

from tandem.configuration import ConfigModel, ConfigurationError, read_section, read_yaml
from tandem.sentiment.phrase_match import has_phrase, phrase_words, places, words_of

SAFETY = Path("data/safety.yml")
_BETWEEN = 2  # words between two of a phrase
_BEFORE = 3  # words within which a no counts


class SafetyError(ConfigurationError):
    """data/safety.yml cannot be read; the text names the key and its fix."""


def _phrases() -> Any:
    return Field(default=(), description="a list of phrases")


class DangerKind(ConfigModel):
    """The words of one kind of danger.

    Attributes:
        signs: Phrases that are a danger whatever the message is about.
        words: Phrases that tell the kind where the message was read as a danger.
    """

    signs: tuple[str, ...] = _phrases()
    words: tuple[str, ...] = _phrases()


class Dangers(ConfigModel):
    """All kinds, the most pressing first.

    Attributes:
        not_after: Phrases after which another one does not count: "nobody was hurt".
        asks: Phrases with which somebody in danger asks what to do.
        kinds: Their names and words; the advice is the notice `safety_<name>`.
    """

    not_after: tuple[str, ...] = _phrases()
    asks: tuple[str, ...] = _phrases()
    kinds: Mapping[str, DangerKind] = {}

    def surely_in(self, text: str) -> str:
        """Return the most pressing kind of which a text has a sign; empty if it has none."""
        words = words_of(text)
        return next((name for name, kind in self.kinds.items() if self._has(words, kind.signs)), "")

    def kind_of(self, texts: Sequence[str]) -> str:
        """Return the kind that texts are about which tell of a danger, the latest first: by signs, or else by words."""
        signs = (self.surely_in(text) for text in texts)
        return next((name for name in signs if name), "") or next(filter(None, map(self._word_in, texts)), "")

    def goes_on(self, text: str) -> bool:
        """Check whether somebody in danger asks what to do, or tells more of it."""
        return has_phrase(text, self.asks) or bool(self._word_in(text))

    def _word_in(self, text: str) -> str:
        words = words_of(text)
        return next((name for name, kind in self.kinds.items() if self._has(words, (*kind.signs, *kind.words))), "")

    def _has(self, words: Sequence[str], phrases: Sequence[str]) -> bool:
        return any(not self._denied(words, start, end)
                   for phrase in phrases for start, end in places(words, phrase_words(phrase), _BETWEEN))

    def _denied(self, words: Sequence[str], start: int, end: int) -> bool:
        """Check whether a no stands shortly before a phrase, or between its words; "not breathing" has its own."""
        near = words[max(0, start - _BEFORE): end]
        return any(next(places(near, no), None) and words[start] not in no for no in map(phrase_words, self.not_after))


def read_dangers(path: Path = SAFETY) -> Dangers:
    """Read the file, as it stands now; without it no words are a danger by themselves.

    Raises:
        SafetyError: A key or value is wrong.
    """
    return _read(path, path.stat().st_mtime_ns) if path.exists() else Dangers()


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Dangers:
    return read_section(Dangers, read_yaml(path, SafetyError) or {}, where=SAFETY.as_posix(), page="escalation.md",
                        error=SafetyError)
