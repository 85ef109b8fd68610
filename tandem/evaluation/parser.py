"""The trained pipeline without a server: reads sentences as the running bot would."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Parser(Protocol):
    """Reads a sentence: what of Rasa's parse is used are `intent`, `intent_ranking`, `entities` and `sentiment`."""

    def __call__(self, text: str) -> Mapping[str, Any]:
        """Parse `text` as `POST /model/parse` answers it."""


class ModelUnreadable(RuntimeError):
    """The file is no model that can be loaded; the text says why."""


class ModelParser:
    """The pipeline of a trained model, loaded once (some seconds), then some 10 ms a sentence."""

    def __init__(self, archive: Path) -> None:
        """Load a model.

        Raises:
            ModelUnreadable: `archive` is no trained model.
        """
        import structlog  # this and Rasa take seconds to import: only for who parses
        from rasa.core.agent import Agent
        from rasa.shared.exceptions import RasaException

        # Rasa sets this up in its own command line alone; without it, every sentence is logged to standard output.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        try:
            self._agent = Agent.load(str(archive))
        except (RasaException, OSError, ValueError) as error:
            raise ModelUnreadable(f"{archive.name}: {error}") from error
        if not self._agent.is_ready():
            raise ModelUnreadable(f"{archive.name} is no trained model")
        self._loop = asyncio.new_event_loop()

    def __call__(self, text: str) -> Mapping[str, Any]:
        """Parse `text` as `POST /model/parse` answers it."""
        parse: Mapping[str, Any] = self._loop.run_until_complete(self._agent.parse_message(text))
        return parse

    def close(self) -> None:
        """Let go of the event loop."""
        self._loop.close()
