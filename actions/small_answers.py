"""Small answers that look at the customer's order before they tell the rule."""
from __future__ import annotations

from actions.base.customer_orders import accessible_orders, number_in, pick
from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.turn import CurrentTurn
from actions.facts.own_answers import OWN_ANSWERS, tells_use
from tandem.orders.errors import OrderSystemUnavailable

# Of several orders, those that an answer can be about; delivery is asked of what is under way.
_ABOUT = {"returns": "refund_status_form", "refunds": "refund_status_form", "delivery": "order_status_form"}
_ABOUT_ONE = {"returns/refuse": "order_status_form"}


class ActionSmallAnswer(ReplyAction):
    """Tells the rule that is asked for, unless the customer's order says that it is otherwise with this one."""

    asks_orders = True

    def name(self) -> str:
        return "action_small_answer"

    def reply(self, turn: CurrentTurn) -> Reply:
        own = self._of_the_order(turn)
        if own is None and turn.answer == "returns/opened" and tells_use(turn.text):
            return Reply("utter_own_used")
        return own or Reply(f"utter_{turn.answer}" if turn.answer else "utter_help")

    def _of_the_order(self, turn: CurrentTurn) -> Reply | None:
        """Answer from the order that may be shown and is meant; None where there is none, or the rule holds for it."""
        own = OWN_ANSWERS.get(turn.answer)
        if own is None:
            return None
        form = _ABOUT_ONE.get(turn.answer) or _ABOUT.get(turn.answer.partition("/")[0], "order_status_form")
        opened = self._open()
        try:
            accessible = accessible_orders(opened, turn, form)
        except OrderSystemUnavailable:
            return None
        order = accessible.find(number_in(pick(turn, accessible)))
        return own(order, OrderContext.of(opened, turn)) if order is not None else None
