"""The acts on orders in the tables that Tandem makes."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection

from tandem.orders.acts.requests import (
    ActRequest,
    AddNote,
    ExchangeItems,
    ExpediteOrder,
    IssueVoucher,
    RefundOrder,
    amount_of,
    lines_of,
    reference_of,
    voucher_code,
)
from tandem.orders.adapters.sql import rows
from tandem.orders.adapters.sql.tables import acts, shipments
from tandem.orders.model import Order, ReturnReason, ReturnRequest
from tandem.orders.shipments import ShipmentState
from tandem.shop.shop_file import current_shop


def save_act(
    connection: Connection, order: Order, request: ActRequest, key: str, now: datetime, days: tuple[int, int],
) -> str:
    """Do an act that the order allows, and return how the shop calls what it made.

    Args:
        key: The SHA-256 of the idempotency key.
        days: Business days in which money arrives, least and most.
    """
    details: dict[str, object] = {}
    if isinstance(request, AddNote):
        details["text"] = request.text
    elif isinstance(request, ExpediteOrder):
        connection.execute(update(shipments).where(
            shipments.c.order_number == order.number, shipments.c.state == ShipmentState.PENDING.value,
        ).values(service=current_shop().delivery.fast))
    elif isinstance(request, RefundOrder):
        details["days"] = list(days)
    elif isinstance(request, IssueVoucher):
        details["days"] = request.days
    else:
        skus = tuple(dict.fromkeys(line.sku for line in lines_of(order, request)))
        details["skus"] = list(skus)
        if isinstance(request, ExchangeItems) and order.return_until is not None:
            details["wanted"] = request.wanted
            rows.save_return(connection, ReturnRequest(
                f"R-{order.number}", order.number, skus, ReturnReason.OTHER, now, order.return_until))
    number = connection.execute(select(func.count()).where(acts.c.order_number == order.number)).scalar_one() + 1
    is_voucher = isinstance(request, IssueVoucher)
    reference = voucher_code(reference_of(key)) if is_voucher else f"{order.number}/{request.act.value}-{number}"
    amount = amount_of(order, request)
    connection.execute(insert(acts).values(
        idempotency_key=key, order_number=order.number, act=request.act.value, reference=reference,
        amount=amount.amount if amount else None, details=details, at=now))
    return reference


def reference_under(connection: Connection, key: str) -> str:
    """Return what the act under a key has made."""
    return str(connection.execute(select(acts.c.reference).where(acts.c.idempotency_key == key)).scalar_one())
