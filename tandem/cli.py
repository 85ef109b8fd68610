"""`tandem …`: the command line."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from sqlalchemy.exc import SQLAlchemyError

from tandem.commands import COMMANDS
from tandem.configuration import ConfigurationError
from tandem.db.schema import SchemaTooNew
from tandem.run.errors import RunError
from tandem.settings import load


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands; each leaves its function in `command`."""
    parser = argparse.ArgumentParser(prog="tandem", description="Run and look after Tandem.")
    parser.add_argument("--version", action="version", version=f"tandem {version('tandem')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 it could not be done, 2 it was asked for wrongly."""
    options = build_parser().parse_args(arguments)
    command: Callable[..., int] = options.command
    try:
        return command(load(), options)
    except (RunError, SchemaTooNew, ConfigurationError) as error:
        print(f"tandem: {error}", file=sys.stderr)
    except SQLAlchemyError as error:
        said = str(error).splitlines()[0]
        print(f"tandem: the database says: {said}\n`tandem doctor` may tell more.", file=sys.stderr)
    except BrokenPipeError:  # `tandem doctor | head`
        sys.stdout = None  # nobody reads on: nothing to flush at exit
    except KeyboardInterrupt:
        print("tandem: stopped", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
