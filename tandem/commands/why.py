"""`tandem why`: how each message of a conversation is read, and what of the conversation counted."""
from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tandem.run.errors import RunError
from tandem.run.model import MODELS
from tandem.run.suppress_warnings import silence
from tandem.settings import Settings, project_root

if TYPE_CHECKING:
    from tandem.nlu.dialogues import DialogueTurn
    from tandem.nlu.models.intent_model import IntentModel
    from tandem.nlu.models.wishes import WishRules

_CANDIDATES = 3
_REASONS = 3
_LONGEST = 1000  # messages of one file


def add_why_command(commands: Any) -> None:
    """Add `tandem why FILE`."""
    parser = commands.add_parser("why", help="show how each message of a conversation is read, and why")
    parser.add_argument("file", type=Path,
                        help="the customer's messages, one a line; or dialogues as in data/dialogues (.yml)")
    parser.set_defaults(command=_why)


def _why(_settings: Settings, options: argparse.Namespace) -> int:
    silence()
    from tandem.nlu.dialogues import DialogueFileError, read_file  # the encoders take a second or two

    model, rules = _model(), _wish_rules()
    try:
        if options.file.suffix in {".yml", ".yaml"}:
            turns: list[DialogueTurn] = list(read_file(options.file, model.ranker.topics))
        else:
            turns = list(_lines(options.file, model))
    except (DialogueFileError, OSError, UnicodeDecodeError) as error:
        raise RunError(str(error)) from error
    if not 1 <= len(turns) <= _LONGEST:
        raise RunError(f"{options.file} has {len(turns)} messages; 1 to {_LONGEST} can be read")
    dialogue = ""
    for turn in turns:
        if turn.dialogue != dialogue:
            dialogue = turn.dialogue
            print(f"\n{dialogue}")
        print(_told(turn, model, rules))
    labelled = [turn for turn in turns if turn.intent]
    if labelled:
        right = sum(model.read(turn.text, turn.context)[0][0] == turn.intent for turn in labelled)
        print(f"\n{right} of {len(labelled)} messages are read as they are labelled")
    return 0


def _model() -> IntentModel:
    from tandem.nlu.models.archives import unpacked
    from tandem.nlu.models.intent_model import MODEL_FILE, IntentModel

    archives = sorted((project_root() / MODELS).glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not archives:
        raise RunError(f"no trained model in {MODELS}; `tandem train` makes one")
    with unpacked(archives[-1], MODEL_FILE) as file:
        if file is None:
            raise RunError(f"{archives[-1].name} was trained without KernelIntentClassifier; see docs/nlu.md")
        return IntentModel.load(file)


def _wish_rules() -> WishRules:
    """Return when a message has several wishes, as config.yml says."""
    from tandem.nlu.intent_classifier import WISHES, KernelIntentClassifier, WishOptions

    config = yaml.safe_load((project_root() / "config.yml").read_text(encoding="utf-8"))
    component: dict[str, Any] = next((one for one in config.get("pipeline") or ()
                      if str(one.get("name")).endswith(KernelIntentClassifier.__name__)), {})
    return WishOptions(**(component.get(WISHES) or {})).rules()


def _lines(file: Path, model: IntentModel) -> Iterator[DialogueTurn]:
    """Read a file of messages; each is taken as answered by what it is read as."""
    from tandem.nlu.dialogues import DialogueTurn
    from tandem.nlu.models.context import Context

    context = Context()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            yield DialogueTurn(line.strip(), "", context, file.name, number)
            context = context.after(model.read(line.strip(), context)[0][0], "", (), model.ranker.topics)


def _told(turn: DialogueTurn, model: IntentModel, rules: WishRules) -> str:
    from tandem.nlu.models.wishes import read_wishes

    context, ranking = turn.context, model.read(turn.text, turn.context)
    place = ", ".join(filter(None, (
        f"after {context.answered}" if context.answered else "", f"asked for {context.asks}" if context.asks else "",
        f"offered {', '.join(context.offers)}" if context.offers else ""))) or "nothing before"
    lines = [f"\n  {turn.text}", f"      [{place}]"]
    for intent, confidence in ranking[:_CANDIDATES]:
        mark = "=" if intent == turn.intent else " "
        reasons = "; ".join(f"{name} {weight:+.1f}" for name, weight in
                            model.reasons(turn.text, context, intent)[:_REASONS])
        lines.append(f"    {mark} {confidence:4.2f}  {intent:28}  {reasons}".rstrip())
    for number, wish in enumerate(read_wishes(turn.text, context, model.read, model.ranker.topics, rules), 1):
        lines.append(f"      wish {number}: {wish.confidence:4.2f}  {wish.intent:28}  {wish.text}")
    if turn.intent and turn.intent not in {intent for intent, _ in ranking[:_CANDIDATES]}:
        lines.append(f"    ! labelled {turn.intent} (line {turn.line})")
    return "\n".join(lines)
