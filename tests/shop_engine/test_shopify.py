"""The contract of engines on a Shopify that is executed from Shopify's own schema, and all our queries against it."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tandem.orders.adapters.shopify import queries
from tandem.orders.adapters.shopify.adapter import Shopify
from tandem.orders.adapters.shopify.client import ShopifyClient
from tandem.orders.adapters.shopify.config import VERSION, ShopifyOptions
from tandem.orders.http_client import HttpClient
from tests.contract.engines.harness import ITEMS, ORDERS, TOTAL, TRACKING, EngineShop, behind_tandem
from tests.contract.engines.test_acts import *  # noqa: F403
from tests.contract.engines.test_money_and_goods import *  # noqa: F403
from tests.contract.engines.test_reading import *  # noqa: F403
from tests.shop_engine.shopify_server import TOKEN, SchemaShopify, shopify_running

VERSIONS = ("2026-07", VERSION)


@pytest.fixture(scope="module", params=VERSIONS)
def shopify(request: pytest.FixtureRequest) -> Iterator[SchemaShopify]:
    with shopify_running(request.param) as running:
        yield running


@pytest.fixture
def shop(shopify: SchemaShopify, tmp_path: Path) -> Iterator[EngineShop]:
    shopify.control(orders=[{
        "number": wanted.number, "status": wanted.status.value, "email": wanted.email, "phone": wanted.phone,
        "home": asdict(wanted.home),
        "items": [(sku, name, quantity, str(price)) for sku, name, quantity, price in ITEMS], "total": str(TOTAL),
        "tracking": TRACKING, "deliveredAt": datetime.now(timezone.utc).isoformat()} for wanted in ORDERS.values()])
    options = ShopifyOptions(shop="mine.myshopify.com", token=TOKEN, gift_cards=True)
    engine = Shopify(options, ShopifyClient(options, HttpClient(shopify.address), sleep=lambda _: None),
                     sleep=lambda _: None)
    with behind_tandem(engine, tmp_path) as system:
        yield EngineShop(system, lambda times: shopify.control(set={"lose": times}))


@pytest.mark.parametrize("name", queries.ALL)
def test_a_query_is_what_shopifys_schema_takes(shopify: SchemaShopify, name: str) -> None:
    assert shopify.control(validate=[queries.ALL[name]]) == [[]]


def test_a_query_that_the_schema_does_not_take_is_told(shopify: SchemaShopify) -> None:
    [errors] = shopify.control(validate=["{ orders(first: 1) { nodes { phoneOfTheNeighbour } } }"])
    assert errors


def test_a_throttled_call_waits_and_is_made_again(shop: EngineShop, shopify: SchemaShopify) -> None:
    shopify.control(set={"throttle": 2})
    assert shop.system.find(ORDERS["new"].number).email == ORDERS["new"].email
