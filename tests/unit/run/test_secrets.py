"""Secrets: required outside the demo, made up and kept inside it."""
from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tandem.run.errors import RunError, SecretsMissing
from tandem.run.secrets import environment_of, with_secrets
from tandem.settings import Settings, load


def test_outside_the_demo_every_missing_secret_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretsMissing) as caught:
        with_secrets(Settings(api_token="t" * 16), tmp_path / "keys.json")
    assert "TANDEM_SECRET_KEY" in str(caught.value) and "TANDEM_IDENTITY_SECRET" in str(caught.value)
    assert "TANDEM_API_TOKEN" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_demo_makes_up_what_is_missing_and_keeps_it_over_restarts(tmp_path: Path) -> None:
    kept_in = tmp_path / "var" / "keys.json"
    first = with_secrets(Settings(demo=True, api_token="my-own-token-here"), kept_in)
    assert with_secrets(Settings(demo=True, api_token="my-own-token-here"), kept_in) == first
    assert first.api_token == "my-own-token-here"
    assert len({first.secret_key, first.identity_secret, first.demo_password}) == 3
    assert "my-own-token-here" not in kept_in.read_text()


def test_only_the_owner_can_read_the_kept_secrets(tmp_path: Path) -> None:
    kept_in = tmp_path / "keys.json"
    with_secrets(Settings(demo=True), kept_in)
    assert stat.S_IMODE(kept_in.stat().st_mode) == 0o600


def test_two_folders_have_different_secrets(tmp_path: Path) -> None:
    first, second = (with_secrets(Settings(demo=True), tmp_path / name) for name in ("a.json", "b.json"))
    assert first != second


@pytest.mark.parametrize("content", ["", "[]", "{", '{"secret_key": "short"}', '{"secret_key": 5}', "\x00"])
def test_a_damaged_file_of_secrets_names_its_fix(tmp_path: Path, content: str) -> None:
    kept_in = tmp_path / "keys.json"
    kept_in.write_text(content)
    with pytest.raises(RunError, match="remove it"):
        with_secrets(Settings(demo=True), kept_in)


def test_the_started_processes_read_the_same_secrets(tmp_path: Path) -> None:
    settings = with_secrets(Settings(demo=True), tmp_path / "keys.json")
    read = load({**environment_of(settings), "TANDEM_DEMO": "1"})
    assert read == settings
