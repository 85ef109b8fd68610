"""What all actions about one order have in common: load it if it may be shown, turn errors into responses."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base.order_context import OrderContext
from actions.base.order_threads import with_orders
from actions.base.order_updates import changed_by_customer, with_offer
from actions.base.reply import Reply, in_a_row
from actions.base.services import services
from actions.base.turn import CurrentTurn, others_of
from actions.base.turn_orders import forget_orders, orders_of
from tandem.orders.errors import InvalidOrderNumber, NotIdentified, OrderNotFound, OrderSystemUnavailable
from tandem.orders.model import Order
from tandem.services import Services

NOTE_COUNTS = 5  # messages of the customer after a hand-back in which the person's note is newer than the facts
LASTING = frozenset(f"order_fact/{name}" for name in (  # facts that no note makes old
    "carrier", "carrier_contact", "confirmation_mail", "contents", "delivery_fee", "item_price", "membership",
    "order_list", "payment_method", "placed_on", "recipient", "total"))


class OrderAction(Action, ABC):
    """Answers about the order in the slot `order_number`, which a form has identified."""

    forgets: ClassVar[tuple[str, ...]] = ()  # slots that are emptied when the action is done
    changes: ClassVar[bool] = False  # the order: it is read anew before and after
    each: ClassVar[bool] = False  # it is told of each order, where several are meant (the slot `other_orders`)

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    @abstractmethod
    def answer(self, order: Order, context: OrderContext) -> Reply:
        """Do what was asked, and say what came of it; blocking.

        Raises:
            OrderSystemUnavailable: The order system does not answer.
        """

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        reply, failures = await with_orders(self._work, turn)
        newer = None if self.changes else _newer_note(turn)
        if newer is not None:
            newer.say(dispatcher)
        reply.say(dispatcher)
        return [SlotSet("failed_lookups", failures), *(SlotSet(slot, None) for slot in self.forgets)]

    def _work(self, turn: CurrentTurn) -> tuple[Reply, float]:
        services = self._open()
        failures = float(turn.slot("failed_lookups") or 0)
        try:
            if self.changes:
                forget_orders(services, turn)
            numbers = [str(turn.slot("order_number") or ""), *(others_of(turn) if self.each else ())]
            orders = [orders_of(services, turn).order(number) for number in numbers]
            context = OrderContext.of(services, turn)
            reply, failures = in_a_row([self.answer(order, context) for order in orders]), 0.0
            if not self.changes and len(orders) == 1:
                reply = with_offer(orders[0], reply, context)
        except (NotIdentified, InvalidOrderNumber):
            reply = Reply("utter_not_identified")
        except OrderNotFound as error:
            reply = Reply("utter_order_not_found", {"number": error.number})
        except OrderSystemUnavailable:
            reply, failures = Reply("utter_order_system_unavailable"), failures + 1
        if self.changes:
            forget_orders(services, turn)
            changed_by_customer(services, turn)
        services.case_file.record_attempt(turn.conversation_id, self.name(), reply.response, turn.message_id)
        return reply, failures


def _newer_note(turn: CurrentTurn) -> Reply | None:
    """Return what is said before the facts where a person has just left a note: it is newer than the order system."""
    if turn.answer in LASTING or not 0 < turn.messages_since_note <= NOTE_COUNTS:
        return None
    return Reply("utter_note_said" if turn.messages_since_note == 1 else "utter_note_first", {"note": turn.note})
