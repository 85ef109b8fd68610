"""`tandem doctor` finds each condition that it is there to find, and is silent where all is well."""
from __future__ import annotations

import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tandem import run_state
from tandem.cli import main
from tandem.run.channel_names import trouble_with_channel
from tandem.run.diagnosis import Diagnosis
from tandem.run.doctor import examine
from tandem.run_state import ProcessState, RunState, installation_of
from tandem.settings import Settings
from tests.integration.run.late import free_port

ROOT = Path(__file__).resolve().parents[3]
SECRETS = {"secret_key": "s" * 32, "identity_secret": "i" * 32, "api_token": "t" * 32}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("credentials.yml", "endpoints.yml", "config.yml", "domain.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("tandem", "data"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def settings() -> Settings:
    return Settings(**SECRETS, demo=True, rasa_port=free_port(), actions_port=free_port(), desk_port=free_port())


def look(settings: Settings, folder: Path) -> dict[str, Diagnosis]:
    return {finding.subject: finding for finding in examine(settings, folder, lambda _name: False)}


@contextmanager
def order_service(status: int) -> Iterator[str]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def redis_server(port: int, folder: Path) -> Iterator[None]:
    program = shutil.which("redis-server")
    assert program, "redis-server is not installed (apt-get install redis-server)"
    with subprocess.Popen([program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
                          stdout=subprocess.DEVNULL) as server:
        try:
            end = time.monotonic() + 15
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert time.monotonic() < end
                time.sleep(0.05)
            yield
        finally:
            server.terminate()


def test_nothing_is_found_where_nothing_is_wrong(settings: Settings, folder: Path) -> None:
    found = look(settings, folder)
    ill = {subject for subject, finding in found.items() if not finding.well}
    assert ill == {"packages", "model"}, found  # this folder has no requirements.txt and no model


@pytest.mark.parametrize(("change", "subject", "fix"), [
    ({"secret_key": "t" * 32, "identity_secret": "t" * 32}, "separate secrets", "openssl rand"),
    ({"host": "0.0.0.0"}, "demo mode", "TANDEM_HOST=127.0.0.1"),
    ({"host": "192.0.2.1"}, "demo mode", "TANDEM_HOST=127.0.0.1"),
    ({"public_desk_url": "https://desk.example.com"}, "cookies", "TANDEM_SECURE_COOKIES=1"),
    ({"public_desk_url": "http://desk.example.com", "secure_cookies": True}, "cookies", "TANDEM_DESK_URL"),
    ({"demo": False, "api_token": ""}, "secrets", "openssl rand"),
    ({"demo": False}, "open channels", "TANDEM_REST_TOKEN"),
    ({"rest_token": "r" * 32 + "," + "t" * 32}, "separate secrets", "openssl rand"),
    ({"orders_url": "http://127.0.0.1:1"}, "order system", "TANDEM_ORDERS_URL"),
    ({"database_url": "postgresql+psycopg2://nobody@127.0.0.1:1/none"}, "database of TANDEM_DATABASE_URL", "check"),
])
def test_each_wrong_setting_is_found(
    settings: Settings, folder: Path, change: dict[str, Any], subject: str, fix: str,
) -> None:
    assert look(settings, folder)[subject].well
    found = look(settings.copy(update=change), folder)[subject]
    assert fix in found.fix


@pytest.mark.parametrize(("file", "text", "subject", "fix"), [
    ("config.yml", "policies: [{name: tandem.dialogue.escalation_policy.EscalationPolicy, windw: 3}]\n", "escalation",
     "windw is not known, did you mean window?"),
    ("data/shop.yml", "returns: {day: 3}\n", "shop", "returns: day is not known, did you mean days?"),
    ("data/shop_of_old.yml", "", "shop", "write data/shop.yml, at least order_numbers"),
    ("data/duty.yml", "hours: {mondy: []}\n", "live agents", "hours: mondy is not known, did you mean monday?"),
    ("endpoints.yml", "live_agent: {type: desk, default: nobody}\n", "live agents", "no channel is called nobody"),
])
def test_what_is_wrong_in_a_file_is_found(
    settings: Settings, folder: Path, file: str, text: str, subject: str, fix: str,
) -> None:
    assert look(settings, folder)[subject].well
    (folder / "data").unlink()  # a link to the project's own
    (folder / "data").mkdir()
    (folder / file).write_text(text, encoding="utf-8")
    found = look(settings, folder)[subject]
    assert not found.well and fix in found.fix


@pytest.mark.parametrize(("status", "well"), [(200, True), (500, False)])
def test_an_order_service_is_called(settings: Settings, folder: Path, status: int, well: bool) -> None:
    with order_service(status) as url:
        assert look(settings.copy(update={"orders_url": url}), folder)["order system"].well is well


def test_redis_is_called(settings: Settings, folder: Path) -> None:
    port = free_port()
    with (folder / "endpoints.yml").open("a") as file:
        file.write(f"\nlock_store:\n  type: redis\n  url: 127.0.0.1\n  port: {port}\n")
    down = look(settings, folder)["Redis"]
    assert not down.well and "remove lock_store" in down.fix
    with redis_server(port, folder):
        assert look(settings, folder)["Redis"].well


@pytest.mark.parametrize(("name", "says"), [
    ("tandem.channels.rest.Rest", None), ("tandem.channels.messaging.Slack", None),
    ("tandem.channels.webchat.server.WebChat", None), ("shop_channel.Fax", None),
    ("tandem.channels.messaging.Fax", "no class Fax"), ("tandem.channels.fax.Fax", "no module tandem.channels.fax"),
    ("no_such_package.Fax", "no module no_such_package"), ("fax", "no such channel"),
    ("slack", "write tandem.channels.messaging.Slack"), ("mattermost", "neither the desk nor the ledger"),
])
def test_a_channel_is_known_by_its_name(folder: Path, name: str, says: str | None) -> None:
    (folder / "shop_channel.py").write_text("class Fax:\n    pass\n")
    trouble = trouble_with_channel(name, folder)
    assert trouble is None if says is None else says in str(trouble)


def test_channels_that_do_not_exist_are_among_the_findings(settings: Settings, folder: Path) -> None:
    (folder / "credentials.yml").write_text("tandem.channels.messaging.Fax:\n  number: 1\n")
    assert not look(settings, folder)["channel tandem.channels.messaging.Fax"].well


def test_a_running_tandem_is_recognised_on_its_ports(settings: Settings, folder: Path) -> None:
    with socket.socket() as ours, socket.socket() as foreign:
        for one, port in ((ours, settings.rasa_port), (foreign, settings.desk_port)):
            one.bind(("127.0.0.1", port))
            one.listen()
        processes = (ProcessState("rasa", 17, "up", deaths=2), ProcessState("actions", 18, "down"))
        state = RunState(installation_of(settings.database_url), 4711, {"rasa": settings.rasa_port}, processes)
        run_state.write(state)
        found = look(settings, folder)
    assert "process 4711" in found[f"port {settings.rasa_port} (rasa)"].state
    assert found[f"port {settings.rasa_port} (rasa)"].well
    assert "TANDEM_DESK_PORT" in found[f"port {settings.desk_port} (desk)"].fix
    assert found["rasa"].well and "replaced 2 times" in found["rasa"].state
    assert not found["actions"].well


@pytest.mark.parametrize(("arguments", "code"), [([], 1), (["--only", "rasa"], 0), (["--only", "desk"], 1)])
def test_the_status_is_good_if_all_that_is_asked_for_is_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int,
) -> None:
    for name in [name for name in os.environ if name.startswith("TANDEM_")]:
        monkeypatch.delenv(name)
    processes = (ProcessState("rasa.1", 17, "up", deaths=2), ProcessState("actions", 18, "down"))
    run_state.write(RunState(installation_of(Settings().database_url), 4711, {}, processes))
    assert main(["status", *arguments]) == code
    said = capsys.readouterr()
    assert ("rasa.1" in said.out and "died 2 times" in said.out) is (arguments != ["--only", "desk"])
