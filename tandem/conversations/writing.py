"""Writing to the ledger from an event loop: a row that somebody holds keeps one thread busy, and not all of them."""
from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as DatabaseTimeout

from tandem.db.engine import is_locked
from tandem.logs import about

T = TypeVar("T")
logger = logging.getLogger(__name__)

THREADS = 8  # beside the ledger's own, so that those who read never wait for those who write
PATIENCE = 20.0  # seconds until a write to a row that is held is given up
_PAUSES = (0.05, 0.2, 0.5, 1.0)  # seconds between attempts; the last one again and again

_queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def write(conversation_id: str | None, work: Callable[..., T], *args: object) -> T:
    """Run a writing call of the ledger in a thread, one at a time for a conversation (None: a new one).

    The database gives up a wait for a locked row after seconds (`tandem.db.engine`). Then the thread is given back, and
    the call, which has changed nothing, is made again, until `PATIENCE` is used up.

    Raises:
        SQLAlchemyError: The row stays locked, or whatever else went wrong.
    """
    until = time.monotonic() + PATIENCE
    loop = asyncio.get_running_loop()
    async with _turn(conversation_id, until):
        attempt = 0
        while True:
            try:
                return await loop.run_in_executor(_threads(), functools.partial(work, *args))
            except OperationalError as error:
                pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
                if not is_locked(error) or time.monotonic() + pause > until:
                    raise
                logger.warning("The database is locked; a write is tried again", extra=about(conversation_id or "new"))
            attempt += 1
            await asyncio.sleep(pause)


@asynccontextmanager
async def _turn(conversation_id: str | None, until: float) -> AsyncIterator[None]:
    """Wait until the writes before this one are done."""
    if conversation_id is None:
        yield
        return
    queue = _queues.get(conversation_id)
    if queue is None:
        queue = _queues[conversation_id] = asyncio.Lock()
    if not queue.locked():
        await queue.acquire()
    else:
        try:
            await asyncio.wait_for(queue.acquire(), until - time.monotonic())
        except asyncio.TimeoutError:
            raise DatabaseTimeout("the conversation's row is locked, and others wait for it already") from None
    try:
        yield
    finally:
        queue.release()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="ledger-write")
