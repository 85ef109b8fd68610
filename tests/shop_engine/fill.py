"""Set up a fresh Medusa over its Admin API, and place the orders of the contract in it."""
from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import requests

from tandem.orders.model import OrderStatus
from tests.contract.engines.harness import ITEMS, ORDERS, TRACKING, Wanted

ADMIN = {"email": "admin@example.com", "password": "supersecret"}
_SECONDS = 60


class Admin:
    """The shop owner's side of a Medusa."""

    def __init__(self, url: str) -> None:
        self._url = url
        token = self._post("/auth/user/emailpass", ADMIN, {})["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        made = self._post("/admin/api-keys", {"title": "tandem", "type": "secret"}, bearer)
        self.key = str(made["api_key"]["token"])
        self._headers = {"Authorization": "Basic " + base64.b64encode(f"{self.key}:".encode()).decode()}
        self._set_up()

    def post(self, path: str, body: Any) -> Mapping[str, Any]:
        """Make one call; an error ends the test."""
        return self._post(f"/admin{path}", body, self._headers)

    def place(self, wanted: Wanted) -> str:
        """Place an order, pay it, and bring it where it should be; its id."""
        first, _, last = wanted.home.name.partition(" ")
        draft = self.post("/draft-orders", {
            "region_id": self._region, "email": wanted.email, "sales_channel_id": self._channel,
            "metadata": {"number": wanted.number}, "shipping_address": {
                "first_name": first, "last_name": last, "address_1": wanted.home.street, "city": wanted.home.city,
                "postal_code": wanted.home.postcode, "province": wanted.home.region, "country_code": "us",
                "phone": wanted.phone},
            "items": [{"title": name, "variant_sku": sku, "unit_price": float(price), "quantity": quantity}
                      for sku, name, quantity, price in ITEMS],
            "shipping_methods": [{"name": "Standard", "shipping_option_id": self._standard, "amount": 0}],
        })["draft_order"]
        order = self.post(f"/draft-orders/{draft['id']}/convert-to-order", {})["order"]
        self._pay(order["id"], float(order["total"]))
        if wanted.status is OrderStatus.CANCELLED:
            self.post(f"/orders/{order['id']}/cancel", {})
        elif wanted.status is not OrderStatus.PROCESSING:
            self._ship(order["id"], delivered=wanted.status is OrderStatus.DELIVERED)
        return str(order["id"])

    def place_all(self) -> dict[str, str]:
        """Place the orders of the contract; their ids by kind."""
        return {kind: self.place(wanted) for kind, wanted in ORDERS.items()}

    def pack(self, order_id: str) -> str:
        """Pack all of an order; the fulfilment's id."""
        items = self._get(f"/admin/orders/{order_id}?fields=id,*items")["order"]["items"]
        parts = [{"id": item["id"], "quantity": item["quantity"]} for item in items]
        order = self.post(f"/orders/{order_id}/fulfillments?fields=id,*fulfillments", {
            "items": parts, "location_id": self.location})["order"]
        return str(order["fulfillments"][0]["id"])

    def order(self, order_id: str) -> Mapping[str, Any]:
        """Read an order as it stands, with where it goes, what was given back and what is sent back."""
        fields = ("id,status,*shipping_address,*payment_collections.payments,"
                  "*payment_collections.payments.refunds,*returns,*returns.items")
        found: Mapping[str, Any] = self._get(f"/admin/orders/{order_id}?fields={fields}")["order"]
        return found

    def _ship(self, order_id: str, delivered: bool) -> None:
        parcel = self.pack(order_id)
        items = self._get(f"/admin/orders/{order_id}?fields=id,*items")["order"]["items"]
        self.post(f"/orders/{order_id}/fulfillments/{parcel}/shipments", {
            "items": [{"id": item["id"], "quantity": item["quantity"]} for item in items],
            "labels": [{"tracking_number": TRACKING, "tracking_url": "#", "label_url": "#"}]})
        if delivered:
            self.post(f"/orders/{order_id}/fulfillments/{parcel}/mark-as-delivered", {})

    def _pay(self, order_id: str, amount: float) -> None:
        made = self.post("/payment-collections", {"order_id": order_id, "amount": amount})["payment_collection"]
        self.post(f"/payment-collections/{made['id']}/mark-as-paid", {"order_id": order_id})

    def _set_up(self) -> None:
        channels = self._get("/admin/sales-channels")["sales_channels"]
        self._channel = channels[0]["id"] if channels else self.post("/sales-channels", {"name": "Web"})[
            "sales_channel"]["id"]
        self._region = self.post("/regions", {
            "name": "US", "currency_code": "usd", "countries": ["us"], "payment_providers": ["pp_system_default"],
        })["region"]["id"]
        self.location = self.post("/stock-locations", {
            "name": "Warehouse", "address": {"address_1": "1 Dock St", "city": "Chicago", "country_code": "us"},
        })["stock_location"]["id"]
        where = f"/stock-locations/{self.location}"
        self.post(f"{where}/sales-channels", {"add": [self._channel]})
        self.post(f"{where}/fulfillment-providers", {"add": ["manual_manual"]})
        sets = self.post(f"{where}/fulfillment-sets?fields=*fulfillment_sets", {"name": "Shipping", "type": "shipping"})
        zone = self.post(f"/fulfillment-sets/{sets['stock_location']['fulfillment_sets'][0]['id']}/service-zones", {
            "name": "US", "geo_zones": [{"type": "country", "country_code": "us"}]})["fulfillment_set"]
        profile = self.post("/shipping-profiles", {"name": "Default", "type": "default"})["shipping_profile"]["id"]
        self._standard = self.post("/shipping-options", {
            "name": "Standard", "service_zone_id": zone["service_zones"][0]["id"], "shipping_profile_id": profile,
            "provider_id": "manual_manual", "price_type": "flat",
            "type": {"label": "Standard", "description": "Standard", "code": "standard"},
            "prices": [{"currency_code": "usd", "amount": 0}],
            "rules": [{"attribute": "is_return", "operator": "eq", "value": "false"},
                      {"attribute": "enabled_in_store", "operator": "eq", "value": "true"}]})["shipping_option"]["id"]

    def _get(self, path: str) -> Mapping[str, Any]:
        return _answered(requests.get(self._url + path, headers=self._headers, timeout=_SECONDS))

    def _post(self, path: str, body: Any, headers: Mapping[str, str]) -> Mapping[str, Any]:
        return _answered(requests.post(self._url + path, json=body, headers=headers, timeout=_SECONDS))


def _answered(answer: requests.Response) -> Mapping[str, Any]:
    assert answer.ok, f"{answer.request.method} {answer.request.path_url}: {answer.status_code} {answer.text[:500]}"
    found: Mapping[str, Any] = answer.json()
    return found
