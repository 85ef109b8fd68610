"""Which item of an order a message is about."""
from __future__ import annotations

from actions.base.customer_orders import names
from tandem.orders.model import Order, OrderItem


def named_item(text: str, order: Order) -> OrderItem | None:
    """Tell the one item of which the text has a word; None if it names none, or several."""
    hits = [item for item in order.items if names(text, item.name)]
    return hits[0] if len(hits) == 1 else None
