"""A warehouse's JSON API of its own shape: nested, amounts in cents, times in seconds since 1970, pages of two."""
from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
import yaml

from tandem.orders.adapters.http.config import MappedHttpOptions
from tandem.orders.adapters.http.mapped import MappedService
from tandem.orders.config import OrdersSection
from tandem.orders.http_client import HttpClient
from tandem.orders.model import OrderStatus
from tandem.settings import Settings
from tests.contract.engines.harness import ITEMS, ORDERS, TOTAL, TRACKING, EngineShop, behind_tandem
from tests.fakes.transport import Reply, Transport, reply

TOKEN = "warehouse-token-of-the-test"
START = int(time.time()) - 3 * 86_400
WORDS = {OrderStatus.PROCESSING: "OPEN", OrderStatus.SHIPPED: "SENT", OrderStatus.DELIVERED: "DONE",
         OrderStatus.CANCELLED: "VOID"}
SECTION = """
url: https://warehouse.example.com/v7
auth: {header: X-Api-Key, value: warehouse-token-of-the-test}
dates: unix
money: minor
statuses: {OPEN: processing, SENT: shipped, DONE: delivered, VOID: cancelled}
requests:
  by_number: {path: /sales, query: {search: "{number}"}, orders: data.rows}
  by_email: {path: /sales, query: {search: "{email}"}, orders: data.rows, pages: {query: page}}
  newest: {path: /sales, orders: data.rows}
  health: {path: /ping}
  cancel: {method: POST, path: "/sales/{id}/void", body: {by: customer}}
  change_address:
    method: PUT
    path: "/sales/{id}/ship-to"
    body:
      to: {name: "{name}", line1: "{street}", town: "{city}", zip: "{postcode}", state: "{region}", cc: "{country}"}
  start_return: {method: POST, path: "/sales/{id}/rma", body: {articles: "{skus}", why: "{reason}"}}
  refund: {method: POST, path: "/sales/{id}/credits", body: {cents: "{minor}", key: "{key}"}}
  voucher: {method: POST, path: "/sales/{id}/vouchers", body: {code: "{code}", worth: "{amount}", key: "{key}"}}
  reship: {method: POST, path: "/sales/{id}/again", body: {articles: "{skus}", key: "{key}"}}
  exchange: {method: POST, path: "/sales/{id}/swap", body: {articles: "{skus}", for: "{wanted}", key: "{key}"}}
  expedite: {method: POST, path: "/sales/{id}/rush", body: {key: "{key}"}}
  note: {method: POST, path: "/sales/{id}/remarks", body: {said: "{text}", key: "{key}"}}
order:
  id: uuid
  number: ref
  email: buyer.mail
  phone: buyer.call
  customer_name: [buyer.given, buyer.family]
  status: state
  placed_at: times.created
  total: sums.gross
  currency: sums.unit
  cancelled_at: times.voided
  address: {name: to.name, street: to.line1, city: to.town, postcode: to.zip, region: to.state, country: to.cc}
  items: {list: lines, sku: article.code, name: article.title, quantity: count, line_total: sum}
  shipments: {list: boxes, id: 'no', tracking_number: track, shipped_at: out, delivered_at: there}
  refund: {list: credits, amount: sum, issued_at: at}
  return: {list: rmas, id: 'no', sku: articles, reason: why, created_at: at}
"""


class Warehouse:
    """The service. Its search finds what holds the words, anywhere; unknown parameters are passed over."""

    def __init__(self) -> None:
        self.sales: dict[str, dict[str, Any]] = {}
        self.keys: set[str] = set()
        self.lost = 0  # so many writes are done, and not answered
        self._lock = threading.Lock()
        for key, wanted in enumerate(ORDERS.values(), 1):
            given, _, family = wanted.home.name.partition(" ")
            sent = wanted.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
            there = START if wanted.status is OrderStatus.DELIVERED else None
            self.sales[f"u{key}"] = {
                "uuid": f"u{key}", "ref": wanted.number, "state": WORDS[wanted.status],
                "buyer": {"mail": wanted.email, "given": given, "family": family, "call": wanted.phone},
                "times": {"created": START + key, "voided": None}, "sums": {"gross": int(TOTAL * 100), "unit": "usd"},
                "to": {"name": wanted.home.name, "line1": wanted.home.street, "town": wanted.home.city,
                       "zip": wanted.home.postcode, "state": wanted.home.region, "cc": "US"},
                "lines": [{"article": {"code": sku, "title": name}, "count": count, "sum": int(price * count * 100)}
                          for sku, name, count, price in ITEMS],
                "boxes": [{"no": 1, "track": TRACKING, "out": START, "there": there}] if sent else [],
                "credits": [], "rmas": [],
            }

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        with self._lock:
            return self._answer(request)

    def _answer(self, request: requests.PreparedRequest) -> Reply:
        parts = urlsplit(str(request.url))
        steps = unquote(parts.path).removeprefix("/v7/").split("/")
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if request.headers.get("X-Api-Key") != TOKEN:
            return reply(401, json={"fault": "key"})
        if steps == ["ping"]:
            return reply(200, json={"pong": True})
        if request.method == "GET":
            return self._search(asked)
        sale = self.sales.get(steps[1])
        if sale is None:
            return reply(404, json={"fault": "unknown"})
        answer = self._write(sale, steps[2], json.loads(request.body or "{}"))
        if answer.status == 200 and self.lost:
            self.lost -= 1
            return reply(502, content=b"<html>bad gateway")
        return answer

    def _search(self, asked: dict[str, str]) -> Reply:
        found = [sale for sale in self.sales.values() if asked.get("search", "").lower() in json.dumps(sale).lower()]
        found.sort(key=lambda sale: -sale["times"]["created"])
        if "page" in asked:
            page = int(asked["page"])
            found = found[2 * (page - 1):2 * page]
        return reply(200, json={"data": {"rows": found}})

    def _write(self, sale: dict[str, Any], what: str, body: dict[str, Any]) -> Reply:
        if body.get("key") in self.keys:
            return reply(200, json={"ok": True})  # once for each key
        self.keys.update([body["key"]] if "key" in body else [])
        if what == "credits":
            given = sum(one["sum"] for one in sale["credits"])
            if given + body["cents"] > sale["sums"]["gross"]:
                self.keys.discard(body["key"])
                return reply(409, json={"fault": "too much"})
            sale["credits"].append({"sum": body["cents"], "at": START})
        elif what == "void":
            if sale["state"] == "VOID":
                return reply(409, json={"fault": "void already"})
            sale["state"], sale["times"]["voided"] = "VOID", START
            sale["credits"].append({"sum": sale["sums"]["gross"], "at": START})
        elif what == "ship-to":  # taken whatever the state is
            sale["to"] = body["to"]
        elif what == "rma":
            sale["rmas"].append({"no": f"RMA{len(sale['rmas'])}", "articles": body["articles"], "why": body["why"],
                                 "at": START})
        return reply(200, json={"ok": True})


@contextmanager
def http_shop(folder: Path) -> Iterator[EngineShop]:
    """The service behind the described JSON."""
    warehouse = Warehouse()
    options = OrdersSection("http", yaml.safe_load(SECTION)).read(MappedHttpOptions)
    assert options.auth is not None
    client = HttpClient(options.url, adapter=Transport(warehouse), sleep=lambda _: None, **options.auth.sent())
    with behind_tandem(MappedService(options, client, Settings().shop_timezone), folder) as system:
        yield EngineShop(system, lambda times: setattr(warehouse, "lost", times))
