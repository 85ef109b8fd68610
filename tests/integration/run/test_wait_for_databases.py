"""Databases that come later than Tandem: it waits for a while, says for what, and then goes on or gives up in words."""
from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tandem.run.errors import DatabaseUnavailable
from tandem.run.wait_for_databases import trouble_with_database, wait_for_databases
from tandem.settings import Settings, load
from tests.integration.run.late import door, free_port

ROOT = Path(__file__).resolve().parents[3]
SECRETS = {"TANDEM_SECRET_KEY": "s" * 32, "TANDEM_IDENTITY_SECRET": "i" * 32, "TANDEM_API_TOKEN": "t" * 32}


def at(url: str, port: int) -> str:
    """The same database behind another port."""
    return make_url(url).set(port=port).render_as_string(hide_password=False)


def tandem(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    return subprocess.run([sys.executable, "-m", "tandem.cli", *arguments], cwd=folder, capture_output=True, text=True,
                          timeout=100, check=False, env={**clean, **SECRETS, "PYTHONPATH": str(ROOT), **settings})


def test_a_database_that_comes_later_is_waited_for(postgres_url: str) -> None:
    port = free_port()
    said: list[str] = []
    settings = Settings(database_url=at(postgres_url, port), tracker_url="sqlite://")
    with door(port, make_url(postgres_url).port, opens_after=2):
        asyncio.run(wait_for_databases(settings, said.append, patience=60))
    assert said[0].startswith("waiting for the database of TANDEM_DATABASE_URL: ") and "refused" in said[0]
    assert said[-1] == "the database of TANDEM_DATABASE_URL answers"


def test_a_database_that_never_comes_is_given_up_in_words() -> None:
    url = f"postgresql+psycopg2://tandem:pw-secret@127.0.0.1:{free_port()}/tandem"
    with pytest.raises(DatabaseUnavailable, match="check TANDEM_TRACKER_URL") as caught:
        asyncio.run(wait_for_databases(Settings(database_url="sqlite://", tracker_url=url), lambda _: None, 1.5))
    assert "pw-secret" not in str(caught.value)


def test_the_trackers_database_is_waited_for_only_where_rasa_runs() -> None:
    settings = Settings(database_url="sqlite://", tracker_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    asyncio.run(wait_for_databases(settings, lambda _: None, 1.0, trackers=False))


@pytest.mark.parametrize("url", ["postgresql+nodriver://a@b/c", "no url", "mysql://pw-secret@host/name"])
def test_a_url_that_will_never_work_is_refused_at_once(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        trouble_with_database(url)
    assert "pw-secret" not in str(caught.value)


def test_the_run_gives_up_without_a_traceback_and_waits_before_anything_starts(tmp_path: Path) -> None:
    url = f"postgresql+psycopg2://tandem:pw-secret@127.0.0.1:{free_port()}/tandem"
    ports = {f"TANDEM_{name}_PORT": str(free_port()) for name in ("RASA", "ACTIONS", "DESK")}
    done = tandem(tmp_path, "run", "--only", "desk", "--wait", "1", TANDEM_DATABASE_URL=url, **ports)
    assert done.returncode == 1
    assert "waiting for the database of TANDEM_DATABASE_URL" in done.stdout and "starting" not in done.stdout
    assert "tandem: the database of TANDEM_DATABASE_URL does not answer" in done.stderr
    for said in (done.stdout, done.stderr):
        assert "Traceback" not in said and "pw-secret" not in said


def test_the_doctor_waits_too_and_says_so(tmp_path: Path, postgres_url: str) -> None:
    port = free_port()
    with door(port, make_url(postgres_url).port, opens_after=12):
        done = tandem(tmp_path, "doctor", "--wait", "60", TANDEM_DATABASE_URL=at(postgres_url, port))
    assert "waiting for the database of TANDEM_DATABASE_URL" in done.stderr
    [line] = [line for line in done.stdout.splitlines() if "database of TANDEM_DATABASE_URL" in line]
    assert line.startswith("ok") and load({}).database_url not in done.stdout
