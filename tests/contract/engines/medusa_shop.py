"""A Medusa 2 in memory, with the traps that the real one has (tests/shop_engine holds it against that one).

Filters that it does not know are passed over; `q` looks into names and streets; a begun return locks its order; an
address is taken after shipping; a cancelled order costs nothing; of parallel cancels one is done, the others collide.
"""
from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tandem.orders.adapters.medusa.adapter import Medusa
from tandem.orders.adapters.medusa.config import MedusaOptions
from tandem.orders.http_client import HttpClient
from tandem.orders.model import OrderStatus
from tests.contract.engines.harness import ITEMS, ORDERS, TOTAL, TRACKING, EngineShop, Wanted, behind_tandem
from tests.fakes.transport import Reply, Transport, reply

KEY = "sk_of_the_test"
AT = "2026-11-30T14:{:02d}:{:02d}.123Z"
_ADDRESS = {"first_name", "last_name", "address_1", "address_2", "city", "postal_code", "province", "phone", "company"}


class Refusal(Exception):
    """An answer with Medusa's own error."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        self.reply = reply(status, json={"type": kind, "message": message})


class FakeMedusa:
    """The part of the Admin API that is used."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.returns: dict[str, dict[str, Any]] = {}
        self.lost = 0
        self.serial = itertools.count(1)
        self._moments = itertools.count(1)
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        for wanted in ORDERS.values():
            self.place(wanted)

    def now(self) -> str:
        """Return another moment at each call."""
        return AT.format(*divmod(next(self._moments), 60))

    def place(self, wanted: Wanted, number: str | None = None) -> dict[str, Any]:
        """Place an order and bring it where it should be."""
        serial = next(self.serial)
        first, _, last = wanted.home.name.partition(" ")
        gone = wanted.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
        items = [{"id": f"ordli_{serial}_{line}", "title": name, "variant_sku": sku, "quantity": quantity,
                  "unit_price": float(price)} for line, (sku, name, quantity, price) in enumerate(ITEMS)]
        there = wanted.status is OrderStatus.DELIVERED
        order = {
            "id": f"order_{serial}", "display_id": serial, "custom_display_id": number or wanted.number,
            "status": "pending", "email": wanted.email, "currency_code": "usd", "total": float(TOTAL),
            "created_at": self.now(), "canceled_at": None, "payment_status": "captured",
            "fulfillment_status": "delivered" if there else "shipped" if gone else "not_fulfilled",
            "items": items, "shipping_methods": [{"name": "Standard"}], "returns": [], "shipping_address": {
                "first_name": first, "last_name": last, "address_1": wanted.home.street, "address_2": None,
                "city": wanted.home.city, "postal_code": wanted.home.postcode, "province": wanted.home.region,
                "country_code": "us", "phone": wanted.phone},
            "fulfillments": [{
                "id": f"ful_{serial}", "packed_at": self.now(), "shipped_at": self.now(), "canceled_at": None,
                "delivered_at": self.now() if there else None,
                "labels": [{"tracking_number": TRACKING, "tracking_url": "#", "label_url": "#"}],
                "items": [{"line_item_id": item["id"], "quantity": item["quantity"]} for item in items],
            }] if gone else [],
            "payment_collections": [{"payments": [{"id": f"pay_{serial}", "amount": float(TOTAL), "refunds": []}]}],
            "summary": {"paid_total": float(TOTAL), "original_order_total": float(TOTAL)},
        }
        self.orders[order["id"]] = order
        if wanted.status is OrderStatus.CANCELLED:
            self._cancel(order)
        return order

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        try:
            answer = self._answer(request)
        except Refusal as refusal:
            return refusal.reply
        if request.method != "GET" and self.lost:
            self.lost -= 1
            return Reply(502, b"<html>")
        return reply(200, json=answer)

    def _answer(self, request: requests.PreparedRequest) -> Any:
        given = str(request.headers.get("Authorization", "")).removeprefix("Basic ")
        if base64.b64decode(given + "==").decode(errors="replace") not in (KEY, f"{KEY}:"):
            raise Refusal(401, "unauthorized", "Unauthorized")
        parts = urlsplit(str(request.url))
        steps = parts.path.strip("/").split("/")[1:]
        query = parse_qs(parts.query)
        body = json.loads(request.body or "{}")
        if request.method == "GET":
            return self._get(steps, query)
        if steps[0] == "orders":
            return self._change(self._order(steps[1]), steps[2:], body)
        if steps[0] == "payments":
            return self._refund(steps[1], body)
        return self._returns(str(request.method), steps[1:], body)

    def _order(self, name: str) -> dict[str, Any]:
        if name not in self.orders:
            raise Refusal(404, "not_found", f"Order id not found: {name}")
        return self.orders[name]

    def _get(self, steps: list[str], query: Mapping[str, list[str]]) -> Any:
        if steps == ["stores"]:
            return {"stores": [{"id": "store_1", "name": "Medusa Store"}]}
        if steps == ["stock-locations"]:
            return {"stock_locations": [{"id": "sloc_1", "name": "Warehouse"}]}
        if steps[:1] == ["returns"]:
            return {"return": self.returns[steps[1]]}
        assert steps == ["orders"], steps
        found = list(self.orders.values())
        if "id[]" in query:
            found = [order for order in found if order["id"] in query["id[]"]]
        if "q" in query:  # all else that is no filter of its own is passed over: email, display_id, ...
            found = [order for order in found if _matches(order, query["q"][0].lower())]
        by, down = query.get("order", ["-created_at"])[0].lstrip("-"), query.get("order", ["-"])[0].startswith("-")
        found.sort(key=lambda order: order[by], reverse=down)
        start, size = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["50"])[0])
        return {"orders": found[start:start + size], "count": len(found), "offset": start, "limit": size}

    def _change(self, order: dict[str, Any], steps: list[str], body: dict[str, Any]) -> Any:
        if steps == ["cancel"]:
            with self._lock:
                if order["id"] in self._busy:
                    raise Refusal(400, "invalid_data", "Order already has an existing active order change")
                self._busy.add(order["id"])
            try:
                return {"order": self._cancel(order)}
            finally:
                self._busy.discard(order["id"])
        if steps[:1] == ["fulfillments"] and steps[2:] == ["cancel"]:
            parcel = next(one for one in order["fulfillments"] if one["id"] == steps[1])
            if parcel["shipped_at"]:
                raise Refusal(400, "not_allowed", "The fulfillment has already been shipped")
            parcel["canceled_at"], order["fulfillment_status"] = self.now(), "not_fulfilled"
            return {"order": order}
        assert steps == [], steps
        if set(body) - {"shipping_address", "billing_address", "email", "metadata"}:
            raise Refusal(400, "invalid_data", "Unrecognized fields")
        if order["status"] == "canceled":
            raise Refusal(400, "not_allowed", "Order is canceled")
        given = body["shipping_address"]
        if set(given) - _ADDRESS:
            raise Refusal(400, "invalid_data", "Country code cannot be changed" if "country_code" in given
                          else "Unrecognized fields")
        order["shipping_address"].update(given)  # whatever has been shipped
        return {"order": order}

    def _cancel(self, order: dict[str, Any]) -> dict[str, Any]:
        if order["status"] == "canceled":
            raise Refusal(400, "not_allowed", "Order has been canceled")
        if any(not one["canceled_at"] for one in order["fulfillments"]):
            raise Refusal(400, "not_allowed", "All fulfillments must be canceled before canceling an order")
        self._locked(order)
        order.update(status="canceled", canceled_at=self.now(), total=0)
        order["payment_collections"][0]["payments"][0]["refunds"].append(
            {"amount": float(TOTAL), "created_at": self.now()})
        return order

    def _locked(self, order: dict[str, Any]) -> None:
        if any(one["status"] == "open" for one in order["returns"]):
            raise Refusal(400, "invalid_data", "Order already has an existing active order change")

    def _refund(self, name: str, body: dict[str, Any]) -> Any:
        payment = next(one for order in self.orders.values() for collection in order["payment_collections"]
                       for one in collection["payments"] if one["id"] == name)
        with self._lock:
            if set(body) - {"amount", "note", "refund_reason_id"}:
                raise Refusal(400, "invalid_data", "Unrecognized fields")
            if round(sum(one["amount"] for one in payment["refunds"]) + body["amount"], 2) > payment["amount"]:
                raise Refusal(400, "invalid_data", "You cannot refund more than what is captured on the payment.")
            payment["refunds"].append({"id": f"ref_{len(payment['refunds'])}", "amount": body["amount"],
                                       "note": body.get("note"), "created_at": self.now()})
        return {"payment": payment}

    def _returns(self, method: str, steps: list[str], body: dict[str, Any]) -> Any:
        if not steps:
            order = self._order(body["order_id"])
            self._locked(order)
            begun = {"id": f"return_{len(self.returns)}", "status": "open", "created_at": self.now(), "items": [],
                     "received_at": None, "metadata": body.get("metadata"), "order_id": order["id"]}
            self.returns[str(begun["id"])] = begun
            order["returns"].append(begun)
            return {"return": begun}
        known = self.returns[steps[0]]
        order = self.orders[known["order_id"]]
        if method == "DELETE":
            order["returns"].remove(known)
            return {"id": known["id"], "object": "return", "deleted": True}
        if steps[1] == "request-items":
            for item in body["items"]:
                most = next(one["quantity"] for one in order["items"] if one["id"] == item["id"])
                if item["quantity"] > most:
                    raise Refusal(400, "invalid_data", "Cannot request to return more items than what was fulfilled")
                known["items"].append({"item_id": item["id"], "quantity": item["quantity"],
                                       "note": item.get("internal_note")})
        elif steps[1] == "request":
            known["status"] = "requested"
        return {"return": known}


def _matches(order: Mapping[str, Any], asked: str) -> bool:
    """What `q` looks into."""
    values = [order["display_id"], order["custom_display_id"], order["email"], *order["shipping_address"].values()]
    return any(asked in str(value).lower() for value in values if value)


@contextmanager
def medusa_shop(folder: Path) -> Iterator[EngineShop]:
    """The orders of the contract in that Medusa."""
    fake = FakeMedusa()
    client = HttpClient("https://medusa.example.com", user=(KEY, ""), adapter=Transport(fake), sleep=lambda _: None)
    with behind_tandem(Medusa(MedusaOptions(url="https://medusa.example.com", key=KEY), client), folder) as system:
        yield EngineShop(system, lambda times: setattr(fake, "lost", times))
