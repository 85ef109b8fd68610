"""`tandem run`'s supervisor over stand-ins, as a process of its own: supervise.py FOLDER PORT [PORT ...]."""
from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tandem.run.console import Console
from tandem.run.process import ProcessSpec
from tandem.run.stack import supervise
from tandem.run.supervisor import Patience, Supervisor

folder, ports = Path(sys.argv[1]), sys.argv[2:]
stand_in = str(Path(__file__).with_name("stand_in.py"))
specs = [
    ProcessSpec(f"part{number}", (sys.executable, stand_in, port, str(folder / f"pids{number}"), "child"), folder,
                f"http://127.0.0.1:{port}/", start_seconds=30)
    for number, port in enumerate(ports)
]
console = Console()
asyncio.run(supervise(Supervisor(specs, console, Patience(first_wait=0.2, grace=2)), console, "all is up"))
