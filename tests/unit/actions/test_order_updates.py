"""The question whether to tell of an order's changes: when it is asked, and what is made of the answer."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.base.order_updates import OFFERED_AFTER
from actions.conversation import ActionAcceptOffer, ActionDeny, ActionNeverMind, ActionThanks
from actions.order_fact import ActionOrderFact
from actions.order_status import ActionOrderStatus
from actions.order_updates import ActionNewsletterUnsubscribe, ActionStopUpdates
from actions.refunds import ActionRefundStatus
from tandem.conversations.model import Author, HandoffRequest, Identity, InboundMessage, Kind
from tandem.conversations.store import append, lock
from tandem.order_updates.subscriptions import Subscriptions
from tandem.orders.model import OrderStatus
from tandem.shop.schema import Shop as ShopFile
from tests.unit.actions.conftest import CONVERSATION, RESPONSES, Outcome, Scene, Shop, act

NUMBER, EMAIL = "TD-10421", "on-time@example.com"
OFFER = "utter_order_updates_offer"


async def ask(shop: Shop, number: str = NUMBER, text: str = "Where is my order?", **more: Any) -> Outcome:
    """The customer asks where the order is, and what is said goes into the ledger."""
    seq = shop.says(text)
    slots = {"order_number": number, **more.pop("slots", {})}
    outcome = await act(ActionOrderStatus(shop.open), Scene(
        intent="order_status", text=text, seq=seq, slots=slots, message_id=f"m{seq}", **more))
    for place, message in enumerate(outcome.messages):
        data = {key: message[key] for key in ("question",) if message.get(key)}
        if message["response"] == OFFER:
            data["buttons"] = RESPONSES[OFFER][0]["buttons"]
        shop.bot_says(message["response"], reply_to=seq, key=f"{seq}.{place}", data=data)
    return outcome


async def answer(shop: Shop, action: type[Any], text: str, intent: str = "affirm", **slots: Any) -> list[str]:
    seq = shop.says(text)
    outcome = await act(action(shop.open), Scene(intent=intent, text=text, seq=seq, slots=slots, message_id=f"m{seq}"))
    return outcome.said


def active(shop: Shop) -> tuple[str, ...]:
    ledger = shop.services.ledger
    return tuple(Subscriptions(ledger, shop.services.settings.shop_timezone).active(CONVERSATION))


@pytest.fixture
def known(shop: Shop) -> Shop:
    shop.know(EMAIL)
    return shop


async def test_it_is_asked_once_after_the_answer_and_a_yes_counts(known: Shop) -> None:
    assert (await ask(known)).said == ["utter_order_status_shipped", OFFER]
    assert active(known) == ()
    assert await answer(known, ActionAcceptOffer, "yes please") == ["utter_order_updates_agreed"]
    assert active(known) == (NUMBER,)
    assert any("Tell when something changes" in str(entry) for entry in known.case()), "and people can see it"
    assert (await ask(known)).said == ["utter_order_status_shipped"]


@pytest.mark.parametrize(("action", "text", "intent"), [
    (ActionAcceptOffer, "Yes, tell me", "affirm"), (ActionThanks, "ok thanks", "thanks"),
    (ActionOrderFact, "yes, let me know", "order_fact/notify"), (ActionAcceptOffer, "keep me posted", "affirm"),
])
async def test_a_plain_yes_in_many_words(known: Shop, action: type[Any], text: str, intent: str) -> None:
    await ask(known)
    assert await answer(known, action, text, intent) == ["utter_order_updates_agreed"]
    assert active(known) == (NUMBER,)


@pytest.mark.parametrize(("action", "text", "intent", "said"), [
    (ActionDeny, "no thanks", "deny", "utter_order_updates_declined"),
    (ActionNeverMind, "don't bother", "never_mind", "utter_order_updates_declined"),
    (ActionAcceptOffer, "yes, but only if it costs nothing", "affirm", "utter_order_updates_unclear"),
    (ActionThanks, "thanks", "thanks", "utter_thanks"),
])
async def test_nothing_else_is_a_yes(known: Shop, action: type[Any], text: str, intent: str, said: str) -> None:
    await ask(known)
    assert await answer(known, action, text, intent) == [said]
    assert active(known) == ()
    assert (await ask(known)).said == ["utter_order_status_shipped"], "who was asked is not asked again"


async def test_a_yes_to_something_else_is_none(known: Shop) -> None:
    await ask(known)
    known.asks("cancel_order", NUMBER)
    assert await answer(known, ActionThanks, "ok, thanks", "thanks") == ["utter_thanks"]
    assert active(known) == ()


@pytest.mark.parametrize("more", [
    {"slots": {"mood": "angry"}}, {"form": "return_item_form"},
])
async def test_it_is_not_asked_in_anger_or_beside_another_question(known: Shop, more: dict[str, Any]) -> None:
    assert (await ask(known, **more)).said == ["utter_order_status_shipped"]


async def test_it_is_asked_in_other_words_of_who_is_upset(known: Shop) -> None:
    assert (await ask(known, slots={"mood": "upset"})).said == ["utter_order_status_shipped", OFFER]


async def test_it_is_not_asked_beside_other_orders_to_choose_from(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await ask(shop, "TD-10402")
    assert outcome.said == ["utter_order_status_processing"] and outcome.payloads()


@pytest.mark.parametrize("number", ["TD-10300", "TD-10405", "TD-10410", "TD-10377"])
async def test_it_is_not_asked_where_nothing_is_to_come_or_a_person_is_needed(shop: Shop, number: str) -> None:
    shop.match(number, shop.orders.orders[number].postcode)
    assert OFFER not in (await ask(shop, number)).said


async def test_it_is_not_asked_where_the_shop_does_not_want_it(known: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    off = ShopFile.parse_obj({"order_updates": {"offer": False}})
    monkeypatch.setattr("actions.base.order_updates.current_shop", lambda: off)
    assert (await ask(known)).said == ["utter_order_status_shipped"]


async def test_it_is_not_asked_where_nothing_would_reach_the_customer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Messenger takes nothing a day after the customer's last word, and there is no e-mail."""
    seq = shop.services.ledger.receive(InboundMessage(
        CONVERSATION, "facebook", "Where is it?", identity=Identity("s", EMAIL))).message.seq
    scene = Scene(intent="order_status", seq=seq, slots={"order_number": NUMBER}, message_id="m9")
    assert (await act(ActionOrderStatus(shop.open), scene)).said == ["utter_order_status_shipped"]
    with_mail = replace(shop.services, settings=shop.services.settings.copy(update={"smtp_url": "smtps://m.example"}))
    said = (await act(ActionOrderStatus(lambda: with_mail), replace(scene, message_id="m10"))).said
    assert said == ["utter_order_status_shipped", "utter_order_updates_offer_mail"]


async def test_it_is_not_asked_while_people_have_the_conversation(known: Shop) -> None:
    known.says("a person please")
    known.services.ownership.open_handoff(HandoffRequest(CONVERSATION, "Asked", "intent:ask_for_human"))
    assert (await ask_only(known)) == ["utter_order_status_shipped"]


async def ask_only(shop: Shop) -> list[str]:
    scene = Scene(intent="order_status", seq=1, slots={"order_number": NUMBER}, message_id="m77")
    return (await act(ActionOrderStatus(shop.open), scene)).said


async def test_a_turn_that_is_run_again_asks_again(known: Shop) -> None:
    known.says("Where is my order?")
    assert await ask_only(known) == await ask_only(known) == ["utter_order_status_shipped", OFFER]


async def test_after_a_refund_that_is_still_to_come_it_is_asked(shop: Shop) -> None:
    shop.know("refund-pending@example.com")
    seq = shop.says("where is my money")
    outcome = await act(ActionRefundStatus(shop.open), Scene(
        intent="refund_status", seq=seq, slots={"order_number": "TD-10360"}))
    assert outcome.said == ["utter_refund_pending_inspection", OFFER]


async def test_who_wishes_it_is_asked_and_then_told_that_it_is_so(known: Shop) -> None:
    await ask(known)
    await answer(known, ActionDeny, "no", "deny")
    seq = known.says("will you tell me when it comes")
    wish = Scene(intent="order_fact/notify", text="will you tell me when it comes", seq=seq, message_id="m50",
                 slots={"order_number": NUMBER})
    outcome = await act(ActionOrderFact(known.open), wish)
    assert outcome.said == ["utter_fact_notify_on_its_way", OFFER]
    known.bot_says("Shall I?", reply_to=seq, data={"question": outcome.messages[1]["question"]})
    assert await answer(known, ActionAcceptOffer, "yes") == ["utter_order_updates_agreed"]
    again = known.says("will you tell me?")
    outcome = await act(ActionOrderFact(known.open), replace(wish, seq=again, message_id="m60"))
    assert outcome.said == ["utter_order_updates_active"]


async def test_a_word_stops_it(known: Shop) -> None:
    await ask(known)
    await answer(known, ActionAcceptOffer, "yes")
    assert await answer(known, ActionStopUpdates, "stop telling me", "stop_updates") == ["utter_order_updates_stopped"]
    assert active(known) == ()
    assert await answer(known, ActionStopUpdates, "stop telling me", "stop_updates") == ["utter_order_updates_none"]


@pytest.mark.parametrize(("after_an_update", "action", "said"), [
    (True, ActionNeverMind, "utter_order_updates_stopped"), (False, ActionNeverMind, "utter_never_mind"),
    (True, ActionNewsletterUnsubscribe, "utter_order_updates_stopped"),
    (False, ActionNewsletterUnsubscribe, "utter_newsletter_unsubscribe"),
])
async def test_a_bare_stop_means_updates_right_after_one(
    known: Shop, after_an_update: bool, action: type[Any], said: str,
) -> None:
    await ask(known)
    await answer(known, ActionAcceptOffer, "yes")
    known.bot_says("I'll tell you.")
    if after_an_update:
        ledger = known.services.ledger
        with ledger.engine.begin() as connection:
            append(connection, lock(connection, CONVERSATION), ledger.clock(), author=Author.BOT, kind=Kind.TEXT,
                   text="It's on its way.", data={"order_update": {"number": NUMBER, "change": "shipped"}})
    assert await answer(known, action, "stop", "never_mind") == [said]


def test_the_responses_before_the_question_ask_nothing_themselves() -> None:
    for name in OFFERED_AFTER:
        for variation in RESPONSES[name]:
            in_anger = {"type": "slot", "name": "mood", "value": "angry"} in variation.get("condition", [])
            assert in_anger or not ("?" in variation["text"] or variation.get("buttons")), name


async def test_what_was_told_in_the_answer_is_no_news(known: Shop) -> None:
    await ask(known)
    await answer(known, ActionAcceptOffer, "yes")
    order = known.orders.orders[NUMBER]
    known.orders.orders[NUMBER] = replace(order, status=OrderStatus.OUT_FOR_DELIVERY)
    await ask(known)
    subscriptions = Subscriptions(known.services.ledger, known.services.settings.shop_timezone)
    assert subscriptions.active(CONVERSATION) == (NUMBER,)
