"""Run a module without deprecation warnings of its libraries: python -m tandem.run.quietly MODULE [ARGUMENT ...].

Rasa 3.6 and its libraries print some thirty of them at every start, and Sanic switches them back on whatever
PYTHONWARNINGS says. Other warnings are shown.
"""
from __future__ import annotations

import runpy
import sys
import warnings
from typing import TextIO

_show = warnings.showwarning


def _show_others(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if not issubclass(category, (DeprecationWarning, PendingDeprecationWarning, FutureWarning)):
        _show(message, category, filename, lineno, file, line)


if __name__ == "__main__":
    warnings.showwarning = _show_others
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
