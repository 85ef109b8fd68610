"""Agents' accounts: who may sign in to the desk, and what they may do there."""
from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from enum import Enum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Engine

from tandem.database import now, reading
from tandem.desk.tables import agents, desk_sessions

MIN_PASSWORD = 12  # characters
MAX_PASSWORD = 256
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # the OWASP minimum for Argon2id
_hashing = threading.BoundedSemaphore(4)  # so that a storm of sign-ins cannot fill the memory
_NOBODY = _hasher.hash("nobody has this password")


class Role(str, Enum):
    """What an account may do; each role may do what the one before may.

    An agent works on conversations; a supervisor may also take them from colleagues; an admin may also export and
    erase customers' data.
    """

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True)
class Account:
    """An agent's account. `id` is the sign-in name, `name` is what customers see."""

    id: str
    name: str
    role: Role
    active: bool


class AccountError(ValueError):
    """The account cannot be made or changed; the text says why."""


def add_agent(engine: Engine, agent_id: str, name: str, password: str, role: Role = Role.AGENT) -> Account:
    """Make an account.

    Args:
        agent_id: The sign-in name: 2 to 64 of a-z, 0-9, dot, dash, underscore. Upper case is lowered.
        name: What colleagues and customers see, up to 120 characters.
        password: 12 to 256 characters.

    Raises:
        AccountError: A value is not acceptable, or the name is taken.
    """
    agent_id = agent_id.strip().lower()
    if not _NAME.fullmatch(agent_id):
        raise AccountError("a sign-in name has 2 to 64 of a-z, 0-9, dot, dash, underscore, and starts with a-z or 0-9")
    name = name.strip()
    if not name or len(name) > 120 or not name.isprintable():
        raise AccountError("a display name has 1 to 120 printable characters")
    _check_password(agent_id, password)
    if find(engine, agent_id) is not None:
        raise AccountError(f"{agent_id} exists already")
    _insert(engine, agent_id, name, password, role)
    return Account(agent_id, name, role, True)


def set_password(engine: Engine, agent_id: str, password: str) -> None:
    """Change a password and end all sessions of the account.

    Raises:
        AccountError: No such account, or the password is not acceptable.
    """
    if find(engine, agent_id) is None:
        raise AccountError(f"there is no agent {agent_id}")
    _check_password(agent_id, password)
    _store_password(engine, agent_id, password)


def set_active(engine: Engine, agent_id: str, active: bool) -> None:
    """Open or close an account; closing ends its sessions.

    Raises:
        AccountError: No such account.
    """
    if find(engine, agent_id) is None:
        raise AccountError(f"there is no agent {agent_id}")
    with engine.begin() as connection:
        connection.execute(update(agents).where(agents.c.id == agent_id).values(active=active))
        if not active:
            connection.execute(delete(desk_sessions).where(desk_sessions.c.agent_id == agent_id))


def find(engine: Engine, agent_id: str) -> Account | None:
    """The account with this sign-in name."""
    with reading(engine).connect() as connection:
        row = connection.execute(select(agents).where(agents.c.id == agent_id)).first()
    return Account(row.id, row.name, Role(row.role), row.active) if row is not None else None


def list_agents(engine: Engine) -> list[Account]:
    """All accounts, by sign-in name."""
    with reading(engine).connect() as connection:
        rows = connection.execute(select(agents).order_by(agents.c.id)).all()
    return [Account(row.id, row.name, Role(row.role), row.active) for row in rows]


def check_password(engine: Engine, agent_id: str, password: str) -> Account | None:
    """The active account that this password opens, or None.

    An unknown name takes as long as a wrong password, so that names cannot be told by the clock.
    """
    with reading(engine).connect() as connection:
        row = connection.execute(select(agents).where(agents.c.id == agent_id)).first()
    matches = _matches(row.password_hash if row is not None else _NOBODY, password)
    if row is None or not matches or not row.active:
        return None
    if _hasher.check_needs_rehash(row.password_hash):
        with engine.begin() as connection:
            connection.execute(update(agents).where(agents.c.id == agent_id)
                               .values(password_hash=_hash(password)))
    return Account(row.id, row.name, Role(row.role), True)


def seed_demo_agents(engine: Engine, password: str) -> list[Account]:
    """The demo's two agents, Anna Berg and her supervisor Sam Okafor, with this password.

    Run again with the same password it changes nothing; with another one it sets that and ends their sessions.

    Raises:
        AccountError: The password is empty or longer than 256 characters.
    """
    if not password or len(password) > MAX_PASSWORD:
        raise AccountError(f"the demo password has 1 to {MAX_PASSWORD} characters")
    seeded = []
    for agent_id, name, role in (("anna", "Anna Berg", Role.AGENT), ("sam", "Sam Okafor", Role.SUPERVISOR)):
        if find(engine, agent_id) is None:
            _insert(engine, agent_id, name, password, role)
        elif check_password(engine, agent_id, password) is None:
            _store_password(engine, agent_id, password)
        seeded.append(Account(agent_id, name, role, True))
    return seeded


def _check_password(agent_id: str, password: str) -> None:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AccountError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    if agent_id in password.lower() or len(set(password)) < 5:
        raise AccountError("the password is too easy to guess")


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password.encode("utf-8", "replace"))


def _matches(password_hash: str, password: str) -> bool:
    if len(password) > MAX_PASSWORD:
        return False
    try:
        with _hashing:
            return _hasher.verify(password_hash, password.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False


def _insert(engine: Engine, agent_id: str, name: str, password: str, role: Role) -> None:
    password_hash = _hash(password)
    with engine.begin() as connection:
        connection.execute(insert(agents).values(
            id=agent_id, name=name, role=role.value, password_hash=password_hash, active=True, created_at=now()))


def _store_password(engine: Engine, agent_id: str, password: str) -> None:
    password_hash = _hash(password)
    with engine.begin() as connection:
        connection.execute(update(agents).where(agents.c.id == agent_id)
                           .values(password_hash=password_hash, active=True))
        connection.execute(delete(desk_sessions).where(desk_sessions.c.agent_id == agent_id))
