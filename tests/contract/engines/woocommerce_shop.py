"""A WooCommerce in memory: documented shapes, statuses and quirks of its REST API, version 3.

A plugin counts the orders, so that number and id differ, and the id of one is the number of another. Unknown parameters
are passed over; the search looks into names and addresses. Any status is taken from any other, and an address whatever
was sent; cancelling gives no money back, a refund of all closes the order.
"""
from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests

from tandem.orders.adapters.woocommerce import open_client
from tandem.orders.adapters.woocommerce.adapter import WooCommerce
from tandem.orders.adapters.woocommerce.config import WooCommerceOptions
from tandem.orders.model import OrderStatus
from tests.contract.engines.harness import ITEMS, ORDERS, TOTAL, TRACKING, EngineShop, Wanted, behind_tandem
from tests.fakes.transport import Reply, Transport, reply

KEY, SECRET, URL = "ck_of_the_test", "cs_of_the_test", "https://woo.example.com"
WORDS = {OrderStatus.PROCESSING: "processing", OrderStatus.SHIPPED: "completed", OrderStatus.DELIVERED: "completed",
         OrderStatus.CANCELLED: "cancelled"}
KNOWN = {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash"}
START = datetime(2026, 11, 27, 9, 0)


class Refusal(Exception):
    """An answer with WooCommerce's own error."""

    def __init__(self, status: int, code: str) -> None:
        self.reply = reply(status, json={"code": code, "message": code, "data": {"status": status}})


class FakeWooCommerce:
    """The part of the API that is used."""

    def __init__(self) -> None:
        self.orders: dict[int, dict[str, Any]] = {}
        self.refunds: dict[int, list[dict[str, Any]]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.coupons: dict[str, dict[str, Any]] = {}
        self.fulfillments: dict[int, list[dict[str, Any]]] | None = None  # None while the feature is off
        self.gateway = True  # it can give money back
        self.lost = 0
        self._lock = threading.Lock()
        for wanted in ORDERS.values():
            self.place(wanted)

    def place(self, wanted: Wanted) -> dict[str, Any]:
        """Place an order where it should be."""
        number = wanted.number.removeprefix("TD-")
        key = 20410 if wanted is ORDERS["near"] else 500 + len(self.orders)
        placed = START + timedelta(minutes=len(self.orders))
        first, _, last = wanted.home.name.partition(" ")
        sent = wanted.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
        home = {"first_name": first, "last_name": last, "company": "", "address_1": wanted.home.street, "address_2": "",
                "city": wanted.home.city, "state": wanted.home.region, "postcode": wanted.home.postcode,
                "country": wanted.home.country}
        self.orders[key] = {
            "id": key, "number": number, "status": WORDS[wanted.status], "currency": "USD", "customer_id": 0,
            "date_created_gmt": placed.isoformat(), "date_modified_gmt": placed.isoformat(),
            "date_paid_gmt": placed.isoformat(), "date_completed_gmt": placed.isoformat() if sent else None,
            "total": str(TOTAL), "payment_method": "stripe", "shipping": home,
            "billing": {**home, "email": wanted.email.title(), "phone": wanted.phone}, "refunds": [],
            "line_items": [{"id": line, "name": name, "product_id": 7, "variation_id": 0, "quantity": quantity,
                            "sku": sku, "total": str(price * quantity), "total_tax": "0.00", "price": float(price)}
                           for line, (sku, name, quantity, price) in enumerate(ITEMS)],
            "meta_data": [{"id": 1, "key": "_wc_shipment_tracking_items", "value": [
                {"tracking_provider": "ups", "tracking_number": TRACKING, "tracking_link": "", "date_shipped": str(
                    int(placed.timestamp()))}]}] if sent else [],
        }
        self.refunds[key] = []
        return self.orders[key]

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        with self._lock:
            try:
                answer = self._answer(request)
            except Refusal as refusal:
                return refusal.reply
            if request.method != "GET" and self.lost:
                self.lost -= 1
                return Reply(502, b"<html>")
            headers = {"X-WP-Total": str(len(self.orders))} if isinstance(answer, list) else {}
            return reply(200, json=answer, headers=headers)

    def _answer(self, request: requests.PreparedRequest) -> Any:
        parts = urlsplit(str(request.url))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        given = str(request.headers.get("Authorization", "")).removeprefix("Basic ")
        if base64.b64decode(given + "==").decode() != f"{KEY}:{SECRET}" and query.get("consumer_secret") != SECRET:
            raise Refusal(401, "woocommerce_rest_cannot_view")
        steps = unquote(parts.path).removeprefix("/wp-json/wc/v3/").split("/")
        if steps == ["customers"]:
            return []  # all of them ordered as guests
        if steps == ["coupons"]:
            return self._coupons(request, query)
        assert steps[0] == "orders", steps
        if len(steps) == 1:
            return self._search(query)
        if not steps[1].isdigit() or int(steps[1]) not in self.orders:
            raise Refusal(404, "woocommerce_rest_shop_order_invalid_id")
        order = self.orders[int(steps[1])]
        if steps[2:] == ["refunds"]:
            return self._refund(order, json.loads(request.body or "{}")) if request.method == "POST" else (
                self.refunds[order["id"]])
        if steps[2:] == ["notes"]:
            notes = self.notes.setdefault(order["id"], [])
            if request.method == "POST":
                notes.append({"id": len(notes) + 1, **json.loads(request.body or "{}")})
            return notes[-1] if request.method == "POST" else notes
        if steps[2:] == ["fulfillments"]:
            if self.fulfillments is None:
                raise Refusal(404, "rest_no_route")
            return self.fulfillments.get(order["id"], [])
        return self._update(order, json.loads(request.body or "{}")) if request.method == "PUT" else order

    def _coupons(self, request: requests.PreparedRequest, query: Mapping[str, str]) -> Any:
        if request.method == "GET":
            return [one for one in self.coupons.values() if one["code"] == query["code"].lower()]
        made = json.loads(request.body or "{}")
        made["code"] = made["code"].lower()  # as WooCommerce keeps them
        if made["code"] in self.coupons:
            raise Refusal(400, "woocommerce_rest_coupon_code_already_exists")
        return self.coupons.setdefault(made["code"], made)

    def _search(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        size, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
        if not 1 <= size <= 100:
            raise Refusal(400, "rest_invalid_param")
        asked = query.get("search", "").lower()
        found = [order for order in self.orders.values() if not asked or any(
            asked in str(value).lower() for part in ("billing", "shipping") for value in order[part].values())
            or asked in order["number"] or asked == str(order["id"])]
        if asked and not found:
            found = list(self.orders.values())  # it falls back to a search of posts, which finds other things
        found.sort(key=lambda order: order["date_created_gmt"], reverse=True)
        return found[size * (page - 1):size * page]

    def _update(self, order: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if body.get("status", "processing") not in KNOWN:
            raise Refusal(400, "rest_invalid_param")
        order["status"] = body.get("status", order["status"])  # from any other, and no money goes back
        order["shipping"] = {**order["shipping"], **body.get("shipping", {})}
        return order

    def _refund(self, order: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(body["amount"], str):
            raise Refusal(400, "rest_invalid_param")
        amount = Decimal(body["amount"])
        left = Decimal(order["total"]) - sum((Decimal(one["amount"]) for one in self.refunds[order["id"]]), Decimal(0))
        if amount <= 0 or amount > left:
            raise Refusal(400, "woocommerce_rest_invalid_order_refund_amount")
        if body.get("api_refund", True) and not self.gateway:
            raise Refusal(500, "woocommerce_rest_cannot_create_order_refund")
        made = {"id": 900 + len(self.refunds[order["id"]]), "amount": body["amount"], "reason": body.get("reason", ""),
                "meta_data": body.get("meta_data", []), "date_created_gmt": START.isoformat()}
        self.refunds[order["id"]].append(made)
        order["refunds"].append({"id": made["id"], "reason": made["reason"], "total": f"-{amount}"})
        if amount == left:
            order["status"] = "refunded"
        return made


def engine_over(answer: Any, **more: Any) -> WooCommerce:
    """The adapter, talking to `answer`."""
    options = WooCommerceOptions(url=URL, key=KEY, secret=SECRET, **{"refund": True, **more})
    return WooCommerce(options, open_client(options, adapter=Transport(answer), sleep=lambda _: None))


@contextmanager
def woocommerce_shop(folder: Path) -> Iterator[EngineShop]:
    """The orders of the contract in that WooCommerce."""
    fake = FakeWooCommerce()
    with behind_tandem(engine_over(fake), folder) as system:
        yield EngineShop(system, lambda times: setattr(fake, "lost", times), delivers=False)
