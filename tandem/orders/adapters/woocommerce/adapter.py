"""Orders in a WooCommerce, over its REST API, version 3. docs/orders/woocommerce.md tells what follows from it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from tandem.orders.acts.requests import ActRequest, AddNote, IssueVoucher, RefundOrder, voucher_code
from tandem.orders.adapters.woocommerce.config import WooCommerceOptions
from tandem.orders.adapters.woocommerce.reader import (
    TRACKING_META,
    Tracking,
    read_fulfillments,
    read_order,
    read_tracking,
    refunded,
)
from tandem.orders.engine import EngineOrder, EngineRefused, EngineReport
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.http_client import HttpAnswer, HttpClient
from tandem.orders.model import Address, OrderAct, OrderItem, OrderStatus, ReturnReason

_API = "/wp-json/wc/v3"
_PLUGIN = "/wp-json/wc-shipment-tracking/v3"
_NO_GATEWAY = "woocommerce_rest_cannot_create_order_refund"  # the payment's gateway gives no money back
REFUND_META = "_tandem_key"
_PAGE = 50
_PAGES = 4
_SENT = frozenset({
    OrderStatus.SHIPPED, OrderStatus.PARTLY_SHIPPED, OrderStatus.OUT_FOR_DELIVERY, OrderStatus.DELIVERED})


class WooCommerce:
    """A `ShopEngine` over WooCommerce. It has no filter by number or address of a guest, only a search."""

    does_once = False

    def __init__(
        self, options: WooCommerceOptions, client: HttpClient, business_days: tuple[int, int] = (5, 7),
    ) -> None:
        self._options = options
        self.acts = frozenset({OrderAct.CANCEL, OrderAct.CHANGE_ADDRESS, OrderAct.VOUCHER, OrderAct.NOTE}) | (
            {OrderAct.REFUND} if options.refund else set())
        self._client = client
        self._days = business_days

    def by_number(self, numbers: tuple[str, ...]) -> Iterator[EngineOrder]:
        for number in numbers:
            if number.isascii() and number.isdigit():  # the number is the id, unless a plugin counts by itself
                answer = self._client.call("GET", f"{_API}/orders/{number}")
                if answer.ok and str(answer.data.get("number")) in numbers:
                    yield self._read(answer.data)
                    return
                if not answer.ok and answer.status != 404:
                    raise _away(answer)
            found = [one for one in self._search({"search": number}) if str(one.get("number")) in numbers]
            yield from map(self._read, found)
            if found:
                return

    def by_email(self, email: str, limit: int) -> Iterator[EngineOrder]:
        found: dict[Any, Mapping[str, Any]] = {}
        for customer in self._list(f"{_API}/customers", {"email": email, "per_page": 5}):
            if str(customer.get("email") or "").strip().lower() == email:
                found.update((one["id"], one) for one in self._search({"customer": customer["id"]}))
        found.update((one["id"], one) for one in self._search({"search": email}))  # guests' too
        own = [one for one in found.values() if str(one["billing"].get("email") or "").strip().lower() == email]
        own.sort(key=lambda one: str(one["date_created_gmt"]), reverse=True)
        return map(self._read, own[:limit])

    def newest(self) -> EngineOrder | None:
        found = self._list(f"{_API}/orders", {"per_page": 1, "orderby": "date", "order": "desc"})
        return self._read(found[0]) if found else None

    def cancel(self, target: EngineOrder) -> None:
        # Money first: a full refund closes the order by itself, so that a crash in between leaves nothing owed.
        fresh = self._one(target.id)
        owed = Decimal(str(fresh["total"])) - refunded(fresh)
        if fresh.get("date_paid_gmt") and owed > 0:
            self._act("POST", f"/orders/{target.id}/refunds", {
                "amount": str(owed), "reason": "cancelled by the customer", "api_refund": True, "api_restock": False})
        self._act("PUT", f"/orders/{target.id}", {"status": "cancelled"})  # which puts the goods back into stock

    def change_address(self, target: EngineOrder, address: Address) -> None:
        first, _, last = address.name.partition(" ")
        self._act("PUT", f"/orders/{target.id}", {"shipping": {
            "first_name": first, "last_name": last, "address_1": address.street, "address_2": "",  # left out, it stays
            "city": address.city, "postcode": address.postcode, "state": address.region, "country": address.country}})

    def start_return(self, target: EngineOrder, lines: tuple[OrderItem, ...], reason: ReturnReason) -> None:
        raise EngineRefused("WooCommerce has no returns")

    def act(self, target: EngineOrder, request: ActRequest, reference: str) -> str:
        if isinstance(request, RefundOrder) and request.amount is not None:
            made = self._act("POST", f"/orders/{target.id}/refunds", {
                "amount": str(request.amount.amount), "reason": "refunded by customer service", "api_refund": True,
                "api_restock": False, "meta_data": [{"key": REFUND_META, "value": reference}]}, (_NO_GATEWAY,))
            return str(made.get("id") or reference)
        if isinstance(request, IssueVoucher):
            ends = datetime.now(timezone.utc) + timedelta(days=request.days)
            self._act("POST", "/coupons", {
                "code": voucher_code(reference), "discount_type": "fixed_cart", "amount": str(request.amount.amount),
                "usage_limit": 1, "individual_use": True, "email_restrictions": [target.order.email],
                "date_expires_gmt": f"{ends:%Y-%m-%dT%H:%M:%S}", "description": f"for order {target.order.number}"})
            return voucher_code(reference)
        if isinstance(request, AddNote):
            made = self._act("POST", f"/orders/{target.id}/notes", {
                "note": f"{request.text}\n({reference})", "customer_note": False})
            return str(made.get("id") or reference)
        raise EngineRefused("WooCommerce has no such act")

    def made(self, target: EngineOrder, request: ActRequest, reference: str) -> str | None:
        if isinstance(request, IssueVoucher):
            code = voucher_code(reference)
            found = self._list(f"{_API}/coupons", {"code": code.lower()})
            return code if any(str(one.get("code")).lower() == code.lower() for one in found) else None
        path = "refunds" if isinstance(request, RefundOrder) else "notes"
        for one in self._list(f"{_API}/orders/{target.id}/{path}", {"per_page": 100}):
            marks = [str(meta.get("value")) for meta in one.get("meta_data") or () if meta.get("key") == REFUND_META]
            if reference in marks or f"({reference})" in str(one.get("note") or ""):
                return str(one["id"])
        return None

    def check(self) -> EngineReport:
        answer = self._client.call("GET", f"{_API}/orders", query={"per_page": 1})
        if not answer.ok:
            raise _away(answer)
        warnings = [] if self._options.refund else [
            "refund is false: paid orders are cancelled by people, because WooCommerce gives no money back by itself"]
        return EngineReport(f"WooCommerce, {answer.headers.get('X-WP-Total', 'some')} orders", tuple(warnings))

    def _read(self, data: Mapping[str, Any]) -> EngineOrder:
        refunds = self._list(f"{_API}/orders/{data['id']}/refunds", {"per_page": 100}) if data.get("refunds") else []
        sent = self._options.statuses.get(str(data.get("status"))) in _SENT
        return read_order(data, self._options, self._tracking(data) if sent else [], refunds, self._days)

    def _tracking(self, data: Mapping[str, Any]) -> list[Tracking]:
        if self._options.tracking == "core":
            return read_fulfillments(self._list(f"{_API}/orders/{data['id']}/fulfillments", {}, missing=True))
        if self._options.tracking == "plugin":
            path = f"{_PLUGIN}/orders/{data['id']}/shipment-trackings"
            return read_tracking(self._list(path, {}, missing=True))
        if self._options.tracking == "none":
            return []
        kept = next((one.get("value") for one in data.get("meta_data") or () if one.get("key") == TRACKING_META), None)
        return read_tracking(kept if isinstance(kept, list) else [])

    def _search(self, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _PAGES + 1):
            found = self._list(f"{_API}/orders", {**query, "per_page": _PAGE, "page": page, "orderby": "date"})
            yield from found
            if len(found) < _PAGE:
                return

    def _list(self, path: str, query: Mapping[str, Any], missing: bool = False) -> Sequence[Mapping[str, Any]]:
        answer = self._client.call("GET", path, query=query)
        if answer.ok and isinstance(answer.data, list):
            return answer.data
        if missing and answer.status == 404:  # a feature or a plugin that is not switched on
            return []
        raise _away(answer)

    def _one(self, name: str) -> Mapping[str, Any]:
        answer = self._client.call("GET", f"{_API}/orders/{name}")
        if answer.ok and isinstance(answer.data, Mapping):
            return answer.data
        raise _away(answer)

    def _act(self, method: str, path: str, body: Any, refusals: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """Ask for a change. `refusals` are codes of errors that say no, though they come as the server's own."""
        answer = self._client.call(method, f"{_API}{path}", body=body)
        data: Mapping[str, Any] = answer.data if isinstance(answer.data, Mapping) else {}
        code = str(data.get("code") or "")
        if answer.status in (400, 404, 409, 422) or code in refusals:
            raise EngineRefused(f"WooCommerce answered {answer.status} {code}")
        if not answer.ok:
            raise _away(answer)
        return data


def _away(answer: HttpAnswer) -> OrderSystemUnavailable:
    if answer.status in (401, 403):
        return OrderSystemUnavailable(
            "WooCommerce does not take key and secret, or they may not read orders; some servers drop the header "
            "(key_in: query)")
    if answer.data is None:
        return OrderSystemUnavailable(
            f"WooCommerce answered status {answer.status} without JSON; are pretty permalinks switched on?")
    return OrderSystemUnavailable(f"WooCommerce answered status {answer.status}, not understood")
