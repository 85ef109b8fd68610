"""Values of data/shop.yml in replies: `{shop_...}`."""
from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from babel import Locale
from rasa.shared.core.domain import InvalidDomain

from tandem.rasa_ext.topic_importer import TopicImporter
from tandem.shop.schema import Shop
from tandem.shop.shop_file import current_shop
from tandem.wording.phrases import notice
from tandem.wording.shop_values import ShopValueError, fill, shop_values

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
    filled = fill(yaml.safe_load(path.read_text(encoding="utf-8")), shop_values(current_shop()), str(path))
    assert "{shop_" not in str(filled)


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
