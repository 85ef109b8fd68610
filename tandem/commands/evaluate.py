"""`tandem evaluate`: how well the bot listens, as a page and as JSON, and whether that got worse."""
from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tandem.run.errors import RunError
from tandem.run.model import ensure_model
from tandem.run.suppress_warnings import silence
from tandem.settings import Settings, project_root

if TYPE_CHECKING:
    from tandem.evaluation.baseline import Change

_REPORTS = Path("reports")


def add_evaluate_command(commands: Any) -> None:
    """Add `tandem evaluate [--quick] [--baseline]`."""
    parser = commands.add_parser("evaluate", help="measure intents, moods and escalation against the baseline")
    parser.add_argument("--quick", action="store_true", help="conversations and one held-out fold only")
    parser.add_argument("--baseline", action="store_true", help="make today's figures the baseline")
    parser.set_defaults(command=_evaluate)


def _evaluate(_settings: Settings, options: argparse.Namespace) -> int:
    if options.quick and options.baseline:
        raise RunError("a baseline needs all figures; leave out `--quick`")
    root = project_root()
    model = ensure_model(root, print)
    silence()
    # Imported here: Rasa and the encoders take seconds.
    from tandem.evaluation import baseline, page
    from tandem.evaluation.examples import DataFileError
    from tandem.evaluation.labelled_conversations import ConversationFileError
    from tandem.evaluation.parser import ModelUnreadable
    from tandem.evaluation.run import evaluate
    from tandem.nlu.dialogues import DialogueFileError
    from tandem.nlu.models.mood_data import MoodDataError
    from tandem.services import escalation_settings

    settings = escalation_settings()
    try:
        measured = evaluate(root, model, settings, print, quick=options.quick)
        changes = baseline.compare(measured.figures, baseline.read(root / baseline.FILE))
    except (DataFileError, DialogueFileError, MoodDataError, ConversationFileError, ModelUnreadable,
            baseline.BaselineError) as error:
        raise RunError(str(error)) from error
    now = datetime.now(timezone.utc)
    name = "evaluation-quick" if options.quick else "evaluation"
    (root / _REPORTS).mkdir(exist_ok=True)
    (root / _REPORTS / f"{name}.html").write_text(page.render(measured, changes, settings, now), encoding="utf-8")
    told = {"at": now.isoformat(timespec="seconds"), "model": model.name, "figures": [_told(item) for item in changes]}
    (root / _REPORTS / f"{name}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(_table(changes))
    print(f"more in {_REPORTS / name}.html")
    if options.baseline:
        baseline.write(root / baseline.FILE, measured.figures)
        print(f"{baseline.FILE} now holds these figures")
        return 0
    return 1 if any(change.is_worse for change in changes) else 0


def _told(change: Change) -> dict[str, Any]:
    return {**change.figure.as_dict(), "baseline": change.before, "worse": change.is_worse, "better": change.is_better}


def _table(changes: Sequence[Change]) -> str:
    lines = [f"{'figure':<28}{'now':>7} {'±':>6}  {'change':>7}"]
    for change in changes:
        figure = change.figure
        moved = "" if change.before is None else f"{change.difference:+.3f}"
        mark = "  WORSE" if change.is_worse else "  better" if change.is_better else ""
        lines.append(f"{figure.key:<28}{figure.value:>7.3f} {figure.noise:>6.3f}  {moved:>7}{mark}")
    return "\n".join(lines)
