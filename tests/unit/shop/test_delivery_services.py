"""A shop with delivery services of its own: what is told, promised and counted of them."""
from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from actions.facts import delivery_service
from tandem.configuration import read_section
from tandem.orders.acts import rules
from tandem.orders.acts.requests import ExpediteOrder
from tandem.orders.acts.rules import check_act
from tandem.orders.adapters.medusa.config import MedusaOptions
from tandem.orders.config import OrdersConfigError
from tandem.orders.delivery_promise import with_promise
from tandem.orders.demo_orders import demo_orders
from tandem.orders.errors import ActNotAllowed
from tandem.orders.mapping import services
from tandem.orders.mapping.services import service_of
from tandem.orders.model import Order, OrderAct
from tandem.orders.shipments import Shipment, ShipmentState
from tandem.shop.schema import Shop
from tandem.shop.shop_file import ShopFileError, read_shop
from tandem.wording.shop_values import fill, shop_values

FOUR = """
delivery:
  services:
    pick_up: {name: pick-up in the shop, days: 1}
    by_post: {name: by post, days: 2-4, price: 5.50, free_from: 60}
    next_day: {days: 1, price: 12}
    freight: {name: freight, days: 5-8, price: 79, area: Ohio and Indiana only}
  usual: by_post
  fast: next_day
"""
THURSDAY = datetime(2025, 3, 13, 20, 0, tzinfo=timezone.utc)


def written(folder: Path, text: str) -> Path:
    path = folder / "shop.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    four = read_shop(written(tmp_path, FOUR))
    for module in (services, rules, delivery_service):
        monkeypatch.setattr(module, "current_shop", lambda: four)
    services._tell_once.cache_clear()
    yield four


def sent_by(*keys: str) -> Order:
    order = next(one for one in demo_orders(THURSDAY, timezone.utc) if one.status.value == "processing")
    parcels = tuple(Shipment(key, ShipmentState.PENDING, key) for key in keys)
    return replace(order, shipments=parcels, acts=frozenset(OrderAct))


def test_each_is_told_with_its_time_price_and_area(shop: Shop) -> None:
    values = shop_values(shop)
    assert values["shop_delivery_times"] == (
        "pick-up in the shop (the next business day), by post (2 to 4 business days), "
        "next day (the next business day), and freight (5 to 8 business days, Ohio and Indiana only)")
    assert values["shop_delivery_prices"] == (
        "pick-up in the shop (free), by post for $5.50 (free from $60), next day for $12, and freight for $79")
    assert values["shop_delivery_next_day_price"] == "$12" and values["shop_delivery_freight_days"] == "5 to 8"
    assert values["shop_delivery_usual_costs"] == "by post for $5.50 (free from $60)"
    assert values["shop_delivery_fast_name"] == "next day"
    assert values["shop_delivery_pick_up_days"] == "7", "the key of delivery goes before a service of the same name"


@pytest.mark.parametrize("text", [FOUR, "delivery:\n  services:\n    courier: {days: 2}\n", "name: Loom\n"])
def test_no_reply_needs_a_service_that_a_shop_may_lack(tmp_path: Path, text: str) -> None:
    shop = read_shop(written(tmp_path, text))
    values = {**shop_values(shop), "shop_delivery_area": "Ohio", "shop_delivery_remote": "x"}
    for path in sorted(Path("data/responses").glob("*.yml")):
        if path.name.startswith(("delivery", "order_", "own_order", "problems", "returns", "refunds")):
            fill(yaml.safe_load(path.read_text(encoding="utf-8")), values, str(path))


@pytest.mark.parametrize(("text", "told"), [
    ("Next day: {days: 1}", "line 4: delivery: services: Next day must be a key of small letters, digits and _, 16 "
                            "at most, such as next_day: {name: 'Next day'}; see docs/shop.md"),
    ("7: {days: 1}", "line 4: delivery: services: 7 must be a key of small letters"),
    ("usual: {days: 1}", "line 4: delivery: services: usual is a word of Tandem's own: take another key, such as "
                         "usual_delivery; see docs/shop.md"),
    ("freight: {weeks: 1}", "line 4: delivery: services: freight: weeks is not known; there are name, days, price, "
                            "free_from, area; see docs/shop.md"),
    ("freight: {days: soon}", "line 4: delivery: services: freight: days must be a number of days such as 5"),
    ("freight: fast", "line 4: delivery: services: freight"),
])
def test_a_wrong_service_is_told_with_key_line_and_fix(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, f"delivery:\n  services:\n    standard: {{days: 3}}\n    {text}\n")
    with pytest.raises(ShopFileError) as error:
        read_shop(path)
    assert told in str(error.value)


@pytest.mark.parametrize(("text", "told"), [
    ("  fast: expres\n", "line 4: delivery: fast must be a key of services: expres is not known, did you mean express? "
                         "There are standard, express; see docs/shop.md"),
    ("  usual: 3\n", "line 4: delivery: usual"),
])
def test_a_choice_that_is_no_service_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, f"delivery:\n  services:\n    {{standard: {{days: 3}}, express: {{days: 1}}}}\n{text}")
    with pytest.raises(ShopFileError) as error:
        read_shop(path)
    assert told in str(error.value)


@pytest.mark.parametrize(("text", "usual", "fast"), [
    ("", "standard", "standard"),
    ("delivery: {services: {express: {days: 1}, standard: {days: 3}}}", "standard", "express"),
    ("delivery: {services: {post: {days: 3}, courier: {days: 1}}}", "post", "courier"),
    ("delivery: {services: {post: {days: 3}, pick_up: {days: 1}, courier: {days: 1, price: 9}}}", "post", "courier"),
])
def test_what_is_left_open_is_chosen(tmp_path: Path, text: str, usual: str, fast: str) -> None:
    delivery = read_shop(written(tmp_path, text)).delivery
    assert (delivery.usual, delivery.fast) == (usual, fast)


@pytest.mark.parametrize(("key", "day"), [
    ("pick_up", "2025-03-14"), ("by_post", "2025-03-19"), ("next_day", "2025-03-14"), ("freight", "2025-03-25"),
    ("standard", "2025-03-19"),  # of an order system that names none: the usual one
    ("balloon", None),
])
def test_a_parcel_is_promised_by_its_own_service(shop: Shop, key: str, day: str | None) -> None:
    parcel = Shipment("1", ShipmentState.IN_TRANSIT, key, shipped_at=THURSDAY)
    promised = with_promise(parcel, shop.delivery, ZoneInfo("America/New_York")).promised_by
    assert (promised.date().isoformat() if promised else None) == day


@pytest.mark.parametrize(("theirs", "key"), [
    ("Next-Day Delivery", "next_day"), ("BY POST", "by_post"), ("Pick-up in the shop", "pick_up"),
    ("freight shipping", "freight"), ("Overnight", "next_day"), ("", "by_post"), ("Flat rate", "by_post"),
])
def test_an_engines_shipping_method_is_one_of_the_shops(shop: Shop, theirs: str, key: str) -> None:
    assert service_of(theirs, {"overnight": "next_day"}) == key


def test_a_method_that_is_not_known_is_told_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            service_of("Balloon", {})
    assert [one.getMessage().split(":")[0] for one in caplog.records] == [
        "Orders are sent by 'Balloon', which counts as by_post"]


def test_a_mapping_onto_a_service_that_is_none_is_told(shop: Shop) -> None:
    given = {"url": "https://shop.example.com", "key": "sk_1", "services": {"Overnight": "nextday"}}
    with pytest.raises(OrdersConfigError, match=r"services: Overnight must be a delivery service of data/shop\.yml: "
                                                r"nextday is not known, did you mean next_day"):
        read_section(MedusaOptions, given, where="endpoints.yml: orders", page="x.md", error=OrdersConfigError)
    given["services"] = {"Overnight": "next_day", "Slow": "express"}  # the two words of before are taken still
    read_section(MedusaOptions, given, where="endpoints.yml: orders", page="x.md", error=OrdersConfigError)


def test_facts_name_a_service_and_count_only_one_that_costs_more(shop: Shop) -> None:
    named, extra = delivery_service.named_service, delivery_service.extra_service
    assert (named(sent_by("by_post")), extra(sent_by("by_post"))) == ("", "")
    assert (named(sent_by("pick_up")), extra(sent_by("pick_up"))) == ("pick-up in the shop", "")
    assert (named(sent_by("by_post", "freight")), extra(sent_by("by_post", "freight"))) == ("freight", "freight")
    assert (named(sent_by("balloon")), extra(sent_by("balloon"))) == ("", "")


def test_an_order_is_made_faster_unless_it_goes_by_the_fast_service(shop: Shop) -> None:
    check_act(sent_by("by_post"), ExpediteOrder(), THURSDAY)
    with pytest.raises(ActNotAllowed, match="done_before"):
        check_act(sent_by("next_day"), ExpediteOrder(), THURSDAY)
