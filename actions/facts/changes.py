"""Facts about what may still be done to an order, and what was done to it."""
from __future__ import annotations

from actions.base.consent import ACTS, CONFIRMED
from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.return_replies import not_returnable
from actions.base.status import refund_reply, status_reply
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from actions.cancel_order import refusal
from actions.change_order import what_can_change
from actions.facts.item import named_item
from tandem.conversations.consent import CompletedAct, Consents
from tandem.orders.model import Order, OrderStatus, RefundState
from tandem.orders.policies import return_refusal


def placed_on(order: Order, context: OrderContext) -> Reply:
    """Tell when it was ordered."""
    return Reply("utter_fact_placed_on", {"number": order.number, "placed": context.dates.ago(order.placed_at),
                                          "day": context.dates.day(order.placed_at)})


def can_be_cancelled(order: Order, context: OrderContext) -> Reply:
    """Tell whether it may be cancelled, for who only asks."""
    if order.status is OrderStatus.CANCELLED:
        return cancelled_on(order, context)
    if not order.can_cancel and not order.status.shipped:
        return Reply("utter_cancel_order_by_people", {"number": order.number})
    if not order.can_cancel:
        on_its_way = order.status in (OrderStatus.SHIPPED, OrderStatus.OUT_FOR_DELIVERY)
        return (Reply("utter_fact_cannot_cancel", {"number": order.number}) if on_its_way
                else refusal(order, order.status, context))
    parcel = order.shipment
    if parcel is not None and parcel.ships_by is not None:
        return Reply("utter_fact_can_cancel_until", {
            "number": order.number, "items": context.formats.items(order.items),
            "ships": context.dates.when(parcel.ships_by)})
    return Reply("utter_fact_can_cancel", {"number": order.number, "items": context.formats.items(order.items)})


def can_be_changed(order: Order, context: OrderContext) -> Reply:
    """Tell what may still be changed, for who only asks."""
    if order.can_cancel and order.can_change_address:
        return Reply("utter_fact_can_change", {"number": order.number})
    if order.status in (OrderStatus.SHIPPED, OrderStatus.OUT_FOR_DELIVERY):
        return Reply("utter_fact_cannot_change", {"number": order.number})
    return what_can_change(order, context)


def return_until(order: Order, context: OrderContext) -> Reply:
    """Until when it may be sent back."""
    item = named_item(context.turn.text, order)
    if item is not None and item not in order.delivered_items and order.delivered_items and order.status.open:
        return Reply("utter_fact_item_not_come", {"number": order.number, "item": context.formats.items([item])})
    refused, deadline = return_refusal(order, context.dates.at), order.return_until
    if refused is not None or deadline is None:
        return not_returnable(order, refused, context) if refused else status_reply(order, context.dates)
    return Reply("utter_fact_return_until", {
        "number": order.number, "items": context.formats.items(order.delivered_items),
        "deadline": context.dates.day(deadline)})


def return_received(order: Order, context: OrderContext) -> Reply:
    """Tell whether the parcel with the return has come, and when."""
    request = order.return_request
    if request is None:
        return _no_return(order, context)
    values = {"number": order.number, "items": _returned(order, context)}
    if request.received_at is None:
        return Reply("utter_fact_return_not_received", {**values, "send_by": context.dates.day(request.send_by)})
    return Reply("utter_fact_return_received", {**values, "received": context.dates.ago(request.received_at),
                                                "day": context.dates.day(request.received_at)})


def returned_items(order: Order, context: OrderContext) -> Reply:
    """Tell what was sent back, or will be."""
    if order.return_request is None:
        return _no_return(order, context)
    return Reply("utter_fact_returned_items", {"number": order.number, "items": _returned(order, context)})


def not_yet(turn: CurrentTurn) -> Reply | None:
    """Tell what is still to be said yes to, and what comes then; None where no question for a yes is open."""
    act = turn.active_form.removesuffix("_form")
    if act not in ACTS or turn.slot(REQUESTED_SLOT) != CONFIRMED:
        return None
    return Reply(f"utter_fact_not_yet_{act}", {"number": str(turn.slot("order_number") or "")})


def return_state(order: Order, context: OrderContext) -> Reply:
    """Tell whether a return is registered, and what to do next."""
    request = order.return_request
    if request is None:
        return nothing_done(order, context)
    if request.received_at is not None:
        return refund_reply(order, context.dates)
    values = {"number": order.number, "items": _returned(order, context), "return_id": request.id,
              "send_by": context.dates.day(request.send_by), "url": request.label_url}
    return Reply("utter_fact_return_open" if request.label_url else "utter_fact_return_open_by_mail", values)


def cancelled_on(order: Order, context: OrderContext) -> Reply:
    """Tell since when it is cancelled."""
    if order.status is not OrderStatus.CANCELLED or order.cancelled_at is None:
        return Reply("utter_fact_not_cancelled", {"number": order.number})
    return Reply("utter_fact_cancelled_on", {"number": order.number, "cancelled": context.dates.ago(order.cancelled_at),
                                             "day": context.dates.day(order.cancelled_at)})


def cancelled_by(order: Order, context: OrderContext) -> Reply:
    """Tell who cancelled it: the customer in this conversation, or somebody whom the record does not name."""
    if order.status is not OrderStatus.CANCELLED:
        return Reply("utter_fact_not_cancelled", {"number": order.number})
    act = act_on(order, context)
    if act is not None and act.question.act == "cancel_order":
        return Reply("utter_fact_cancelled_by_you", {"number": order.number})
    cancelled = context.dates.ago(order.cancelled_at) if order.cancelled_at else ""
    return Reply("utter_fact_cancelled_by_unknown", {"number": order.number, "cancelled": cancelled})


def done(order: Order, context: OrderContext) -> Reply:
    """Tell whether what was asked for has been done: from the record, whatever order is talked about since."""
    act = act_on(order, context)
    if act is None:
        waits = not_yet(context.turn)
        if waits is not None:
            return waits
        if order.status is OrderStatus.CANCELLED:
            return cancelled_on(order, context)
        return return_state(order, context) if order.return_request is not None else nothing_done(order, context)
    values = {"number": order.number, "items": context.formats.items(order.items),
              "address": (act.question.details or {}).get("new_address") or context.address(order)}
    if not act.done:
        return Reply("utter_fact_done_unsure", values)
    if act.question.act == "return_item":
        return return_state(order, context)
    if act.question.act == "get_refund":
        return refund_reply(order, context.dates)
    if act.question.act == "cancel_order" and order.refund is None:
        return Reply("utter_fact_done_cancel_order_unpaid", values)
    return Reply(f"utter_fact_done_{act.question.act}", values)


def undo(order: Order, context: OrderContext) -> Reply:
    """Tell what can still be done about an act that the customer wants back."""
    act = act_on(order, context)
    request = order.return_request
    if request is not None and request.received_at is not None and order.status is not OrderStatus.CANCELLED:
        return keep_after_all(order, context) or nothing_done(order, context)
    if act is not None and act.question.act in ACTS:
        return Reply(ACTS[act.question.act].regret_reply, {"number": order.number})
    if order.status is OrderStatus.CANCELLED:
        return Reply("utter_fact_undo_cancelled", {"number": order.number})
    return keep_after_all(order, context) or nothing_done(order, context)


def keep_after_all(order: Order, context: OrderContext) -> Reply | None:
    """Tell who wants to keep what they send back whether they still can; None where nothing goes back."""
    request = order.return_request
    if request is None:
        return None
    values = {"number": order.number, "items": _returned(order, context), "return_id": request.id}
    if request.received_at is None:
        return Reply("utter_fact_keep_open", values)
    paid_out = order.refund is not None and order.refund.state is RefundState.ISSUED
    return Reply("utter_fact_keep_paid_out" if paid_out else "utter_fact_keep_received",
                 {**values, "received": context.dates.ago(request.received_at)})


def cancel_fee(order: Order, context: OrderContext) -> Reply:
    """Tell what cancelling costs, or has cost."""
    if order.status is OrderStatus.CANCELLED:
        return _cost_of_cancelling(order, context)
    if not order.can_cancel:
        return can_be_cancelled(order, context)
    unpaid = order.status is OrderStatus.PAYMENT_FAILED
    return Reply("utter_fact_cancel_fee_unpaid" if unpaid else "utter_fact_cancel_fee", {"number": order.number})


def _cost_of_cancelling(order: Order, context: OrderContext) -> Reply:
    if order.refund is None:
        return Reply("utter_fact_cancel_fee_nothing_paid", {"number": order.number})
    if order.refund.state is RefundState.REFUSED or order.refund.amount != order.total:
        return refund_reply(order, context.dates)
    return Reply("utter_fact_cancel_fee_none", {
        "number": order.number, "amount": context.formats.money(order.refund.amount),
        "method": context.dates.method(order.refund.method)})


def not_recorded(order: Order, context: OrderContext) -> Reply:
    """Tell that the shop has no such record of it: the driver, the weight, who packed it."""
    return Reply("utter_fact_not_recorded", {"number": order.number})


def nothing_done(order: Order, context: OrderContext) -> Reply:
    """Tell that nothing has happened to the order, if that is so."""
    if act_on(order, context) is not None:
        return done(order, context)
    waits = not_yet(context.turn)
    if waits is not None:
        return waits
    if order.status is OrderStatus.CANCELLED:
        return cancelled_on(order, context)
    if order.status is OrderStatus.RETURNED or order.return_request is not None or order.refund is not None:
        return refund_reply(order, context.dates)
    return Reply("utter_fact_nothing_done", {"number": order.number})


def confirmation_mail(order: Order, context: OrderContext) -> Reply:
    """Tell that a confirmation is mailed, and where to."""
    if order.status is OrderStatus.CANCELLED and order.cancelled_at is not None:
        return Reply("utter_fact_confirmation_mail_cancelled", {
            "number": order.number, "day": context.dates.day(order.cancelled_at)})
    if not context.is_vouched_for(order):
        return Reply("utter_fact_confirmation_mail_masked", {"number": order.number})
    return Reply("utter_fact_confirmation_mail", {"number": order.number, "email": order.email})


def latest_act(context: OrderContext) -> CompletedAct | None:
    """Tell the last thing that was done to an order in this conversation."""
    return next(iter(Consents(context.services.ledger).acts(context.turn.conversation_id)), None)


def act_on(order: Order, context: OrderContext) -> CompletedAct | None:
    """Tell the last thing that was done to this order in this conversation."""
    acts = Consents(context.services.ledger).acts(context.turn.conversation_id)
    return next((act for act in acts if act.number == order.number), None)


def _no_return(order: Order, context: OrderContext) -> Reply:
    if order.status is OrderStatus.RETURNED:
        return refund_reply(order, context.dates)
    return Reply("utter_fact_no_return", {"number": order.number})


def _returned(order: Order, context: OrderContext) -> str:
    assert order.return_request is not None
    return context.formats.items([item for item in order.items if item.sku in order.return_request.skus])
