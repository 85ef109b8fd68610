"""The lock of a conversation in Rasa: held while a message is handled, and while Rasa's HTTP API changes a tracker.

It saves work that would be done in vain, and no more hangs on it. The order of a customer's messages is the ledger's
(`turn_queue`), and a tracker is saved only on top of what it was read from (`tracker_store`). So a lock whose holder
died, or a lock service that is away, costs some patience and nothing else.
"""
from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rasa.core.agent import Agent
from rasa.core.lock import TicketLock
from rasa.core.lock_store import InMemoryLockStore, LockStore
from rasa.core.tracker_store import FailSafeTrackerStore
from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection, Engine

logger = logging.getLogger(__name__)

IN_LINE = 30.0  # seconds to wait for others in this process
ANSWER = 3.0  # seconds that a lock service may take to answer
AWAY = 5.0  # seconds for which a service that failed is not asked
LOOK_EVERY = 5.0  # seconds between looks whether the shared locks are there
_LOOK = 0.05  # seconds between looks whether a lock is free
_THREADS = 4  # a service that hangs must not take the threads that the ledger needs


@dataclass
class _LinePosition:
    """Where somebody stands in line for an advisory lock: at a session of the database."""

    session: Connection
    served: bool = False


class SharedLocks(ABC):
    """Locks that several workers share; blocking. `patience` is how long one is waited for, in seconds."""

    patience: float

    @abstractmethod
    def ask(self, conversation_id: str) -> Any:
        """Stand in line; return a ticket for `is_served` and `leave`."""

    @abstractmethod
    def is_served(self, conversation_id: str, ticket: Any) -> bool:
        """Check whether the lock is ours now."""

    @abstractmethod
    def leave(self, conversation_id: str, ticket: Any) -> None:
        """Give the lock, or the place in the line, up."""

    @abstractmethod
    def answer(self) -> None:
        """Do nothing, or raise as the others do when the service is away."""


class PostgresLocks(SharedLocks):
    """Advisory locks of one session: when the process dies, its connection ends and all its locks with it."""

    patience = 10.0  # whoever holds one lives, or is a frozen worker that is about to be replaced
    _TAKE = select(func.pg_try_advisory_lock(func.hashtextextended(bindparam("target"), 0)))
    _FREE = select(func.pg_advisory_unlock(func.hashtextextended(bindparam("target"), 0)))

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._session: Any = None  # a connection, once it is needed

    def ask(self, conversation_id: str) -> Any:
        if self._session is None or self._session.closed or self._session.invalidated:
            if self._session is not None:
                self._session.close()
            self._session = self._engine.connect()
        return _LinePosition(self._session)

    def is_served(self, conversation_id: str, ticket: Any) -> bool:
        ticket.served = bool(ticket.session.execute(self._TAKE, {"target": f"lock {conversation_id}"}).scalar_one())
        return bool(ticket.served)

    def leave(self, conversation_id: str, ticket: Any) -> None:
        if ticket.served and ticket.session is self._session:  # an earlier session took its locks with it
            ticket.session.execute(self._FREE, {"target": f"lock {conversation_id}"})

    def answer(self) -> None:
        self.ask("").session.execute(select(1))


class TicketLocks(SharedLocks):
    """The lock store that endpoints.yml names, such as Rasa's on Redis."""

    patience = 3.0  # a dead worker's ticket stays for a minute; with a turn's lease this is what a death may cost

    def __init__(self, store: LockStore) -> None:
        self._store = store

    def ask(self, conversation_id: str) -> Any:
        return self._store.issue_ticket(conversation_id)

    def is_served(self, conversation_id: str, ticket: Any) -> bool:
        lock = self._store.get_lock(conversation_id)
        return lock is None or not lock.is_locked(ticket)

    def leave(self, conversation_id: str, ticket: Any) -> None:
        self._store.cleanup(conversation_id, ticket)

    def answer(self) -> None:
        self._store.get_lock("")


class ConversationLocks(LockStore):
    """Rasa's lock store: in line within this process, and with `shared` locks between the workers.

    Who has waited long enough goes on without the lock.
    """

    def __init__(self, shared: SharedLocks | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._clock = clock
        self._away_until = 0.0
        self._lines: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: defaultdict[str, int] = defaultdict(int)
        # A session of PostgreSQL does one thing at a time.
        threads = 1 if isinstance(shared, PostgresLocks) else _THREADS
        self._threads = ThreadPoolExecutor(threads, "locks") if shared is not None else None

    @property
    def is_away(self) -> bool:
        """Check whether the shared locks failed a moment ago, so that turns go on without them."""
        return self._clock() < self._away_until

    async def look(self) -> bool:
        """Ask the shared locks whether they are there, so that it is known without a turn; True without any."""
        if self._shared is not None:
            try:
                await self._call(self._shared.answer)
            except Exception as error:  # whatever a lock service may say
                self._failed(error)
                return False
        return True

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = 0.0, wait_time_in_seconds: float = 0.0,
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the lock of a conversation; the parameters of Rasa's are not needed, for no lock outlives its holder."""
        line = self._lines[conversation_id]
        self._waiting[conversation_id] += 1
        try:
            async with _patiently(line), self._with_workers(conversation_id):
                yield TicketLock(conversation_id)
        finally:
            self._waiting[conversation_id] -= 1
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id], self._lines[conversation_id]

    @asynccontextmanager
    async def _with_workers(self, conversation_id: str) -> AsyncGenerator[None, None]:
        ticket = None
        if self._shared is not None and not self.is_away:
            try:
                ticket = await self._take(self._shared, conversation_id)
            except Exception as error:  # whatever a lock service may say
                self._failed(error)
        try:
            yield
        finally:
            if self._shared is not None and ticket is not None:
                self._leave(self._shared, conversation_id, ticket)

    def _failed(self, error: Exception) -> None:
        self._away_until = self._clock() + AWAY
        logger.warning("The locks that workers share cannot be had (%s); turns go on without", _name(error))

    async def _take(self, shared: SharedLocks, conversation_id: str) -> Any:
        end = self._clock() + shared.patience
        ticket = await self._call(shared.ask, conversation_id)
        try:
            while not await self._call(shared.is_served, conversation_id, ticket):
                if self._clock() >= end:
                    logger.warning("Another worker holds the lock of a conversation for long; this one goes on without")
                    break
                await asyncio.sleep(_LOOK)
        except BaseException:
            self._leave(shared, conversation_id, ticket)
            raise
        return ticket

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.run_in_executor(self._threads, function, *arguments), ANSWER)

    def _leave(self, shared: SharedLocks, conversation_id: str, ticket: Any) -> None:
        """Give a lock up without waiting; the threads work in order, so it is left before it is asked for again."""
        assert self._threads is not None

        def leave() -> None:
            try:
                shared.leave(conversation_id, ticket)
            except Exception as error:  # the next one waits for its end, or goes on without
                logger.warning("The lock of a conversation was not given back: %s", _name(error))

        self._threads.submit(leave)


@asynccontextmanager
async def _patiently(line: asyncio.Lock) -> AsyncGenerator[None, None]:
    mine = asyncio.ensure_future(line.acquire())
    try:
        await asyncio.wait({mine}, timeout=IN_LINE)
        if not mine.done():
            logger.warning("The lock of a conversation is held for long in this process; what waits goes on without")
        yield
    finally:
        if mine.done() and not mine.cancelled():
            line.release()
        mine.cancel()


def _name(error: BaseException) -> str:
    return type(error).__name__


def install_locks(agent: Agent) -> None:
    """Give an agent, which Rasa makes anew with each model that it loads, these locks and its tracker store as it is.

    Rasa wraps the tracker store so that a tracker which cannot be read counts as empty, and one that cannot be saved is
    kept in memory only. A turn that has lost its tracker must fail instead, and be run again.
    """
    if isinstance(agent.tracker_store, FailSafeTrackerStore):
        agent.tracker_store = agent.tracker_store._tracker_store
    if not isinstance(agent.lock_store, ConversationLocks):
        agent.lock_store = _locks(agent)
    processor: Any = getattr(agent, "processor", None)
    if processor is not None:
        processor.tracker_store, processor.lock_store = agent.tracker_store, agent.lock_store


async def watch(agent: Callable[[], Agent | None], tell: Callable[[str, str], None]) -> None:
    """Look again and again whether the locks that workers share are there, and `tell("locks", "up")` or "away"."""
    while True:
        locks = getattr(agent(), "lock_store", None)
        if isinstance(locks, ConversationLocks):
            tell("locks", "up" if await locks.look() else "away")
        await asyncio.sleep(LOOK_EVERY)


def _locks(agent: Agent) -> ConversationLocks:
    if not isinstance(agent.lock_store, InMemoryLockStore):
        return ConversationLocks(TicketLocks(agent.lock_store))
    engine: Engine | None = getattr(agent.tracker_store, "engine", None)
    if engine is not None and engine.dialect.name == "postgresql":
        return ConversationLocks(PostgresLocks(engine))
    return ConversationLocks()
