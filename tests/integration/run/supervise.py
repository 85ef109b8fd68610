"""`tandem run`'s supervisor over stand-ins, as a process of its own: supervise.py FOLDER PORT [PORT ...]."""
from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tandem.run.console import Console
from tandem.run.ports import ListenAddress, listen
from tandem.run.process import BEATS, LISTEN, ProcessSpec
from tandem.run.stack import supervise
from tandem.run.supervisor import Supervisor, SupervisorTimes

folder, ports = Path(sys.argv[1]), sys.argv[2:]
specs = []
for number, port in enumerate(ports):
    name = f"part{number}"
    listener = listen([ListenAddress(name, "127.0.0.1", int(port), "PORT")])[name]
    command = (sys.executable, "-m", "tests.integration.run.stand_in", LISTEN, BEATS, str(folder / f"pids{number}"),
               "child")
    specs.append(ProcessSpec(name, command, Path.cwd(), listener=listener, start_seconds=30))
console = Console()
asyncio.run(supervise(Supervisor(specs, console, SupervisorTimes(first_wait=0.2, grace=2)), console, "all is up"))
