"""data/shop.yml: what it says, what is told where it is wrong, and what goes before it."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tandem.cli import main
from tandem.settings import load
from tandem.shop.schema import Shop
from tandem.shop.shop_file import SHOP, ShopFileError, current_shop, read_shop
from tandem.shop.spans import Span

ROOT = Path(__file__).resolve().parents[3]


def written(folder: Path, text: str) -> Path:
    path = folder / SHOP
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_demo_shop_is_one_such_file() -> None:
    shop = read_shop(ROOT / SHOP)
    assert shop.order_numbers.forms == ("TD-{digits 4-8}",) and shop.refunds.days == Span(5, 7)
    assert shop.delivery.services["express"].days == Span(1, 1)


def test_without_a_file_a_shop_has_usual_conditions(tmp_path: Path) -> None:
    shop = read_shop(tmp_path / "shop.yml")
    assert shop == Shop() and shop.returns.days == 30 and shop.numbers().read("order 10421") == "10421"


@pytest.mark.parametrize(("text", "told"), [
    ("name: A\nreturns:\n  day: 30\n",
     "data/shop.yml line 3: returns: day is not known, did you mean days? There is days; see docs/shop.md"),
    ("refunds:\n  days: 7-5\n", "line 2: refunds: days must be a number of days such as 5, or from and to such as 3-5, "
                                "not '7-5'; see docs/shop.md"),
    ("order_numbers:\n  forms: ['{digit 5}']\n", "line 2: order_numbers: forms has {digit 5}, which must be such as"),
    ("order_numbers:\n  forms: ['#{digits 4}']\n  example: TD-1\n",
     "line 3: order_numbers: example must be a number of one of the forms, not 'TD-1'"),
    ("\ncountries: [UK]\n", "line 2: countries must be countries by their two letters"),
    ("match_with: []\n", "line 1: match_with must be a list of email, postcode and phone, or of some of them"),
    ("delivery:\n  services:\n    standard: {price: free}\n",
     "line 3: delivery: services: standard: price must be an amount such as 4.95, not 'free'"),
    ("acts:\n  bot: {may: [refund], per_order: 5}\n",
     "line 2: acts: bot lets the bot give money and has no per_day: add an amount such as 20; see docs/shop.md"),
    ("acts:\n  bot: {may: [exchange]}\n", "line 2: acts: bot: may must be a list of refund, voucher; [] for none"),
    ("acts:\n  agent:\n    per_order: -3\n",
     "line 3: acts: agent: per_order must be an amount such as 4.95, not -3"),
    ("timezone: Mars\n", "line 1: timezone must be a time zone such as Europe/Berlin, not 'Mars'"),
    ("name: [\n", "cannot be read"),
])
def test_what_is_wrong_is_told_with_key_line_and_fix(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ShopFileError) as error:
        read_shop(written(tmp_path, text))
    assert told in str(error.value)


def test_a_changed_file_holds_at_once_and_a_broken_one_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path, "returns: {days: 14}\n")
    assert current_shop(path).returns.days == 14
    written(tmp_path, "returns: {days: 60}\n")
    os.utime(path, ns=(1, 1))
    assert current_shop(path).returns.days == 60
    written(tmp_path, "returns: {days: many}\n")
    os.utime(path, ns=(2, 2))
    assert current_shop(path).returns.days == 60


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "name: Loom\nlocale: de_DE\ntimezone: Europe/Berlin\n")
    monkeypatch.chdir(tmp_path)
    assert load({}).shop_name == "Loom" and str(load({}).shop_timezone) == "Europe/Berlin"
    settings = load({"TANDEM_SHOP_NAME": "Warp", "TANDEM_SHOP_LOCALE": "fr"})
    assert settings.shop_name == "Warp" and settings.shop_locale.language == "fr"


def test_check_prints_what_was_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    written(tmp_path, "order_numbers: {forms: ['EN{digits 4}-B'], example: EN1001-B}\nreturns: {days: 14}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANDEM_SHOP_NAME", "Warp")
    assert main(["shop", "check"]) == 0
    told = capsys.readouterr().out
    assert "returns.days: 14" in told and "TANDEM_SHOP_NAME) says Warp" in told
    lines = {line.strip().rpartition("  ")[0].strip(): line.rpartition("  ")[2].strip() for line in told.splitlines()}
    assert lines["where is EN1001-B?"] == lines["order number 1 0 0 1"] == "EN1001-B"
    assert lines["it cost $120.50"] == "(none)"
    written(tmp_path, "returns: {days: x}\n")
    os.utime(tmp_path / SHOP, ns=(1, 1))
    assert main(["shop", "check", str(tmp_path / SHOP)]) == 1
    assert "line 1: returns: days" in capsys.readouterr().err
