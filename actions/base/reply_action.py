"""Actions that say one reply and leave the dialogue as it is."""
from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.base.order_threads import with_orders
from actions.base.reply import Reply
from actions.base.services import services
from actions.base.turn import CurrentTurn
from tandem.services import Services


class ReplyAction(Action, ABC):
    """Says one reply, and leaves the dialogue as it is."""

    asks_orders: ClassVar[bool] = False  # the reply needs the order system

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    @abstractmethod
    def reply(self, turn: CurrentTurn) -> Reply | None:
        """Return what to say, if anything; blocking."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        run = with_orders if self.asks_orders else asyncio.to_thread
        reply = await run(self.reply, CurrentTurn(tracker))
        if reply is not None:
            reply.say(dispatcher)
        return []
