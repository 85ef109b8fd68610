"""The three processes of Tandem, and `tandem run` from the first check to the last goodbye."""
from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tandem.run.console import Console
from tandem.run.databases import upgrade
from tandem.run.errors import RunError
from tandem.run.model import require_model
from tandem.run.open_channels import require_closed
from tandem.run.ports import addresses, listen, require_free
from tandem.run.process import BEATS, LISTEN, ProcessSpec
from tandem.run.publish import publish_changes, publish_model
from tandem.run.secrets import KEPT_IN, environment_of, with_secrets
from tandem.run.seeding import seed_demo
from tandem.run.supervisor import Supervisor
from tandem.run.wait_for_databases import PATIENCE, wait_for_databases
from tandem.run_state import ProcessState, RunState, installation_of, live_model, point_to, remove, write
from tandem.settings import QUIET, Settings

_MODEL = "--model"
PROCESSES = ("rasa", "actions", "desk")


@dataclass(frozen=True)
class RunPlan:
    """What `tandem run` is asked to do.

    `only` names the processes to start; `train` is False where the model must be there already; `wait` is how many
    seconds the databases may take to come; `watch` brings what designers change to the running bot.
    """

    only: tuple[str, ...] = PROCESSES
    train: bool = True
    wait: float = PATIENCE
    watch: bool = False


def rasa_api_is_on(settings: Settings) -> bool:
    """Check whether Rasa's HTTP API is served: with a token of its own, or in a demo on this machine alone."""
    return bool(settings.rasa_token) or settings.demo_on_loopback


def process_specs(
    settings: Settings, model: Path | None, root: Path, listeners: Mapping[str, socket.socket] | None = None,
) -> tuple[ProcessSpec, ...]:
    """List how the processes are started: Rasa's workers, the action server, the desk.

    Args:
        model: Needed for Rasa only.
        listeners: The sockets they accept on, by process; Rasa's workers share theirs.
    """
    environment = {
        **QUIET,
        **environment_of(settings),
        "TANDEM_ACTIONS_URL": settings.actions_url,
        "TANDEM_TRACKER_URL": settings.tracker_url,
        "LOG_LEVEL": settings.log_level,
    }
    worker = (sys.executable, "-m", "tandem.run.worker", LISTEN, BEATS)
    rasa = (*worker, "tandem.gateway.rasa_server", "run", "--interface", settings.host,
            "--port", str(settings.rasa_port), _MODEL, str(model),
            "--credentials", "credentials.yml", "--endpoints", "endpoints.yml")
    # Unless quiet it lists every action at its start.
    sdk = (*worker, "rasa_sdk", "--actions", "actions", "--port", str(settings.actions_port))
    commands = {
        "rasa": (*rasa, "--enable-api") if rasa_api_is_on(settings) else rasa,
        "actions": sdk if settings.log_level == "DEBUG" else (*sdk, "--quiet"),
        "desk": (sys.executable, "-m", "tandem.desk", LISTEN, BEATS),
    }
    sockets = listeners or {}
    return tuple(ProcessSpec(name, commands[process], root, environment, sockets.get(process))
                 for process in PROCESSES for name in worker_names(process, settings.workers))


def with_model(spec: ProcessSpec, model: Path | None) -> ProcessSpec:
    """Return the same process with the model that is to answer now, which may have changed since its first start."""
    if model is None or _MODEL not in spec.command:
        return spec
    place = spec.command.index(_MODEL) + 1
    return replace(spec, command=(*spec.command[:place], str(model), *spec.command[place + 1:]))


def worker_names(process: str, workers: int) -> tuple[str, ...]:
    """Name the processes of one kind: "rasa", or "rasa.1", "rasa.2" where there are several."""
    return tuple(f"rasa.{number}" for number in range(1, workers + 1)) if process == "rasa" and workers > 1 \
        else (process,)


def run(settings: Settings, plan: RunPlan, root: Path, console: Console) -> None:
    """Check, train, seed, start, and stay until Ctrl-C or SIGTERM.

    Raises:
        RunError: Something stands in the way; the text names the fix.
        SchemaTooNew: A newer Tandem has upgraded a database.
    """
    settings = with_secrets(settings)
    wanted = [address for address in addresses(settings) if address.process in plan.only]
    require_free(wanted)
    if "rasa" in plan.only:
        require_closed(settings, root)
        if not rasa_api_is_on(settings):
            console.say("Rasa's HTTP API is off: it has no token of its own (TANDEM_RASA_TOKEN, docs/operations.md)")
    if settings.demo and not settings.demo_on_loopback:
        console.say(f"WARNING: demo mode listens on {settings.host}; whoever reaches it finds the demo shop's accounts")

    def training(text: str) -> None:
        console.line("training", text)

    with_trackers = "rasa" in plan.only
    asyncio.run(wait_for_databases(settings, console.say, plan.wait, with_trackers))
    model = None
    if "rasa" in plan.only:
        model = publish_model(root, training) if plan.train else require_model(root)
        point_to(model)
    upgrade(settings, trackers=with_trackers)
    if settings.demo and plan.only == PROCESSES:
        console.say(seed_demo(settings))
    state = RunState(installation_of(settings.database_url), os.getpid(),
                     {address.process: address.port for address in wanted}, ())

    async def renewed(spec: ProcessSpec) -> ProcessSpec:
        await wait_for_databases(settings, console.say, math.inf, with_trackers)
        return with_model(spec, live_model())

    def publish(processes: tuple[ProcessState, ...]) -> None:
        write(replace(state, processes=processes))

    with ExitStack() as closing:
        listeners = {name: closing.enter_context(one) for name, one in listen(wanted).items()}
        specs = [spec for spec in process_specs(settings, model, root, listeners)
                 if spec.name.partition(".")[0] in plan.only]
        closing.callback(remove, state)
        console.say(f"starting {', '.join(spec.name for spec in specs)}")
        supervisor = Supervisor(specs, console, renewed=renewed, publish=publish)
        watch = publish_changes(root, training) if plan.watch and model is not None else None
        asyncio.run(supervise(supervisor, console, welcome(settings, plan.only), watch))


async def supervise(
    supervisor: Supervisor, console: Console, greeting: str, beside: Coroutine[Any, Any, None] | None = None,
) -> None:
    """Start all, print `greeting` once all answer, and stay until Ctrl-C, SIGTERM or the terminal's end.

    Args:
        beside: What runs as long as they do.

    Raises:
        ProcessFailed: A process did not come up.
    """
    stop = asyncio.Event()

    def on_signal(number: signal.Signals) -> None:
        console.say(f"stopping ({number.name})")
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # `nohup` means it
            asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    starting = asyncio.create_task(supervisor.start())
    stopping = asyncio.create_task(stop.wait())
    tasks = [starting, stopping, *([asyncio.create_task(beside)] if beside is not None else [])]
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            console.plain(greeting)
            await stopping
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await supervisor.stop()
        console.say("stopped")


def welcome(settings: Settings, names: Sequence[str]) -> str:
    """Write where everything is, and in demo mode how to sign in."""
    lines = [""]
    if "rasa" in names:
        page = "" if settings.demo else "widget.js"  # there is a page to try it on in demo mode only
        lines.append(f"  Web chat   {settings.rasa_url}/webhooks/webchat/{page}")
    if "desk" in names:
        lines.append(f"  Desk       {settings.desk_url}/")
        lines.append(f"  Desk API   {settings.desk_url}/docs")
        if settings.demo:
            lines.append(f"  Sign in    anna (agent) or sam (supervisor), password {settings.demo_password}")
    if settings.demo and not settings.demo_on_loopback:
        lines.append(f"  Tokens     made up where not set, in {KEPT_IN}")
    lines += ["  Stop       Ctrl-C", ""]
    return "\n".join(lines)


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the processes that were named, in their order; all of them if none was.

    Raises:
        RunError: There is no such process.
    """
    unknown = [name for name in names if name not in PROCESSES]
    if unknown:
        raise RunError(f"there is no process {', '.join(unknown)}; there are {', '.join(PROCESSES)}")
    return tuple(name for name in PROCESSES if name in names) if names else PROCESSES
