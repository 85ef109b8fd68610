"""`tandem mood` and `tandem replay`: how the bot reads a sentence, and a whole conversation."""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tandem.evaluation.labelled_conversations import ConversationFileError, LabelledConversation, LabelledMessage, load
from tandem.run.errors import RunError
from tandem.run.model import MODELS, ensure_model
from tandem.run.suppress_warnings import silence
from tandem.settings import Settings, project_root

if TYPE_CHECKING:
    from tandem.evaluation.replay import Replay, ReplayedTurn
    from tandem.sentiment.settings import EscalationSettings

_LONGEST = 1000  # messages of a replayed conversation
_BAR = 20  # characters of a full score


def add_mood_command(commands: Any) -> None:
    """Add `tandem mood TEXT`."""
    parser = commands.add_parser("mood", help="show how a sentence is felt, and why")
    parser.add_argument("text", help="what a customer might write")
    parser.set_defaults(command=_mood)


def add_replay_command(commands: Any) -> None:
    """Add `tandem replay FILE [--only WORDS] [--plot SVG]`."""
    parser = commands.add_parser("replay", help="show how the mood of a conversation builds up, and who answers")
    parser.add_argument("file", type=Path,
                        help="the customer's messages, one a line; or labelled conversations (.yml)")
    parser.add_argument("--only", metavar="WORDS", default="", help="only conversations with WORDS in their name")
    parser.add_argument("--plot", type=Path, metavar="SVG", help="draw the conversation into this file")
    parser.set_defaults(command=_replay)


def _mood(_settings: Settings, options: argparse.Namespace) -> int:
    silence()
    from tandem.nlu.models.current_mood_model import MoodModelNotFound, current  # the encoders take a second or two

    try:
        model = current(project_root() / MODELS)
    except (MoodModelNotFound, OSError) as error:
        raise RunError(f"no mood model: {error}; `tandem train` makes one") from error
    print(json.dumps({"sentiment": model.read([options.text])[0].as_dict()}, indent=2))
    reasons = model.explain(options.text)
    if reasons:
        print("\nwhat moved the frustration, strongest first (in logits; + upsets):")
        for reason, weight in reasons:
            print(f"  {weight:+6.2f}  {reason}")
    return 0


def _replay(_settings: Settings, options: argparse.Namespace) -> int:
    conversations = _conversations(options.file, options.only)
    if options.plot and len(conversations) > 1:
        raise RunError(f"{len(conversations)} conversations cannot be drawn into one picture; choose one with --only")
    model = ensure_model(project_root(), to_stderr)
    silence()
    # Imported here: Rasa and the encoders take seconds.
    from tandem.evaluation.charts import trajectory_chart
    from tandem.evaluation.parser import ModelParser, ModelUnreadable
    from tandem.evaluation.replay import Replayer
    from tandem.nlu.models.embedding import encode
    from tandem.services import escalation_settings

    settings = escalation_settings()
    try:
        parser = ModelParser(model)
    except ModelUnreadable as error:
        raise RunError(f"{error}; `tandem train --force` makes a new one") from error
    replayer = Replayer(settings, parser, encode)
    for conversation in conversations:
        replay = replayer.replay(conversation)
        print(_told(replay, settings, is_labelled=options.file.suffix in {".yml", ".yaml"}))
        if options.plot:
            options.plot.write_text(trajectory_chart(replay, settings, alone=True), encoding="utf-8")
            print(f"drawn into {options.plot}")
    parser.close()
    return 0


def to_stderr(text: str) -> None:
    """Print what happens on the way to standard error; the answer goes to standard output."""
    print(text, file=sys.stderr)


def _conversations(file: Path, only: str) -> Sequence[LabelledConversation]:
    try:
        if file.is_dir() or file.suffix in {".yml", ".yaml"}:
            found = [one for one in load(file) if only.lower() in one.name.lower()]
        else:
            lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
            found = [LabelledConversation(file.name, tuple(LabelledMessage(line) for line in lines), None)]
    except ConversationFileError as error:
        raise RunError(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{file} cannot be read as text: {error}") from error
    if not found:
        raise RunError(f"{file} has no conversation" + (f" with {only!r} in its name" if only else ""))
    if not all(1 <= len(one.messages) <= _LONGEST for one in found):
        raise RunError(f"{file} has {len(found[0].messages)} messages; 1 to {_LONGEST} can be replayed")
    return found


def _told(replay: Replay, settings: EscalationSettings, *, is_labelled: bool) -> str:
    lines = [f"\n{replay.conversation.name}", "      frustration  emotion       score" + " " * 20 + "intent / message"]
    lines += [_row(number, turn, settings) for number, turn in enumerate(replay.turns, 1)]
    for number, turn in enumerate(replay.turns, 1):
        if turn.signals and number == replay.escalated_at:
            reading = turn.reading
            assert reading is not None
            lines.append(f"-> a person at message {number} ({reading.level}, urgency {reading.urgency:.2f}):")
            lines += [f"   {signal.name} {signal.value:.2f}: {signal.reason}" for signal in turn.signals]
    if replay.escalated_at is None:
        lines.append("-> no person")
    last = next((turn.reading for turn in reversed(replay.turns) if turn.reading), None)
    if last and last.turning_point is not None:
        lines.append(f"   the mood turned with: {replay.heard[last.turning_point].turn.text}")
    if is_labelled:
        label = replay.conversation.escalate
        wanted = "never" if label is None else f"at message {label[0]} to {label[1]}"
        lines.append(f"   labelled: {wanted}; {'as labelled' if replay.is_right else 'NOT as labelled'}")
    return "\n".join(lines)


def _row(number: int, turn: ReplayedTurn, settings: EscalationSettings) -> str:
    """Write one message with its score as a bar, with "|" where `trend_threshold` lies."""
    bar = ["█" if place < round(turn.score * _BAR) else "·" for place in range(_BAR)]
    limit = min(_BAR - 1, int(settings.trend_threshold * _BAR))
    bar[limit] = "|" if bar[limit] == "·" else bar[limit]
    text = turn.turn.text or f"[{turn.message.button}]"
    guess = f" ({turn.turn.guess}?)" if turn.turn.guess else ""
    mark = "!" if turn.signals else " "
    return (f"{number:>3} {mark}  {turn.turn.frustration:10.2f}   {turn.turn.emotion:<12}  {turn.score:4.2f} "
            f"{''.join(bar)} {turn.turn.intent or '-'} {turn.turn.confidence:.2f}{guess} | {text}")
