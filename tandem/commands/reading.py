"""`tandem mood`: how the bot reads a sentence."""
from __future__ import annotations

import argparse
import json
from typing import Any

from tandem.run.errors import RunError
from tandem.run.model import MODELS
from tandem.settings import Settings, project_root


def add_mood_command(commands: Any) -> None:
    """`tandem mood TEXT`."""
    parser = commands.add_parser("mood", help="show how a sentence is felt, and why")
    parser.add_argument("text", help="what a customer might write")
    parser.set_defaults(command=_mood)


def _mood(_settings: Settings, options: argparse.Namespace) -> int:
    from tandem.nlu.mood import NoMoodModel, current  # takes a second: only for the command that needs it

    try:
        model = current(project_root() / MODELS)
    except (NoMoodModel, OSError) as error:
        raise RunError(f"no mood model: {error}; `tandem train` makes one") from error
    print(json.dumps({"sentiment": model.read([options.text])[0].as_dict()}, indent=2))
    reasons = model.explain(options.text)
    if reasons:
        print("\nwhat moved the frustration, strongest first (in logits; + upsets):")
    for reason, weight in reasons:
        print(f"  {weight:+6.2f}  {reason}")
    return 0
