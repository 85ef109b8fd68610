"""Questions whose buttons come from the customer's orders."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.at_hand import orders_at_hand
from actions.order_status import MOST_BUTTONS, order_button
from actions.reply import Reply
from actions.services import services
from actions.turn import Turn
from tandem.orders.errors import OrderSystemUnavailable
from tandem.services import Services


class ActionAskOrderNumber(Action):
    """Asks which order is meant: with buttons if the customer is known, for the number if not."""

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    def name(self) -> str:
        return "action_ask_order_number"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        reply = await asyncio.to_thread(self._question, Turn(tracker))
        reply.say(dispatcher)
        return []

    def _question(self, turn: Turn) -> Reply:
        try:
            choices = orders_at_hand(self._open(), turn.conversation_id, turn.active_form).choices
        except OrderSystemUnavailable:
            choices = ()
        if not choices:
            again = bool(turn.slot("failed_lookups"))
            return Reply("utter_ask_for_order_number_again" if again else "utter_ask_for_order_number")
        return Reply("utter_ask_which_order", {}, tuple(order_button(order) for order in choices[:MOST_BUTTONS]))


class ActionAskReturnItem(Action):
    """Asks which item of the order goes back."""

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    def name(self) -> str:
        return "action_ask_return_item"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        reply = await asyncio.to_thread(self._question, Turn(tracker))
        reply.say(dispatcher)
        return []

    def _question(self, turn: Turn) -> Reply:
        try:
            order = orders_at_hand(self._open(), turn.conversation_id).find(turn.slot("order_number"))
        except OrderSystemUnavailable:
            order = None
        items = order.delivered_items if order else ()
        buttons = tuple({"title": item.name, "payload": f'/inform{{"return_item": "{item.sku}"}}'} for item in items)
        return Reply("utter_ask_for_return_item", {}, buttons)
