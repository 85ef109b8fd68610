"""One fact of an order: the intent `order_fact/<name>` asks for it, and `FACTS` has who knows it."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base.choices import means_the_other
from actions.base.consent import SOON
from actions.base.customer_orders import AccessibleOrders, accessible_orders, named_by_item, number_in, pick
from actions.base.order_action import LASTING, OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import OrderForm
from actions.base.order_threads import with_orders
from actions.base.order_updates import answer_to_offer
from actions.base.repeated_questions import FACT, wanted_before
from actions.base.reply import Reply
from actions.base.several_orders import SeveralOrders, several_meant
from actions.base.status import status_reply
from actions.base.turn import CurrentTurn
from actions.facts import arrival, changes, money, parcels, terms
from tandem.conversations.consent import OTHERS, Consents
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.model import Order

ORDER_LIST = "order_list"
Fact = Callable[[Order, OrderContext], Reply]


def order_list(order: Order, context: OrderContext) -> Reply:
    """Tell all orders that the customer may see and still waits for, or all of them, and what they come to."""
    accessible = accessible_orders(context.services, context.turn)
    orders = [one for one in accessible.orders if one.status.open]
    if len(orders) < 2:  # "any other orders?": those that are done, too
        orders = list(accessible.orders) or [order]
    if len(orders) == 1:
        return Reply("utter_fact_order_list_one", {"number": orders[0].number, "order": _line(orders[0], context)})
    orders.sort(key=lambda one: (one.expected_by is None, one.expected_by or one.placed_at))
    lines = context.formats.joined(_line(one, context) for one in orders)
    sums = {one.total.currency for one in orders}
    total = context.formats.money(sum((one.total for one in orders[1:]), orders[0].total)) if len(sums) == 1 else ""
    return Reply("utter_fact_order_list", {"count": str(len(orders)), "orders": lines, "total": total})


def _line(order: Order, context: OrderContext) -> str:
    when = context.dates.when(order.expected_by) if order.status.open and order.expected_by else ""
    return context.formats.order_line(order, when)


FACTS: Mapping[str, Fact] = {
    "address": parcels.address, "arrival_sure": arrival.arrival_sure, "arrival_time": arrival.arrival_time,
    "can_cancel": changes.can_be_cancelled, "cancel_fee": changes.cancel_fee, "can_change": changes.can_be_changed,
    "cancel_deadline": changes.can_be_cancelled, "cancel_part": terms.cancel_part, "cancelled_by": changes.cancelled_by,
    "cancelled_on": changes.cancelled_on, "carrier": parcels.carrier, "carrier_contact": parcels.carrier_contact,
    "confirmation_mail": changes.confirmation_mail, "contents": money.contents, "delivered_on": parcels.delivered_on,
    "delivered_to": parcels.delivered_to, "delivery_fee": money.delivery_fee, "done": changes.done,
    "faster": arrival.faster, "how_to_pay": money.how_to_pay, "if_late": arrival.if_late,
    "item_price": money.item_price, "last_seen": parcels.last_seen, "membership": money.membership,
    "nothing_done": changes.nothing_done, "not_recorded": changes.not_recorded, "notify": parcels.notify,
    ORDER_LIST: order_list, "parcels": parcels.parcels, "pay_by": money.pay_by, "payment_method": money.payment_method,
    "payment_state": money.payment_state, "placed_on": changes.placed_on, "promised_date": parcels.promised_date,
    "recipient": parcels.recipient, "refund_amount": money.refund_amount, "refund_date": money.refund_date,
    "refund_to": money.refund_to, "rest": parcels.rest, "return_deadline": changes.return_until,
    "return_received": changes.return_received, "return_state": changes.return_state,
    "returned_items": changes.returned_items, "search": parcels.search, "ships_on": parcels.ships_on,
    "total": money.total, "undo": changes.undo, "unpaid_consequence": money.unpaid_consequence,
    "why_late": parcels.why_late, "why_not_told": parcels.why_not_told, "why_unpaid": money.why_unpaid,
    "card_digits": terms.card_digits, "counted_from": terms.counted_from, "has_item": terms.has_item,
    "if_refund_late": terms.if_refund_late, "in_warranty": terms.in_warranty, "pay_twice": terms.pay_twice,
    "send_by": terms.send_by,
}
# Said where no order can be told: these need none, only know it better with one.
_WITHOUT_ORDER: Mapping[str, str] = {
    "card_digits": "utter_fact_card_digits_any", "counted_from": "utter_fact_counted_from_any",
    "if_refund_late": "utter_fact_if_refund_late_any", "pay_twice": "utter_fact_pay_twice_any",
    "send_by": "utter_fact_send_by_any",
}
_OF_THE_RECORD = frozenset({"done", "nothing_done", "return_state", "confirmation_mail", "cancelled_by", "undo"})
# Right after an act these are asked of its order, whatever state that is in now.
_OF_AN_ACT = frozenset({"cancelled_on", "cancel_fee", "can_cancel", "cancel_deadline", "can_change", "refund_amount",
                        "refund_date", "refund_to", "payment_state", "return_received", "returned_items", "send_by"})
# Who has several orders mostly means one of which the fact can be told, else one that is open.
_ABOUT = {
    **dict.fromkeys(("refund_amount", "refund_date", "refund_to", "return_received", "returned_items", "undo",
                     "if_refund_late"), "refund_status_form"),
    **dict.fromkeys(("delivered_on", "delivered_to", "in_warranty"), "damaged_item_form"),
    **dict.fromkeys(("can_cancel", "cancel_deadline", "cancel_fee", "cancel_part", "can_change"), "cancel_order_form"),
    **dict.fromkeys(("return_deadline", "send_by"), "return_item_form"),
}


class ValidateOrderFactForm(SeveralOrders, OrderForm):
    """Finds out which order a fact is asked of, where the action cannot tell."""

    form = "order_fact_form"


class ActionOrderFact(OrderAction):
    """Tells the fact that was asked for; where it is not clear of which order, the form asks.

    Inside another form it answers and leaves that form as it is.
    """

    each = True

    def name(self) -> str:
        return "action_order_fact"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn, events = CurrentTurn(tracker), list[EventType]()
        agreed = None if turn.answer != "order_fact/notify" else await asyncio.to_thread(
            lambda: answer_to_offer(self._open, turn, only_yes=True))
        if agreed is not None:
            agreed.say(dispatcher)
            return []
        if turn.intent == FACT:
            wanted = await with_orders(self._wanted, turn)
            if not wanted.startswith(f"{FACT}/"):
                return [FollowupAction(f"{wanted}_form")]
            fact = wanted.partition("/")[2]
            numbers = await with_orders(self._numbers, turn, fact)
            events.append(SlotSet(FACT, fact))
            if not numbers:
                if fact in _WITHOUT_ORDER and not turn.entity("order_number"):
                    Reply(_WITHOUT_ORDER[fact]).say(dispatcher)
                    return events
                return [*events, FollowupAction(ValidateOrderFactForm.form)]
            tracker.slots.update({FACT: fact, "order_number": numbers[0], OTHERS: ",".join(numbers[1:])})
            if not turn.active_form:
                events.append(SlotSet("order_number", numbers[0]))
        return [*events, *await super().run(dispatcher, tracker, domain)]

    def answer(self, order: Order, context: OrderContext) -> Reply:
        return tell(str(context.turn.slot(FACT) or ""), order, context)

    def _wanted(self, turn: CurrentTurn) -> str:
        """Return the fact that is asked for; where a message only names a thing, what was wanted before it."""
        try:
            return wanted_before(turn, accessible_orders(self._open(), turn)) or turn.answer
        except OrderSystemUnavailable:
            return turn.answer

    def _numbers(self, turn: CurrentTurn, fact: str) -> list[str]:
        """Tell the orders that are meant, if they may be shown; none if it has to be asked for."""
        opened = self._open()
        try:
            accessible = accessible_orders(opened, turn, _ABOUT.get(fact, "order_status_form"))
        except OrderSystemUnavailable:
            return [str(turn.slot("order_number") or "")]
        several = [number for number in several_meant(turn, accessible) if accessible.find(number)]
        if len(several) > 1 and fact != ORDER_LIST:
            return several
        of_the_act = self._of_the_act(turn, fact, accessible)
        if of_the_act:
            return of_the_act
        number = number_in(pick(turn, accessible, stays=f"{FACT}/{fact}" in LASTING))
        if number is None and fact == ORDER_LIST and accessible.orders:
            return [accessible.orders[0].number]
        return [number] if number and accessible.find(number) is not None else []

    def _of_the_act(self, turn: CurrentTurn, fact: str, accessible: AccessibleOrders) -> list[str]:
        """Return the orders of the latest act, where that is asked about and no other order is named."""
        if turn.entity("order_number") or named_by_item(turn.text, accessible.orders):
            return []
        acts = Consents(self._open().ledger).acts(turn.conversation_id)
        numbers = [act.number for act in acts if act.question.id == acts[0].question.id][::-1]
        if not acts or fact in _OF_THE_RECORD:
            return numbers
        soon = acts[0].seq < turn.seq <= acts[0].seq + SOON and not means_the_other(turn.text)
        return numbers if soon and fact in _OF_AN_ACT and turn.slot("order_number") in numbers else []


def tell(fact: str, order: Order, context: OrderContext) -> Reply:
    """Tell the fact of an order, by its name."""
    found = FACTS.get(fact)
    return found(order, context) if found else status_reply(order, context.dates)
