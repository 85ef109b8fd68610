"""What all actions about one order have in common: load it if it may be shown, turn errors into words."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.dates import Dates
from actions.order_threads import with_orders
from actions.reply import Reply
from actions.services import services, shop_policies
from actions.turn import Turn
from actions.turn_orders import forget_orders, orders_of
from tandem.orders.errors import InvalidOrderNumber, NotIdentified, OrderNotFound, OrderSystemUnavailable
from tandem.orders.model import Order
from tandem.orders.policies import ShopPolicies
from tandem.services import Services


@dataclass(frozen=True)
class OrderContext:
    """What an action about an order works with."""

    opened: Services
    turn: Turn
    dates: Dates
    policies: ShopPolicies

    @classmethod
    def of(cls, opened: Services, turn: Turn) -> OrderContext:
        return cls(opened, turn, Dates(opened.ledger.clock(), opened.settings.shop_timezone), shop_policies(opened))

    @property
    def idempotency_key(self) -> str:
        """The same for every try at this message, so that a turn run again changes nothing twice."""
        return f"{self.turn.conversation_id}:{self.turn.message_id}"

    def promise(self, text: str) -> None:
        """Keep what the customer was promised, for whoever answers next."""
        self.opened.case_file.promised(self.turn.conversation_id, text, self.turn.message_id)


class OrderAction(Action, ABC):
    """Answers about the order in the slot `order_number`, which a form has identified."""

    forgets: ClassVar[tuple[str, ...]] = ()  # slots that are emptied when the action is done
    changes: ClassVar[bool] = False  # the order: it is read anew before and after

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    @abstractmethod
    def answer(self, order: Order, desk: OrderContext) -> Reply:
        """Do what was asked, and say what came of it; blocking.

        Raises:
            OrderSystemUnavailable: The order system does not answer.
        """

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = Turn(tracker)
        reply, failures = await with_orders(self._work, turn)
        reply.say(dispatcher)
        return [SlotSet("failed_lookups", failures), *(SlotSet(slot, None) for slot in self.forgets)]

    def _work(self, turn: Turn) -> tuple[Reply, float]:
        opened = self._open()
        failures = float(turn.slot("failed_lookups") or 0)
        try:
            if self.changes:
                forget_orders(opened, turn)
            order = orders_of(opened, turn).order(str(turn.slot("order_number") or ""))
            reply, failures = self.answer(order, OrderContext.of(opened, turn)), 0.0
        except (NotIdentified, InvalidOrderNumber):
            reply = Reply("utter_not_identified")
        except OrderNotFound as error:
            reply = Reply("utter_order_not_found", {"number": error.number})
        except OrderSystemUnavailable:
            reply, failures = Reply("utter_order_system_unavailable"), failures + 1
        if self.changes:
            forget_orders(opened, turn)
        opened.case_file.tried(turn.conversation_id, self.name(), reply.response, turn.message_id)
        return reply, failures
