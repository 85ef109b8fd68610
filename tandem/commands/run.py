"""`tandem run`, `train`, `seed`, `doctor`."""
from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import suppress
from typing import Any

from tandem.configuration import ConfigurationError
from tandem.run.console import Console
from tandem.run.doctor import examine
from tandem.run.errors import DatabaseUnavailable
from tandem.run.publish import publish_model, wait_until_loaded
from tandem.run.secrets import with_secrets
from tandem.run.seeding import seed_demo
from tandem.run.stack import RunPlan, check_names, run
from tandem.run.wait_for_databases import PATIENCE, wait_for_databases
from tandem.run_state import installation_of, read
from tandem.settings import Settings, is_set, project_root


def add_run_command(commands: Any) -> None:
    """Add `tandem run [--no-train] [--only PROCESS] [--wait SECONDS] [--watch]`."""
    parser = commands.add_parser("run", help="train if needed, start the three processes, keep them running")
    parser.add_argument("--no-train", action="store_true", help="refuse to start without a fresh model")
    parser.add_argument("--watch", action="store_true",
                        help="bring each change of data/, config.yml, domain.yml to the running bot; the demo does so")
    parser.add_argument("--only", action="append", default=[], metavar="PROCESS",
                        help="start only rasa, actions or desk; may be repeated")
    _add_wait(parser, PATIENCE)
    parser.set_defaults(command=_run)


def add_train_command(commands: Any) -> None:
    """Add `tandem train [--force]`."""
    parser = commands.add_parser("train", help="train if data, configuration or domain changed; a running bot takes it")
    parser.add_argument("--force", action="store_true", help="train even if nothing changed")
    parser.set_defaults(command=_train)


def add_seed_command(commands: Any) -> None:
    """Add `tandem seed`."""
    parser = commands.add_parser("seed", help="put the demo's orders and agents in place, as of now")
    parser.set_defaults(command=_seed)


def add_status_command(commands: Any) -> None:
    """Add `tandem status [--only PROCESS]`."""
    parser = commands.add_parser("status", help="tell which processes run; 1 unless all of them are up")
    parser.add_argument("--only", action="append", default=[], metavar="PROCESS",
                        help="look only at rasa, actions or desk; may be repeated")
    parser.set_defaults(command=_status)


def add_doctor_command(commands: Any) -> None:
    """Add `tandem doctor [--wait SECONDS]`."""
    parser = commands.add_parser("doctor", help="check versions, secrets, ports, model and databases; name each fix")
    _add_wait(parser, 10)
    parser.set_defaults(command=_doctor)


def to_stderr(text: str) -> None:
    """Print what happens on the way to standard error; the answer goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def _add_wait(parser: argparse.ArgumentParser, seconds: float) -> None:
    parser.add_argument("--wait", type=float, default=seconds, metavar="SECONDS",
                        help=f"how long databases may take to come; {seconds:g} unless given")


def _run(settings: Settings, options: argparse.Namespace) -> int:
    plan = RunPlan(check_names(options.only), train=not options.no_train, wait=options.wait,
                   watch=(options.watch or settings.demo) and not options.no_train)
    run(settings, plan, project_root(), Console())
    return 0


def _train(settings: Settings, options: argparse.Namespace) -> int:
    path = publish_model(project_root(), to_stderr, force=options.force)
    told = wait_until_loaded(installation_of(settings.database_url), path)
    if told:
        to_stderr(told)
    print(path.relative_to(project_root()))
    return 0


def _seed(settings: Settings, _options: argparse.Namespace) -> int:
    print(seed_demo(with_secrets(settings) if settings.demo else settings))
    return 0


def _status(settings: Settings, options: argparse.Namespace) -> int:
    wanted = check_names(options.only)
    found = [process for run in read(installation_of(settings.database_url)) for process in run.processes
             if process.name.partition(".")[0] in wanted]
    for process in found:
        print(f"{process.name:<8}  {process.state:<8}  process {process.pid}, died {process.deaths} times, froze "
              f"{process.freezes} times" + (f", {process.model}" if process.model else ""))
    if not found:
        print("nothing runs here", file=sys.stderr)
    return 0 if found and all(process.state == "up" for process in found) else 1


def _doctor(settings: Settings, options: argparse.Namespace) -> int:
    with suppress(DatabaseUnavailable, ConfigurationError):  # it is among the findings then
        asyncio.run(wait_for_databases(settings, to_stderr, options.wait))
    findings = examine(settings, project_root(), is_set)
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'FIX '}  {finding.subject:<{width}}  {finding.state}")
        if finding.fix:
            print(f"      {'':<{width}}  -> {finding.fix}")
    ill = sum(not finding.well for finding in findings)
    print(f"{ill} to fix" if ill else "all is well")
    return 1 if ill else 0
