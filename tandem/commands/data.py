"""`tandem data lint`: doubts about the training data."""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tandem.run.errors import RunError
from tandem.run.suppress_warnings import silence
from tandem.settings import Settings, project_root


def add_data_command(commands: Any) -> None:
    """Add `tandem data lint [--against FILE ...] [--fast] [--json]`."""
    data = commands.add_parser("data", help="look after the training data")
    actions = data.add_subparsers(metavar="ACTION", required=True)
    lint = actions.add_parser("lint", help="find duplicates, disputed labels, thin intents and leaked test sentences")
    lint.add_argument("--against", nargs="+", type=Path, default=[], metavar="FILE",
                      help="CSV files of test sentences that must not be trained on")
    lint.add_argument("--fast", action="store_true", help="leave out what takes models: a second instead of minutes")
    lint.add_argument("--json", action="store_true", help="print the findings as JSON")
    lint.set_defaults(command=_lint)


def _lint(_settings: Settings, options: argparse.Namespace) -> int:
    silence()
    # Imported here: the encoders take seconds, and other commands do without.
    from tandem.evaluation.examples import DataFileError
    from tandem.evaluation.findings import ERROR, in_order, render
    from tandem.evaluation.labelled_conversations import ConversationFileError
    from tandem.evaluation.lint import lint
    from tandem.nlu.dialogues import DialogueFileError
    from tandem.nlu.models.mood_data import MoodDataError

    try:
        findings = lint(project_root(), options.against, fast=options.fast)
    except (DataFileError, DialogueFileError, MoodDataError, ConversationFileError) as error:
        raise RunError(str(error)) from error
    if options.json:
        print(json.dumps([finding.as_dict() for finding in in_order(findings)], indent=2, ensure_ascii=False))
    else:
        print(render(findings))
    return 1 if any(finding.level == ERROR for finding in findings) else 0
