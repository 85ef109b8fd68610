"""What is wrong with a configuration is told with its place, its key, what it takes and its page."""
from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field, validator

from tandem.configuration import ConfigModel, read_section, read_yaml
from tandem.live_agents.config import AdapterOptions, address


class ConfigError(ValueError):
    pass


class Engine(Enum):
    SQL = "sql"
    HTTP = "http"


class Retry(ConfigModel):
    pause: float = Field(1, ge=0, le=60)


class Rule(ConfigModel):
    to: str
    languages: tuple[str, ...] = Field((), description="a list of tags such as de")
    on_duty: bool | None = None


class Shop(ConfigModel):
    name: str = Field("shop", description="a name without spaces", regex=r"\S+\Z")
    token: str = Field("", repr=False, min_length=8)
    url: str = Field("", regex="https:", description="an address")
    orders: int = Field(3, ge=0, le=20)
    port: int = Field(80, ge=1, from_text=True)
    open: bool = False
    engine: Engine = Engine.SQL
    size: Literal["small", "large"] = "small"
    retry: Retry = Retry()
    rules: tuple[Rule, ...] = ()
    weights: dict[str, float] = Field({}, ge=0, le=1)
    tags: list[str] = Field([])

    @validator("tags")
    def once(cls, tags: list[str]) -> list[str]:
        if len(set(tags)) < len(tags):
            raise ValueError("has a tag twice")
        return tags


def read(values: Any) -> Shop:
    return read_section(Shop, values, where="shop.yml: shop", page="shop.md", error=ConfigError)


@pytest.mark.parametrize(("values", "told"), [
    ([1], "shop.yml: shop must be a mapping, not [1]; see docs/shop.md"),
    ({"name": "a b"}, "shop.yml: shop: name must be a name without spaces, not 'a b'; see docs/shop.md"),
    ({"name": 5}, "shop.yml: shop: name must be a name without spaces, not 5; see docs/shop.md"),
    ({"nmae": "x"}, "shop.yml: shop: nmae is not known, did you mean name? There are name, token,"),
    ({"xyz": "x"}, "shop.yml: shop: xyz is not known; there are name, token,"),
    ({False: "x"}, "shop.yml: shop: False is not known"),
    ({"token": "secret"}, "shop.yml: shop: token must be a text; see docs/shop.md"),
    ({"url": "http://me:secret@x"}, "shop.yml: shop: url must be an address; see docs/shop.md"),
    ({"orders": 21}, "orders must be a whole number from 0 to 20, not 21"),
    ({"orders": 2.5}, "orders must be a whole number from 0 to 20, not 2.5"),
    ({"orders": "2"}, "orders must be a whole number from 0 to 20, not '2'"),
    ({"orders": True}, "orders must be a whole number from 0 to 20, not true"),
    ({"orders": None}, "orders must be a whole number from 0 to 20, and is empty"),
    ({"port": "5_0"}, "port must be a whole number from 1 on, not '5_0'"),
    ({"open": "yes"}, "open must be true or false, not 'yes'"),
    ({"open": 1}, "open must be true or false, not 1"),
    ({"engine": "xml"}, "engine must be one of sql, http, not 'xml'"),
    ({"size": "tiny"}, "size must be one of small, large, not 'tiny'"),
    ({"retry": 5}, "retry must be a mapping, not 5"),
    ({"retry": {"pause": -1}}, "retry: pause must be a number from 0 to 60, not -1"),
    ({"retry": {"paus": 1}}, "retry: paus is not known, did you mean pause? There is pause"),
    ({"rules": 5}, "rules must be a list, not 5"),
    ({"rules": [{"to": "x"}, 5]}, "rules 2 must be a mapping, not 5"),
    ({"rules": [{}]}, "rules 1: to is missing; it must be a text"),
    ({"rules": [{"to": "x", "languages": "de"}]}, "rules 1: languages must be a list of tags such as de, not 'de'"),
    ({"rules": [{"to": "x", "languages": ["de", False]}]},
     "rules 1: languages must be a list of tags such as de, not false"),
    ({"rules": [{"to": "x", "on_duty": "no"}]}, "rules 1: on_duty must be true or false, not 'no'"),
    ({"weights": [1]}, "weights must be a mapping, not [1]"),
    ({"weights": {"a": 2}}, "weights: a must be a number from 0 to 1, not 2"),
    ({"weights": {"a": float("nan")}}, "weights: a must be a number from 0 to 1, not nan"),
    ({"tags": ["a", 3]}, "tags 2 must be a text, not 3"),
    ({"tags": ["a", "a"]}, "shop.yml: shop: tags has a tag twice; see docs/shop.md"),
])
def test_each_mistake_is_named(values: Any, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(values)
    assert told in str(raised.value) and "secret" not in str(raised.value)
    assert str(raised.value).endswith("see docs/shop.md")


def test_all_that_is_wrong_is_told_each_on_its_line() -> None:
    with pytest.raises(ConfigError) as raised:
        read({"orders": -1, "open": 2, "weights": {"a": 2, "b": "x"}})
    assert [line.split(" must")[0] for line in str(raised.value).splitlines()] == [
        "shop.yml: shop: orders", "shop.yml: shop: open", "shop.yml: shop: weights: a", "shop.yml: shop: weights: b"]


def test_what_is_right_is_read_and_nothing_means_the_defaults() -> None:
    assert read(None) == read({}) == Shop()
    shop = read({"port": "8080", "engine": "http", "rules": [{"to": "x", "on_duty": None}], "retry": {"pause": 2}})
    assert (shop.port, shop.engine, shop.rules[0].on_duty, shop.retry.pause) == (8080, Engine.HTTP, None, 2.0)


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ConfigError) as raised:
        read({"open": "x" * 1000})
    assert len(str(raised.value)) < 200


def test_a_file_that_is_no_yaml_is_named_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("a:\n  b: [1\nc: 2\n")
    with pytest.raises(ConfigError, match=r"x\.yml: cannot be read: .*line 3"):
        read_yaml(tmp_path / "x.yml", ConfigError)
    (tmp_path / "x.yml").write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match=r"x\.yml: cannot be read"):
        read_yaml(tmp_path / "x.yml", ConfigError)
    assert read_yaml(tmp_path / "none.yml", ConfigError) is None


class Tool(AdapterOptions):
    allow_http: bool = False
    url: str = Field(description="an address such as https://tool.example.com")
    token: str = Field(repr=False, regex=r"[!-~]{8,200}\Z", description="8 to 200 signs without spaces")
    timeout: float = Field(8, ge=1, le=20)

    _address = address("url")


@pytest.mark.parametrize(("options", "told"), [
    ({"url": ""}, "url is missing; it must be an address such as"),
    ({"url": "tool.example.com"}, "url must be an address such as https://tool.example.com, not 'tool.example.com'"),
    ({"url": "http://[x"}, "url must be an address"), ({"url": "https://x:99999"}, "url must be an address"),
    ({"url": 5}, "url must be an address"),
    ({"url": "http://tool.example.com"}, "url must begin with https; set allow_http: true for a closed network"),
    ({"token": None}, "token is missing"), ({"token": "secret with spaces"}, "token must be 8 to 200 signs"),
    ({"token": "secret\n\n\n\n"}, "token must be 8 to 200 signs"),
    ({"timeout": 60}, "timeout must be a number from 1 to 20, not 60"), ({"timeout": "10"}, "timeout must be"),
    ({"allow_http": "yes"}, "allow_http must be true or false"), ({"tokn": "x"}, "tokn is not known"),
    ({"tokn": ""}, "tokn is not known, did you mean token?"),
])
def test_a_wrong_option_of_an_adapter_is_named_with_its_channel(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=r"docs/tool\.md") as raised:
        Tool.read("night", {"url": "https://x.example.com", "token": "t" * 8, **options}, "tool.md")
    assert f"endpoints.yml: live_agent: night: {told}" in str(raised.value) and "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["https://x.example.com/a/", "http://127.0.0.1:80", "http://localhost"])
def test_an_adapters_address_is_https_or_on_this_machine(url: str) -> None:
    options = Tool.read("night", {"url": url, "token": "t" * 8, "timeout": ""}, "tool.md")
    assert options.url == url and options.timeout == 8.0 and "ttt" not in repr(options)
    assert Tool.read("night", {"url": "http://x", "token": "t" * 8, "allow_http": True}, "tool.md").url == "http://x"
