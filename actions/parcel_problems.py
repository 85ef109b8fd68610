"""Parcels that came damaged, wrong, incomplete, or not at all."""
from __future__ import annotations

from dataclasses import replace

from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import OrderForm
from actions.base.reply import Reply
from actions.base.status import status_reply
from actions.returns import items_beside_the_return, not_returnable
from tandem.orders.errors import ReturnRefusal
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import return_refusal


class ValidateDamagedItemForm(OrderForm):
    form = "damaged_item_form"


class ValidateWrongItemForm(OrderForm):
    form = "wrong_item_form"


class ValidateMissingItemForm(OrderForm):
    form = "missing_item_form"


class ValidateDeliveredNotReceivedForm(OrderForm):
    form = "delivered_not_received_form"


class ActionDamagedItem(OrderAction):
    """Offers to send it back, or a person where that is closed."""

    def name(self) -> str:
        return "action_damaged_item"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        return _send_back_or_person("utter_damaged_item", order, context)


class ActionWrongItem(OrderAction):
    """Offers to send it back, or a person where that is closed."""

    def name(self) -> str:
        return "action_wrong_item"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        return _send_back_or_person("utter_wrong_item", order, context)


class ActionMissingItem(OrderAction):
    """Tells where the rest of the order is, or offers a person if all should have come."""

    def name(self) -> str:
        return "action_missing_item"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        if order.status is OrderStatus.DELIVERED:
            items = context.formats.items(order.items)
            return _once(Reply("utter_missing_item_offer_person", {"number": order.number, "items": items}), context)
        return _has_not_come(order, context)


class ActionDeliveredNotReceived(OrderAction):
    """Says where parcels hide and offers a person to search; tells the facts if the parcel has not come yet."""

    def name(self) -> str:
        return "action_delivered_not_received"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        if order.delivered_at is None or order.status is OrderStatus.RETURNED:
            return _has_not_come(order, context)
        return _once(Reply("utter_delivered_not_received", {
            "number": order.number, "delivered": context.dates.ago(order.delivered_at),
            "address": context.address(order),
        }), context)


def _once(reply: Reply, context: OrderContext) -> Reply:
    """Offer a person in place of a reply that was given before: who comes back with it has been helped enough by it."""
    again = context.turn.said_before(reply.response)
    return Reply("utter_parcel_problem_again", {"number": reply.values["number"]}) if again else reply


def _send_back_or_person(response: str, order: Order, context: OrderContext) -> Reply:
    if order.delivered_at is None or order.status is OrderStatus.RETURNED:
        return _has_not_come(order, context)
    refused = return_refusal(order, context.dates.at)
    beside = items_beside_the_return(order, context) if refused is ReturnRefusal.ALREADY_REQUESTED else ""
    if refused is ReturnRefusal.ALREADY_REQUESTED and not beside:
        return not_returnable(order, refused, context)
    return _once(Reply(f"{response}_person" if refused else response, {
        "number": order.number, "items": beside or context.formats.items(order.delivered_items)}), context)


def _has_not_come(order: Order, context: OrderContext) -> Reply:
    """Tell where the order is; and if it should not have come yet, that another one may be meant."""
    reply = status_reply(order, context.dates)
    under_way = order.status in (OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.OUT_FOR_DELIVERY)
    return replace(reply, then=Reply("utter_not_delivered_yet")) if under_way else reply
