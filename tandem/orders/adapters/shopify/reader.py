"""An order as Shopify's Admin API tells it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

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
from tandem.orders.shipments import Scan, ScanEvent, Shipment, ShipmentState

Json = Mapping[str, Any]
_REST = "rest"  # what no fulfilment has yet
_GONE = frozenset({"CANCELLED", "ERROR", "FAILURE"})  # a fulfilment that is none
_PARCELS: Mapping[str, ShipmentState] = {  # all else is on its way: "fulfilled" is sent, or marked so
    "DELIVERED": ShipmentState.DELIVERED, "PICKED_UP": ShipmentState.DELIVERED,
    "OUT_FOR_DELIVERY": ShipmentState.OUT_FOR_DELIVERY, "ATTEMPTED_DELIVERY": ShipmentState.HELD,
    "READY_FOR_PICKUP": ShipmentState.HELD, "LABEL_PRINTED": ShipmentState.PENDING,
    "LABEL_PURCHASED": ShipmentState.PENDING, "SUBMITTED": ShipmentState.PENDING,
}
_EVENTS: Mapping[str, ScanEvent] = {
    "IN_TRANSIT": ScanEvent.DEPARTED, "CARRIER_PICKED_UP": ScanEvent.PICKED_UP, "DELIVERED": ScanEvent.DELIVERED,
    "OUT_FOR_DELIVERY": ScanEvent.OUT_FOR_DELIVERY, "ATTEMPTED_DELIVERY": ScanEvent.HELD,
    "READY_FOR_PICKUP": ScanEvent.HELD, "LABEL_PRINTED": ScanEvent.LABEL_CREATED,
}
_ASKED = frozenset({"REQUESTED", "OPEN", "CLOSED"})  # a return; the others were declined or taken back


def read_order(data: Json, services: Mapping[str, str], business_days: tuple[int, int]) -> EngineOrder:
    """Read an order.

    Raises:
        OrderSystemUnavailable: It is not as Shopify writes orders.
    """
    try:
        return EngineOrder(_order(data, services, business_days), str(data["id"]), data)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise OrderSystemUnavailable(f"Shopify answered what is no order of its own: {type(error).__name__}") from error


def _order(data: Json, services: Mapping[str, str], business_days: tuple[int, int]) -> Order:
    currency = str(data["currencyCode"])
    cancelled_at = _moment(data.get("cancelledAt"))
    parcels = [one for one in data["fulfillments"] if one["status"] not in _GONE]
    shipments = tuple(_shipments(data, parcels, cancelled_at is not None, services))
    home = _address(data.get("shippingAddress") or {})
    customer = str((data.get("customer") or {}).get("displayName") or home.name)
    status = OrderStatus.CANCELLED if cancelled_at else _status(data, shipments)
    return Order(
        number=str(data["name"]), email=str(data.get("email") or "").strip().lower(), customer_name=customer,
        phone=str(data.get("phone") or (data.get("shippingAddress") or {}).get("phone") or ""),
        status=status, placed_at=read_moment(data["processedAt"], "iso"),
        items=tuple(_items(data, parcels, currency)), total=_money(data["totalPriceSet"], currency),
        shipping_address=home, shipments=shipments, cancelled_at=cancelled_at, return_request=_return(data),
        refund=_refund(data, currency, cancelled_at is not None, business_days),
        refundable=_money(data["netPaymentSet"], currency) if data.get("netPaymentSet") else None,
    )


def _status(data: Json, shipments: Sequence[Shipment]) -> OrderStatus:
    """Look into the parcels: Shopify's "fulfilled" says that all was sent, or marked so, not that it has come."""
    sent = [one for one in shipments if one.id != _REST and one.state is not ShipmentState.PENDING]
    if not sent:
        unpaid = data["displayFinancialStatus"] in ("PENDING", "EXPIRED", "VOIDED")
        return OrderStatus.PAYMENT_FAILED if unpaid else OrderStatus.PROCESSING
    if len(sent) < len(shipments):
        return OrderStatus.PARTLY_SHIPPED
    states = {one.state for one in sent}
    if states == {ShipmentState.DELIVERED}:
        return OrderStatus.DELIVERED
    return OrderStatus.OUT_FOR_DELIVERY if ShipmentState.OUT_FOR_DELIVERY in states else OrderStatus.SHIPPED


def _shipments(
    data: Json, parcels: Sequence[Json], gone: bool, services: Mapping[str, str],
) -> Iterator[Shipment]:
    service = service_of(str((data.get("shippingLine") or {}).get("title") or ""), services)
    packed: dict[str, int] = {}
    for one in parcels:
        for part in one["fulfillmentLineItems"]["nodes"]:
            packed[part["lineItem"]["id"]] = packed.get(part["lineItem"]["id"], 0) + int(part["quantity"] or 0)
        delivered = _moment(one.get("deliveredAt"))
        state = _PARCELS.get(str(one.get("displayStatus")), ShipmentState.IN_TRANSIT)
        track: Json = next(iter(one["trackingInfo"]), {})
        yield Shipment(
            str(one["id"]), ShipmentState.DELIVERED if delivered else state, service,
            carrier=str(track.get("company") or ""),
            tracking_number=str(track.get("number") or ""), tracking_url=link(str(track.get("url") or "")),
            shipped_at=_moment(one.get("inTransitAt")) or _moment(one["createdAt"]), delivered_at=delivered,
            expected_by=_moment(one.get("estimatedDeliveryAt")), last_scan=_scan(one))
    if any(packed.get(item["id"], 0) < int(item["quantity"]) for item in data["lineItems"]["nodes"]):
        yield Shipment(_REST, ShipmentState.CANCELLED if gone else ShipmentState.PENDING, service)


def _scan(parcel: Json) -> Scan | None:
    event: Json = next(iter(parcel["events"]["nodes"]), {})
    kind = _EVENTS.get(str(event.get("status")))
    place = ", ".join(str(event[key]) for key in ("city", "province") if event.get(key))
    return Scan(read_moment(event["happenedAt"], "iso"), place, kind) if kind and place else None


def _items(data: Json, parcels: Sequence[Json], currency: str) -> Iterator[OrderItem]:
    """Read the lines; one that is split over parcels is a line for each."""
    for item in data["lineItems"]["nodes"]:
        left, sku = int(item["quantity"]), str(item.get("sku") or item["id"])
        price = _money(item["discountedUnitPriceSet"], currency)
        for one in parcels:
            in_it = sum(int(part["quantity"] or 0) for part in one["fulfillmentLineItems"]["nodes"]
                        if part["lineItem"]["id"] == item["id"])
            if in_it:
                left -= in_it
                yield OrderItem(sku, str(item["name"]), in_it, price, str(one["id"]))
        if left > 0:
            yield OrderItem(sku, str(item["name"]), left, price, _REST)


def _refund(data: Json, currency: str, cancelled: bool, business_days: tuple[int, int]) -> Refund | None:
    found = [(read_moment(one["createdAt"], "iso"), _money(one["totalRefundedSet"], currency))
             for one in data["refunds"] if one.get("createdAt")]
    found = [one for one in found if one[1].amount > 0]  # one without money only took lines out
    if not found:
        return None
    issued_at, amount = max(found, key=lambda one: one[0])
    if cancelled:
        amount = sum((one for _, one in found[1:]), found[0][1])
    return Refund(amount, RefundState.ISSUED, PaymentMethod.CARD, issued_at, issued_at, business_days)


def _return(data: Json) -> ReturnRequest | None:
    found = [one for one in data["returns"]["nodes"] if one["status"] in _ASKED]
    if not found:
        return None
    newest = max(found, key=lambda one: str(one["createdAt"]))
    skus = {item["id"]: str(item.get("sku") or item["id"]) for item in data["lineItems"]["nodes"]}
    lines = [skus.get(part["fulfillmentLineItem"]["lineItem"]["id"], "") for part in newest["returnLineItems"]["nodes"]
             if part]
    created_at = read_moment(newest["createdAt"], "iso")
    return ReturnRequest(str(newest["name"]), str(data["name"]), tuple(dict.fromkeys(lines)), ReturnReason.OTHER,
                         created_at, created_at)


def _address(data: Json) -> Address:
    def text(*keys: str) -> str:
        return " ".join(str(data[key]).strip() for key in keys if data.get(key)).strip()

    return Address(text("name"), text("address1", "address2"), text("city"), text("zip"), text("provinceCode"),
                   text("countryCodeV2") or "US")


def _money(bag: Json, currency: str) -> Money:
    return Money(Decimal(str(bag["shopMoney"]["amount"])).quantize(Decimal("0.01")), currency)


def _moment(value: Any) -> datetime | None:
    return read_moment(value, "iso") if value else None
