"""`tandem agent`: accounts for the desk."""
from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Engine

from tandem.agents import audit
from tandem.agents.accounts import AccountError, Role, add_agent, change, list_agents, remove, set_password
from tandem.agents.presence import set_capacity
from tandem.db.engine import open_engine
from tandem.db.schema import upgrade
from tandem.run.errors import RunError
from tandem.settings import Settings


def add_agent_command(commands: Any) -> None:
    """Add `tandem agent add|password|close|open|delete|role|capacity|list`."""
    agent = commands.add_parser("agent", help="accounts of the people who answer at the desk")
    actions = agent.add_subparsers(metavar="ACTION", required=True)

    add = actions.add_parser("add", help="make an account; the password is asked for, or read from standard input")
    add.add_argument("name", help="the sign-in name, such as anna")
    add.add_argument("--role", choices=[role.value for role in Role], default=Role.AGENT.value)
    add.add_argument("--display-name", help="what customers see; the sign-in name if left out")
    add.set_defaults(command=_on_database(_add), word="add")

    for word, text, function in (
        ("password", "set a new password and end the account's sessions", _password),
        ("close", "close the account and end its sessions", _close),
        ("open", "open a closed account again", _open),
        ("delete", "delete the account for good; it must have no conversations", _delete),
    ):
        parser = actions.add_parser(word, help=text)
        parser.add_argument("name", type=str.lower, help="the sign-in name")
        parser.set_defaults(command=_on_database(function), word=word)

    capacity = actions.add_parser("capacity", help="how many conversations the agent takes at a time")
    capacity.add_argument("name", type=str.lower, help="the sign-in name")
    capacity.add_argument("number", type=int, help="1 to 100; 5 for a new account")
    capacity.set_defaults(command=_on_database(_capacity), word="capacity")

    role = actions.add_parser("role", help="change what the account may do")
    role.add_argument("name", type=str.lower, help="the sign-in name")
    role.add_argument("role", choices=[role.value for role in Role])
    role.set_defaults(command=_on_database(_role), word="role")

    actions.add_parser("list", help="all accounts").set_defaults(command=_on_database(_list), word="list", name="")


def _on_database(work: Callable[[Engine, argparse.Namespace], None]) -> Callable[[Settings, argparse.Namespace], int]:
    def command(settings: Settings, options: argparse.Namespace) -> int:
        engine = open_engine(settings.database_url)
        try:
            upgrade(engine)
            with audit.recorded(engine, "operator", "cli", f"account_{options.word}", detail=options.name):
                work(engine, options)
        except AccountError as error:
            raise RunError(str(error)) from error
        finally:
            engine.dispose()
        return 0

    return command


def _add(engine: Engine, options: argparse.Namespace) -> None:
    account = add_agent(engine, options.name, options.display_name or options.name, _ask_password(), Role(options.role))
    print(f"{account.id} may sign in as {account.role.value}")


def _password(engine: Engine, options: argparse.Namespace) -> None:
    set_password(engine, options.name, _ask_password())
    print(f"{options.name} has a new password")


def _close(engine: Engine, options: argparse.Namespace) -> None:
    change(engine, options.name, active=False)
    print(f"{options.name} can no longer sign in")


def _open(engine: Engine, options: argparse.Namespace) -> None:
    change(engine, options.name, active=True)
    print(f"{options.name} can sign in again")


def _delete(engine: Engine, options: argparse.Namespace) -> None:
    remove(engine, options.name)
    print(f"{options.name} is deleted")


def _role(engine: Engine, options: argparse.Namespace) -> None:
    changed = change(engine, options.name, role=Role(options.role))
    print(f"{changed.id} is {changed.role.value} now")


def _capacity(engine: Engine, options: argparse.Namespace) -> None:
    set_capacity(engine, options.name, options.number)
    print(f"{options.name} takes {options.number} conversations at a time")


def _list(engine: Engine, _options: argparse.Namespace) -> None:
    for account in list_agents(engine):
        print(f"{account.id}\t{account.role.value}\t{'open' if account.active else 'closed'}\t{account.name}")


def _ask_password() -> str:
    """Ask for a password; an argument would show in the list of processes and in the shell's history."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password (at least 12 characters): ")
    if getpass.getpass("Again: ") != first:
        raise RunError("the two passwords differ")
    return first
