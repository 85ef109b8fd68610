"""Money on its way back."""
from __future__ import annotations

from collections.abc import Mapping

from actions.base.consent import CONFIRMED, GET_REFUND, ActRefused, AskForConsent, ConsentedAction, ConsentForm
from actions.base.form_draft import FormDraft
from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import OrderForm
from actions.base.reply import Reply
from actions.base.return_replies import not_returnable
from actions.base.services import formats_of
from actions.base.status import refund_reply
from actions.base.turn import CurrentTurn
from actions.base.turn_orders import forget_orders
from actions.facts.item import named_item
from tandem.conversations.consent import Question
from tandem.orders.acts.requests import RefundOrder
from tandem.orders.acts.service import BOT, ActPreview
from tandem.orders.errors import OrderRefused, ReturnRefusal
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import return_refusal
from tandem.services import Services

_AMOUNT = "refund_amount"  # the slot: what the question about a refund names


class ValidateRefundStatusForm(OrderForm):
    form = "refund_status_form"


class ActionRefundStatus(OrderAction):
    """Tells how far the refund is."""

    def name(self) -> str:
        return "action_refund_status"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        nothing_came = order.refund is None and order.delivered_at is None
        return way_to_the_money(order, context) if nothing_came else refund_reply(order, context.dates)


class ValidateGetRefundForm(ConsentForm):
    """Asks for a yes where data/shop.yml lets the bot give the money back by itself; else asks nothing more."""

    form = "get_refund_form"
    act = GET_REFUND
    details = (CONFIRMED,)

    def check(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        services = self._open()
        if self.is_done_by(turn):
            return  # in a turn that broke off: the money may be on its way by now
        possible = refund_by_the_bot(order, services)
        if possible is None or possible.amount is None:
            draft.needless = frozenset({CONFIRMED})
            if turn.slot(_AMOUNT) is not None:
                draft.slots[_AMOUNT] = None
        else:
            draft.slots[_AMOUNT] = formats_of(services).money(possible.amount)


class ActionAskGetRefundConsent(AskForConsent):
    act = GET_REFUND
    asks = "utter_ask_get_refund_form_confirmed"

    def values(self, question: Question, services: Services) -> Mapping[str, str]:
        return {"number": question.number, "amount": question.details[_AMOUNT]}


class ActionGetRefund(ConsentedAction):
    """Gives the money back after a yes to that; else names the way to it that this order allows."""

    act = GET_REFUND
    changes = False  # but for what `do` does
    forgets = (CONFIRMED, _AMOUNT)

    def answer(self, order: Order, context: OrderContext) -> Reply:
        return super().answer(order, context) if context.turn.slot(_AMOUNT) else way_to_the_money(order, context)

    def do(self, order: Order, context: OrderContext, key: str) -> Reply:
        services, turn = context.services, context.turn
        by_people = Reply("utter_get_refund_lost", {
            "number": order.number, "amount": context.formats.money(order.total)})
        seen = refund_by_the_bot(order, services)  # None as well in a turn that is run again: then the key tells
        if seen is not None and seen.amount is not None and context.formats.money(seen.amount) != turn.slot(_AMOUNT):
            raise ActRefused(by_people)
        try:
            done = services.acts.do(order.number, RefundOrder(), BOT, token=seen.token if seen else "",
                                    idempotency_key=key, conversation_id=turn.conversation_id)
        except OrderRefused as error:
            raise ActRefused(by_people) from error
        forget_orders(services, turn)
        amount = context.formats.money(done.preview.amount) if done.preview.amount else ""
        days = context.formats.span(*context.policies.refund_business_days)
        context.promise(f"Refund of {amount} for lost {order.number} within {days} business days")
        return Reply("utter_get_refund_done", {
            "number": order.number, "amount": amount, "days": days,
            "method": context.dates.method(order.payment_method)})


def refund_by_the_bot(order: Order, services: Services) -> ActPreview | None:
    """Return the refund that the bot may make by itself; None where people do it.

    Only what is lost is clear without looking closer, and only within the limits of data/shop.yml.
    """
    if order.status is not OrderStatus.LOST:
        return None
    try:
        return services.acts.preview(order, RefundOrder(), BOT)
    except OrderRefused:
        return None


def way_to_the_money(order: Order, context: OrderContext) -> Reply:
    """Return what this order allows: cancel, send back, a search, or a person; or how far its refund is."""
    number = {"number": order.number}
    if order.refund is not None or order.status is OrderStatus.CANCELLED:
        return refund_reply(order, context.dates)
    if order.status is OrderStatus.PAYMENT_FAILED:
        return refund_reply(order, context.dates)
    if order.can_cancel:
        return Reply("utter_get_refund_by_cancelling", number)
    if not order.status.shipped:
        return Reply("utter_cancel_order_by_people", number)
    if order.status is OrderStatus.LOST:
        return Reply("utter_get_refund_lost", {**number, "amount": context.formats.money(order.total)})
    if order.delivered_at is None:
        return Reply("utter_get_refund_on_its_way", number)
    refused = return_refusal(order, context.dates.at)
    if refused in (ReturnRefusal.ALREADY_REQUESTED, ReturnRefusal.ALREADY_RETURNED):
        return not_returnable(order, refused, context)
    if order.status.open:
        return _of_a_part(order, context)
    day = context.dates.day(order.return_until) if order.return_until else ""
    if refused is None:
        return Reply("utter_get_refund_by_returning", {**number, "deadline": day})
    if refused is ReturnRefusal.BY_PEOPLE:
        return Reply("utter_return_item_by_people", {**number, "deadline": day})
    return Reply("utter_get_refund_too_late", {**number, "deadline": day})


def _of_a_part(order: Order, context: OrderContext) -> Reply:
    """Return the way to the money of an order of which a part has come: of that it is another than of the rest."""
    item, came = named_item(context.turn.text, order), order.delivered_items
    rest = [one for one in order.items if one not in came]
    values = {"number": order.number, "came": context.formats.items(came), "rest": context.formats.items(rest),
              "deadline": context.dates.day(order.return_until) if order.return_until else ""}
    if item is not None and item in rest:
        return Reply("utter_get_refund_rest", {**values, "rest": context.formats.items([item])})
    if return_refusal(order, context.dates.at) is None:
        return Reply("utter_get_refund_partly", values)
    return Reply("utter_get_refund_rest", values)
