"""Threads for work that blocks, apart for each kind of it, so that one thing that hangs holds up nothing else.

The event loop's default executor, which `asyncio.to_thread` uses, belongs to the ledger. Whatever asks something
outside of Tandem runs in a `Bulkhead` of its own.
"""
from __future__ import annotations

import asyncio
import functools
import gc
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)

LEDGER_THREADS = 16  # fewer than the connections that `tandem.db.engine` opens
NEW_OBJECTS = 20_000  # after which Python's garbage collector looks through the new ones; by itself after 700


def use_ledger_threads(threads: int = LEDGER_THREADS) -> None:
    """Give the running event loop its default executor, for calls of the ledger; once at a process's start."""
    executor = ThreadPoolExecutor(threads, thread_name_prefix="ledger")
    asyncio.get_running_loop().set_default_executor(executor)


def collect_less_often() -> None:
    """Let the garbage collector look through new objects once in some turns, and not many times in each."""
    _, older, oldest = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, older, oldest)


class NotBegun(Exception):
    """No thread was free in time: the work was not begun, and never will be."""


class TookTooLong(TimeoutError):
    """The work was begun and has not ended in time; it may still end, and what it does may still be done."""


class _Job:
    """One piece of work and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.begun: Future[None] = Future()
        self.result: Future[Any] = Future()


class Bulkhead:
    """A bounded pool of threads for one thing outside of Tandem.

    The time that work may take counts from the moment a thread begins it. Work that does not end keeps its thread, and
    there are never more than `threads`; when all of them are busy, further work is refused, and the log says so. They
    do not keep the process from ending.
    """

    def __init__(self, name: str, threads: int, patience: float = 1.0, waiting: int | None = None) -> None:
        """
        Args:
            name: Of what is called, for the log.
            patience: Seconds that work waits for a free thread.
            waiting: How much work may wait so at a time; more is refused at once. None for any amount.
        """
        self.name = name
        self.threads = threads
        self._patience = patience
        self._waiting = waiting
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._started = 0
        self._idle = 0
        self._inside = 0  # jobs at work or waiting
        self._hanging = 0
        self._full = False

    @property
    def hanging(self) -> int:
        """Count the threads still at work for which nobody waits any more."""
        return self._hanging

    def call(self, seconds: float, work: Callable[..., T], *args: Any) -> T:
        """Do this in one of the threads, and wait for it; blocking.

        Args:
            seconds: How long the work may take once a thread has begun it.

        Raises:
            NotBegun: No thread was free in time.
            TookTooLong: It did not end in time.
        """
        job = self._put(functools.partial(work, *args))
        wait({job.begun}, self._patience)
        if not job.begun.done() and job.result.cancel():
            raise self._refuse(job)
        wait({job.result}, seconds)
        value: T = self._ended(job, seconds)
        return value

    async def run(self, seconds: float, work: Callable[..., T], *args: Any) -> T:
        """Do what `call` does, on the event loop."""
        job = self._put(functools.partial(work, *args))
        try:
            begun = asyncio.wrap_future(job.begun)
            await asyncio.wait({begun}, timeout=self._patience)
            if not job.begun.done() and job.result.cancel():
                raise self._refuse(job)
            result = asyncio.wrap_future(job.result)
            result.add_done_callback(_take_note)
            await asyncio.wait({result}, timeout=seconds)
            if not result.done():
                result.cancel()  # nobody listens any more; the thread goes on
            value: T = self._ended(job, seconds)
            return value
        finally:
            if job.result.cancel():  # whoever waited has gone before it was begun
                self._drop(job)

    def _ended(self, job: _Job, seconds: float) -> Any:
        if job.result.done():
            return job.result.result()
        with self._changed:
            self._hanging += 1
            hanging = self._hanging
        job.result.add_done_callback(self._came_back)
        logger.warning("%s: a call has not ended in %.0f s; %d of %d threads hang", self.name, seconds, hanging,
                       self.threads)
        raise TookTooLong(f"{self.name} did not answer within {seconds:.0f} s")

    def _came_back(self, _: Future[Any]) -> None:
        with self._changed:
            self._hanging -= 1

    def _refuse(self, job: _Job) -> NotBegun:
        self._drop(job)
        with self._changed:
            first, self._full = not self._full, True
        if first:
            logger.error("%s: all %d threads are busy, %d of them hang; further calls are refused until one is free",
                         self.name, self.threads, self._hanging)
        return NotBegun(f"{self.name}: no thread was free")

    def _put(self, work: Callable[[], Any]) -> _Job:
        job = _Job(work)
        with self._changed:
            if self._waiting is not None and self._inside >= self.threads + self._waiting:
                raise NotBegun(f"{self.name}: too much waits for a thread already")
            self._inside += 1
            self._jobs.append(job)
            if len(self._jobs) > self._idle and self._started < self.threads:
                self._started += 1
                threading.Thread(target=self._serve, name=f"{self.name}-{self._started}", daemon=True).start()
            else:
                self._changed.notify()
        return job

    def _drop(self, job: _Job) -> None:
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                self._inside -= 1

    def _serve(self) -> None:
        while True:
            self._do(self._next())
            with self._changed:
                self._inside -= 1

    def _next(self) -> _Job:
        with self._changed:
            self._idle += 1
            while not self._jobs:
                self._changed.wait()
            self._idle -= 1
            self._full = False
            return self._jobs.popleft()

    def _do(self, job: _Job) -> None:
        if not job.result.set_running_or_notify_cancel():
            return
        job.begun.set_result(None)
        try:
            value = job.work()
        except BaseException as error:  # it belongs to whoever waits for the result
            job.result.set_exception(error)
        else:
            job.result.set_result(value)


def _take_note(result: asyncio.Future[Any]) -> None:
    """Look at how work ended that nobody waits for any more, so that asyncio does not complain of it."""
    if not result.cancelled():
        result.exception()
