"""Orders to rows and back."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql import Select

from tandem.orders.adapters.sql.tables import acts, items, orders, refunds, returns, shipments, writes
from tandem.orders.model import (
    Address,
    Membership,
    Order,
    OrderAct,
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

Row = Mapping[str, Any]

# Built once: to build a query costs as much as to run it.
_PARTS = {
    table.name: select(table).where(table.c.order_number.in_(bindparam("numbers", expanding=True)))
    .order_by(*table.primary_key.columns)
    for table in (items, shipments, refunds, returns, acts)
}


def load_orders(connection: Connection, heads: Iterable[Row], number: str | None = None) -> tuple[Order, ...]:
    """Complete rows of `shop_orders` with their parts.

    Args:
        number: Asked for by number: the same queries run whether `heads` holds it or not, so that the time an answer
            takes does not tell whether the order exists.
    """
    head_rows = list(heads)
    numbers = [row["number"] for row in head_rows] if number is None else [number]
    parts = {name: _by_order(connection, query, numbers) for name, query in _PARTS.items()}
    return tuple(
        _order(
            row,
            parts[items.name][row["number"]],
            parts[shipments.name][row["number"]],
            parts[refunds.name][row["number"]],
            parts[returns.name][row["number"]],
            parts[acts.name][row["number"]],
        )
        for row in head_rows
    )


def save_order(connection: Connection, order: Order) -> None:
    """Put an order in place of whatever the tables hold under its number, and forget the writes made to that."""
    delete_order(connection, order.number)
    address = order.shipping_address
    connection.execute(
        insert(orders).values(
            number=order.number,
            email=order.email.lower(),
            customer_name=order.customer_name,
            status=order.status.value,
            placed_at=order.placed_at,
            total=order.total.amount,
            currency=order.total.currency,
            membership=order.membership.value,
            payment_method=order.payment_method.value,
            payment_due_by=order.payment_due_by,
            cancelled_at=order.cancelled_at,
            phone=order.phone,
            **address_values(address),
        )
    )
    for line, item in enumerate(order.items, start=1):
        connection.execute(
            insert(items).values(
                order_number=order.number, line=line, sku=item.sku, name=item.name, quantity=item.quantity,
                unit_price=item.unit_price.amount, shipment_id=item.shipment_id,
            )
        )
    for shipment in order.shipments:
        connection.execute(insert(shipments).values(order_number=order.number, **_shipment_values(shipment)))
    if order.refund:
        save_refund(connection, order.number, order.refund)
    if order.return_request:
        save_return(connection, order.return_request)


def delete_order(connection: Connection, number: str) -> None:
    """Take an order out, with all that belongs to it."""
    for table in (items, shipments, refunds, returns, acts, writes):
        connection.execute(delete(table).where(table.c.order_number == number))
    connection.execute(delete(orders).where(orders.c.number == number))


def save_refund(connection: Connection, number: str, refund: Refund) -> None:
    """Set the refund of an order."""
    connection.execute(delete(refunds).where(refunds.c.order_number == number))
    connection.execute(
        insert(refunds).values(
            order_number=number, amount=refund.amount.amount, state=refund.state.value, method=refund.method.value,
            requested_at=refund.requested_at, issued_at=refund.issued_at,
            least_days=refund.business_days[0], most_days=refund.business_days[1],
        )
    )


def save_return(connection: Connection, request: ReturnRequest) -> None:
    """Add the return of an order."""
    connection.execute(
        insert(returns).values(
            order_number=request.order_number, id=request.id, skus=list(request.skus), reason=request.reason.value,
            created_at=request.created_at, send_by=request.send_by, label_url=request.label_url,
            received_at=request.received_at,
        )
    )


def address_values(address: Address) -> dict[str, str]:
    """Return the columns of `shop_orders` that hold an address."""
    return {
        "address_name": address.name, "street": address.street, "city": address.city, "postcode": address.postcode,
        "region": address.region, "country": address.country,
    }


def _by_order(connection: Connection, query: Select, numbers: list[str]) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in connection.execute(query, {"numbers": numbers}).mappings():
        found[row["order_number"]].append(row)
    return found


def _order(
    row: Row, lines: list[Row], parcels: list[Row], refund: list[Row], request: list[Row], done: list[Row],
) -> Order:
    currency, method = row["currency"], PaymentMethod(row["payment_method"])
    given = [_refund(one, currency) for one in refund] + [
        Refund(Money(one["amount"], currency), RefundState.ISSUED, method, one["at"], one["at"],
               tuple(one["details"]["days"]))
        for one in done if one["act"] == OrderAct.REFUND.value]
    order = Order(
        number=row["number"],
        email=row["email"],
        customer_name=row["customer_name"],
        status=OrderStatus(row["status"]),
        placed_at=row["placed_at"],
        items=tuple(
            OrderItem(line["sku"], line["name"], line["quantity"], Money(line["unit_price"], currency),
                      line["shipment_id"])
            for line in lines
        ),
        total=Money(row["total"], currency),
        shipping_address=Address(row["address_name"], row["street"], row["city"], row["postcode"], row["region"],
                                 row["country"]),
        shipments=tuple(_shipment(parcel) for parcel in parcels),
        membership=Membership(row["membership"]),
        payment_method=method,
        payment_due_by=row["payment_due_by"],
        cancelled_at=row["cancelled_at"],
        phone=row["phone"],
        return_request=_return(request[0]) if request else None,
        refund=max(given, key=lambda one: one.requested_at, default=None),
    )
    if not done:  # then the one refund tells what is left
        return order
    kept = order.total if order.status is not OrderStatus.PAYMENT_FAILED else Money(Decimal(0), currency)
    for one in given:
        kept = kept if one.state is RefundState.REFUSED else kept - one.amount
    return replace(order, refundable=Money(max(Decimal(0), kept.amount), currency))


def _shipment(row: Row) -> Shipment:
    scan = Scan(row["scan_at"], row["scan_place"] or "", ScanEvent(row["scan_event"])) if row["scan_at"] else None
    return Shipment(
        row["id"], ShipmentState(row["state"]), row["service"], row["carrier"],
        row["tracking_number"], row["tracking_url"], row["ships_by"], row["shipped_at"], row["promised_by"],
        row["expected_by"], row["delivered_at"], scan, row["investigation_since"],
    )


def _shipment_values(shipment: Shipment) -> dict[str, Any]:
    scan = shipment.last_scan
    return {
        "id": shipment.id, "state": shipment.state.value, "service": shipment.service,
        "carrier": shipment.carrier, "tracking_number": shipment.tracking_number,
        "tracking_url": shipment.tracking_url, "ships_by": shipment.ships_by, "shipped_at": shipment.shipped_at,
        "promised_by": shipment.promised_by, "expected_by": shipment.expected_by,
        "delivered_at": shipment.delivered_at, "scan_at": scan and scan.at, "scan_place": scan and scan.place,
        "scan_event": scan and scan.event.value, "investigation_since": shipment.investigation_since,
    }


def _refund(row: Row, currency: str) -> Refund:
    return Refund(
        Money(row["amount"], currency), RefundState(row["state"]), PaymentMethod(row["method"]), row["requested_at"],
        row["issued_at"], (row["least_days"], row["most_days"]),
    )


def _return(row: Row) -> ReturnRequest:
    return ReturnRequest(
        row["id"], row["order_number"], tuple(row["skus"]), ReturnReason(row["reason"]), row["created_at"],
        row["send_by"], row["label_url"], row["received_at"],
    )
