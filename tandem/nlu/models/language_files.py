"""The languages besides English in which something is understood: `data/languages.yml` and `data/languages/*.yml`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, Extra, ValidationError

FOLDER = Path("data/languages")


class LanguageFileError(ValueError):
    """A file of a language cannot be read; the text names the file and the fix."""


class _File(BaseModel, extra=Extra.forbid):
    version: str = "3.1"
    examples: Mapping[str, str] = {}
    responses: Any = None  # read by Rasa, with those of data/responses


@dataclass(frozen=True)
class LanguageData:
    """What is known of a language.

    Attributes:
        words: Little words and shop words by which it is told from others.
        examples: Messages by what they mean: an intent, or `angry`.
    """

    words: frozenset[str]
    examples: Mapping[str, tuple[str, ...]]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """List the messages, each with what it means."""
        return ((text, meaning) for meaning, texts in self.examples.items() for text in texts)


def read_languages(folder: Path = FOLDER) -> dict[str, LanguageData]:
    """Read all languages that have words or examples, by their tags; empty without the files.

    Raises:
        LanguageFileError: A file is no YAML, or has something else in it.
    """
    listed = folder.with_suffix(".yml")
    words = {str(tag): frozenset(str(one.get("words", "")).split())
             for tag, one in (_load(listed) if listed.is_file() else {}).items() if isinstance(one, dict)}
    examples = {path.stem: _examples(path) for path in sorted(folder.glob("*.yml"))}
    return {tag: LanguageData(words.get(tag, frozenset()), examples.get(tag, {}))
            for tag in sorted({*words, *examples}) if words.get(tag) or examples.get(tag)}


def digest(folder: Path = FOLDER) -> str:
    """Tell whether anything in the files has changed."""
    code = hashlib.sha256()
    for path in (folder.with_suffix(".yml"), *sorted(folder.glob("*.yml"))):
        code.update(path.read_bytes() if path.is_file() else b"")
    return code.hexdigest()


def _examples(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        content = _File.parse_obj(_load(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LanguageFileError(f"{path}: {place}: {first['msg']}; see docs/designers.md") from error
    return {meaning: tuple(line.strip()[2:].strip() for line in lines.splitlines() if line.strip().startswith("- "))
            for meaning, lines in content.examples.items()}


def _load(path: Path) -> dict[str, Any]:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LanguageFileError(f"{path}: {error}") from error
