"""Signing in, with a brake on guessing per account and per address."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.sql.elements import ColumnElement

from tandem.access.proxies import counted_as
from tandem.agents import accounts
from tandem.agents.accounts import Account
from tandem.agents.tables import sign_in_attempts
from tandem.db.engine import now, serialise

FREE_PER_AGENT = 5  # failures without a pause, within WINDOW
FREE_PER_ADDRESS = 30  # a shop's agents often share one address
WINDOW = timedelta(minutes=30)
LONGEST_PAUSE = timedelta(minutes=5)  # an outsider must not be able to lock an agent out for the day
_KEPT = timedelta(days=30)


class SignInRefused(Exception):
    """The name or the password is wrong; it does not say which."""


class TooManyAttempts(Exception):
    """Signing in must pause for `wait`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"try again in {round(wait.total_seconds())} seconds")
        self.wait = wait


class SignInAttempts:
    """Checks passwords, and slows down guessing; blocking."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._clock = clock

    def attempt(self, agent_id: str, password: str, address: str) -> Account:
        """Check a name and a password.

        Raises:
            TooManyAttempts: After repeated failures of this account or from this address; the pause doubles with each.
            SignInRefused: Wrong, unknown or closed.
        """
        agent_id = agent_id.strip().lower()[:120].encode("utf-8", "replace").decode().replace("\x00", "")
        # Written down as a failure before the password is looked at: guesses made side by side all count.
        number = self._begin(agent_id, counted_as(address))
        account = accounts.check_password(self._engine, agent_id, password)
        if account is None:
            raise SignInRefused("the name or the password is wrong")
        with self._engine.begin() as connection:
            connection.execute(update(sign_in_attempts).where(sign_in_attempts.c.id == number).values(succeeded=True))
        return account

    def _begin(self, agent_id: str, address: str) -> int:
        now = self._clock()
        with self._engine.begin() as connection:
            serialise(connection, f"sign-in from {address}")  # else guesses side by side do not see one another
            serialise(connection, f"sign-in as {agent_id}")
            connection.execute(delete(sign_in_attempts).where(sign_in_attempts.c.at < now - _KEPT))
            wait = max(
                self._pause(connection, now, sign_in_attempts.c.agent_id == agent_id, FREE_PER_AGENT),
                self._pause(connection, now, sign_in_attempts.c.address == address, FREE_PER_ADDRESS),
            )
            if wait > timedelta(0):
                raise TooManyAttempts(wait)
            result = connection.execute(insert(sign_in_attempts).values(
                agent_id=agent_id, address=address, at=now, succeeded=False))
            return int(result.inserted_primary_key[0])

    @staticmethod
    def _pause(connection: Connection, now: datetime, subject: ColumnElement, free: int) -> timedelta:
        recent = and_(subject, sign_in_attempts.c.at > now - WINDOW)
        success = connection.execute(
            select(func.max(sign_in_attempts.c.id)).where(recent, sign_in_attempts.c.succeeded.is_(True))).scalar()
        failures = connection.execute(
            select(sign_in_attempts.c.at).where(recent, sign_in_attempts.c.id > (success or 0))
            .order_by(sign_in_attempts.c.id.desc())).scalars().all()
        if len(failures) < free:
            return timedelta(0)
        pause = min(LONGEST_PAUSE, timedelta(seconds=2 ** min(len(failures) - free + 1, 20)))
        last: datetime = failures[0]
        return last + pause - now
