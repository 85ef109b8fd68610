"""Where actions wait for the order system: in threads of their own, so that those that need no order never wait too."""
from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tandem.orders.guarded import order_budget

T = TypeVar("T")

ORDER_SECONDS = 10.0  # that the order system may take in one action; Rasa waits a little longer
THREADS = 32  # each waits only as long as the guard of the order system lets it


async def with_orders(work: Callable[..., T], *args: object) -> T:
    """Run what may ask the order system in a thread; like `asyncio.to_thread`, whose threads are the ledger's."""
    in_context = contextvars.copy_context().run
    return await asyncio.get_running_loop().run_in_executor(
        _threads(), functools.partial(in_context, _in_budget, work, *args))


def _in_budget(work: Callable[..., T], *args: object) -> T:
    with order_budget(ORDER_SECONDS):
        return work(*args)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="order-actions")
