"""`tandem data lint`: doubts about the training data; `tandem data flows`: what the assistant can do."""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tandem.run.errors import RunError
from tandem.run.suppress_warnings import silence
from tandem.settings import Settings, project_root


def add_data_command(commands: Any) -> None:
    """Add `tandem data lint [--against FILE ...] [--fast] [--json]` and `tandem data flows [--write]`."""
    data = commands.add_parser("data", help="look after the training data")
    actions = data.add_subparsers(metavar="ACTION", required=True)
    lint = actions.add_parser("lint", help="find duplicates, disputed labels, thin intents and leaked test sentences")
    lint.add_argument("--against", nargs="+", type=Path, default=[], metavar="FILE",
                      help="CSV files of test sentences that must not be trained on")
    lint.add_argument("--fast", action="store_true", help="leave out what takes models: a second instead of minutes")
    lint.add_argument("--json", action="store_true", help="print the findings as JSON")
    lint.set_defaults(command=_lint)
    flows = actions.add_parser("flows", help="list every flow, fact and answer with its examples, conditions and tests")
    flows.add_argument("--write", action="store_true", help="write docs/flows.md instead of printing it")
    flows.set_defaults(command=_flows)


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


def _flows(_settings: Settings, options: argparse.Namespace) -> int:
    silence()
    from yaml import YAMLError

    from tandem.evaluation.examples import DataFileError
    from tandem.evaluation.flows import PAGE, render
    from tandem.nlu.dialogues import DialogueFileError

    try:
        page = render(project_root())
    except (OSError, YAMLError, DataFileError, DialogueFileError) as error:
        raise RunError(str(error)) from error
    if options.write:
        (project_root() / PAGE).write_text(page, encoding="utf-8")
        print(f"Wrote {PAGE}")
    else:
        print(page)
    return 0
