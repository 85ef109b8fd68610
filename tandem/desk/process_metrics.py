"""How the processes of Tandem stand, as Prometheus reads it: what `tandem run` wrote down in var/run/."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tandem import run_state
from tandem.run_state import RunState


def process_metrics(database_url: str, folder: Path = run_state.FOLDER) -> str:
    """Which processes are up, and how often each died or froze since its `tandem run` began; empty if none is known."""
    states = run_state.read(run_state.installation_of(database_url), folder)
    return "".join(f"{line}\n" for line in _lines(states)) if states else ""


def _lines(states: Sequence[RunState]) -> Iterator[str]:
    processes = [process for state in states for process in state.processes]
    yield "# HELP tandem_process_up 1 if the process works, 0 while it starts or is down."
    yield "# TYPE tandem_process_up gauge"
    for process in processes:
        yield f'tandem_process_up{{process="{process.name}"}} {int(process.state == "up")}'
    yield "# HELP tandem_process_restarts_total How often a process was replaced since its supervisor began."
    yield "# TYPE tandem_process_restarts_total counter"
    for process in processes:
        for reason, count in (("died", process.deaths), ("froze", process.freezes)):
            yield f'tandem_process_restarts_total{{process="{process.name}",reason="{reason}"}} {count}'
    yield "# HELP tandem_locks_up 1 if the locks that workers share answer, 0 while turns go on without them."
    yield "# TYPE tandem_locks_up gauge"
    for process in processes:
        if process.locks:
            yield f'tandem_locks_up{{process="{process.name}"}} {int(process.locks == "up")}'
