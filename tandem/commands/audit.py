"""`tandem audit`: who did what, and who read what."""
from __future__ import annotations

import argparse
from typing import Any

from tandem.agents.audit import MAX_PAGE, entries
from tandem.db.engine import open_engine
from tandem.db.schema import upgrade
from tandem.settings import Settings


def add_audit_command(commands: Any) -> None:
    """Add `tandem audit [--actor ID] [--action NAME] [--conversation ID] [--before ID] [--limit NUMBER]`."""
    parser = commands.add_parser("audit", help="show the audit log, the newest lines first")
    parser.add_argument("--actor", default="", help="only what this agent or program did")
    parser.add_argument("--action", default="", help="only this action, such as read or claim")
    parser.add_argument("--conversation", default="", help="only this conversation, erased or not")
    parser.add_argument("--before", type=int, help="only lines older than the one of this number")
    parser.add_argument("--limit", type=int, default=50, help=f"1 to {MAX_PAGE}; 50 unless given")
    parser.set_defaults(command=_audit)


def _audit(settings: Settings, options: argparse.Namespace) -> int:
    engine = open_engine(settings.database_url)
    try:
        upgrade(engine)
        found = entries(engine, actor=options.actor, action=options.action, conversation_id=options.conversation,
                        before=options.before, limit=options.limit)
        for one in found:
            fields = (str(one.id), one.at.isoformat(timespec="seconds"), one.actor, one.via, one.action,
                      one.conversation_id or "-", one.detail)
            print("\t".join(fields).rstrip())
    finally:
        engine.dispose()
    return 0
