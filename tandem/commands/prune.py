"""`tandem prune`: remove what is older than the shop wants to keep."""
from __future__ import annotations

import argparse
from typing import Any

from tandem.conversations.ledger import Ledger
from tandem.db.schema import upgrade
from tandem.retention import PruningInProgress, prune
from tandem.run.databases import opened
from tandem.run.errors import RunError
from tandem.settings import Settings


def add_prune_command(commands: Any) -> None:
    """Add `tandem prune [--days NUMBER]`."""
    parser = commands.add_parser("prune", help="remove what is older than TANDEM_RETENTION_DAYS, beside the traffic")
    parser.add_argument("--days", type=int, default=0, metavar="NUMBER", help="this age instead of the setting's")
    parser.set_defaults(command=_prune)


def _prune(settings: Settings, options: argparse.Namespace) -> int:
    days = options.days or settings.retention_days
    if days < 1:
        raise RunError("say what is old enough to go: set TANDEM_RETENTION_DAYS or give `--days`, at least 1")
    from tandem.desk.housekeeping import in_words  # with all services behind it, which no other command needs

    with opened(settings.database_url) as engine:
        upgrade(engine)
        try:
            print(f"removed {in_words(prune(Ledger(engine), settings.tracker_url, days))}")
        except PruningInProgress as error:
            raise RunError("another process is pruning just now") from error
    return 0
