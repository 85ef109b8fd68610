"""Changing an order: its address, or what is in it."""
from __future__ import annotations

from actions.order_action import Desk, OrderAction
from actions.order_form import ANSWERS, Draft, OrderForm
from actions.reply import Reply
from actions.status import item_names, status_reply
from actions.turn import REQUESTED_SLOT, Turn
from tandem.orders.addresses import parse_address
from tandem.orders.errors import AddressNotChangeable, InvalidAddress
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import can_cancel, can_change_address


class ValidateChangeOrderForm(OrderForm):
    form = "change_order_form"


class ValidateChangeAddressForm(OrderForm):
    """Asks for the new address and reads it back."""

    form = "change_address_form"
    details = ("new_address", "confirmed")
    free_text = frozenset({"new_address"})

    def objection(self, order: Order, desk: Desk) -> Reply | None:
        return None if can_change_address(order) else too_late(order, desk)

    def check(self, order: Order, draft: Draft, turn: Turn) -> None:
        if draft.slots["confirmed"] is False:
            draft.slots.update(new_address=None, confirmed=None)
            draft.answered = True
            return
        asked = None if turn.activates(self.form) else turn.slot(REQUESTED_SLOT)
        corrected = asked == "confirmed" and draft.slots["confirmed"] is None
        given = turn.text if corrected else draft.slots["new_address"]
        if not given:
            return
        try:
            draft.slots["new_address"] = str(parse_address(str(given), order.shipping_address))
            draft.answered = corrected
        except InvalidAddress as error:
            if corrected:
                return
            draft.slots["new_address"] = None
            if turn.intent in ANSWERS or turn.intent == "change_address":
                draft.replies.append(Reply(f"utter_address_without_{error.field}"))


class ActionChangeAddress(OrderAction):
    """Sends the order to the address that the customer has confirmed."""

    forgets = ("new_address", "confirmed")

    def name(self) -> str:
        return "action_change_address"

    def answer(self, order: Order, desk: Desk) -> Reply:
        address = parse_address(str(desk.turn.slot("new_address")), order.shipping_address)
        try:
            changed = desk.opened.orders.change_address(
                order.number, address, idempotency_key=f"{desk.idempotency_key}:address")
        except AddressNotChangeable:
            return too_late(order, desk)
        except InvalidAddress as error:
            return Reply(f"utter_address_without_{error.field}")
        desk.promise(f"{order.number} goes to {changed.shipping_address}")
        return Reply("utter_change_address_done", {"number": order.number, "address": str(changed.shipping_address)})


class ActionChangeOrder(OrderAction):
    """Says what can still be changed; items are changed by people."""

    def name(self) -> str:
        return "action_change_order"

    def answer(self, order: Order, desk: Desk) -> Reply:
        if order.status is OrderStatus.LOST:
            return status_reply(order, desk.dates)
        if can_cancel(order):
            response = "utter_change_order_possible"
        elif order.status.open:
            response = "utter_change_order_too_late"
        elif order.status is OrderStatus.DELIVERED:
            response = "utter_change_order_delivered"
        else:
            response = "utter_change_order_closed"
        return Reply(response, {"number": order.number})


def too_late(order: Order, desk: Desk) -> Reply:
    """Why the address stays."""
    if order.status is OrderStatus.LOST:
        return status_reply(order, desk.dates)
    if order.status is OrderStatus.PARTLY_SHIPPED and order.shipment is not None:
        return Reply("utter_change_address_partly",
                     {"number": order.number, "rest": item_names(order.items_in(order.shipment))})
    return Reply("utter_change_address_too_late" if order.status.open else "utter_change_address_closed",
                 {"number": order.number})
