"""What is said of a return that cannot be set up, or is not yet."""
from __future__ import annotations

from actions.base.choices import named_in
from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.services import formats_of, shop_policies
from actions.base.status import status_reply
from tandem.orders.errors import ReturnRefusal
from tandem.orders.model import Order, OrderStatus
from tandem.services import Services

_NEVER_SENT_OR_LOST = frozenset({OrderStatus.CANCELLED, OrderStatus.PAYMENT_FAILED, OrderStatus.LOST})


def not_returnable(order: Order, refused: ReturnRefusal, context: OrderContext) -> Reply:
    """Say why the order cannot be sent back."""
    if refused is ReturnRefusal.NOT_DELIVERED and order.status in _NEVER_SENT_OR_LOST:
        return status_reply(order, context.dates)
    if refused is ReturnRefusal.NOT_DELIVERED and order.can_cancel:
        return Reply("utter_return_item_not_sent_yet", {
            "number": order.number, "items": context.formats.items(order.items)})
    another = items_beside_the_return(order, context) if refused is ReturnRefusal.ALREADY_REQUESTED else ""
    if another:
        return Reply("utter_return_item_beside", {"number": order.number, "item": another})
    request = order.return_request
    if refused is ReturnRefusal.ALREADY_REQUESTED and request is not None and request.received_at is not None:
        refused = ReturnRefusal.ALREADY_RETURNED
    day = context.dates.day(order.return_until) if order.return_until else ""
    return Reply(f"utter_return_item_{refused.value}", {"number": order.number, "deadline": day})


def not_set_up_yet(order: Order, skus: tuple[str, ...] | None, services: Services) -> Reply:
    """Say that the return which would bring the money is only asked for."""
    formats = formats_of(services)
    items = [item for item in order.delivered_items if skus is None or item.sku in skus]
    return Reply("utter_return_item_not_set_up_yet", {
        "number": order.number, "items": formats.items(items),
        "amount": formats.money(sum((item.price for item in items[1:]), items[0].price)),
        "days": formats.span(*shop_policies(services).refund_business_days)})


def items_beside_the_return(order: Order, context: OrderContext) -> str:
    """Name the items that the message means and that are not in the return which is set up already."""
    came = order.delivered_items
    chosen = named_in(context.turn.text, [item.name for item in came]) or ()
    requested = order.return_request.skus if order.return_request else ()
    beside = [came[place] for place in chosen if came[place].sku not in requested]
    return context.formats.items(beside) if beside else ""
