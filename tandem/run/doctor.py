"""`tandem doctor`: what would keep Tandem from running well here, each with its fix."""
from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tandem.rasa_ext.version import FIX, UnsupportedRasa, require_supported_rasa
from tandem.run import doctor_files, doctor_services, doctor_settings
from tandem.run.diagnosis import Diagnosis
from tandem.run.errors import RunError
from tandem.run.model import require_model
from tandem.run.ports import addresses, trouble_with
from tandem.run_state import RunState, installation_of, read
from tandem.settings import Settings

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^;\s]+)[ \t]*\\?$", re.MULTILINE)  # without a marker
_LEAST_SPACE = 500_000_000  # bytes


def examine(settings: Settings, root: Path, environment_has: Callable[[str], bool]) -> list[Diagnosis]:
    """Look at everything, also beside a running Tandem; nothing is changed but the database's folder, which is made.

    Args:
        environment_has: Whether an environment variable is set.
    """
    runs = read(installation_of(settings.database_url))
    return [
        _python(),
        _rasa(),
        _packages(root),
        _disk(root),
        *doctor_settings.findings(settings),
        *_ports(settings, runs),
        *_processes(runs),
        _model(root, runs),
        *doctor_services.findings(settings, root),
        *doctor_files.findings(settings, root, environment_has),
    ]


def _python() -> Diagnosis:
    state = ".".join(str(part) for part in sys.version_info[:3])
    fix = "" if sys.version_info[:2] == (3, 10) else "Python 3.10 is needed: install it and run `make install`"
    return Diagnosis("Python", state, fix)


def _rasa() -> Diagnosis:
    try:
        return Diagnosis("Rasa", require_supported_rasa())
    except UnsupportedRasa as error:
        return Diagnosis("Rasa", str(error), FIX)


def _packages(root: Path) -> Diagnosis:
    """Check whether every pinned package is installed in the pinned version."""
    try:
        pins = _PIN.findall((root / "requirements.txt").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return Diagnosis("packages", f"requirements.txt cannot be read: {error}", "restore requirements.txt")
    off = [f"{name} is {found}, not {wanted}" for name, wanted in pins if (found := _version(name)) != wanted]
    return Diagnosis("packages", "; ".join(off) or f"{len(pins)} as pinned", "run `make install`" if off else "")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _disk(root: Path) -> Diagnosis:
    free = shutil.disk_usage(root).free
    fix = "make room: no message can be stored on a full disk" if free < _LEAST_SPACE else ""
    return Diagnosis("disk", f"{free / 1e9:.1f} GB free", fix)


def _ports(settings: Settings, runs: list[RunState]) -> Iterator[Diagnosis]:
    """Check that the ports are free, or held by this very Tandem."""
    ours = {(process, port): run.pid for run in runs for process, port in run.ports.items()}
    for address in addresses(settings):
        subject = f"port {address.port} ({address.process})"
        trouble = trouble_with(address)
        holder = ours.get((address.process, address.port))
        if trouble and holder:
            yield Diagnosis(subject, f"this Tandem listens there (`tandem run`, process {holder})")
        else:
            yield Diagnosis(subject, "not free" if trouble else "free", trouble or "")


def _processes(runs: list[RunState]) -> Iterator[Diagnosis]:
    """Say how the processes of a running Tandem stand; nothing if none runs."""
    for process in (process for run in runs for process in run.processes):
        replaced = process.deaths + process.freezes
        state = f"{process.state}, process {process.pid}"
        if replaced:
            state += f"; replaced {replaced} times since `tandem run` began ({process.freezes} of them frozen)"
        fix = "" if process.state == "up" else "its log says why; wait if it is only just starting"
        yield Diagnosis(process.name, state, fix)


def _model(root: Path, runs: list[RunState]) -> Diagnosis:
    try:
        fresh = require_model(root)
    except RunError as error:
        return Diagnosis("model", "missing or not fresh", str(error))
    old = sorted({process.model for run in runs for process in run.processes
                  if process.model and process.model != fresh.name})
    if old:
        return Diagnosis("model", f"{fresh.name} is trained, but {', '.join(old)} answers customers",
                       "run `tandem train`, which brings the new one to the running bot, or see its log for why not")
    return Diagnosis("model", f"{fresh.name}, trained on the present data")
