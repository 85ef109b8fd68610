"""Cancelling an order."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from actions.base.choices import means_all
from actions.base.claims import named_skus
from actions.base.consent import CANCEL_ORDER, CONFIRMED, ActRefused, AskForConsent, ConsentedAction, ConsentForm
from actions.base.customer_orders import accessible_orders
from actions.base.form_draft import FormDraft
from actions.base.order_context import OrderContext
from actions.base.order_threads import with_orders
from actions.base.reply import Reply
from actions.base.return_replies import not_returnable
from actions.base.several_orders import SeveralOrders, changed_choice, named_instead
from actions.base.status import status_reply
from actions.base.turn import REQUESTED_SLOT, CurrentTurn, others_of
from tandem.conversations.consent import OTHERS, Question
from tandem.conversations.consent_reader import ConsentAnswer, asks
from tandem.orders.acts.service import BOT
from tandem.orders.errors import NotCancellable, OrderSystemUnavailable, ReturnRefusal
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import return_refusal
from tandem.services import Services

_WHOLE = re.compile(r"\b(?:order|purchase|whole|entire|everything|all of)\b", re.IGNORECASE)


class ValidateCancelOrderForm(SeveralOrders, ConsentForm):
    """Asks for a yes, unless the order cannot be cancelled any more; of several, one yes to all."""

    form = "cancel_order_form"
    act = CANCEL_ORDER
    details = ("confirmed",)

    async def prepare(self, turn: CurrentTurn) -> None:
        """Read whether the answer is another choice of orders: "both please", "only the lamp"."""
        await super().prepare(turn)
        asked, agrees = turn.slot(REQUESTED_SLOT) == CONFIRMED, turn.verdict is not None and turn.verdict.agrees
        if asked and self._continues(turn) and not agrees and not asks(turn.text):
            turn.orders_meant = await with_orders(self._changed, turn)
            turn.verdict = None if turn.orders_meant else turn.verdict

    def _changed(self, turn: CurrentTurn) -> tuple[str, ...]:
        number, others = turn.before("order_number"), others_of(turn)
        if number and not others and (instead := self._named_instead(turn)):
            return (instead,)  # asked about anew, even if it is the same: "not the lamp, cancel the rug" is no yes
        stops = turn.verdict is not None and turn.verdict.answer is ConsentAnswer.STOP
        if not number or (stops and not others):
            return ()
        try:
            accessible = accessible_orders(self._open(), turn, self.form)
        except OrderSystemUnavailable:
            return ()
        return changed_choice(turn, accessible, (number, *others))

    def _named_instead(self, turn: CurrentTurn) -> str | None:
        try:
            return named_instead(turn.text, accessible_orders(self._open(), turn, self.form))
        except OrderSystemUnavailable:
            return None

    def _leads_elsewhere(self, turn: CurrentTurn) -> bool:
        return not turn.orders_meant and super()._leads_elsewhere(turn)

    def among(self, orders: Sequence[Order], draft: FormDraft, turn: CurrentTurn) -> Sequence[Order]:
        if self.is_done_by(turn):
            return orders  # in a turn that broke off: what is cancelled by now was agreed to
        context = OrderContext.of(self._open(), turn)
        possible = [order for order in orders if order.can_cancel] or orders[:1]
        draft.replies += [refusal(order, order.status, context) for order in orders if order not in possible]
        return possible

    def check(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        """Say of "both" which order cannot be cancelled, before the question about the one that can."""
        refuses = turn.verdict is not None and turn.verdict.refuses
        if not means_all(turn.text) or refuses or turn.rejected(self.form) or draft.replies:
            return
        services = self._open()
        context = OrderContext.of(services, turn)
        for other in accessible_orders(services, turn, self.form).orders:
            if other.number != order.number and other.status.open and not other.can_cancel:
                draft.replies.append(refusal(other, other.status, context))
                draft.answered, turn.verdict = True, None  # "both please" is no answer to the question about one

    def objection(self, order: Order, context: OrderContext) -> Reply | None:
        if not order.can_cancel:
            return refusal(order, order.status, context)
        return _only_a_part(order, context) if context.turn.activates(self.form) else None


class ActionAskCancelOrder(AskForConsent):
    act = CANCEL_ORDER
    asks = "utter_ask_cancel_order_form_confirmed"

    def values(self, question: Question, services: Services) -> Mapping[str, str]:
        return {}


class ActionCancelOrder(ConsentedAction):
    """Cancels the order after a yes."""

    act = CANCEL_ORDER
    forgets = ("confirmed", OTHERS)

    def do(self, order: Order, context: OrderContext, key: str) -> Reply:
        try:
            cancelled = context.services.acts.cancel(
                order.number, BOT, idempotency_key=key, conversation_id=context.turn.conversation_id)
        except NotCancellable as error:
            raise ActRefused(refusal(order, error.status, context)) from error
        if cancelled.refund is None:
            return Reply("utter_cancel_order_done_unpaid", {"number": order.number})
        values = {
            "number": order.number, "amount": context.formats.money(cancelled.refund.amount),
            "days": context.formats.span(*cancelled.refund.business_days),
            "method": context.dates.method(cancelled.refund.method),
        }
        context.promise(
            f"Refund of {values['amount']} for cancelled {order.number} within {values['days']} business days")
        return Reply("utter_cancel_order_done", values)


def _only_a_part(order: Order, context: OrderContext) -> Reply | None:
    """Say that single things are taken out by people, where a message wants some of an order cancelled and not all."""
    wanted = named_skus(context.turn.text, {item.sku: item.name for item in order.items})
    if not wanted or len(wanted) == len(order.items) or _WHOLE.search(context.turn.text):
        return None
    out = context.formats.items([item for item in order.items if item.sku in wanted])
    return Reply("utter_cancel_order_only_whole", {
        "number": order.number, "out": out, "items": context.formats.items(order.items)})


def refusal(order: Order, status: OrderStatus, context: OrderContext) -> Reply:
    """Say why it cannot be cancelled, by status, and what can be done instead."""
    values = {"number": order.number, "items": context.formats.items(order.items)}
    if not status.shipped:
        return Reply("utter_cancel_order_by_people", values)
    if status is OrderStatus.LOST:
        return status_reply(order, context.dates)
    if status is OrderStatus.PARTLY_SHIPPED and order.shipment is not None:
        rest = context.formats.items(order.items_in(order.shipment))
        return Reply("utter_cancel_order_partly", {**values, "rest": rest})
    if status is OrderStatus.CANCELLED:
        since = context.dates.ago(order.cancelled_at) if order.cancelled_at else ""
        return Reply("utter_cancel_order_already_since" if since else "utter_cancel_order_already",
                     {**values, "cancelled": since})
    if status is OrderStatus.RETURNED:
        return Reply("utter_cancel_order_returned", values)
    if status is OrderStatus.DELIVERED:
        refused = return_refusal(order, context.dates.at)
        if refused is ReturnRefusal.ALREADY_REQUESTED:
            return not_returnable(order, refused, context)
        if refused is ReturnRefusal.WINDOW_CLOSED and order.return_until is not None:
            return Reply("utter_cancel_order_delivered_closed",
                         {**values, "deadline": context.dates.day(order.return_until)})
        return Reply("utter_cancel_order_delivered", values)
    return Reply("utter_cancel_order_too_late", values)
