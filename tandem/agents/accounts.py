"""Agents' accounts: who may sign in to the desk, and what they may do there."""
from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from tandem.agents.tables import agents, desk_sessions
from tandem.conversations.tables import handoffs
from tandem.db.engine import now, reading, serialise
from tandem.executors import Bulkhead

MIN_PASSWORD = 12  # characters
MAX_PASSWORD = 256
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # the OWASP minimum for Argon2id
# A storm of sign-ins fills neither the memory nor the threads that agents' pages are made in.
_HASHING = Bulkhead("passwords", 4, patience=5.0, waiting=8)
_HASH_SECONDS = 10.0  # a hash takes some 50 milliseconds
_ADMINS = "accounts with the role admin"  # one change at a time, or the last two could remove each other


class Role(str, Enum):
    """What an account may do; each role may do what the one before may.

    An agent works on conversations; a supervisor may also take them from colleagues; an admin may also manage
    accounts, and export and erase customers' data.
    """

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    def covers(self, role: Role) -> bool:
        """Check whether this role may do all that another role may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(role)


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
    name = _display_name(name)
    _check_password(agent_id, password)
    try:
        _insert(engine, agent_id, name, password, role)
    except IntegrityError as error:
        raise AccountError(f"{agent_id} exists already") from error
    return Account(agent_id, name, role, True)


def set_password(engine: Engine, agent_id: str, password: str, keep_session: str | None = None) -> None:
    """Change a password and end the sessions of the account.

    Args:
        keep_session: The `id_hash` of the one session that stays: of the agent who changes their own.

    Raises:
        AccountError: No such account, or the password is not acceptable.
    """
    if find(engine, agent_id) is None:
        raise AccountError(f"there is no agent {agent_id}")
    _check_password(agent_id, password)
    _store_password(engine, agent_id, password, keep_session)


def change(
    engine: Engine, agent_id: str, *, role: Role | None = None, active: bool | None = None, name: str | None = None,
) -> Account:
    """Change an account's role, open or close it, or change its display name; what is None stays.

    A closed account's sessions end at once; a changed role holds from the next request on.

    Raises:
        AccountError: No such account, a name that cannot be shown, or no open account with the role admin would be
            left where there is one now.
    """
    values: dict[str, object] = {} if name is None else {"name": _display_name(name)}
    if role is not None:
        values["role"] = role.value
    if active is not None:
        values["active"] = active
    with engine.begin() as connection:
        serialise(connection, _ADMINS)
        before = _require(connection, agent_id)
        if values:
            connection.execute(update(agents).where(agents.c.id == agent_id).values(**values))
        if active is False:
            connection.execute(delete(desk_sessions).where(desk_sessions.c.agent_id == agent_id))
        _keep_an_admin(connection, before)
        return _require(connection, agent_id)


def remove(engine: Engine, agent_id: str) -> None:
    """Delete an account with its sessions. What it said and did stays under its name.

    Raises:
        AccountError: No such account, it is the last open one with the role admin, or it still has conversations.
    """
    with engine.begin() as connection:
        serialise(connection, _ADMINS)
        before = _require(connection, agent_id)
        held = connection.execute(select(func.count()).select_from(handoffs).where(
            handoffs.c.claimed_by == agent_id, handoffs.c.closed_at.is_(None))).scalar_one()
        if held:
            raise AccountError(f"{agent_id} still has {held} conversation{'s' if held > 1 else ''}: "
                               "release them, or let a colleague take them over first")
        connection.execute(delete(desk_sessions).where(desk_sessions.c.agent_id == agent_id))
        connection.execute(delete(agents).where(agents.c.id == agent_id))
        _keep_an_admin(connection, before)


def _require(connection: Connection, agent_id: str) -> Account:
    row = connection.execute(select(agents).where(agents.c.id == agent_id)).first()
    if row is None:
        raise AccountError(f"there is no agent {agent_id}")
    return Account(row.id, row.name, Role(row.role), row.active)


def _keep_an_admin(connection: Connection, account: Account) -> None:
    """Refuse, inside the transaction, a change after which nobody could manage accounts any more."""
    if account.role is Role.ADMIN and account.active and connection.execute(select(agents.c.id).where(
            agents.c.role == Role.ADMIN.value, agents.c.active.is_(True)).limit(1)).first() is None:
        raise AccountError(f"{account.id} is the last open account with the role admin; make another one first")


def find(engine: Engine, agent_id: str) -> Account | None:
    """Find the account with this sign-in name."""
    with reading(engine).connect() as connection:
        row = connection.execute(select(agents).where(agents.c.id == agent_id)).first()
    return Account(row.id, row.name, Role(row.role), row.active) if row is not None else None


def list_agents(engine: Engine) -> list[Account]:
    """List all accounts, by sign-in name."""
    with reading(engine).connect() as connection:
        rows = connection.execute(select(agents).order_by(agents.c.id)).all()
    return [Account(row.id, row.name, Role(row.role), row.active) for row in rows]


def check_password(engine: Engine, agent_id: str, password: str) -> Account | None:
    """Return the active account that this password opens, or None.

    An unknown name takes as long as a wrong password, so that names cannot be told by the clock.
    """
    with reading(engine).connect() as connection:
        row = connection.execute(select(agents).where(agents.c.id == agent_id)).first()
    matches = _matches(row.password_hash if row is not None else _nobodys_hash(), password)
    if row is None or not matches or not row.active:
        return None
    if _hasher.check_needs_rehash(row.password_hash):
        with engine.begin() as connection:
            connection.execute(update(agents).where(agents.c.id == agent_id)
                               .values(password_hash=_hash(password)))
    return Account(row.id, row.name, Role(row.role), True)


def seed_demo_agents(engine: Engine, password: str) -> list[Account]:
    """Make the demo's two agents, Anna Berg and her supervisor Sam Okafor, with this password.

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
            change(engine, agent_id, active=True)
        seeded.append(Account(agent_id, name, role, True))
    return seeded


def _display_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 120 or not name.isprintable():
        raise AccountError("a display name has 1 to 120 printable characters")
    return name


def _check_password(agent_id: str, password: str) -> None:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AccountError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    if agent_id in password.lower() or len(set(password)) < 5:
        raise AccountError("the password is too easy to guess")


def _hash(password: str) -> str:
    return _HASHING.call(_HASH_SECONDS, _hasher.hash, password.encode("utf-8", "replace"))


@cache
def _nobodys_hash() -> str:
    """Return what a password is compared with where there is no account, so that it takes as long as with one."""
    return _hasher.hash("nobody has this password")


def _matches(password_hash: str, password: str) -> bool:
    if len(password) > MAX_PASSWORD:
        return False
    try:
        return _HASHING.call(_HASH_SECONDS, _hasher.verify, password_hash, password.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False


def _insert(engine: Engine, agent_id: str, name: str, password: str, role: Role) -> None:
    password_hash = _hash(password)
    with engine.begin() as connection:
        connection.execute(insert(agents).values(
            id=agent_id, name=name, role=role.value, password_hash=password_hash, active=True, created_at=now()))


def _store_password(engine: Engine, agent_id: str, password: str, keep_session: str | None = None) -> None:
    password_hash = _hash(password)
    with engine.begin() as connection:
        connection.execute(update(agents).where(agents.c.id == agent_id).values(password_hash=password_hash))
        connection.execute(delete(desk_sessions).where(desk_sessions.c.agent_id == agent_id,
                                                       desk_sessions.c.id_hash != (keep_session or "")))
