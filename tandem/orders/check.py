"""Look whether the shop's orders can be read, and what may be done to them; nothing personal is told."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tandem.orders.engine_orders import EngineOrders
from tandem.orders.errors import InvalidOrderNumber, OrderNotFound
from tandem.orders.identifiers import normalise_order_number, written_number
from tandem.orders.model import Order, OrderAct
from tandem.orders.system import OrderSystem

_ACTS = {
    OrderAct.CANCEL: "cancel", OrderAct.CHANGE_ADDRESS: "change the address", OrderAct.START_RETURN: "start a return",
    OrderAct.EXCHANGE: "exchange", OrderAct.RESHIP: "send anew", OrderAct.REFUND: "refund",
    OrderAct.VOUCHER: "make vouchers", OrderAct.EXPEDITE: "send faster", OrderAct.NOTE: "keep notes",
}


@dataclass(frozen=True)
class OrdersReport:
    """What a look at the orders brought: lines of (what, what about it), and what should be seen to."""

    lines: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


@runtime_checkable
class _NewestFirst(Protocol):
    """An order system that can say which order came last."""

    def newest(self) -> Order | None:
        """Return it; None in an empty shop."""
        ...


def check_orders(system: OrderSystem) -> OrdersReport:
    """Sign in, read the newest order, and find it again by its number.

    Raises:
        OrderSystemUnavailable: It cannot be reached, or its answers cannot be read; the text says what is wrong.
    """
    if isinstance(system, EngineOrders):
        said = system.engine.check()
        newest = system.engine.newest()
        order = newest.order if newest is not None else None
        acts = [_ACTS[act] for act in OrderAct if act in system.engine.acts]
        left = [_ACTS[act] for act in OrderAct if act not in system.engine.acts]
        lines = [("signed in", said.name), ("may", ", ".join(acts) or "read only")]
        if left:
            lines.append(("left to people", ", ".join(left)))
        warnings = list(said.warnings)
    else:
        system.check()
        lines, warnings = [("signed in", "it answers"), ("may", ", ".join(_ACTS.values()))], []
        order = system.newest() if isinstance(system, _NewestFirst) else None
        if not isinstance(system, _NewestFirst):
            return OrdersReport((*lines, ("newest order", "not read: docs/order-systems.md has no request for it")))
    if order is None:
        return OrdersReport((*lines, ("newest order", "none to be seen")), tuple(warnings))
    warnings += _missing(order)
    try:
        system.find(written_number(order.number))
    except OrderNotFound:
        warnings.append("the newest order is not found by its own number")
    return OrdersReport((*lines, ("newest order", _told(order))), tuple(warnings))


def _told(order: Order) -> str:
    tracked = sum(1 for shipment in order.shipments if shipment.tracking_number)
    return (f"{order.status.value}, placed {order.placed_at:%Y-%m-%d}, {len(order.items)} lines, "
            f"{len(order.shipments)} parcels ({tracked} with tracking), in {order.total.currency}")


def _missing(order: Order) -> Iterator[str]:
    """Say what customers will miss."""
    try:
        normalise_order_number(order.number)
    except InvalidOrderNumber:
        yield "its number is not of the form that data/shop.yml says; see docs/shop.md"
    if "@" not in order.email:
        yield "it has no e-mail address: a customer can be identified by the postcode only"
    if not order.postcode:
        yield "it has no postcode"
    if not order.items:
        yield "it has no lines"
