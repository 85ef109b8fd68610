"""The order that a customer who writes of no order may be upset about."""
from __future__ import annotations

from collections.abc import Callable

from actions.base.customer_orders import accessible_orders, number_in, pick
from actions.base.turn import CurrentTurn
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.model import Order
from tandem.services import Services


def late_order(open_services: Callable[[], Services], turn: CurrentTurn) -> Order | None:
    """Return the order that was talked about, or the only one under way, if it is late."""
    opened = open_services()
    try:
        accessible = accessible_orders(opened, turn, "order_status_form")
    except OrderSystemUnavailable:
        return None
    order = accessible.find(number_in(pick(turn, accessible)))
    if order is None or not order.status.open:
        return None
    overdue = order.expected_by is not None and order.expected_by < opened.ledger.clock()
    return order if order.delayed or overdue else None
