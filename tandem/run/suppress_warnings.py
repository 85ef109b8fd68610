"""Run a module without deprecation warnings of its libraries.

    python -m tandem.run.suppress_warnings MODULE [ARGUMENT ...]

Rasa 3.6 and its libraries print some thirty of them at every start, and Sanic switches them back on whatever
PYTHONWARNINGS says. Other warnings are shown.
"""
from __future__ import annotations

import logging
import runpy
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

import structlog

from tandem.settings import QUIET, set_defaults

_show = warnings.showwarning


def _show_others(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if not issubclass(category, (DeprecationWarning, PendingDeprecationWarning, FutureWarning)):
        _show(message, category, filename, lineno, file, line)


def _show_none(*_parts: object, **_named: object) -> None:
    """Hide warnings of slots, pins and features, which whoever reads a sentence's mood cannot fix."""


def silence() -> None:
    """Let this process print its own answer and nothing of its libraries; before Rasa and TensorFlow are imported."""
    set_defaults(QUIET)
    warnings.showwarning = _show_none
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def run_module(command: Sequence[str]) -> None:
    """Run `MODULE [ARGUMENT ...]` in this process as Python's `-m` does, without those warnings."""
    warnings.showwarning = _show_others
    sys.argv[:] = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run_module(sys.argv[1:])
