"""What the desk does for the database now and then: add counters up, and remove what is older than the shop keeps."""
from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tandem.conversations import counters
from tandem.retention import PruningInProgress, PruningStopped, prune
from tandem.services import Services

logger = logging.getLogger(__name__)

EVERY = 60.0  # seconds between two looks
PRUNE_EVERY = timedelta(hours=24)


class Housekeeping:
    """Runs in a thread of its own, so that a long removal keeps nobody waiting."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="housekeeping")

    async def run(self) -> None:
        """Look until cancelled; a removal under way then stops at the end of its batch."""
        try:
            while True:
                try:
                    await asyncio.get_running_loop().run_in_executor(self._thread, self.look)
                except Exception:  # whatever it was, the next look must come
                    logger.exception("The database could not be kept in order; it is tried again")
                await asyncio.sleep(EVERY)
        finally:
            self._stop.set()
            self._thread.shutdown(wait=False)

    def look(self) -> None:
        """Do what is due; blocking."""
        counters.fold(self._services.engine)
        settings = self._services.settings
        if not settings.retention_days:
            return
        try:
            removed = prune(self._services.ledger, settings.tracker_url, settings.retention_days, every=PRUNE_EVERY,
                            goes_on=lambda: not self._stop.is_set(), sleep=self._stop.wait)
        except (PruningInProgress, PruningStopped):
            return
        if removed:
            logger.info("Removed what is older than %d days: %s", settings.retention_days, in_words(removed))


def in_words(removed: Mapping[str, int]) -> str:
    """Write what was removed, on one line."""
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(removed.items())) or "nothing"
