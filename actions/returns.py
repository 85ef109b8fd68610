"""Sending things back."""
from __future__ import annotations

import re

from actions.at_hand import names
from actions.dates import Dates
from actions.order_action import Desk, OrderAction
from actions.order_form import ANSWERS, Draft, OrderForm
from actions.reply import Reply
from actions.services import shop_policies
from actions.turn import REQUESTED_SLOT, Turn
from tandem.orders.errors import NotReturnable, ReturnRefusal, UnknownItem
from tandem.orders.model import Order, ReturnReason
from tandem.orders.policies import return_deadline, return_refusal
from tandem.services import Services

ALL = "all"
_REASONS = frozenset(reason.value for reason in ReturnReason)


class ValidateReturnItemForm(OrderForm):
    """Asks what goes back, if there is a choice, and why."""

    form = "return_item_form"
    details = ("return_item", "return_reason")
    accepts = frozenset({"damaged_item", "wrong_item", "exchange_item"})

    def objection(self, order: Order, opened: Services) -> Reply | None:
        at, policies = opened.ledger.clock(), shop_policies(opened)
        refused = return_refusal(order, at, policies)
        if refused is None:
            return None
        deadline = return_deadline(order, policies)
        day = Dates(at, opened.settings.shop_timezone).day(deadline) if deadline else ""
        return not_returnable(order, refused, day)

    def check(self, order: Order, draft: Draft, turn: Turn) -> None:
        items = {item.sku: item.name for item in order.delivered_items}
        chosen = draft.slots["return_item"]
        if len(items) == 1:
            draft.slots["return_item"] = next(iter(items))
        elif chosen and chosen != ALL:
            draft.slots["return_item"] = _named_item(str(chosen), items)
        if turn.slot(REQUESTED_SLOT) == "return_item" and turn.entity("return_reason") is None:
            draft.slots["return_reason"] = turn.before("return_reason")
        reason = draft.slots["return_reason"]
        if reason and reason not in _REASONS:
            # Any sentence is a reason, but a question about something else is not.
            draft.slots["return_reason"] = ReturnReason.OTHER.value if turn.intent in ANSWERS else None


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
            return not_returnable(order, error.reason, desk.dates.day(error.deadline) if error.deadline else "")
        except UnknownItem:
            return Reply("utter_return_item_unknown", {"number": order.number})
        least, most = desk.policies.refund_business_days
        values = {
            "number": order.number, "return_id": request.id, "send_by": desk.dates.day(request.send_by),
            "days": f"{least} to {most}", "url": request.label_url,
            "returned": ", ".join(item.name for item in order.items if item.sku in request.skus),
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
            return Reply("utter_exchange_item", {"number": order.number})
        deadline = return_deadline(order, desk.policies)
        return not_returnable(order, refused, desk.dates.day(deadline) if deadline else "")


def not_returnable(order: Order, refused: ReturnRefusal, deadline: str) -> Reply:
    """Why the order cannot be sent back."""
    return Reply(f"utter_return_item_{refused.value}", {"number": order.number, "deadline": deadline})


def _named_item(text: str, items: dict[str, str]) -> str | None:
    """The SKU that a text names: the SKU itself, "all" or "both", or a word of one item's name alone."""
    if text in items:
        return text
    if set(re.findall(r"[a-z]+", text.lower())) & {ALL, "both", "everything"}:
        return ALL
    hits = [sku for sku, name in items.items() if names(text, name)]
    return hits[0] if len(hits) == 1 else None
