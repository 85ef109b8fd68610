"""`tandem backup` and `tandem restore`: copies of the databases."""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tandem.run.backup import back_up, restore
from tandem.settings import Settings


def add_backup_command(commands: Any) -> None:
    """Add `tandem backup FOLDER`."""
    parser = commands.add_parser("backup", help="copy the databases into a new folder, beside the traffic")
    parser.add_argument("folder", type=Path, help="where to; it must not exist")
    parser.set_defaults(command=_backup)


def add_restore_command(commands: Any) -> None:
    """Add `tandem restore FOLDER [--force]`."""
    parser = commands.add_parser("restore", help="put a backup in the place of the databases; Tandem must not run")
    parser.add_argument("folder", type=Path, help="what `tandem backup` made")
    parser.add_argument("--force", action="store_true", help="overwrite what is there")
    parser.set_defaults(command=_restore)


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    for part in back_up(settings, options.folder):
        size = (options.folder / part.file).stat().st_size
        print(f"{options.folder / part.file}\t{part.name}\t{size / 1e6:.1f} MB")
    return 0


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    for part in restore(settings, options.folder, options.force):
        print(f"restored {part.name} from {options.folder / part.file}")
    return 0
