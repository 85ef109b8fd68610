"""How the three processes are started."""
from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tandem.access.tokens import SECRETS
from tandem.run.errors import RunError
from tandem.run.ports import addresses
from tandem.run.process import ProcessSpec
from tandem.run.stack import check_names, process_specs, welcome
from tandem.settings import Settings, SettingsError, load

SETTINGS = Settings(secret_key="s" * 32, identity_secret="i" * 32, api_token="t" * 32)
MODEL = Path("/project/models/tandem-0123456789ab.tar.gz")


def specs(settings: Settings) -> dict[str, ProcessSpec]:
    return {spec.name: spec for spec in process_specs(settings, MODEL, Path("/project"))}


def after(spec: ProcessSpec, option: str) -> str:
    return spec.command[spec.command.index(option) + 1]


def test_rasa_gets_the_very_model_and_listens_where_it_is_told() -> None:
    rasa = specs(SETTINGS)["rasa"]
    assert after(rasa, "--model") == str(MODEL)
    assert after(rasa, "--interface") == "127.0.0.1" and after(rasa, "--port") == "5005"


def test_the_action_server_listens_on_loopback_even_when_the_rest_does_not() -> None:
    hosts = {address.process: address.host for address in addresses(Settings(host="0.0.0.0"))}
    assert hosts == {"rasa": "0.0.0.0", "actions": "127.0.0.1", "desk": "0.0.0.0"}


def test_each_worker_of_rasa_has_a_name_and_all_share_one_socket() -> None:
    with socket.socket() as listener:
        listeners = {"rasa": listener}
        found = process_specs(SETTINGS.copy(update={"workers": 3}), MODEL, Path("/project"), listeners)
        assert [spec.name for spec in found] == ["rasa.1", "rasa.2", "rasa.3", "actions", "desk"]
        assert [spec.listener for spec in found] == [listener, listener, listener, None, None]
    assert list(specs(SETTINGS)) == ["rasa", "actions", "desk"]


@pytest.mark.parametrize(("environment", "workers"), [
    ({}, 1), ({"TANDEM_WORKERS": "3"}, 3), ({"SANIC_WORKERS": "2"}, 2),
    ({"TANDEM_WORKERS": "3", "SANIC_WORKERS": "2"}, 3), ({"TANDEM_WORKERS": "", "SANIC_WORKERS": "2"}, 2),
])
def test_the_number_of_workers_is_also_read_by_the_name_that_sanic_gives_it(
    environment: dict[str, str], workers: int,
) -> None:
    assert load(environment).workers == workers


@pytest.mark.parametrize("name", ["TANDEM_WORKERS", "SANIC_WORKERS"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "65", "²"])
def test_a_wrong_number_of_workers_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load({name: value})


def test_telemetry_is_off_and_endpoints_are_set_everywhere() -> None:
    for spec in specs(SETTINGS).values():
        assert spec.environment["RASA_TELEMETRY_ENABLED"] == "false"
        assert spec.environment["TANDEM_ACTIONS_URL"] == "http://127.0.0.1:5055/webhook"
        assert spec.environment["TANDEM_TRACKER_URL"] == "sqlite:///var/rasa.db"


@pytest.mark.parametrize(("demo", "host", "token", "on"), [
    (True, "127.0.0.1", "", True), (True, "::1", "", True), (True, "localhost", "", True),
    (True, "127.0.0.53", "", True), (True, "0.0.0.0", "", False), (True, "192.168.1.5", "", False),
    (False, "127.0.0.1", "", False), (False, "0.0.0.0", "", False), (False, "0.0.0.0", "r" * 32, True),
])
def test_rasas_api_is_off_without_a_token_of_its_own_outside_a_demo_on_loopback(
    demo: bool, host: str, token: str, on: bool,
) -> None:
    settings = Settings(demo=demo, host=host, api_token="t" * 32, rasa_token=token)
    assert ("--enable-api" in specs(settings)["rasa"].command) is on


def test_no_secret_stands_on_a_command_line() -> None:
    settings = Settings(**{name: letter * 32 for name, letter in zip(SECRETS, "abcdefg")}, host="0.0.0.0")
    for spec in specs(settings).values():
        for name in SECRETS:
            assert getattr(settings, name) not in " ".join(spec.command)


def test_the_welcome_tells_addresses_and_in_the_demo_the_sign_in() -> None:
    demo = welcome(Settings(demo=True, demo_password="pw-of-the-demo"), ["rasa", "actions", "desk"])
    for part in ("http://127.0.0.1:5005/webhooks/webchat/", "http://127.0.0.1:5080/", "anna", "pw-of-the-demo"):
        assert part in demo
    assert "Sign in" not in welcome(SETTINGS, ["rasa", "actions", "desk"])
    assert "Desk" not in welcome(SETTINGS, ["rasa"])


def test_processes_are_named_in_their_order_and_checked() -> None:
    assert check_names([]) == ("rasa", "actions", "desk")
    assert check_names(["desk", "rasa", "desk"]) == ("rasa", "desk")
    with pytest.raises(RunError, match="no process kitchen"):
        check_names(["kitchen"])
