"""Accounts, sessions and the brake on guessing."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.engine import Engine

from tandem.agents import accounts
from tandem.agents.accounts import (
    Account,
    AccountError,
    Role,
    add_agent,
    check_password,
    seed_demo_agents,
    set_password,
)
from tandem.agents.tables import agents, desk_sessions, sign_in_attempts
from tandem.desk.security.sessions import ABSOLUTE, IDLE, Sessions
from tandem.desk.security.sign_in_attempts import (
    FREE_PER_ADDRESS,
    FREE_PER_AGENT,
    LONGEST_PAUSE,
    SignInAttempts,
    SignInRefused,
    TooManyAttempts,
)

PASSWORD = "correct horse battery"


def test_a_password_is_kept_as_an_argon2id_hash_and_opens_only_its_account(engine: Engine) -> None:
    add_agent(engine, "Eve", "Eve Ott", PASSWORD, Role.SUPERVISOR)
    with engine.connect() as connection:
        stored = connection.execute(select(agents.c.password_hash)).scalar_one()
    assert stored.startswith("$argon2id$") and PASSWORD not in stored
    assert check_password(engine, "eve", PASSWORD) == Account("eve", "Eve Ott", Role.SUPERVISOR, True)
    for name, password in (("eve", PASSWORD + "x"), ("eve", ""), ("adam", PASSWORD), ("eve", "x" * 10_000)):
        assert check_password(engine, name, password) is None


@pytest.mark.parametrize(("name", "display", "password"), [
    ("", "Eve", PASSWORD), ("a", "Eve", PASSWORD), ("eve ott", "Eve", PASSWORD), ("../eve", "Eve", PASSWORD),
    ("eve", "", PASSWORD), ("eve", "E\x00ve", PASSWORD), ("eve", "E" * 121, PASSWORD), ("eve", "Eve", "short"),
    ("eve", "Eve", "x" * 257), ("eve", "Eve", "aaaaaaaaaaaaa"), ("eve", "Eve", "my name is eve!"),
])
def test_a_bad_account_is_refused_with_a_reason(engine: Engine, name: str, display: str, password: str) -> None:
    with pytest.raises(AccountError, match=r"\w+ \w+"):
        add_agent(engine, name, display, password)
    assert accounts.list_agents(engine) == []


def test_a_name_is_taken_once(engine: Engine) -> None:
    add_agent(engine, "eve", "Eve", PASSWORD)
    with pytest.raises(AccountError, match="exists"):
        add_agent(engine, "EVE", "Another", PASSWORD)


def test_a_new_password_or_a_closed_account_ends_its_sessions(engine: Engine) -> None:
    sessions = Sessions(engine)
    account = add_agent(engine, "eve", "Eve", PASSWORD)
    first, _ = sessions.open(account)
    set_password(engine, "eve", "another long phrase")
    assert sessions.find(first) is None
    assert check_password(engine, "eve", PASSWORD) is None
    second, _ = sessions.open(account)
    accounts.change(engine, "eve", active=False)
    assert sessions.find(second) is None and check_password(engine, "eve", "another long phrase") is None
    for change in (lambda: set_password(engine, "no", PASSWORD), lambda: accounts.change(engine, "no", active=True)):
        with pytest.raises(AccountError, match="no agent"):
            change()


def test_seeding_the_demo_again_keeps_sessions_unless_the_password_changes(engine: Engine) -> None:
    anna, sam = seed_demo_agents(engine, "demo")
    assert (anna.name, sam.name, sam.role) == ("Anna Berg", "Sam Okafor", Role.SUPERVISOR)
    session_id, _ = Sessions(engine).open(anna)
    seed_demo_agents(engine, "demo")
    assert Sessions(engine).find(session_id) is not None
    seed_demo_agents(engine, "other")
    assert Sessions(engine).find(session_id) is None and check_password(engine, "sam", "other") is not None
    with pytest.raises(AccountError):
        seed_demo_agents(engine, "")


def test_roles_cover_those_below() -> None:
    assert [[role.covers(needed) for needed in Role] for role in Role] == [
        [True, False, False], [True, True, False], [True, True, True]]


def test_a_session_is_stored_as_a_hash_and_ends_when_idle_or_old(engine: Engine, clock: Any) -> None:
    account = add_agent(engine, "eve", "Eve", PASSWORD)
    sessions = Sessions(engine, clock)
    session_id, session = sessions.open(account)
    with engine.connect() as connection:
        assert session_id not in connection.execute(select(desk_sessions.c.id_hash)).scalars().all()
    assert sessions.find(session_id) == session
    assert sessions.find(session_id + "x") is None and sessions.find(session.id_hash) is None
    clock.move(seconds=(IDLE - timedelta(seconds=1)).total_seconds())
    assert sessions.find(session_id, touch=False) is not None
    clock.move(seconds=2)
    assert sessions.find(session_id) is None  # the look before did not count as a sign of life

    session_id, _ = sessions.open(account)
    hours = 0
    while sessions.find(session_id):
        clock.move(hours=1)
        hours += 1
    assert timedelta(hours=hours) == ABSOLUTE


def test_ids_and_csrf_tokens_are_never_the_same(engine: Engine) -> None:
    account = add_agent(engine, "eve", "Eve", PASSWORD)
    opened = [Sessions(engine).open(account) for _ in range(5)]
    assert len({session_id for session_id, _ in opened} | {session.csrf_token for _, session in opened}) == 10


@pytest.fixture
def door(engine: Engine, clock: Any, monkeypatch: pytest.MonkeyPatch) -> SignInAttempts:
    """A door whose only right password is "right"; hashing is left out."""

    def check(_engine: Engine, agent_id: str, password: str) -> Account | None:
        return Account(agent_id, agent_id, Role.AGENT, True) if password == "right" else None

    monkeypatch.setattr(accounts, "check_password", check)
    return SignInAttempts(engine, clock)


def test_a_network_of_addresses_gives_no_more_guesses(door: SignInAttempts) -> None:
    for number in range(FREE_PER_ADDRESS):
        with pytest.raises(SignInRefused):
            door.attempt(f"agent{number}", "wrong", f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooManyAttempts):
        door.attempt("another", "wrong", "2001:db8:1:2::ffff")


def test_after_free_attempts_each_pause_is_longer_even_for_the_right_password(door: SignInAttempts, clock: Any) -> None:
    for _ in range(FREE_PER_AGENT):
        with pytest.raises(SignInRefused):
            door.attempt("eve", "wrong", "10.0.0.1")
    pauses = []
    for _ in range(10):
        with pytest.raises(TooManyAttempts) as refusal:
            door.attempt("eve", "right", "10.0.0.2")
        pauses.append(refusal.value.wait)
        clock.move(seconds=refusal.value.wait.total_seconds() + 0.001)
        with pytest.raises(SignInRefused):
            door.attempt("eve", "wrong", "10.0.0.1")
    assert pauses[:4] == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)]
    assert pauses[-1] == LONGEST_PAUSE
    clock.move(seconds=LONGEST_PAUSE.total_seconds() + 0.001)
    assert door.attempt("eve", "right", "10.0.0.2").id == "eve"
    assert door.attempt("eve", "right", "10.0.0.2").id == "eve"


def test_one_account_under_attack_does_not_close_the_others(door: SignInAttempts) -> None:
    for _ in range(FREE_PER_AGENT):
        with pytest.raises(SignInRefused):
            door.attempt("eve", "wrong", "10.0.0.1")
    assert door.attempt("adam", "right", "10.0.0.1").id == "adam"


def test_an_address_that_tries_many_names_must_pause(door: SignInAttempts) -> None:
    for number in range(FREE_PER_ADDRESS):
        with pytest.raises(SignInRefused):
            door.attempt(f"name{number}", "wrong", "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        door.attempt("fresh", "right", "10.0.0.1")
    assert door.attempt("fresh", "right", "10.0.0.2").id == "fresh"


def test_old_failures_are_forgiven(door: SignInAttempts, engine: Engine, clock: Any) -> None:
    for _ in range(FREE_PER_AGENT):
        with pytest.raises(SignInRefused):
            door.attempt("eve", "wrong", "10.0.0.1")
    with engine.begin() as connection:
        connection.execute(update(sign_in_attempts).values(at=clock() - timedelta(minutes=31)))
    assert door.attempt("eve", "right", "10.0.0.1").id == "eve"
