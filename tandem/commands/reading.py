"""`tandem mood`: how the bot reads a sentence."""
from __future__ import annotations

import argparse
import json
from typing import Any

from tandem.settings import Settings


def add_mood_command(commands: Any) -> None:
    """`tandem mood TEXT`."""
    parser = commands.add_parser("mood", help="show how a sentence is felt, and why")
    parser.add_argument("text", help="what a customer might write")
    parser.set_defaults(command=_mood)


def _mood(_settings: Settings, options: argparse.Namespace) -> int:
    from tandem.nlu.mood import explain  # loads the model: only for the command that needs it

    explanation = explain(options.text)
    print(json.dumps(explanation.sentiment, indent=2))
    return 0
