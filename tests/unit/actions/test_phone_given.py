"""Forms in a shop that knows customers by their phone number."""
from __future__ import annotations

from dataclasses import replace

import pytest

from actions.base import order_questions
from actions.order_status import ValidateOrderStatusForm
from tandem.orders import identification, identifiers
from tandem.shop.shop_file import current_shop
from tests.unit.actions.conftest import CONVERSATION, Scene, Shop, act

PHONE = "(212) 555-0142"


@pytest.fixture(autouse=True)
def by_phone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = current_shop().copy(update={"match_with": ("phone", "postcode")})
    for module in (identification, identifiers, order_questions):
        monkeypatch.setattr(module, "current_shop", lambda: theirs)
    shop.orders.orders["TD-10421"] = replace(shop.orders.orders["TD-10421"], phone=PHONE)


ASKED = {"slots": {"order_number": "TD-10421"}, "form": "order_status_form", "requested": "contact"}


@pytest.mark.parametrize(("text", "intent", "postcode"), [
    ("212 555 0142", "inform", None), ("sure: +1 212-555-0142.", "affirm", None),
    ("212 55501 42", "contact_details", "55501"),
])
async def test_the_answer_with_a_phone_number_opens_the_order(
    shop: Shop, text: str, intent: str, postcode: str | None,
) -> None:
    given = {"entities": {"postcode": postcode}, "filled": {"contact": postcode}} if postcode else {}
    outcome = await act(ValidateOrderStatusForm(shop.open), Scene(text=text, intent=intent, **ASKED, **given))
    assert shop.services.identification.verified_orders(CONVERSATION) == ("TD-10421",), outcome.said


async def test_number_and_phone_in_one_message_open_it(shop: Shop) -> None:
    scene = Scene(text="where is #10421? my number is 212 555 0142", intent="order_status", form="order_status_form",
                  starts=True, entities={"order_number": "TD-10421"}, filled={"order_number": "TD-10421"})
    await act(ValidateOrderStatusForm(shop.open), scene)
    assert shop.services.identification.verified_orders(CONVERSATION) == ("TD-10421",)


@pytest.mark.parametrize("text", ["212 555 0143", "212 555 01421", "+44 212 555 0142"])
async def test_a_near_one_is_refused_in_the_words_of_any_miss(shop: Shop, text: str) -> None:
    outcome = await act(ValidateOrderStatusForm(shop.open), Scene(text=text, **ASKED))
    assert outcome.said == ["utter_not_matched"] and not shop.services.identification.verified_orders(CONVERSATION)


async def test_a_shop_without_phones_takes_none(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (identification, identifiers, order_questions):
        monkeypatch.setattr(module, "current_shop", current_shop)
    await act(ValidateOrderStatusForm(shop.open), Scene(text="212 555 0142", **ASKED))
    assert not shop.services.identification.verified_orders(CONVERSATION)
