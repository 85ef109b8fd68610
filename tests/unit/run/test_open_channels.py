"""Channels that take anybody's word for who writes are refused outside a demo on loopback."""
from __future__ import annotations

from pathlib import Path

import pytest

from tandem.run.console import Console
from tandem.run.errors import UnprotectedChannels
from tandem.run.open_channels import open_channels, require_closed
from tandem.run.secrets import with_secrets
from tandem.run.stack import RunPlan, run
from tandem.settings import Settings

KEYS = {"secret_key": "s" * 32, "identity_secret": "i" * 32, "api_token": "t" * 32}
REST = "tandem.channels.rest.Rest:\n"
TWILIO = "tandem.channels.messaging.Twilio:\n  auth_token: x\n"
PRODUCTION = Settings(**KEYS)
OPEN_DEMO = Settings(demo=True)


def project(folder: Path, credentials: str) -> Path:
    (folder / "credentials.yml").write_text(credentials)
    return folder


@pytest.mark.parametrize(("credentials", "word"), [
    (REST, "TANDEM_REST_TOKEN"), ("tandem.channels.rest.Rest: {token: ''}\n", "TANDEM_REST_TOKEN"),
    (TWILIO, "webhook_url"), ("rest:\n", "Rasa's own"), ("callback:\n  url: http://x\n", "Rasa's own"),
    ("telegram:\n  access_token: x\n", "Rasa's own"), ("rasa.core.channels.rest.RestInput:\n", "Rasa's own"),
    ("socketio:\n", "Rasa's own"),
])
def test_an_open_channel_is_named_with_its_fix(tmp_path: Path, credentials: str, word: str) -> None:
    root = project(tmp_path, credentials)
    [found] = open_channels(PRODUCTION, root)
    assert word in found and found.startswith("credentials.yml: ")
    with pytest.raises(UnprotectedChannels, match=r"credentials\.yml"):
        require_closed(PRODUCTION, root)
    assert list(open_channels(OPEN_DEMO, root)) == []


@pytest.mark.parametrize("credentials", [
    "tandem.channels.rest.Rest:\n  token: one-of-our-own\n", TWILIO + "  webhook_url: https://x.example/webhook\n",
    "tandem.channels.webchat.server.WebChat:\n", "socketio:\n  jwt_key: x\n", "my.own.Channel:\n",
    "", "[]", "{", "\x00",
])
def test_a_channel_that_asks_is_no_finding_and_a_broken_file_no_crash(tmp_path: Path, credentials: str) -> None:
    require_closed(PRODUCTION, project(tmp_path, credentials))


def test_a_demo_that_others_reach_makes_up_the_token_of_rest_and_refuses_the_other_channels(tmp_path: Path) -> None:
    settings = with_secrets(Settings(demo=True, host="0.0.0.0"), tmp_path / "keys.json")
    assert len(settings.rest_token) == len(settings.rasa_token) == 64
    assert list(open_channels(settings, project(tmp_path, REST))) == []
    assert len(list(open_channels(settings, project(tmp_path, TWILIO)))) == 1
    here = with_secrets(Settings(demo=True), tmp_path / "others.json")
    assert here.rest_token == here.rasa_token == "" and here.actions_token and here.metrics_token


def test_a_token_in_the_environment_closes_rest(tmp_path: Path) -> None:
    require_closed(Settings(**KEYS, rest_token="r" * 16), project(tmp_path, REST))


def test_tandem_does_not_start_with_an_open_channel(tmp_path: Path) -> None:
    with pytest.raises(UnprotectedChannels, match="TANDEM_REST_TOKEN"):
        run(PRODUCTION, RunPlan(), project(tmp_path, REST), Console())


def test_the_credentials_that_come_with_tandem_need_the_token_and_nothing_else() -> None:
    root = Path(__file__).resolve().parents[3]
    assert [line.split(":")[1].strip() for line in open_channels(PRODUCTION, root)] == ["tandem.channels.rest.Rest"]
    require_closed(Settings(**KEYS, rest_token="r" * 16), root)
