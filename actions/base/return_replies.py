"""What is said of a return that cannot be set up, or is not yet."""
from __future__ import annotations

from collections.abc import Sequence

from actions.base.choices import named_in
from actions.base.claims import claimed_in
from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.services import formats_of, shop_policies
from actions.base.status import status_reply
from tandem.orders.errors import ReturnRefusal
from tandem.orders.model import Order, OrderItem, OrderStatus
from tandem.services import Services

_NEVER_SENT_OR_LOST = frozenset({OrderStatus.CANCELLED, OrderStatus.PAYMENT_FAILED, OrderStatus.LOST})


def not_returnable(order: Order, refused: ReturnRefusal, context: OrderContext) -> Reply:
    """Say why the order cannot be sent back."""
    if refused is ReturnRefusal.NOT_DELIVERED and order.status in _NEVER_SENT_OR_LOST:
        return status_reply(order, context.dates)
    if refused is ReturnRefusal.NOT_DELIVERED and order.can_cancel:
        return Reply("utter_return_item_not_sent_yet", {
            "number": order.number, "items": context.formats.items(order.items)})
    going, beside = split_by_return(order)
    values = {"number": order.number, "returned": context.formats.items(going)}
    if refused is ReturnRefusal.ALREADY_REQUESTED and beside:
        chosen = str(context.turn.slot("return_item") or "").split(",")
        named = (named_of(context.turn.text, order.delivered_items)
                 or [item for item in order.delivered_items if item.sku in chosen])
        another = [item for item in named if item in beside]
        if another:
            return Reply("utter_return_item_beside", {"number": order.number, "item": context.formats.items(another)})
        if not named:  # which is meant nobody knows
            return Reply("utter_return_item_part", {**values, "rest": context.formats.items(beside)})
    request = order.return_request
    if refused is ReturnRefusal.ALREADY_REQUESTED and request is not None and request.received_at is not None:
        refused = ReturnRefusal.ALREADY_RETURNED
    day = context.dates.day(order.return_until) if order.return_until else ""
    return Reply(f"utter_return_item_{refused.value}", {**values, "deadline": day})


def not_set_up_yet(order: Order, skus: tuple[str, ...] | None, services: Services) -> Reply:
    """Say that the return which would bring the money is only asked for."""
    formats = formats_of(services)
    items = [item for item in order.delivered_items if skus is None or item.sku in skus]
    return Reply("utter_return_item_not_set_up_yet", {
        "number": order.number, "items": formats.items(items),
        "amount": formats.money(sum((item.price for item in items[1:]), items[0].price)),
        "days": formats.span(*shop_policies(services).refund_business_days)})


def split_by_return(order: Order) -> tuple[list[OrderItem], list[OrderItem]]:
    """Return what came of an order by whether it is in its return; all of it is, where that names nothing."""
    request = order.return_request
    going = [item for item in order.delivered_items if request is None or item.sku in request.skus]
    return going, [item for item in order.delivered_items if item not in going]


def named_of(text: str, items: Sequence[OrderItem]) -> list[OrderItem]:
    """Return those items that a text names and means."""
    return [items[place] for place in named_in(text, [item.name for item in items]) or ()]


def item_not_come(order: Order, context: OrderContext, response: str = "utter_return_item_not_come") -> Reply | None:
    """Say of a thing that has not come yet when it should.

    None where the message means none, means one that has come, or nothing of the order has come.

    Args:
        response: Gets `item`, `number` and `when`.
    """
    came, names = order.delivered_items, {item.sku: item.name for item in order.items}
    named = [item for item in order.items if item.sku in claimed_in(context.turn.text, names)]
    if not came or not named or any(item in came for item in named):
        return None
    parcel = next((one for one in order.shipments if one.id == named[0].shipment_id), None)
    values = {"number": order.number, "item": context.formats.items(named)}
    if parcel is None or parcel.expected_by is None or parcel.expected_by < context.dates.at:
        return Reply("utter_fact_item_not_come", values)
    return Reply(response, {**values, "when": context.dates.when(parcel.expected_by)})
