"""Orders in a Medusa v2, over its Admin API. docs/orders/medusa.md tells how it behaves, and what follows from it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from tandem.orders.acts.requests import ActRequest, RefundOrder
from tandem.orders.adapters.medusa.config import MedusaOptions
from tandem.orders.adapters.medusa.reader import FIELDS, read_order
from tandem.orders.engine import EngineOrder, EngineRefused, EngineReport
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.http_client import HttpAnswer, HttpClient
from tandem.orders.model import Address, OrderAct, OrderItem, ReturnReason

_PAGE = 100
_PAGES = 10
_STEPS = 3  # back over numbers that draft orders have used up
_OURS = "tandem"  # in the metadata of a return that we began
_HEADS = "id,display_id,custom_display_id,email,created_at"


class Medusa:
    """A `ShopEngine` over Medusa 2's Admin API.

    Orders are looked for with `q`, which looks into names and streets too: what it finds is compared by its heads, and
    only what is exact is read. No filter is sent that Medusa does not know: it would answer with all orders.
    """

    acts = frozenset({OrderAct.CANCEL, OrderAct.CHANGE_ADDRESS, OrderAct.START_RETURN, OrderAct.REFUND})
    does_once = False

    def __init__(
        self, options: MedusaOptions, client: HttpClient, business_days: tuple[int, int] = (5, 7),
    ) -> None:
        self._options = options
        self._client = client
        self._days = business_days

    def by_number(self, numbers: tuple[str, ...]) -> Iterator[EngineOrder]:
        wanted = set(numbers)
        for number in numbers:
            found = self._by_serial(int(number)) if number.isascii() and number.isdigit() else None
            if found is not None:
                return self._read([found])
            ids = [str(head["id"]) for head in self._heads({"q": number})
                   if str(head.get("custom_display_id") or head["display_id"]) in wanted]
            if ids:
                return self._read(ids)
        return iter(())

    def by_email(self, email: str, limit: int) -> Iterator[EngineOrder]:
        ids: list[str] = []
        for head in self._heads({"q": email, "order": "-created_at"}):
            if str(head.get("email") or "").strip().lower() == email:
                ids.append(str(head["id"]))
                if len(ids) >= limit:
                    break
        return self._read(ids)

    def newest(self) -> EngineOrder | None:
        heads = next(self._pages({"order": "-created_at"}, 1), [])
        return next(self._read([str(heads[0]["id"])]), None) if heads else None

    def cancel(self, target: EngineOrder) -> None:
        for parcel in target.data.get("fulfillments") or ():
            if not parcel.get("canceled_at"):  # packed, not shipped: the order's status says so
                self._act(f"/admin/orders/{target.id}/fulfillments/{parcel['id']}/cancel", {})
        self._act(f"/admin/orders/{target.id}/cancel", {})

    def change_address(self, target: EngineOrder, address: Address) -> None:
        if address.country != target.order.shipping_address.country:
            raise EngineRefused("the country of an order cannot change")
        first, _, last = address.name.partition(" ")
        self._act(f"/admin/orders/{target.id}", {"shipping_address": {
            "first_name": first, "last_name": last, "address_1": address.street, "address_2": "",  # left out, it stays
            "city": address.city, "postal_code": address.postcode, "province": address.region}})

    def start_return(self, target: EngineOrder, lines: tuple[OrderItem, ...], reason: ReturnReason) -> None:
        self._give_up_begun(target)
        begun = self._act("/admin/returns", {
            "order_id": target.id, "location_id": self._location(), "metadata": {_OURS: True}})
        name = str(begun["return"]["id"])
        try:
            self._act(f"/admin/returns/{name}/request-items", {"items": self._lines(target, lines, reason)})
            self._act(f"/admin/returns/{name}/request", {})
        except (EngineRefused, OrderSystemUnavailable):
            # What was begun and not requested would lock the order: nobody could ship or cancel it.
            with suppress(EngineRefused, OrderSystemUnavailable):
                if self._ask("GET", f"/admin/returns/{name}", {"fields": "id,status"})["return"]["status"] != "open":
                    return
                self._give_up(name)
            raise

    def act(self, target: EngineOrder, request: ActRequest, reference: str) -> str:
        """Refund by as many payments as it takes; what a crash left out is refunded by the next try."""
        if not isinstance(request, RefundOrder) or request.amount is None:
            raise EngineRefused("Medusa has no such act")
        left = request.amount.amount - _refunded(target, reference)
        for payment in _payments(target):
            part = min(left, _money_left(payment))
            if part > 0:
                self._act(f"/admin/payments/{payment['id']}/refund", {"amount": float(part), "note": reference})
                left -= part
        if left > 0:
            raise EngineRefused("its payments do not hold so much any more")
        return reference

    def made(self, target: EngineOrder, request: ActRequest, reference: str) -> str | None:
        amount = request.amount if isinstance(request, RefundOrder) else None
        return reference if amount is not None and _refunded(target, reference) >= amount.amount else None

    def check(self) -> EngineReport:
        keys = self._ask("GET", "/admin/stores", {"fields": "id,name"})
        stores = keys.get("stores") or ()
        warnings = () if self._locations() else ("there is no stock location: no return can be started",)
        return EngineReport(f"Medusa, {stores[0].get('name') if stores else 'a store without a name'}", warnings)

    def _by_serial(self, number: int) -> str | None:
        """Find an order by its place among all orders: one call while no number was left out."""
        offset = number - 1
        for _ in range(_STEPS):
            if offset < 0:
                return None
            heads = self._ask("GET", "/admin/orders", {
                "order": "display_id", "limit": 1, "offset": offset, "fields": _HEADS}).get("orders") or ()
            if not heads or heads[0]["display_id"] < number:
                return None
            if heads[0]["display_id"] == number:
                return None if heads[0].get("custom_display_id") else str(heads[0]["id"])
            offset -= heads[0]["display_id"] - number
        return None

    def _heads(self, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        for page in self._pages(query, _PAGE):
            yield from page

    def _pages(self, query: Mapping[str, Any], size: int) -> Iterator[Sequence[Mapping[str, Any]]]:
        for number in range(_PAGES):
            page = self._ask("GET", "/admin/orders", {
                **query, "limit": size, "offset": number * size, "fields": _HEADS}).get("orders") or ()
            yield page
            if len(page) < size:
                return

    def _read(self, ids: Sequence[str]) -> Iterator[EngineOrder]:
        if not ids:
            return iter(())
        answer = self._ask("GET", "/admin/orders", {"id[]": list(ids), "limit": len(ids), "fields": FIELDS})
        return (read_order(one, self._options, self._days) for one in answer.get("orders") or () if one["id"] in ids)

    def _lines(
        self, target: EngineOrder, lines: Sequence[OrderItem], reason: ReturnReason,
    ) -> list[dict[str, Any]]:
        skus = {line.sku for line in lines}
        delivered = {part["line_item_id"]: part["quantity"] for parcel in target.data.get("fulfillments") or ()
                     if parcel.get("delivered_at") for part in parcel.get("items") or ()}
        extra = {"reason_id": self._reason(reason)} if reason.value in self._options.return_reasons else {}
        return [{"id": item["id"], "quantity": delivered[item["id"]], "internal_note": reason.value, **extra}
                for item in target.data.get("items") or ()
                if str(item.get("variant_sku") or item.get("product_handle") or item["id"]) in skus
                and item["id"] in delivered]

    def _reason(self, reason: ReturnReason) -> str:
        wanted = self._options.return_reasons[reason.value]
        known = self._ask("GET", "/admin/return-reasons", {"limit": 100}).get("return_reasons") or ()
        found = next((one["id"] for one in known if one["value"] == wanted), None)
        if found is None:
            raise OrderSystemUnavailable(f"Medusa has no return reason {wanted}; see docs/orders/medusa.md")
        return str(found)

    def _location(self) -> str:
        if self._options.location:
            return self._options.location
        locations = self._locations()
        if not locations:
            raise EngineRefused("there is no stock location")
        return str(locations[0]["id"])

    def _locations(self) -> Sequence[Mapping[str, Any]]:
        answer = self._ask("GET", "/admin/stock-locations", {"limit": 10, "fields": "id,name"})
        return answer.get("stock_locations") or ()

    def _give_up_begun(self, target: EngineOrder) -> None:
        """Take back a return that we began and that a crash left open."""
        for one in target.data.get("returns") or ():
            if one.get("status") == "open" and (one.get("metadata") or {}).get(_OURS):
                self._give_up(str(one["id"]))

    def _give_up(self, name: str) -> None:
        self._client.call("DELETE", f"/admin/returns/{name}/request", repeatable=True)

    def _ask(self, method: str, path: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._client.call(method, path, query=query)
        if answer.ok and isinstance(answer.data, Mapping):
            return answer.data
        raise _away(answer)

    def _act(self, path: str, body: Any) -> Mapping[str, Any]:
        answer = self._client.call("POST", path, body=body)
        if answer.ok and isinstance(answer.data, Mapping):
            return answer.data
        if answer.status in (400, 404, 409, 422):
            kind = answer.data.get("type") if isinstance(answer.data, Mapping) else ""
            raise EngineRefused(f"Medusa answered {answer.status} {kind}")
        raise _away(answer)


def _payments(target: EngineOrder) -> Iterator[Mapping[str, Any]]:
    for collection in target.data.get("payment_collections") or ():
        yield from (one for one in collection.get("payments") or () if not one.get("canceled_at"))


def _money_left(payment: Mapping[str, Any]) -> Decimal:
    return Decimal(str(payment["amount"])) - sum(Decimal(str(one["amount"])) for one in payment.get("refunds") or ())


def _refunded(target: EngineOrder, reference: str) -> Decimal:
    """Sum what was refunded under a mark, which stands in the notes of the refunds."""
    return sum((Decimal(str(one["amount"])) for payment in _payments(target) for one in payment.get("refunds") or ()
                if one.get("note") == reference), Decimal(0))


def _away(answer: HttpAnswer) -> OrderSystemUnavailable:
    if answer.status == 401:
        return OrderSystemUnavailable("Medusa does not take the key; it must be a secret API key (sk_...)")
    return OrderSystemUnavailable(f"Medusa answered status {answer.status}, not understood")
