"""Values of data/shop.yml in replies: `{shop_...}`."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from babel import Locale
from rasa.shared.core.domain import InvalidDomain

from tandem.handoff.business_hours import read_hours
from tandem.orders.policies import ShopPolicies
from tandem.rasa_ext.topic_importer import TopicImporter
from tandem.settings import load
from tandem.shop.schema import Shop
from tandem.shop.shop_file import current_shop
from tandem.wording.opening_hours import Spans
from tandem.wording.phrases import notice
from tandem.wording.shop_values import ShopValueError, fill, shop_values

_NUMBER = "one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty|sixty|ninety"
_UNIT = "day|week|month|year|hour|minute|percent|point|dollar"
FIGURE = re.compile(rf"\d|[$€£%]|\b(?:{_NUMBER})[ -](?:business )?(?:{_UNIT})s?\b", re.IGNORECASE)


def texts(content: Any) -> Iterator[str]:
    """All that customers are shown of a file of words."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key in ("text", "title"):
                yield value
            elif key not in ("payload", "condition"):
                yield from texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from texts(value)


RESPONSES = sorted(Path("data/responses").glob("*.yml"))


def test_values_are_written_as_the_shops_language_and_country_write_them() -> None:
    values = shop_values(current_shop())
    assert values["shop_returns_days"] == "30" and values["shop_refunds_days"] == "5 to 7"
    assert values["shop_delivery_standard_price"] == "$4.95" and values["shop_delivery_standard_free_from"] == "$50"
    assert values["shop_delivery_cut_off"] == "2 PM" and values["shop_loyalty_gold_points"] == "1,500"
    german = shop_values(current_shop().copy(update={"locale": Locale("de"), "currency": "EUR"}))
    assert german["shop_delivery_standard_price"] == "4,95 €" and german["shop_refunds_days"] == "5 bis 7"


@pytest.mark.parametrize("path", RESPONSES, ids=lambda path: path.stem)
def test_every_value_that_a_response_names_is_there(path: Path) -> None:
    values = shop_values(current_shop(), read_hours())
    filled = fill(yaml.safe_load(path.read_text(encoding="utf-8")), values, str(path))
    assert "{shop_" not in str(filled)


@pytest.mark.parametrize("path", [*RESPONSES, Path("data/canned_responses.yml")], ids=lambda path: path.stem)
def test_no_figure_of_the_shop_stands_literally_in_words(path: Path) -> None:
    found = [text for text in texts(yaml.safe_load(path.read_text(encoding="utf-8")))
             if FIGURE.search(re.sub(r"\{\w+\}", "", text))]
    assert found == [], "days, prices, percents and hours stand in data/shop.yml and data/duty.yml; see docs/shop.md"


@pytest.mark.parametrize("text", ["30 days", "$4.95", "10 % off", "a two-year warranty", "from 8 AM", "five days"])
def test_a_figure_is_seen(text: str) -> None:
    assert FIGURE.search(text)


def test_no_figure_of_the_shop_is_a_default_in_the_code_that_promises() -> None:
    held = ShopPolicies.of(load({}))
    shop = current_shop()
    assert (held.return_days, held.refund_business_days) == (shop.returns.days,
                                                             (shop.refunds.days.least, shop.refunds.days.most))


@pytest.mark.parametrize(("hours", "told"), [
    ({}, "around the clock"),
    (dict.fromkeys(range(7), ((time(8), time(20)),)), "every day from 8 AM to 8 PM"),
    ({**dict.fromkeys(range(5), ((time(8), time(12)), (time(13), time(18, 30)))), 5: ((time(10), time(14)),)},
     "Monday to Friday from 8 AM to 12 PM and from 1 PM to 6:30 PM; Saturday from 10 AM to 2 PM"),
])
def test_hours_are_told_by_runs_of_days(hours: dict[int, Spans], told: str) -> None:
    assert shop_values(Shop(), hours)["shop_hours"] == told


def test_what_no_file_says_is_told_by_name() -> None:
    with pytest.raises(ShopValueError, match=r"a.yml names \{shop_return_days\}: .*did you mean shop_returns_days"):
        fill({"text": "{shop_return_days} days, {when}"}, shop_values(Shop()), "a.yml")
    with pytest.raises(ShopValueError, match=r"\{shop_contact_phone\}, and data/shop.yml says nothing there"):
        fill(["call {shop_contact_phone}"], shop_values(Shop()), "a.yml")


def project(folder: Path, days: int, text: str) -> TopicImporter:
    (folder / "data/responses").mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text("recipe: default.v1\n")
    (folder / "domain.yml").write_text("intents: [greet]\n")
    (folder / "data/responses/a.yml").write_text(f"responses:\n  utter_a:\n  - text: '{text}'\n")
    (folder / "data/shop.yml").write_text(f"name: Loom\nreturns: {{days: {days}}}\n")
    return TopicImporter("config.yml", "domain.yml", ["data"])


def test_rasa_is_given_words_with_their_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TANDEM_SHOP_NAME", raising=False)
    text = "{shop_returns_days} days at {shop_name}, {number}"
    for days in (14, 60):
        domain = project(tmp_path, days, text).get_domain()
        assert domain.responses["utter_a"] == [{"text": f"{days} days at Loom, {{number}}"}]
    monkeypatch.setenv("TANDEM_SHOP_NAME", "Warp")
    assert "at Warp" in project(tmp_path, 1, text).get_domain().responses["utter_a"][0]["text"]
    with pytest.raises(InvalidDomain, match="shop_price is not known"):
        project(tmp_path, 1, "{shop_price}").get_domain()


def test_the_systems_own_words_follow_the_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, 1, "")
    monkeypatch.chdir(tmp_path)
    words = tmp_path / "notices.yml"
    words.write_text("responses:\n  utter_notice_danger:\n  - text: 'call {shop_emergency_number}'\n")
    assert notice("danger", words) == "call 911"
    shop = tmp_path / "data/shop.yml"
    shop.write_text("emergency_number: '112'\n")
    os.utime(shop, ns=(7, 7))
    assert notice("danger", words) == "call 112"


def test_the_form_of_order_numbers_stands_in_the_shops_file_alone() -> None:
    places = [path for folder in ("tandem", "actions", "data") for path in Path(folder).rglob("*")
              if path.suffix in {".py", ".yml", ".tsv", ".html", ".js", ".css"}
              and "td-" in path.read_text(encoding="utf-8").lower()]
    assert places == [Path("data/shop.yml")]
