"""The dialogues that designers write (`data/dialogues/*.yml`): what customers say in which place of a conversation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, Extra, ValidationError

from tandem.nlu.models.context import Context, Topics
from tandem.nlu.yaml_nodes import compose, content

FOLDER = Path("data/dialogues")


class DialogueFileError(ValueError):
    """A file of dialogues cannot be read; the text names the file, the dialogue and the fix."""


class _Bot(BaseModel, extra=Extra.forbid):
    answers: str = ""
    asks: str = ""
    offers: tuple[str, ...] = ()


class _Turn(BaseModel, extra=Extra.forbid):
    customer: str
    intent: str
    bot: _Bot = _Bot()


class _Dialogue(BaseModel, extra=Extra.forbid):
    dialogue: str
    turns: tuple[_Turn, ...]


class _File(BaseModel, extra=Extra.forbid):
    version: str = "3.1"
    dialogues: tuple[_Dialogue, ...]


@dataclass(frozen=True)
class DialogueTurn:
    """A customer's message with its intent, and the context in which it is said."""

    text: str
    intent: str
    context: Context
    dialogue: str  # file and name: turns of one dialogue are held out together
    line: int  # of the file


def read_dialogues(folder: Path, topics: Topics) -> list[DialogueTurn]:
    """Read all turns of all files, in the order of files and lines; none if there is no such folder.

    Raises:
        DialogueFileError: A file is no YAML, or lacks what a dialogue needs.
    """
    return [turn for path in sorted(folder.rglob("*.yml")) for turn in read_file(path, topics)]


def digest(folder: Path) -> str:
    """Tell whether anything in the folder has changed."""
    code = hashlib.sha256()
    for path in sorted(folder.rglob("*.yml")):
        code.update(path.read_bytes())
    return code.hexdigest()


def read_file(path: Path, topics: Topics) -> Iterator[DialogueTurn]:
    """Read the turns of one file. Raises DialogueFileError, as `read_dialogues` does."""
    try:
        root = compose(path.read_text(encoding="utf-8"))
        document = _File.parse_obj(content(root) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DialogueFileError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DialogueFileError(f"{path}: {place}: {first['msg']}; see docs/training-data.md") from error
    lines = _lines_of_turns(root)
    for dialogue in document.dialogues:
        context = Context()
        for turn in dialogue.turns:
            yield DialogueTurn(turn.customer, turn.intent, context, f"{path.name}: {dialogue.dialogue}", next(lines))
            context = context.after(turn.bot.answers or turn.intent, turn.bot.asks, turn.bot.offers, topics)


def _lines_of_turns(root: Any) -> Iterator[int]:
    for key, dialogues in root.value:
        for dialogue in dialogues.value if key.value == "dialogues" else ():
            turns = next(value for name, value in dialogue.value if name.value == "turns")
            yield from (turn.start_mark.line + 1 for turn in turns.value)
