"""Sending things back."""
from __future__ import annotations

import re

from actions.at_hand import names
from actions.order_action import Desk, OrderAction
from actions.order_form import ANSWERS, Draft, OrderForm
from actions.reply import Reply
from actions.status import item_names, status_reply
from actions.turn import REQUESTED_SLOT, Turn
from tandem.orders.errors import NotReturnable, ReturnRefusal, UnknownItem
from tandem.orders.model import Order, OrderStatus, ReturnReason
from tandem.orders.policies import return_deadline, return_refusal

ALL = "all"
_EVERYTHING = re.compile(r"(?<!\bat )\b(all|both|everything)\b", re.IGNORECASE)
_NEVER_SENT_OR_LOST = frozenset({OrderStatus.CANCELLED, OrderStatus.PAYMENT_FAILED, OrderStatus.LOST})
_REASONS = frozenset(reason.value for reason in ReturnReason)


class ValidateReturnItemForm(OrderForm):
    """Asks what goes back, if there is a choice, and why."""

    form = "return_item_form"
    details = ("return_item", "return_reason")
    accepts = frozenset({"damaged_item", "wrong_item", "exchange_item"})

    def objection(self, order: Order, desk: Desk) -> Reply | None:
        refused = return_refusal(order, desk.dates.at, desk.policies)
        return not_returnable(order, refused, desk) if refused else None

    def check(self, order: Order, draft: Draft, turn: Turn) -> None:
        items = {item.sku: item.name for item in order.delivered_items}
        starts, asked = turn.activates(self.form), turn.slot(REQUESTED_SLOT)
        chosen = draft.slots["return_item"] or (turn.text if starts else None)
        if len(items) == 1:
            draft.slots["return_item"] = next(iter(items))
        elif chosen and chosen != ALL:
            draft.slots["return_item"] = _named_item(str(chosen), items)
        if not starts and asked == "return_item" and turn.entity("return_reason") is None:
            draft.slots["return_reason"] = turn.before("return_reason")
        named = _named_item(turn.text, items) if not starts and asked == "return_reason" else None
        if named and named != draft.slots["return_item"]:
            draft.slots.update(return_item=named, return_reason=None)  # "no, the towel"
            draft.answered = True
        reason = draft.slots["return_reason"]
        if reason and reason not in _REASONS:
            # Any sentence is a reason, but a yes, a no or a question about something else is not.
            is_reason = turn.intent in ANSWERS - {"affirm", "deny"}
            draft.slots["return_reason"] = ReturnReason.OTHER.value if is_reason else None
        returned = draft.slots["return_item"]
        draft.slots["returning"] = items.get(str(returned)) or item_names(order.delivered_items)


class ActionReturnItem(OrderAction):
    """Announces the return."""

    forgets = ("return_item", "return_reason")

    def name(self) -> str:
        return "action_return_item"

    def answer(self, order: Order, desk: Desk) -> Reply:
        chosen = str(desk.turn.slot("return_item") or ALL)
        reason = str(desk.turn.slot("return_reason") or ReturnReason.OTHER.value)
        try:
            request = desk.opened.orders.start_return(
                order.number, skus=None if chosen == ALL else (chosen,), reason=ReturnReason(reason),
                idempotency_key=f"{desk.idempotency_key}:return")
        except NotReturnable as error:
            return not_returnable(order, error.reason, desk)
        except UnknownItem:
            return Reply("utter_return_item_unknown", {"number": order.number})
        least, most = desk.policies.refund_business_days
        values = {
            "number": order.number, "return_id": request.id, "send_by": desk.dates.day(request.send_by),
            "days": f"{least} to {most}", "url": request.label_url,
            "returned": item_names([item for item in order.items if item.sku in request.skus]),
        }
        desk.promise(f"Return {request.id}: free label, refund {values['days']} business days after inspection")
        return Reply("utter_return_item_label" if request.label_url else "utter_return_item_label_by_mail", values)


class ValidateExchangeItemForm(OrderForm):
    form = "exchange_item_form"


class ActionExchangeItem(OrderAction):
    """Says how to exchange: send back and order anew, while the return window is open."""

    def name(self) -> str:
        return "action_exchange_item"

    def answer(self, order: Order, desk: Desk) -> Reply:
        refused = return_refusal(order, desk.dates.at, desk.policies)
        if refused is None:
            return Reply("utter_exchange_item", {"number": order.number, "items": item_names(order.delivered_items)})
        return not_returnable(order, refused, desk)


def not_returnable(order: Order, refused: ReturnRefusal, desk: Desk) -> Reply:
    """Why the order cannot be sent back."""
    if refused is ReturnRefusal.NOT_DELIVERED and order.status in _NEVER_SENT_OR_LOST:
        return status_reply(order, desk.dates)
    deadline = return_deadline(order, desk.policies)
    day = desk.dates.day(deadline) if deadline else ""
    return Reply(f"utter_return_item_{refused.value}", {"number": order.number, "deadline": day})


def _named_item(text: str, items: dict[str, str]) -> str | None:
    """The SKU that a text names: the SKU itself, "all" or "both", or a word of one item's name alone."""
    if text in items:
        return text
    hits = [sku for sku, name in items.items() if names(text, name)]
    if len(hits) == 1:
        return hits[0]
    return ALL if _EVERYTHING.search(text) else None
