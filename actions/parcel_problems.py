"""Parcels that came damaged, wrong, incomplete, or not at all."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actions.base.claims import Claim, claimed_in, claimed_skus, earlier_claim
from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import OrderForm
from actions.base.repeated_questions import RepeatingAction
from actions.base.reply import Reply
from actions.base.return_replies import item_not_come, not_returnable, split_by_return
from actions.base.status import status_reply
from tandem.orders.errors import ReturnRefusal
from tandem.orders.model import Order, OrderItem, OrderStatus
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


class ActionMissingItem(RepeatingAction):
    """Tells where the rest of the order is, or offers a person if all should have come."""

    def name(self) -> str:
        return "action_missing_item"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        if order.status is OrderStatus.DELIVERED:
            items = context.formats.items(order.items)
            return _once(Reply("utter_missing_item_offer_person", {"number": order.number, "items": items}), order,
                         context)
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
        }), order, context)


def _once(reply: Reply, order: Order, context: OrderContext) -> Reply:
    """Offer a person in place of a reply that was given before: who comes back with it has been helped enough by it.

    A claim about another thing of the order is another matter; what is missing, named once the whole parcel was told,
    is not.
    """
    turn, names = context.turn, {item.sku: item.name for item in order.items}
    named, earlier = claimed_in(turn.text, names), earlier_claim(turn, names)
    is_same = earlier is not None and (set(named) & set(earlier.skus) or earlier == Claim("missing_item", ()))
    is_new = bool(named) and not is_same
    again = turn.said_before(reply.response) and not is_new
    return Reply("utter_parcel_problem_again", {"number": reply.values["number"]}) if again else reply


def _send_back_or_person(response: str, order: Order, context: OrderContext) -> Reply:
    not_come = item_not_come(order, context, "utter_item_claimed_not_come")
    if not_come is not None:
        return not_come
    claimed = _claimed(order, context)
    if not claimed or order.delivered_at is None or order.status is OrderStatus.RETURNED:
        return _has_not_come(order, context)
    refused = return_refusal(order, context.dates.at)
    if refused is ReturnRefusal.ALREADY_REQUESTED:
        return _beside_the_return(response, claimed, order, context)
    return _once(Reply(f"{response}_person" if refused else response, {
        "number": order.number, "items": context.formats.items(claimed)}), order, context)


def _beside_the_return(response: str, claimed: Sequence[OrderItem], order: Order, context: OrderContext) -> Reply:
    """Tell of what is not in the order's return that a person puts it right; of what is, how that stands."""
    going, beside = split_by_return(order)
    claimed_beside = [item for item in claimed if item in beside]
    if not claimed_beside:
        return not_returnable(order, ReturnRefusal.ALREADY_REQUESTED, context)
    values = {"number": order.number, "items": context.formats.items(claimed_beside),
              "returned": context.formats.items(going)}
    is_clear = len(claimed_beside) == len(claimed) or bool(claimed_in(
        context.turn.text, {item.sku: item.name for item in order.items}))
    return _once(Reply(f"{response}_beside_return" if is_clear else f"{response}_or_returned", values), order, context)


def _claimed(order: Order, context: OrderContext) -> list[OrderItem]:
    """Name the things that came of which the customer says that something is wrong; all of them where none is named."""
    came = {item.sku: item for item in order.delivered_items}
    skus = claimed_skus(context.turn, {item.sku: item.name for item in order.items})
    return [came[sku] for sku in skus or came if sku in came]


def _has_not_come(order: Order, context: OrderContext) -> Reply:
    """Tell where the order is; and if it should not have come yet, that another one may be meant."""
    reply = status_reply(order, context.dates)
    under_way = order.status in (OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.OUT_FOR_DELIVERY)
    return replace(reply, then=Reply("utter_not_delivered_yet")) if under_way else reply
