"""An order as WooCommerce's REST API, version 3, tells it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from tandem.orders.adapters.woocommerce.config import WooCommerceOptions
from tandem.orders.engine import EngineOrder
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.mapping.reader import PARCEL_STATES
from tandem.orders.mapping.services import service_of
from tandem.orders.mapping.values import link, read_moment
from tandem.orders.model import Address, Order, OrderItem, OrderStatus, PaymentMethod, Refund, RefundState
from tandem.orders.money import Money
from tandem.orders.shipments import Shipment, ShipmentState

Json = Mapping[str, Any]
TRACKING_META = "_wc_shipment_tracking_items"
_PAYMENTS: Mapping[str, PaymentMethod] = {
    "paypal": PaymentMethod.PAYPAL, "ppcp-gateway": PaymentMethod.PAYPAL, "bacs": PaymentMethod.BANK_TRANSFER}
_PARCEL = "1"


@dataclass(frozen=True)
class Tracking:
    """A parcel's tracking, wherever it was found."""

    carrier: str
    number: str
    url: str
    shipped_at: datetime | None


def read_order(
    data: Json, options: WooCommerceOptions, tracking: Sequence[Tracking], refunds: Sequence[Json],
    business_days: tuple[int, int],
) -> EngineOrder:
    """Read an order.

    Args:
        refunds: As `/orders/{id}/refunds` tells them; the order itself leaves out when they were made.

    Raises:
        OrderSystemUnavailable: It is not as WooCommerce writes orders.
    """
    try:
        order = _order(data, options, tracking, refunds, business_days)
        return EngineOrder(order, str(data["id"]), data)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise OrderSystemUnavailable(
            f"WooCommerce answered what is no order of its own: {type(error).__name__}") from error


def _order(
    data: Json, options: WooCommerceOptions, tracking: Sequence[Tracking], refunds: Sequence[Json],
    business_days: tuple[int, int],
) -> Order:
    known = options.statuses.get(str(data["status"]).removeprefix("wc-"))
    status = known or OrderStatus.PROCESSING
    currency, billing = str(data["currency"]).upper(), data["billing"]
    shipping = data["shipping"] if data["shipping"].get("address_1") else billing
    paid = _moment(data.get("date_paid_gmt")) is not None
    home = _address(shipping)
    shipments = _shipments(data, status, tracking, options)
    cancelled_at = _moment(data.get("date_modified_gmt")) if status is OrderStatus.CANCELLED else None
    return Order(
        number=str(data["number"]), email=str(billing.get("email") or "").strip().lower(),
        phone=str(billing.get("phone") or shipping.get("phone") or ""),
        customer_name=_address(billing).name or home.name, status=status, placed_at=_needed(data["date_created_gmt"]),
        items=tuple(_item(line, currency, shipments[0].id if len(shipments) == 1 else "") for line in data[
            "line_items"]),
        total=Money(Decimal(str(data["total"])), currency), shipping_address=home, shipments=shipments,
        payment_method=_PAYMENTS.get(str(data.get("payment_method")), PaymentMethod.CARD), cancelled_at=cancelled_at,
        refund=_refund(refunds, currency, status is OrderStatus.CANCELLED, business_days),
        can_cancel=False if known is None or (paid and not options.refund) else None,
        can_change_address=False if known is None else None, can_return=False,
        refundable=Money(max(Decimal(0), Decimal(str(data["total"])) - refunded(data)) * paid, currency),
    )


def _shipments(
    data: Json, status: OrderStatus, tracking: Sequence[Tracking], options: WooCommerceOptions,
) -> tuple[Shipment, ...]:
    lines = data.get("shipping_lines") or ()
    service = service_of(str(lines[0].get("method_title") or "") if lines else "", options.services)
    state = PARCEL_STATES[status]
    sent = _moment(data.get("date_completed_gmt")) if state is ShipmentState.IN_TRANSIT else None
    if status is OrderStatus.CANCELLED or not tracking:
        return (Shipment(_PARCEL, state, service, shipped_at=sent),)
    return tuple(
        Shipment(str(number), ShipmentState.IN_TRANSIT if state is ShipmentState.PENDING else state, service,
                 carrier=one.carrier, tracking_number=one.number, tracking_url=one.url,
                 shipped_at=one.shipped_at or sent)
        for number, one in enumerate(tracking, 1))


def read_tracking(items: Sequence[Json]) -> list[Tracking]:
    """Read what the plugins Shipment Tracking and AST keep of parcels, in the order or at their address."""
    found = []
    for one in items:
        shipped = str(one.get("date_shipped") or "")
        moment = datetime.fromtimestamp(int(shipped), timezone.utc) if shipped.isdigit() else _moment(shipped)
        found.append(Tracking(
            str(one.get("tracking_provider") or one.get("custom_tracking_provider") or ""),
            str(one.get("tracking_number") or ""),
            link(str(one.get("tracking_link") or one.get("custom_tracking_link") or "")), moment))
    return found


def read_fulfillments(items: Sequence[Json]) -> list[Tracking]:
    """Read WooCommerce's own fulfilments, which it has since 10.2."""
    found = []
    for one in items:
        if one.get("is_fulfilled") and not one.get("date_deleted"):
            meta = {str(entry.get("key")): entry.get("value") for entry in one.get("meta_data") or ()}
            found.append(Tracking(
                str(meta.get("_shipment_provider") or ""), str(meta.get("_tracking_number") or ""),
                link(str(meta.get("_tracking_url") or "")), _moment(one.get("date_updated"))))
    return found


def refunded(data: Json) -> Decimal:
    """Return what was given back so far; WooCommerce writes it as negative amounts."""
    return sum((abs(Decimal(str(one["total"]))) for one in data.get("refunds") or ()), Decimal(0))


def _item(line: Json, currency: str, parcel: str) -> OrderItem:
    quantity = max(1, int(line["quantity"]))
    whole = Decimal(str(line["total"])) + Decimal(str(line.get("total_tax") or 0))
    sku = str(line.get("sku") or line.get("variation_id") or line["product_id"])
    return OrderItem(sku, str(line["name"]), quantity, Money((whole / quantity).quantize(Decimal("0.01")), currency),
                     parcel)


def _refund(
    refunds: Sequence[Json], currency: str, cancelled: bool, business_days: tuple[int, int],
) -> Refund | None:
    """Read the newest refund, or all there was of a cancelled order."""
    found = [(_needed(one["date_created_gmt"]), Money(abs(Decimal(str(one["amount"]))), currency)) for one in refunds]
    if not found:
        return None
    issued_at, amount = max(found, key=lambda one: one[0])
    if cancelled:
        amount = sum((one for _, one in found[1:]), found[0][1])
    return Refund(amount, RefundState.ISSUED, PaymentMethod.CARD, issued_at, issued_at, business_days)


def _address(data: Json) -> Address:
    def text(*keys: str) -> str:
        return " ".join(str(data[key]).strip() for key in keys if data.get(key)).strip()

    return Address(text("first_name", "last_name"), text("address_1", "address_2"), text("city"), text("postcode"),
                   text("state"), text("country").upper() or "US")


def _moment(value: Any) -> datetime | None:
    return _needed(value) if value else None


def _needed(value: Any) -> datetime:
    """Read a `..._gmt`, which carries no zone."""
    moment = read_moment(value, "iso")
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
