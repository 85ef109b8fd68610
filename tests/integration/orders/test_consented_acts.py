"""Acts that need a yes, through the real ledger and order tables: once, whoever says yes how often, and where."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import func, select

from actions.base.consent import ConsentedAction
from actions.cancel_order import ActionCancelOrder
from actions.change_order import ActionChangeAddress
from actions.returns import ActionReturnItem
from tandem.conversations.consent import Consents
from tandem.conversations.model import Agent, HandoffRequest, Identity, InboundMessage
from tandem.db.engine import now
from tandem.orders.adapters.sql.tables import writes
from tandem.orders.demo_shop import seed
from tandem.orders.model import OrderStatus
from tandem.services import Services, open_services
from tandem.settings import Settings

ADDRESS = "12 Oak Street, Springfield, IL 62704"
ACTS: dict[str, tuple[type[ConsentedAction], str, str, dict[str, str]]] = {
    "cancel_order": (ActionCancelOrder, "new@example.com", "TD-10433", {}),
    "change_address": (ActionChangeAddress, "new@example.com", "TD-10433", {"new_address": ADDRESS}),
    "return_item": (ActionReturnItem, "delivered@example.com", "TD-10300",
                    {"return_item": "TWL-012", "return_reason": "damaged"}),
}
EXPLICIT = {"cancel_order": "yes, cancel it", "change_address": "yes, change it", "return_item": "yes, send it back"}
DONE = {"cancel_order": "utter_cancel_order_done", "change_address": "utter_change_address_done",
        "return_item": "utter_return_item_label_by_mail"}


@pytest.fixture
def opened(ready_url: str) -> Iterator[Services]:
    services = open_services(Settings(database_url=ready_url, shop_timezone=ZoneInfo("UTC")))
    seed(services.engine, now(), ZoneInfo("UTC"))
    yield services
    services.engine.dispose()


class Talk:
    """A conversation in which the bot has asked for a yes to an act."""

    id = "c"

    def __init__(self, services: Services, act: str, opening: str = "please") -> None:
        self.kind, email, self.number, self.details = ACTS[act]
        self.services, self.act = services, act
        identity = Identity("s", email)
        services.ledger.start(InboundMessage(self.id, "rest", "", push=False, identity=identity))
        self.ask(opening)

    def ask(self, opening: str = "please") -> str:
        """The customer asks for the act, and the bot for a yes; the wire payload of its button."""
        said = self.says(opening)
        question = {"act": self.act, "number": self.number, "details": self.details, "id": f"{said}.{self.act}",
                    "asked": 1}
        message = self.services.ledger.record_bot_reply(
            self.id, self.services.ledger.conversation(self.id).epoch, f"Shall I? ({said})", reply_to=said,
            data={"question": question, "buttons": [{"title": "Yes, do it", "payload": "/affirm"}]})
        assert message is not None
        return f"/affirm#{message.seq}"

    def says(self, text: str) -> int:
        return self.services.router.receive(InboundMessage(self.id, "rest", text, push=False)).message.seq

    def acts(self, seq: int) -> str:
        """The closing action runs for message `seq`; the first response that it says."""
        return self.all_said(seq)[0]

    def all_said(self, seq: int) -> list[str]:
        """The same; all responses that it says."""
        slots: dict[str, Any] = {"order_number": self.number, "confirmed": True, **self.details}
        message = {"text": "", "metadata": {"tandem": {"seq": seq}}}
        dispatcher = CollectingDispatcher()
        tracker = Tracker(self.id, slots, message, [], False, None, {}, "action_listen")
        asyncio.run(self.kind(lambda: self.services).run(dispatcher, tracker, {}))
        return [str(message["response"]) for message in dispatcher.messages]

    def writes(self) -> int:
        with self.services.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(writes)).scalar_one())


def at_once(*steps: Callable[[], str]) -> list[str]:
    barrier = Barrier(len(steps))

    def wait_and(step: Callable[[], str]) -> str:
        barrier.wait()
        return step()

    with ThreadPoolExecutor(len(steps)) as threads:
        return list(threads.map(wait_and, steps))


@pytest.mark.parametrize("act", ACTS)
def test_two_presses_handled_at_once_are_one_act(opened: Services, act: str) -> None:
    talk = Talk(opened, act)
    payload = talk.ask()
    first, second = talk.says(payload), talk.says(EXPLICIT[act])  # one tab presses, the other one types
    said = at_once(lambda: talk.acts(first), lambda: talk.acts(second))
    assert sorted(said) == sorted([DONE[act], "utter_already_agreed"])
    assert talk.writes() == 1
    [done] = Consents(opened.ledger).acts("c")
    assert (done.question.act, done.question.number, done.done) == (act, talk.number, True)
    assert done.seq in (first, second)


@pytest.mark.parametrize("act", ACTS)
def test_one_message_handled_twice_at_once_is_one_act_with_one_answer(opened: Services, act: str) -> None:
    talk = Talk(opened, act)
    seq = talk.says("yes")
    assert at_once(*[lambda: talk.acts(seq)] * 3) == [DONE[act]] * 3
    assert talk.acts(seq) == DONE[act], "and when the turn is run again later"
    assert talk.writes() == 1


@pytest.mark.parametrize("act", ACTS)
def test_a_no_that_comes_before_the_act_is_begun_stops_it(
    opened: Services, act: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk, real = Talk(opened, act), Consents.begin
    seq = talk.says("yes")

    def begin(*arguments: Any, **named: Any) -> Any:
        talk.says("no")
        return real(*arguments, **named)

    monkeypatch.setattr(Consents, "begin", begin)
    assert talk.acts(seq) == f"utter_{act}_kept"
    assert talk.writes() == 0 and Consents(opened.ledger).acts("c") == []


def test_a_question_that_was_used_is_used(opened: Services) -> None:
    talk = Talk(opened, "change_address")
    assert talk.acts(talk.says("yes")) == "utter_change_address_done"
    assert talk.acts(talk.says("yes, change it")) == "utter_already_agreed"
    talk.ask()
    assert talk.acts(talk.says("yes")) == "utter_change_address_done", "asked anew, it is another question"
    assert talk.writes() == 2


def test_what_was_agreed_to_is_what_is_done(opened: Services) -> None:
    talk = Talk(opened, "change_address")
    talk.details = {"new_address": "1 Elm Street, Dayton, OH 45402"}  # a slot that changed after the question
    assert talk.acts(talk.says("yes")) == "utter_change_address_kept"
    talk.number = "TD-10402"
    assert talk.acts(talk.says("yes, change it")) == "utter_not_identified"
    assert talk.writes() == 0


def test_a_yes_from_before_the_question_does_not_answer_it(opened: Services) -> None:
    talk = Talk(opened, "cancel_order", opening="yes, cancel it")
    assert talk.acts(1) == "utter_cancel_order_kept"
    assert talk.writes() == 0


@pytest.mark.parametrize("between", ["customer", "bot"])
def test_once_anything_was_said_in_between_only_a_yes_that_names_the_act_counts(
    opened: Services, between: str,
) -> None:
    talk = Talk(opened, "cancel_order")
    asked = talk.says("how long do refunds take?")
    if between == "bot":
        opened.ledger.record_bot_reply("c", 0, "Five to seven days.", reply_to=asked)
    assert talk.acts(talk.says("ok")) == "utter_cancel_order_kept"
    assert opened.orders.find("TD-10433").status is OrderStatus.PROCESSING
    assert talk.acts(talk.says("yes, cancel it")) == "utter_cancel_order_done"


def test_a_no_that_came_quickly_after_the_yes_still_counts(opened: Services) -> None:
    talk = Talk(opened, "cancel_order")
    yes = talk.says("yes")
    talk.says("no wait, don't")
    assert talk.acts(yes) == "utter_cancel_order_kept"
    assert talk.writes() == 0


def test_a_question_does_not_outlive_a_person(opened: Services) -> None:
    talk = Talk(opened, "cancel_order")
    payload = talk.ask()
    opened.ownership.open_handoff(HandoffRequest("c", "Asked", "intent:ask_for_human"))
    opened.ownership.claim("c", Agent("anna", "Anna"))
    opened.ownership.hand_back("c", Agent("anna", "Anna"))
    for text in (payload, "yes", "yes, cancel it"):
        assert talk.acts(talk.says(text)) == "utter_cancel_order_kept"
    assert opened.orders.find("TD-10433").status is OrderStatus.PROCESSING
