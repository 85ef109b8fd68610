"""`tandem export` and `tandem erase`: a customer's personal data."""
from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from tandem import privacy
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import ConversationNotFound
from tandem.db.engine import open_engine
from tandem.db.schema import upgrade
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.factory import open_order_system
from tandem.run.errors import RunError
from tandem.settings import Settings

_ACTOR, _VIA = "operator", "cli"
_WHO = "the customer's e-mail address, or a conversation id"


def add_export_command(commands: Any) -> None:
    """Add `tandem export WHO`."""
    parser = commands.add_parser("export", help="print all that is kept about a customer, as JSON")
    parser.add_argument("who", help=_WHO)
    parser.set_defaults(command=_export)


def add_erase_command(commands: Any) -> None:
    """Add `tandem erase WHO [--yes]`."""
    parser = commands.add_parser("erase", help="erase a customer's conversations for good; orders are not touched")
    parser.add_argument("who", help=_WHO)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(command=_erase)


def _export(settings: Settings, options: argparse.Namespace) -> int:
    ledger = _open_ledger(settings)
    ids = _conversations(settings, ledger, options.who)
    found = privacy.export(ledger, settings.tracker_url, ids, _ACTOR, _VIA)
    print(json.dumps(found, indent=2, ensure_ascii=False, default=str))
    return 0


def _erase(settings: Settings, options: argparse.Namespace) -> int:
    ledger = _open_ledger(settings)
    ids = _conversations(settings, ledger, options.who)
    if not options.yes and not _confirmed(len(ids)):
        raise RunError("nothing was erased; `--yes` erases without asking")
    try:
        privacy.erase(ledger, settings.tracker_url, ids, _ACTOR, _VIA)
    except privacy.BotIsAnswering as error:
        raise RunError(str(error)) from error
    print(f"erased {len(ids)} conversation{'s' if len(ids) != 1 else ''}")
    return 0


def _open_ledger(settings: Settings) -> Ledger:
    engine = open_engine(settings.database_url)
    upgrade(engine)
    return Ledger(engine)


def _conversations(settings: Settings, ledger: Ledger, customer: str) -> list[str]:
    try:
        found = privacy.conversations_of(ledger, open_order_system(settings), customer) if "@" in customer else []
    except OrderSystemUnavailable as error:
        raise RunError(f"conversations might be missed: {error}; try again when the order system answers") from error
    if not found:
        try:
            found = [ledger.conversation(customer).id]
        except ConversationNotFound as error:
            raise RunError(f"no conversation is known under {customer!r}") from error
    return found


def _confirmed(count: int) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"Erase {count} conversation{'s' if count != 1 else ''} for good? [y/N] ").strip().lower() == "y"
