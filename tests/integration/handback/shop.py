"""One customer in a shop whose bot is this project's, without servers: every word goes the way it goes there."""
from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.io import read_yaml
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor

import actions
from tandem.conversations.model import InboundMessage, Message, Receipt
from tandem.gateway.runtime import Runtime
from tandem.handoff.business_hours import BusinessHours, Patience
from tandem.handoff.routing import Routing
from tandem.handoff.service import HandoffService
from tandem.handoff.waiting_rules import read_waiting_room
from tandem.orders.demo_orders import demo_orders
from tandem.orders.identification import IdentificationService
from tandem.orders.policies import ShopPolicies
from tandem.orders.system import OrderSystem
from tandem.sentiment.trajectory import Trajectory
from tandem.services import Services, escalation_settings
from tandem.settings import Settings
from tests.fakes.core import Core, core_over
from tests.fakes.orders import FakeOrderSystem

CUSTOMER = "c"
UTC = ZoneInfo("UTC")
CALM = {"name": "neutral", "confidence": 0.9, "polarity": 0.0, "emotion": "neutral", "frustration": 0.0, "urgency": 0.0}


class Channel(InputChannel):
    """A channel that nobody listens to."""

    @classmethod
    def name(cls) -> str:
        return "rest"


class ActionServer:
    """Stands where Rasa's endpoint of the action server stands, and runs the actions in this process."""

    def __init__(self, services: Services) -> None:
        self.url = "in this process"
        self.kwargs: dict[str, Any] = {}
        self._executor = ActionExecutor()
        for module in pkgutil.walk_packages(actions.__path__, "actions."):
            for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(found, Action) and not inspect.isabstract(found) and found.__module__ == module.name:
                    takes = inspect.signature(found.__init__).parameters
                    self._executor.register_action(found(lambda: services) if "open_services" in takes else found())

    async def request(self, json: Mapping[str, Any], **more: Any) -> Any:
        return await self._executor.run(json)


@dataclass
class Shop:
    """The customer `says`; what came of it is in `core` and `tracker()`."""

    core: Core
    agent: Agent
    runtime: Runtime
    loop: asyncio.AbstractEventLoop
    readings: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    wishes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # of messages that have several
    mood: dict[str, Any] = field(default_factory=dict)  # in which the customer writes, where they are not calm
    channel: Channel = field(default_factory=Channel)

    def says(self, text: str, intent: str = "inform", **entities: str) -> list[str]:
        """The customer writes, read as this intent with these entities; what the bot answers."""
        return self.replies(self.receipt(text, intent, **entities).message)

    def receipt(self, text: str, intent: str = "inform", **entities: str) -> Receipt:
        """The same, for those who want to know who got the message."""
        self.readings[text] = (intent, entities)
        return self.loop.run_until_complete(self._turn(text))

    def wants(self, *parts: tuple[str, str], **entities: str) -> Receipt:
        """The customer writes a message with several wishes, each a text and its intent; entities are of the last."""
        acts = {"cancel_order", "return_item", "change_address"}
        text = ", and ".join(part for part, _ in parts)
        self.wishes[text] = [{"text": part, "intent": intent, "confidence": 0.9, "is_act": intent in acts}
                             for part, intent in parts]
        for part, intent in parts:
            self.readings[part] = (intent, entities if part == parts[-1][0] else {})
        return self.receipt(text, parts[0][1])

    def taken_over(self) -> None:
        """All leases run out, and this process takes the interrupted turns over until none is left."""
        self.core.clock.advance(seconds=30)

        async def run() -> None:
            while receipts := self.core.turns.adopt():
                for receipt in receipts:
                    await self.runtime.answer(receipt, self.channel, self.agent.handle_message)

        self.loop.run_until_complete(run())

    @property
    def orders(self) -> OrderSystem:
        """The shop's orders."""
        return self.runtime.services.orders

    @property
    def action_server(self) -> ActionServer:
        """Where the bot's actions run."""
        return cast(ActionServer, cast(Any, self.agent.processor).action_endpoint)

    def replies_to(self, seq: int) -> list[str]:
        """What the bot answered to the message with this number."""
        return [one.text for one in self.core.ledger.replies_to(CUSTOMER, seq)]

    def replies(self, message: Message) -> list[str]:
        """What the bot answered to this message."""
        return self.replies_to(message.seq)

    def tracker(self) -> DialogueStateTracker:
        """The dialogue's memory as it is stored."""
        found = self.loop.run_until_complete(self.agent.tracker_store.retrieve(CUSTOMER))
        assert found is not None
        return cast(DialogueStateTracker, found)

    def slots(self) -> dict[str, Any]:
        return dict(self.tracker().current_slot_values())

    async def _turn(self, text: str) -> Receipt:
        receipt = await self.runtime.receive(InboundMessage(CUSTOMER, "rest", text, push=False))
        await self.runtime.answer(receipt, self.channel, self.agent.handle_message)
        return receipt

    async def read(self, text: str) -> dict[str, Any]:
        """Stands where the NLU stands."""
        intent, entities = self.readings.get(text, ("nlu_fallback", {}))  # a part of a message is read by itself, too
        several = {"wishes": self.wishes[text]} if text in self.wishes else {}
        return {"text": text, "intent": {"name": intent, "confidence": 0.95}, **several,
                "sentiment": {**CALM, **self.mood},
                "entities": [{"entity": name, "value": value} for name, value in entities.items()]}


@contextmanager
def open_shop(agent: Agent, folder: Path) -> Iterator[Shop]:
    """A shop with the demo's orders over a fresh database."""
    with core_over(f"sqlite:///{folder / 'tandem.db'}") as core:
        clock = core.clock
        orders = FakeOrderSystem(demo_orders(clock(), UTC), clock, ShopPolicies())
        identification = IdentificationService(core.engine, orders, clock)
        duty = BusinessHours(UTC)
        handoff = HandoffService(core.ledger, core.ownership, core.case_file, Routing(duty), duty,
                                 Trajectory(escalation_settings()), identification.verified_orders)
        services = Services(
            settings=Settings(shop_timezone=UTC), engine=core.engine, ledger=core.ledger, ownership=core.ownership,
            outbox=core.outbox, router=core.router, case_file=core.case_file, orders=orders,
            identification=identification, handoff=handoff, business_hours=duty, patience=Patience(),
            waiting_room=read_waiting_room())
        loop = asyncio.new_event_loop()
        app = SimpleNamespace(ctx=SimpleNamespace())
        runtime = Runtime(cast(Any, app), services.settings, services)
        fresh = Agent(domain=agent.domain, action_endpoint=cast(Any, ActionServer(services)))
        assert agent.processor is not None
        fresh.processor, fresh.processor_model_path = agent.processor, None
        processor = agent.processor
        processor.tracker_store, processor.lock_store = fresh.tracker_store, fresh.lock_store
        processor.action_endpoint, processor.domain = fresh.action_endpoint, agent.domain
        fresh.domain = agent.domain
        shop = Shop(core, fresh, runtime, loop)
        app.ctx.agent = fresh
        parse = processor.parse_message
        cast(Any, processor).parse_message = lambda message, tracker=None: shop.read(message.text)
        try:
            yield shop
        finally:
            cast(Any, processor).parse_message = parse
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()


RESPONSES: dict[str, list[dict[str, Any]]] = {
    name: variations for path in Path("data/responses").glob("*.yml")
    for name, variations in read_yaml(path.read_text(encoding="utf-8"))["responses"].items()
}


def is_response(text: str, name: str) -> bool:
    """Whether this is a variation of the response, whatever fills its braces."""
    begins = [str(one["text"]).partition("{")[0] for one in RESPONSES[name]]
    return any(text.startswith(begin) for begin in begins)
