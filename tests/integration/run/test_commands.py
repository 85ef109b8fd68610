"""`tandem …` on a real database, in a folder of its own."""
from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tandem.agents.accounts import Role, check_password, find
from tandem.agents.presence import capacity_of
from tandem.cli import main
from tandem.conversations.model import InboundMessage
from tandem.db.engine import open_engine
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.services import open_services
from tandem.settings import load

PASSWORD = "correct horse battery"
SECRETS = {"TANDEM_SECRET_KEY": "s" * 32, "TANDEM_IDENTITY_SECRET": "i" * 32, "TANDEM_API_TOKEN": "t" * 32}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with an environment without settings, in a process that runs no model."""
    monkeypatch.setattr("tandem.nlu.models.current_mood_model._current", [])
    for name in [name for name in os.environ if name.startswith("TANDEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Say what stands on standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_an_account_is_made_with_the_password_from_standard_input(
    folder: Path, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str],
) -> None:
    typed(PASSWORD + "\n")
    assert main(["agent", "add", "Lena", "--role", "supervisor", "--display-name", "Lena Ott"]) == 0
    engine = open_engine("sqlite:///var/tandem.db")
    account = check_password(engine, "lena", PASSWORD)
    assert account is not None and account.role is Role.SUPERVISOR and account.name == "Lena Ott"
    assert PASSWORD not in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "password", "says"), [
    (["agent", "add", "lena"], "short", "12 to 256 characters"),
    (["agent", "add", "lena"], "", "12 to 256 characters"),
    (["agent", "add", "le na!"], PASSWORD, "sign-in name"),
    (["agent", "add", "\x00"], PASSWORD, "sign-in name"),
    (["agent", "password", "nobody"], PASSWORD, "no agent nobody"),
    (["agent", "close", "nobody"], "", "no agent nobody"),
    (["export", "nobody@example.com"], "", "no conversation is known"),
    (["erase", "no-such-id", "--yes"], "", "no conversation is known"),
    (["run", "--only", "kitchen"], "", "no process kitchen"),
    (["run"], "", "TANDEM_SECRET_KEY"),
    (["seed"], "", "TANDEM_DEMO=1"),
    (["replay", "no-such-file"], "", "cannot be read"),
    (["mood", "hello"], "", "tandem train"),
    (["data", "lint"], "", "no labelled messages"),
    (["data", "lint", "--against", "none.csv", "--fast"], "", "none.csv"),
    (["evaluate"], "", "config.yml and domain.yml not found"),
    (["evaluate", "--quick", "--baseline"], "", "leave out `--quick`"),
    (["train"], "", "config.yml and domain.yml not found"),
])
def test_bad_input_is_answered_in_words(
    folder: Path, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str],
    arguments: list[str], password: str, says: str,
) -> None:
    typed(password + "\n")
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert says in said.err and said.err.startswith("tandem: ") and "Traceback" not in said.err


@pytest.mark.parametrize("arguments", [[], ["dance"], ["agent"], ["agent", "add", "x", "--role", "boss"], ["erase"]])
def test_a_wrong_call_shows_how_it_is_meant(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2 and "usage: tandem" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "value"), [("TANDEM_DESK_PORT", "desk"), ("TANDEM_NO_SUCH", "1")])
def test_a_wrong_setting_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["doctor"]) == 1
    assert name in capsys.readouterr().err


def test_seeding_fills_the_shop_and_makes_the_agents(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TANDEM_DEMO", "1")
    monkeypatch.setenv("TANDEM_DEMO_PASSWORD", PASSWORD)
    assert main(["seed"]) == 0 and main(["seed"]) == 0
    engine = open_engine("sqlite:///var/tandem.db")
    assert check_password(engine, "anna", PASSWORD) and check_password(engine, "sam", PASSWORD)
    assert SqlOrderSystem(engine).find("10421").number == "10421"  # without data/shop.yml: digits alone


def converse(settings_of: dict[str, str], conversation_id: str) -> None:
    services = open_services(load(settings_of))
    services.ledger.receive(InboundMessage(conversation_id, "rest", "Where is my order?", client_id="1"))


def test_a_customer_is_exported_and_then_erased_for_good(
    folder: Path, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str],
) -> None:
    converse({}, "customer-1")
    converse({}, "customer-2")
    assert main(["export", "customer-1"]) == 0
    [exported] = json.loads(capsys.readouterr().out)
    assert exported["messages"][0]["text"] == "Where is my order?"

    typed("")
    assert main(["erase", "customer-1"]) == 1  # nobody there to confirm
    assert main(["export", "customer-1"]) == 0
    assert main(["erase", "customer-1", "--yes"]) == 0
    assert main(["export", "customer-1"]) == 1
    assert main(["export", "customer-2"]) == 0


def test_a_database_that_is_not_there_is_no_traceback(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TANDEM_DATABASE_URL", "postgresql+psycopg2://nobody:pw-secret@127.0.0.1:1/none")
    assert main(["agent", "list"]) == 1
    assert "the database says" in capsys.readouterr().err
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "TANDEM_DATABASE_URL" in said and "-> check" in said and "pw-secret" not in said


def test_the_doctor_names_a_fix_for_everything_that_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "credentials.yml").write_text("telegram:\n  access_token: ${MY_TELEGRAM_TOKEN}\n")
    (folder / "endpoints.yml").write_text("a: [\n")
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    ill = [number for number, line in enumerate(lines) if line.startswith("FIX")]
    assert all("->" in lines[number + 1] for number in ill)
    said = "\n".join(lines)
    for fix in ("openssl rand", "MY_TELEGRAM_TOKEN", "fix its YAML", "requirements.txt"):
        assert fix in said


@pytest.mark.parametrize(("section", "says", "well"), [
    ("", "desk", True),
    ("live_agent:\n  type: chatwoot\n  url: https://chat.example.com\n", "account_id", False),
    ("live_agent:\n  type: chatwut\n", "there is no type chatwut", False),
    ("live_agent:\n  channels: [{type: desk}]\n  rules: [{channel: nowhere}]\n", "no channel is called nowhere", False),
    ("live_agent:\n  type: slack\n  bot_token: ${NO_SUCH_TOKEN}\n", "NO_SUCH_TOKEN", False),
])
def test_the_doctor_looks_at_the_live_agent_channels(
    folder: Path, capsys: pytest.CaptureFixture[str], section: str, says: str, well: bool,
) -> None:
    (folder / "endpoints.yml").write_text(section)
    main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    number = next(number for number, line in enumerate(lines) if " live agents " in line)
    assert lines[number].startswith("ok" if well else "FIX")
    assert says in "\n".join(lines[number:number + 2])


def test_a_taken_port_stops_the_run_before_anything_starts(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "tandem.cli", "run"], cwd=folder, capture_output=True, text=True, timeout=60,
            env={**os.environ, **SECRETS, "TANDEM_DESK_PORT": str(port)}, check=False)
    assert done.returncode == 1 and f"port {port}" in done.stderr and "TANDEM_DESK_PORT" in done.stderr
    assert "Traceback" not in done.stderr and "starting" not in done.stdout


def test_a_closed_account_cannot_sign_in_until_it_is_opened(folder: Path, typed: Callable[[str], None]) -> None:
    typed(PASSWORD + "\n")
    main(["agent", "add", "lena"])
    engine = open_engine("sqlite:///var/tandem.db")
    assert main(["agent", "close", "Lena"]) == 0  # as a name is written; the account's has small letters
    assert check_password(engine, "lena", PASSWORD) is None
    assert main(["agent", "open", "LENA"]) == 0
    assert main(["agent", "capacity", "Lena", "3"]) == 0
    assert capacity_of(engine, "lena") == 3
    assert check_password(engine, "lena", PASSWORD) is not None
    typed("another good password\n")
    assert main(["agent", "password", "Lena"]) == 0
    assert check_password(engine, "lena", PASSWORD) is None
    account = find(engine, "lena")
    assert account is not None and account.role is Role.AGENT


def test_the_schemas_are_upgraded_and_their_versions_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "version"]) == 0
    assert [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()] == ["none"] * 3
    assert main(["db", "upgrade"]) == 0
    for line in capsys.readouterr().out.splitlines():
        _, found, latest, _ = line.split("\t")
        assert latest == f"newest {found}"


def test_a_database_of_a_newer_tandem_is_refused_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "upgrade"]) == 0
    engine = open_engine("sqlite:///var/tandem.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tandem_schema SET version_num = '9999'")
    engine.dispose()
    for command in (["db", "upgrade"], ["agent", "list"], ["export", "c1"]):
        assert main(command) == 1
        assert "a newer one has upgraded it" in capsys.readouterr().err
