"""`orders:` in endpoints.yml: what is wrong is told with line, key and fix, and secrets stay in the environment."""
from __future__ import annotations

from pathlib import Path

import pytest

from tandem.orders.adapters.http.adapter import HttpOrderSystem
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.orders.config import OrdersConfigError
from tandem.orders.engine_orders import EngineOrders
from tandem.orders.factory import open_order_system
from tandem.settings import Settings

OWN_JSON = """\
action_endpoint:
  url: http://localhost:5055/webhook
orders:
  engine: http
  url: https://warehouse.example.com/v7
  auth: {bearer: "${WAREHOUSE_TOKEN}"}
  requests:
    by_number: {path: "/sales/{number}"}
    by_email: {path: /sales, query: {mail: "{email}"}, orders: rows}
  order:
    number: ref
    email: mail
    status: state
    placed_at: created
    total: sum
    items: {list: lines, sku: code, name: title, unit_price: price}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAREHOUSE_TOKEN", "w" * 20)
    return tmp_path / "endpoints.yml"


def opened(project: Path, text: str, **settings: str) -> object:
    project.write_text(text, encoding="utf-8")
    return open_order_system(Settings(database_url=f"sqlite:///{project.parent / 'tandem.db'}", **settings))


def test_without_a_section_the_settings_say_it_as_before(project: Path) -> None:
    assert isinstance(opened(project, "action_endpoint: {url: x}\n"), SqlOrderSystem)
    assert isinstance(opened(project, "", orders_url="https://me:secret@orders.example.com"), HttpOrderSystem)


def test_the_section_chooses_the_engine(project: Path) -> None:
    assert isinstance(opened(project, "orders: {engine: sql}"), SqlOrderSystem)
    assert isinstance(opened(project, "orders: {engine: http, url: 'https://orders.example.com'}"), HttpOrderSystem)
    assert isinstance(opened(project, OWN_JSON), EngineOrders)


def test_an_engine_of_ones_own_is_named_by_its_module(project: Path) -> None:
    assert isinstance(opened(project, "orders: {engine: 'tandem.orders.adapters.sql:open_orders'}"), SqlOrderSystem)
    with pytest.raises(OrdersConfigError, match=r"there is no engine shop\.py:nothing"):
        opened(project, "orders: {engine: 'shop.py:nothing'}")


@pytest.mark.parametrize(("change", "line", "told"), [
    (("engine: http", "engine: htpp"), 4, "htpp is not known, did you mean http?"),
    (("  engine: http\n", ""), 3, "engine is missing; there are sql, http, medusa, shopify, woocommerce"),
    (("    number: ref", "    numbr: ref"), 11, "order: numbr is not known, did you mean number?"),
    (("    status: state\n", ""), 10, "order: status is missing"),
    (("url: https://", "url: http://"), 5, "url must begin with https"),
    (("url: https://warehouse.example.com/v7", "url: warehouse"), 5, "url must be an address such as https://"),
    (('path: "/sales/{number}"', "path: sales"), 8, "requests: by_number: path must be a path such as /orders/"),
    (('bearer: "${WAREHOUSE_TOKEN}"', "bearer: abcdefgh"), 6, "auth: bearer is a secret"),
    (("https://warehouse", "https://me:pass@warehouse"), 5, "url is a secret"),
    (("${WAREHOUSE_TOKEN}", "${WAREHOUSE_TOKEN_}"), 6, "auth: bearer: WAREHOUSE_TOKEN_ is not set in the environment"),
    (('{bearer: "${WAREHOUSE_TOKEN}"}', "{}"), 6, "must have one of bearer, user, header, query"),
    (("    total: sum", "    total: no"), 15, "order: total must be a text or a list, not false (in quotes: YAML"),
    (("unit_price: price", "quantity: count"), 16, "order: items: line_total or unit_price is needed"),
    (("list: lines, ", ""), 10, "order has items without list: the path to them"),
    (("  order:", "  dates: german\n  order:"), 10, "dates must be iso, unix, unix_ms, or a pattern"),
    (("  order:", "  statuses: {sent: shiped}\n  order:"), 10, "statuses: sent must be one of processing"),
    (("  order:", "  zone: Berlin\n  order:"), 10, "zone must be a time zone such as Europe/Berlin, not 'Berlin'"),
    (("orders:", "orders: nothing\nother:"), 3, "it must be a mapping, not 'nothing'"),
], ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_named_with_its_line_and_fix(
    project: Path, change: tuple[str, str], line: int, told: str,
) -> None:
    assert change[0] in OWN_JSON
    with pytest.raises(OrdersConfigError) as wrong:
        opened(project, OWN_JSON.replace(*change, 1))
    text = next((one for one in str(wrong.value).splitlines() if told in one), str(wrong.value))
    assert text.startswith(f"endpoints.yml: orders line {line}: "), text
    assert told in text and text.endswith("see docs/order-systems.md")
    assert "pass@" not in text and "abcdefgh" not in text and "w" * 20 not in text


def test_a_database_that_cannot_be_one_is_named_without_its_password(
    project: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "hush")
    with pytest.raises(OrdersConfigError, match=r"line 1: url cannot be used: \w+; see") as wrong:
        opened(project, "orders: {engine: sql, url: 'mongodb://me:${SHOP_PASSWORD}@x/y'}")
    assert "hush" not in str(wrong.value)


def test_orders_in_two_places_are_one_too_many(project: Path) -> None:
    with pytest.raises(OrdersConfigError, match=r"TANDEM_ORDERS_URL is set, and endpoints\.yml has orders: as well"):
        opened(project, OWN_JSON, orders_url="https://orders.example.com")
