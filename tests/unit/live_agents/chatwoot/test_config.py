"""The keys in endpoints.yml."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tandem.handoff.routing import LiveAgentConfigError, read_channels
from tandem.live_agents.adapters.chatwoot import ChatwootChannel
from tandem.live_agents.adapters.chatwoot.config import ChatwootOptions
from tandem.live_agents.factory import build_channels

GOOD = {"url": "https://chat.example.com/", "account_id": "3", "inbox_id": 8, "token": "t" * 24, "secret": "s" * 24}


def read(options: Mapping[str, Any]) -> ChatwootOptions:
    return ChatwootOptions.read("chatwoot", options, "chatwoot.md")


def test_numbers_may_come_as_text_from_the_environment() -> None:
    options = read(GOOD)
    assert (options.url, options.account_id, options.inbox_id) == ("https://chat.example.com", 3, 8)


@pytest.mark.parametrize(("wrong", "words"), [
    ({"url": ""}, "url is missing"), ({"url": "chat.example.com"}, "url must be an address"),
    ({"url": "http://chat.example.com"}, "url must begin with https"),
    ({"url": "https://me:pass@chat.example.com"}, "url must be an address"), ({"url": 3}, "url must be an address"),
    ({"account_id": "shop"}, "account_id must be a number"), ({"account_id": True}, "account_id must be a number"),
    ({"account_id": 0}, "account_id must be a number"), ({"inbox_id": None}, "inbox_id is missing"),
    ({"token": ""}, "token is missing"), ({"token": "with space in"}, "token must be"),
    ({"token": "line\nbreak\nin"}, "token must be"), ({"secret": 5}, "secret must be"),
    ({"timeout": 60}, "timeout must be"), ({"timeout": True}, "timeout must be"),
    ({"allow_http": "yes"}, "allow_http must be"), ({"tokn": "x"}, "tokn is not known"),
])
def test_a_wrong_key_is_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(LiveAgentConfigError, match=f"live_agent: chatwoot: {words}.*docs/chatwoot.md") as caught:
        read({**GOOD, **wrong})
    assert "with space" not in str(caught.value) and "break" not in str(caught.value)


def test_http_is_for_this_machine_and_closed_networks() -> None:
    assert read({**GOOD, "url": "http://127.0.0.1:3000"}).url == "http://127.0.0.1:3000"
    assert read({**GOOD, "url": "http://chatwoot:3000", "allow_http": True}).url == "http://chatwoot:3000"


def test_neither_token_nor_secret_is_in_the_text_of_the_options() -> None:
    options = read(GOOD)
    assert not any(word in repr(options) + str(options) for word in ("ttt", "sss"))


def test_the_page_s_example_is_read_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).resolve().parents[4] / "docs/chatwoot.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "endpoints.yml").write_text(example)
    monkeypatch.setenv("CHATWOOT_TOKEN", "t" * 24)
    monkeypatch.setenv("CHATWOOT_WEBHOOK_SECRET", "s" * 24)
    built = build_channels(read_channels(tmp_path / "endpoints.yml"))
    assert isinstance(built["chatwoot"], ChatwootChannel)
