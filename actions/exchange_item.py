"""Something else, or the same anew, instead of what came."""
from __future__ import annotations

from actions.base.claims import claimed_in
from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import OrderForm
from actions.base.reply import Reply
from actions.base.return_replies import item_not_come, not_returnable
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import return_refusal

_LOOKED_BACK = 2  # messages in which the customer may have said what is wrong
CLAIMED = frozenset({"damaged_item", "wrong_item", "missing_item", "delivered_not_received"})


class ValidateExchangeItemForm(OrderForm):
    form = "exchange_item_form"


class ActionExchangeItem(OrderAction):
    """Says how to exchange, or that a person sends a new one of what got lost or came wrong."""

    def name(self) -> str:
        return "action_exchange_item"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        said = {context.turn.intent, *context.turn.earlier_intents[:_LOOKED_BACK]}
        if order.status is OrderStatus.LOST or CLAIMED & said:
            return Reply("utter_exchange_item_by_person", {"number": order.number})
        not_come = item_not_come(order, context)
        if not_come is not None:
            return not_come
        refused = return_refusal(order, context.dates.at)
        if refused is None:
            named = claimed_in(context.turn.text, {item.sku: item.name for item in order.delivered_items})
            items = context.formats.items([item for item in order.delivered_items if not named or item.sku in named])
            return Reply("utter_exchange_item", {"number": order.number, "items": items})
        return not_returnable(order, refused, context)
