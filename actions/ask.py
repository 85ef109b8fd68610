"""Questions whose buttons come from the customer's orders."""
from __future__ import annotations

from actions.base.customer_orders import accessible_orders
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.services import formats_of
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from actions.order_status import MOST_BUTTONS, order_button
from tandem.orders.errors import OrderSystemUnavailable


class ActionAskOrderNumber(ReplyAction):
    """Asks which order is meant: with buttons if the customer is known, for the number if not."""

    asks_orders = True

    def name(self) -> str:
        return "action_ask_order_number"

    def reply(self, turn: CurrentTurn) -> Reply:
        services = self._open()
        try:
            choices = accessible_orders(services, turn, turn.active_form).choices
        except OrderSystemUnavailable:
            choices = ()
        if not choices:
            return Reply(self._for_number(turn))
        formats = formats_of(services)
        return Reply("utter_ask_which_order", {}, tuple(order_button(one, formats) for one in choices[:MOST_BUTTONS]))

    def _for_number(self, turn: CurrentTurn) -> str:
        """Return the question for a number: nobody is asked for it in the same words twice."""
        if turn.slot("contact") and turn.slot("order_number") is None:
            return "utter_ask_for_order_number_kept"
        if turn.rejected(turn.active_form):  # something else has been answered
            return "utter_ask_for_order_number_when_ready"
        if turn.slot("failed_lookups"):
            return "utter_ask_for_order_number_again"
        asked = turn.before(REQUESTED_SLOT) == "order_number"
        return "utter_ask_for_order_number_when_ready" if asked else "utter_ask_for_order_number"


class ActionAskContact(ReplyAction):
    """Asks for what shows that the order is the customer's; after another answer, in other words."""

    def name(self) -> str:
        return "action_ask_contact"

    def reply(self, turn: CurrentTurn) -> Reply:
        return Reply("utter_ask_contact_when_ready" if turn.rejected(turn.active_form) else "utter_ask_contact")


class ActionAskReturnItem(ReplyAction):
    """Asks which item of the order goes back."""

    asks_orders = True

    def name(self) -> str:
        return "action_ask_return_item"

    def reply(self, turn: CurrentTurn) -> Reply:
        try:
            order = accessible_orders(self._open(), turn).find(turn.slot("order_number"))
        except OrderSystemUnavailable:
            order = None
        items = order.delivered_items if order else ()
        buttons = tuple({"title": item.name, "payload": f'/inform{{"return_item": "{item.sku}"}}'} for item in items)
        return Reply("utter_ask_for_return_item", {}, buttons)
