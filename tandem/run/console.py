"""The terminal of `tandem run`: every line under the name of the process that wrote it."""
from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO

from tandem.settings import colour_wanted

OWN_NAME = "tandem"
_COLOURS: Mapping[str, str] = {OWN_NAME: "1", "rasa": "35", "actions": "36", "desk": "33", "training": "34"}
_WIDTH = max(len(name) for name in _COLOURS)


class Console:
    """Writes whole lines, so that processes never tear one another's."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colour = colour_wanted(self._out.isatty())

    def line(self, name: str, text: str) -> None:
        """Write one line of the process `name`."""
        head = f"{name:<{_WIDTH}} |"
        if self._colour:
            head = f"\033[{_COLOURS.get(name.partition('.')[0], '37')}m{head}\033[0m"
        self._write(f"{head} {text}")

    def say(self, text: str) -> None:
        """Write a line of Tandem's own."""
        self.line(OWN_NAME, text)

    def plain(self, text: str) -> None:
        """Write a text as it is, such as the addresses."""
        self._write(text)

    def _write(self, text: str) -> None:
        try:
            self._out.write(text + "\n")
            self._out.flush()
        except UnicodeEncodeError:
            encoding = self._out.encoding or "ascii"
            self._out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
            self._out.flush()
        except BrokenPipeError:
            pass  # whoever read along has left; the processes stay
