"""Tokens: two are valid while they are changed, and none is valid where none is set."""
from __future__ import annotations

import pytest

from tandem.access.tokens import accepts, actions_tokens, bearer_of, current_token, derived, same
from tandem.settings import Settings, SettingsError, load

NEW, OLD = "n" * 32, "o" * 32


@pytest.mark.parametrize(("setting", "given", "good"), [
    (NEW, NEW, True), (f"{NEW},{OLD}", NEW, True), (f"{NEW},{OLD}", OLD, True),
    (NEW, OLD, False), (f"{NEW},{OLD}", f"{NEW},{OLD}", False), (NEW, "", False), (NEW, None, False),
    ("", "", False), ("", None, False), (NEW, "ü", False), (NEW, "\ud800", False), (NEW, NEW[:-1], False),
])
def test_a_token_is_accepted_if_it_is_one_of_the_valid(setting: str, given: str | None, good: bool) -> None:
    assert accepts(setting, given) is good


def test_two_secrets_are_the_same_only_if_there_is_one() -> None:
    assert same("abc", "abc") and not same("abc", "abd")
    assert not same("", "") and not same("", None) and not same("abc", None)


@pytest.mark.parametrize(("header", "token"), [
    ("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("abc", ""), ("", ""), (None, ""),
])
def test_the_token_of_a_header(header: str | None, token: str) -> None:
    assert bearer_of(header) == token


@pytest.mark.parametrize("name", ["API", "METRICS", "RASA", "ACTIONS", "REST"])
def test_every_token_may_be_two_while_it_is_changed(name: str) -> None:
    settings = load({f"TANDEM_{name}_TOKEN": f" {NEW} , {OLD} "})
    setting = getattr(settings, f"{name.lower()}_token")
    assert accepts(setting, NEW) and accepts(setting, OLD) and current_token(setting) == NEW
    for wrong in (f"{NEW},{OLD},{NEW}", f"{NEW},short", f"{NEW},", "short"):
        with pytest.raises(SettingsError, match=f"TANDEM_{name}_TOKEN"):
            load({f"TANDEM_{name}_TOKEN": wrong})


def test_the_action_servers_token_is_derived_where_it_is_not_set() -> None:
    assert actions_tokens(Settings()) == ""
    made = actions_tokens(Settings(secret_key="k" * 32))
    assert made == actions_tokens(Settings(secret_key="k" * 32)) != actions_tokens(Settings(secret_key="l" * 32))
    assert len(made) == 64 and "k" * 32 not in made and made != derived("k" * 32, "something else")
    assert actions_tokens(Settings(secret_key="k" * 32, actions_token=NEW)) == NEW
