"""An order as the Admin API of Medusa v2 tells it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tandem.orders.adapters.medusa.config import MedusaOptions
from tandem.orders.engine import EngineOrder
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.mapping.services import service_of
from tandem.orders.mapping.values import link, read_moment
from tandem.orders.model import (
    Address,
    Order,
    OrderItem,
    OrderStatus,
    PaymentMethod,
    Refund,
    RefundState,
    ReturnReason,
    ReturnRequest,
)
from tandem.orders.money import Money
from tandem.orders.shipments import Shipment, ShipmentState

FIELDS = ",".join((
    "id,display_id,custom_display_id,status,email,currency_code,total,created_at,canceled_at,payment_status",
    "fulfillment_status,*items,*shipping_address,*shipping_methods,*fulfillments,*fulfillments.labels",
    "*fulfillments.items,*payment_collections.payments,*payment_collections.payments.refunds,*returns,*returns.items",
    "summary",
))
_STATUSES: Mapping[str, OrderStatus] = {  # of its fulfilment, which Medusa computes; packed has not left
    "partially_shipped": OrderStatus.PARTLY_SHIPPED, "partially_delivered": OrderStatus.PARTLY_SHIPPED,
    "shipped": OrderStatus.SHIPPED, "delivered": OrderStatus.DELIVERED,
}
_UNPAID = frozenset({"not_paid", "awaiting"})
_REST = "rest"  # what no fulfilment has yet
Json = Mapping[str, Any]


def read_order(data: Json, options: MedusaOptions, business_days: tuple[int, int]) -> EngineOrder:
    """Read an order.

    Raises:
        OrderSystemUnavailable: It is not as Medusa 2 writes orders.
    """
    try:
        return EngineOrder(_order(data, options, business_days), str(data["id"]), data)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise OrderSystemUnavailable(f"Medusa answered what is no order of its own: {type(error).__name__}") from error


def _order(data: Json, options: MedusaOptions, business_days: tuple[int, int]) -> Order:
    currency = str(data["currency_code"]).upper()
    shipments = tuple(_shipments(data, options))
    home = _address(data.get("shipping_address") or {})
    cancelled = data["status"] == "canceled"
    number = str(data.get("custom_display_id") or data["display_id"])
    request = _return(data, number)
    summary = data.get("summary") or {}
    total = summary.get("original_order_total", data["total"]) if cancelled else data["total"]  # Medusa sets it to 0
    return Order(
        number=number, email=str(data.get("email") or "").lower(), customer_name=home.name,
        phone=str((data.get("shipping_address") or {}).get("phone") or ""),
        status=_status(data, options, request), placed_at=_moment_needed(data["created_at"]),
        items=tuple(_items(data, shipments, currency)), total=_money(total, currency), shipping_address=home,
        shipments=shipments, cancelled_at=_moment(data.get("canceled_at")), return_request=request,
        refund=_refund(data, currency, cancelled, business_days), refundable=_refundable(data, currency),
        # A packed parcel keeps the address that it was packed for.
        can_change_address=False if any(True for _ in _fulfillments(data)) else None,
    )


def _status(data: Json, options: MedusaOptions, request: ReturnRequest | None) -> OrderStatus:
    if data["status"] == "canceled":
        return OrderStatus.CANCELLED
    known = _STATUSES.get(str(data.get("fulfillment_status")), OrderStatus.PROCESSING)
    if known is OrderStatus.DELIVERED and request is not None and request.received_at is not None:
        return OrderStatus.RETURNED
    paid = str(data.get("payment_status"))
    waits = paid == "requires_action" or (options.prepaid and paid in _UNPAID and Decimal(str(data["total"])) > 0)
    return OrderStatus.PAYMENT_FAILED if known is OrderStatus.PROCESSING and waits else known


def _fulfillments(data: Json) -> Iterator[Json]:
    """Return the parcels that were not unpacked again."""
    return (one for one in data.get("fulfillments") or () if not one.get("canceled_at"))


def _shipments(data: Json, options: MedusaOptions) -> Iterator[Shipment]:
    methods = data.get("shipping_methods") or ()
    service = service_of(str(methods[0].get("name") or "") if methods else "", options.services)
    gone = data["status"] == "canceled"
    packed: dict[str, int] = {}
    for one in _fulfillments(data):
        delivered, shipped = _moment(one.get("delivered_at")), _moment(one.get("shipped_at"))
        state = ShipmentState.DELIVERED if delivered else ShipmentState.IN_TRANSIT if shipped else ShipmentState.PENDING
        label: Json = next(iter(one.get("labels") or ()), {})
        for item in one.get("items") or ():
            name = str(item.get("line_item_id"))
            packed[name] = packed.get(name, 0) + int(item["quantity"])
        yield Shipment(
            str(one["id"]), ShipmentState.CANCELLED if gone else state, service, "",
            str(label.get("tracking_number") or ""), link(str(label.get("tracking_url") or "")), shipped_at=shipped,
            delivered_at=delivered)
    if any(packed.get(str(item["id"]), 0) < int(item["quantity"]) for item in data.get("items") or ()):
        yield Shipment(_REST, ShipmentState.CANCELLED if gone else ShipmentState.PENDING, service)


def _items(data: Json, shipments: tuple[Shipment, ...], currency: str) -> Iterator[OrderItem]:
    """Read the lines; one that is split over parcels is a line for each."""
    known = {shipment.id for shipment in shipments}
    for item in sorted(data.get("items") or (), key=lambda one: str(one["id"])):  # they come in any order
        left = int(item["quantity"])
        sku = str(item.get("variant_sku") or item.get("product_handle") or item["id"])
        name, price = str(item.get("title") or item.get("product_title") or sku), _money(item["unit_price"], currency)
        for one in _fulfillments(data):
            in_it = sum(int(part["quantity"]) for part in one.get("items") or ()
                        if part.get("line_item_id") == item["id"])
            if in_it and str(one["id"]) in known:
                left -= in_it
                yield OrderItem(sku, name, in_it, price, str(one["id"]))
        if left > 0:
            yield OrderItem(sku, name, left, price, _REST)


def _refund(data: Json, currency: str, cancelled: bool, business_days: tuple[int, int]) -> Refund | None:
    """Read the newest refund, or all there was if the order was cancelled: each payment is given back by itself."""
    found = [(_moment_needed(refund["created_at"]), _money(refund["amount"], currency))
             for collection in data.get("payment_collections") or () for payment in collection.get("payments") or ()
             for refund in payment.get("refunds") or ()]
    if not found:
        return None
    issued_at, amount = max(found, key=lambda one: one[0])
    if cancelled:
        amount = sum((one for _, one in found[1:]), found[0][1])
    return Refund(amount, RefundState.ISSUED, PaymentMethod.CARD, issued_at, issued_at, business_days)


def _refundable(data: Json, currency: str) -> Money | None:
    paid = (data.get("summary") or {}).get("paid_total")
    if paid is None:
        return None
    given = sum(Decimal(str(refund["amount"])) for collection in data.get("payment_collections") or ()
                for payment in collection.get("payments") or () for refund in payment.get("refunds") or ())
    return _money(max(Decimal(0), Decimal(str(paid)) - given), currency)


def _return(data: Json, number: str) -> ReturnRequest | None:
    """Read the newest return that was requested; one that was only begun is none."""
    found = [one for one in data.get("returns") or () if one.get("status") in (
        "requested", "received", "partially_received")]
    if not found:
        return None
    newest = max(found, key=lambda one: str(one["created_at"]))
    skus = {item["id"]: str(item.get("variant_sku") or item["id"]) for item in data.get("items") or ()}
    created_at = _moment_needed(newest["created_at"])
    note = next((str(item.get("note") or "") for item in newest.get("items") or ()), "")
    reason = ReturnReason(note) if note in {one.value for one in ReturnReason} else ReturnReason.OTHER
    return ReturnRequest(
        str(newest["id"]), number,
        tuple(dict.fromkeys(skus.get(item["item_id"], "") for item in newest.get("items") or ())), reason, created_at,
        created_at, received_at=_moment(newest.get("received_at")) if newest["status"] == "received" else None)


def _address(data: Json) -> Address:
    def text(*keys: str) -> str:
        return " ".join(str(data[key]).strip() for key in keys if data.get(key)).strip()

    return Address(text("first_name", "last_name"), text("address_1", "address_2"), text("city"), text("postal_code"),
                   text("province").removeprefix("us-").upper(), text("country_code").upper() or "US")


def _money(amount: Any, currency: str) -> Money:
    return Money(Decimal(str(amount)).quantize(Decimal("0.01")), currency)


def _moment(value: Any) -> datetime | None:
    return read_moment(value, "iso") if value else None


def _moment_needed(value: Any) -> datetime:
    return read_moment(value, "iso")
