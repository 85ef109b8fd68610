"""What a customer may count on with an order: days, tries, the warranty, a card."""
from __future__ import annotations

from datetime import date

import pytest

from actions.facts.hours import day_asked, hour_asked
from actions.order_fact import ActionOrderFact
from tests.unit.actions.conftest import Scene, Shop, act


@pytest.mark.parametrize(("text", "hour"), [
    ("is it here before 5", 17), ("by 11 am?", 11), ("before 9", 9), ("before 17:00", 17), ("until 8pm", 20),
    ("before noon", 12), ("what time", None), ("after 5", None), ("between 3 and 6", None),
    ("before 3 or before 6", None), ("before the 5th", None), ("by 45", None)])
def test_the_hour_asked_about_is_one_before_which_it_should_come(text: str, hour: int | None) -> None:
    assert hour_asked(text) == hour


@pytest.mark.parametrize(("text", "day"), [
    ("here on friday?", 27), ("before friday", 26), ("by the weekend", 29), ("does it get here tue", 24),
    ("and tomorrow?", 25), ("after friday", None), ("friday or monday", None), ("in a week", None),
    ("not friday", None), ("i'm sunny side up", None)])
def test_the_day_asked_about_is_the_last_that_is_in_time(text: str, day: int | None) -> None:
    assert day_asked(text, date(2025, 6, 24)) == (date(2025, 6, day) if day else None)


@pytest.mark.parametrize(("fact", "email", "text", "response", "value"), [
    ("arrival_sure", "on-time@example.com", "so friday holds?", "utter_fact_arrival_by_day", "tomorrow by 3 PM"),
    ("arrival_time", "on-time@example.com", "today before 5?", "utter_fact_arrival_after_day", "tomorrow by 3 PM"),
    ("arrival_time", "late@example.com", "before saturday?", "utter_fact_arrival_by_day", "TD-10388"),
    ("faster", "late@example.com", "is it here by tomorrow", "utter_fact_arrival_after_day", "TD-10388"),
    ("faster", "late@example.com", "can it come faster, by tomorrow", "utter_fact_faster_on_its_way", "TD-10388"),
    ("arrival_sure", "late@example.com", "i ordered it last monday, sure?", "utter_fact_arrival_sure", "TD-10388"),
    ("cancel_fee", "cancelled@example.com", "was a fee taken", "utter_fact_cancel_fee_none", "TD-10377"),
    ("arrival_time", "on-time@example.com", "before 5?", "utter_fact_arrival_before", "tomorrow by 3 PM"),
    ("arrival_time", "on-time@example.com", "by 3?", "utter_fact_arrival_before", "tomorrow by 3 PM"),
    ("arrival_time", "on-time@example.com", "before 2?", "utter_fact_arrival_maybe_later", "tomorrow by 3 PM"),
    ("payment_state", "payment@example.com", "did you get it", "utter_fact_not_paid_yet", "$79.50"),
    ("payment_method", "payment@example.com", "paid how", "utter_order_status_payment_failed", "TD-10410"),
    ("delivery_fee", "partial@example.com", "extra for it?", "utter_fact_delivery_free_for_all", "TD-10299"),
    ("last_seen", "late@example.com", "has it moved since yesterday", "utter_fact_nothing_newer", "5 days ago"),
    ("last_seen", "late@example.com", "which depot", "utter_fact_last_seen", "5 days ago"),
    ("last_seen", "on-time@example.com", "any move since yesterday", "utter_fact_last_seen", "today"),
    ("delivered_on", "refund-pending@example.com", "did it come", "utter_fact_delivered_and_back", "yesterday"),
    ("confirmation_mail", "cancelled@example.com", "on paper", "utter_fact_confirmation_mail_cancelled", "TD-10377"),
    ("order_list", "on-time@example.com", "any others", "utter_fact_order_list", "2"),
    ("order_list", "lost@example.com", "any others", "utter_fact_order_list_one", "TD-10405"),
    ("in_warranty", "old@example.com", "still covered?", "utter_fact_in_warranty", "2027"),
    ("in_warranty", "on-time@example.com", "and the kettle?", "utter_fact_warranty_to_come", "TD-10421"),
    ("in_warranty", "partial@example.com", "and the clock", "utter_fact_in_warranty", "Wall clock, 30 cm, walnut"),
    ("in_warranty", "partial@example.com", "and the chair", "utter_fact_warranty_to_come", "Folding oak chair"),
    ("counted_from", "refund@example.com", "from when", "utter_fact_counted_from_refund", "Tuesday, July 1"),
    ("counted_from", "refund-pending@example.com", "from when", "utter_fact_counted_from_check", "Monday, June 23"),
    ("counted_from", "on-time@example.com", "from when", "utter_fact_counted_from_shipping", "tomorrow by 3 PM"),
    ("if_refund_late", "refund@example.com", "and if not", "utter_fact_if_refund_late", "Tuesday, July 1"),
    ("card_digits", "on-time@example.com", "its number?", "utter_fact_card_digits", "TD-10421"),
    ("pay_twice", "payment@example.com", "is it double", "utter_fact_pay_twice", "$79.50"),
    ("pay_twice", "on-time@example.com", "is it double", "utter_fact_paid", "$54.00"),
    ("cancel_part", "partial@example.com", "only the rest", "utter_fact_cancel_part_rest", "Folding oak chair"),
    ("cancel_part", "new@example.com", "only a part", "utter_fact_cancel_part_single", "TD-10433"),
    ("cancel_part", "delivered@example.com", "only a part", "utter_fact_cancel_part_delivered", "TD-10300"),
    ("cancel_part", "on-time@example.com", "only a part", "utter_fact_cannot_cancel", "TD-10421"),
    ("cancel_part", "cancelled@example.com", "only a part", "utter_fact_cancelled_on", "TD-10377"),
    ("send_by", "delivered@example.com", "till when", "utter_fact_return_until", "Saturday, July 19"),
    ("has_item", "on-time@example.com", "is it the kettle", "utter_fact_has_item", "Enamel kettle, 2 litres, sage"),
    ("has_item", "on-time@example.com", "is it the lamp", "utter_fact_has_only", "Enamel kettle, 2 litres, sage"),
])
async def test_what_may_be_counted_on_follows_from_the_order(
    shop: Shop, fact: str, email: str, text: str, response: str, value: str
) -> None:
    shop.know(email)
    outcome = await act(ActionOrderFact(shop.open), Scene(intent=f"order_fact/{fact}", text=text))
    assert outcome.said == [response]
    assert value in outcome.messages[0].values()


@pytest.mark.parametrize("fact", ["card_digits", "counted_from", "if_refund_late", "pay_twice", "send_by"])
async def test_what_holds_for_any_order_is_told_without_one(shop: Shop, fact: str) -> None:
    outcome = await act(ActionOrderFact(shop.open), Scene(intent=f"order_fact/{fact}", text="and that?"))
    assert (outcome.said, outcome.followed_by) == ([f"utter_fact_{fact}_any"], [])


async def test_whose_warranty_it_is_a_stranger_is_asked(shop: Shop) -> None:
    outcome = await act(ActionOrderFact(shop.open), Scene(intent="order_fact/in_warranty", text="is mine covered"))
    assert (outcome.said, outcome.followed_by) == ([], ["order_fact_form"])
