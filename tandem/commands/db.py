"""`tandem db`: the versions of the databases' schemas."""
from __future__ import annotations

import argparse
from typing import Any

from tandem.db.schema import newest, version
from tandem.run.databases import databases, opened, upgrade
from tandem.settings import Settings


def add_db_command(commands: Any) -> None:
    """Add `tandem db upgrade|version`."""
    parser = commands.add_parser("db", help="the schemas of the databases")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("upgrade", help="bring the databases to the newest schema, as every start does").set_defaults(
        command=_upgrade)
    actions.add_parser("version", help="which schema each database has, and which is the newest").set_defaults(
        command=_version)


def _upgrade(settings: Settings, options: argparse.Namespace) -> int:
    upgrade(settings)
    return _version(settings, options)


def _version(settings: Settings, _options: argparse.Namespace) -> int:
    for database in databases(settings):
        with opened(database.url) as engine:
            found = version(engine, database.schema)
        print(f"{database.schema.name}\t{found or 'none'}\tnewest {newest(database.schema)}\t{database.setting}")
    return 0
