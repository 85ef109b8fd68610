"""Actions on the demo shop: real identification and ledger on SQLite, hand-written order system and handoff."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from tandem.conversations.casefile import CaseFile
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Identity, InboundMessage
from tandem.conversations.outbox import Outbox
from tandem.conversations.ownership import Ownership
from tandem.conversations.router import Router
from tandem.handoff.business_hours import BusinessHours, Patience, read_hours
from tandem.handoff.service import OpenedHandoff
from tandem.orders.demo_orders import demo_orders
from tandem.orders.identification import IdentificationService
from tandem.orders.policies import ShopPolicies
from tandem.services import Services
from tandem.settings import Settings
from tandem.shop.shop_file import current_shop
from tandem.wording.shop_values import fill, shop_values
from tests.fakes.clock import Clock
from tests.fakes.orders import FakeOrderSystem
from tests.fakes.ready import open_ready

DOMAIN: dict[str, Any] = yaml.safe_load(Path("domain.yml").read_text(encoding="utf-8"))
CONVERSATION = "c1"


def load_responses() -> dict[str, list[dict[str, Any]]]:
    """All responses of data/responses/, by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(Path("data/responses").glob("*.yml")):
        found.update(yaml.safe_load(path.read_text(encoding="utf-8"))["responses"])
    return dict(fill(found, shop_values(current_shop(), read_hours()), "data/responses"))


RESPONSES = load_responses()


class FakeHandoff:
    """Opens one handoff however often it is asked."""

    def __init__(self) -> None:
        self.seen: list[Mapping[str, Any]] = []
        self.on_duty = True
        self.position = 1
        self.expected: timedelta | None = None
        self.opens_at: datetime | None = None
        self.reason = ""

    def open(self, tracker: Mapping[str, Any]) -> OpenedHandoff:
        self.seen.append(tracker)
        return OpenedHandoff("h1", len(self.seen) == 1, self.on_duty, self.position, self.opens_at,
                      self.expected, self.reason)


@dataclass
class Shop:
    """The services that actions get, and what tests turn."""

    services: Services
    orders: FakeOrderSystem
    handoff: FakeHandoff
    clock: Clock

    def open(self) -> Services:
        return self.services

    def know(self, email: str, until: datetime | None = None) -> None:
        """The channel vouches for the customer."""
        identity = Identity("s", email, expires_at=until)
        self.services.ledger.start(InboundMessage(CONVERSATION, "rest", "", identity=identity))

    def match(self, number: str, contact: str) -> None:
        """The customer has named this order and what stands on it."""
        self.services.identification.verify(CONVERSATION, number, contact)

    def asks(self, act: str, number: str, *, asked: int = 1, **details: str) -> int:
        """The bot has asked for a yes to an act, in answer to the customer; the question's number in the ledger."""
        said = self.says("please")
        question = {"act": act, "number": number, "details": details, "id": f"{said}.{act}", "asked": asked}
        buttons = [{"title": "Yes, go on", "payload": "/affirm"}, {"title": "No, keep it", "payload": "/deny"}]
        return self.bot_says("Shall I?", reply_to=said, data={"question": question, "buttons": buttons})

    def says(self, text: str, payload: str | None = None) -> int:
        """The customer writes, or presses a button; the message's number in the ledger."""
        data = {"payload": payload} if payload else {}
        return self.services.router.receive(InboundMessage(CONVERSATION, "rest", text, data=data)).message.seq

    def bot_says(self, text: str, **more: Any) -> int:
        """The bot replies; the message's number in the ledger."""
        epoch = self.services.ledger.conversation(CONVERSATION).epoch
        said = self.services.ledger.record_bot_reply(CONVERSATION, epoch, text, **more)
        assert said is not None
        return said.seq

    def case(self) -> list[Mapping[str, Any]]:
        return [entry.data for entry in self.services.case_file.entries(CONVERSATION)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    clock = Clock(datetime(2025, 6, 24, 15, 0, tzinfo=timezone.utc))  # a Tuesday
    engine = open_ready(f"sqlite:///{tmp_path}/tandem.db")
    ledger = Ledger(engine, clock)
    ownership = Ownership(ledger)
    orders = FakeOrderSystem(demo_orders(clock(), timezone.utc), clock, ShopPolicies())
    handoff = FakeHandoff()
    services = Services(
        settings=Settings(shop_timezone=ZoneInfo("UTC")), engine=engine, ledger=ledger, ownership=ownership,
        outbox=Outbox(ledger), router=Router(ledger, ownership), case_file=CaseFile(ledger), orders=orders,
        identification=IdentificationService(engine, orders, clock), handoff=handoff,
        business_hours=BusinessHours(ZoneInfo("UTC")), patience=Patience(),
    )
    return Shop(services, orders, handoff, clock)


@dataclass
class Outcome:
    """What an action said and did."""

    messages: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @property
    def said(self) -> list[str]:
        return [str(message["response"]) for message in self.messages]

    @property
    def slots(self) -> dict[str, Any]:
        return {event["name"]: event["value"] for event in self.events if event["event"] == "slot"}

    @property
    def stepped_aside(self) -> bool:
        return any(event["event"] == "action_execution_rejected" for event in self.events)

    @property
    def followed_by(self) -> list[str]:
        return [event["name"] for event in self.events if event["event"] == "followup"]

    def payloads(self) -> list[str]:
        return [button["payload"] for message in self.messages for button in message.get("buttons") or ()]


@dataclass
class Scene:
    """A moment of a conversation, as Rasa describes it to an action."""

    intent: str = "inform"
    text: str = "…"
    seq: int = 0  # of the message in the ledger
    entities: dict[str, str] = field(default_factory=dict)
    slots: dict[str, Any] = field(default_factory=dict)  # as they were before the message
    emptied: tuple[str, ...] = ()  # of these, before the message
    filled: dict[str, Any] = field(default_factory=dict)  # by the message
    form: str | None = None
    starts: bool = False  # the form begins with this message
    requested: str | None = None
    rejected: bool = False  # the form has stepped aside already
    message_id: str = "m1"
    last_bot: dict[str, Any] | None = None
    form_before: str | None = None  # the form that was open when the message came
    reading: dict[str, Any] = field(default_factory=dict)  # what else the NLU says of the message
    said_before: tuple[str, ...] = ()  # responses, in the form
    said_since: tuple[str, ...] = ()  # responses, in this turn
    earlier: tuple[str, ...] = ()  # what the customer's messages before were read as
    heard: tuple[tuple[str, str], ...] = ()  # their texts and readings, the oldest first

    def tracker(self) -> Tracker:
        name, slash, _ = self.intent.partition("/")
        answer = {"full_retrieval_intent_name": self.intent} if slash else {}
        message = {
            "intent": {"name": name, "confidence": 0.9, **answer}, "text": self.text,
            "message_id": self.message_id, "metadata": {"tandem": {"seq": self.seq}},
            "entities": [
                {"entity": name, "value": value, "start": start, "end": start + len(value)}
                for name, value in self.entities.items() for start in [max(0, self.text.lower().find(value.lower()))]],
            **self.reading,
        }
        events: list[dict[str, Any]] = [_slot(*item) for item in self.slots.items()]
        events += [{"event": "user", "text": "…", "parse_data": {"intent": {"name": one}}} for one in self.earlier]
        events += [{"event": "user", "text": text, "parse_data": {"intent": _intent(one)}} for text, one in self.heard]
        if self.form_before:
            events.append({"event": "active_loop", "name": self.form_before})
        events += [_slot(name, None) for name in self.emptied]
        events += map(_bot, self.said_before)
        if self.last_bot is not None:
            events.append({"event": "bot", **self.last_bot})
        events.append({"event": "user", "parse_data": message, "text": self.text})
        events += [_slot(*item) for item in self.filled.items()]
        if self.starts:
            events.append({"event": "active_loop", "name": self.form})
        if self.rejected:
            events.append({"event": "action_execution_rejected", "name": self.form})
        events += map(_bot, self.said_since)
        slots = {**dict.fromkeys(DOMAIN["slots"]), **self.slots, **dict.fromkeys(self.emptied), **self.filled,
                 "requested_slot": self.requested}
        return Tracker(CONVERSATION, slots, message, events, False, None, {"name": self.form} if self.form else {},
                       "action_listen")


async def act(action: Action, scene: Scene) -> Outcome:
    """Run an action, and check that whatever it says exists and lacks no value."""
    dispatcher = CollectingDispatcher()
    tracker = scene.tracker()
    events = await action.run(dispatcher, tracker, {})  # Rasa sends no domain, see endpoints.yml
    for message in dispatcher.messages:
        check_values(str(message["response"]), {**tracker.slots, **message})
    return Outcome(dispatcher.messages, events)


def check_values(response: str, values: Mapping[str, Any]) -> None:
    """Every variation of the response can be filled."""
    for variation in RESPONSES[response]:
        wanted = set(re.findall(r"(?<!{){([a-z_]+)}", variation["text"]))
        missing = {name for name in wanted if name not in values}
        assert not missing, f"{response} lacks {missing}"


def _intent(full: str) -> dict[str, Any]:
    name, slash, _ = full.partition("/")
    return {"name": name, **({"full_retrieval_intent_name": full} if slash else {})}


def _slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


def _bot(response: str) -> dict[str, Any]:
    return {"event": "bot", "metadata": {"utter_action": response}}
