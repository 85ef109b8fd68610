"""Tasks in the background of one event loop: none is lost, and none fails unheard."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Tasks:
    """Holds on to tasks while they run."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run this on the running event loop; an error goes into the log."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._running.add(task)

        def ended(done: asyncio.Task[Any]) -> None:
            self._running.discard(done)
            if not done.cancelled() and done.exception() is not None:
                logger.error("A background task failed", exc_info=done.exception())

        task.add_done_callback(ended)
        return task

    async def stop(self, patience: float) -> None:
        """Cancel all and wait for their end; a library may swallow a cancellation, then it is asked again.

        Args:
            patience: Seconds until it is.
        """
        while self._running:
            for task in list(self._running):
                task.cancel()
            await asyncio.wait(list(self._running), timeout=patience)
