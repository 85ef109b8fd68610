"""The context card: what is written is read again, and whatever else is read breaks nothing."""
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.conversations.context_card import (
    NO_CARD,
    Attempt,
    CardSignal,
    ContextCard,
    Customer,
    EarlierHandoff,
    Entity,
    MoodTurn,
    OrderFacts,
)

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SEQ = st.integers(1, 10_000)
MAYBE = TEXT.filter(bool) | st.none()


def lists(kind: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(kind, max_size=3).map(tuple)


CARDS = st.builds(
    ContextCard, TEXT, TEXT, TEXT, TEXT, TEXT,
    signals=lists(st.builds(CardSignal, TEXT, NUMBER, TEXT)),
    customer=st.builds(Customer, TEXT, TEXT, TEXT, MAYBE, lists(TEXT)),
    mood=lists(st.builds(MoodTurn, SEQ, TEXT, TEXT.filter(bool), NUMBER, NUMBER, NUMBER, MAYBE)),
    turning_point=SEQ | st.none(),
    orders=lists(st.builds(OrderFacts, TEXT, TEXT, TEXT, lists(st.tuples(TEXT, TEXT)), st.booleans())),
    attempts=lists(st.builds(Attempt, TEXT, TEXT, TEXT)),
    promises=lists(TEXT),
    slots=st.dictionaries(TEXT, TEXT | st.booleans() | st.integers() | NUMBER, max_size=3),
    entities=lists(st.builds(Entity, TEXT, TEXT, SEQ | st.none())),
    interrupted_flow=MAYBE, language=TEXT,
    earlier_handoffs=lists(st.builds(EarlierHandoff, TEXT, TEXT, TEXT, TEXT)),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12)
KEYS = sorted(ContextCard.__dataclass_fields__)
PARTS = sorted({name for kind in (CardSignal, Customer, MoodTurn, OrderFacts, Attempt, Entity, EarlierHandoff)
                for name in kind.__dataclass_fields__})
BROKEN = st.dictionaries(
    st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(PARTS), JSON, max_size=4)
    | st.lists(JSON | st.dictionaries(st.sampled_from(PARTS), JSON, max_size=4), max_size=3))


def through_json(card: ContextCard) -> Any:
    return json.loads(json.dumps(card.to_dict()))


@given(CARDS)
def test_a_card_is_read_as_it_was_written(card: ContextCard) -> None:
    assert ContextCard.from_dict(through_json(card)) == card


@given(JSON | BROKEN)
def test_any_data_is_read_as_a_card_that_can_be_shown_and_written(data: Any) -> None:
    card = ContextCard.from_dict(data)
    assert ContextCard.from_dict(through_json(card)) == card
    json.dumps(card.to_dict(), ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("depth", [3, 10, 900])
def test_a_text_that_is_nested_is_told_as_far_as_it_can_be_read(depth: int) -> None:
    summary: Any = "deep"
    for _ in range(depth):
        summary = [summary]
    assert ContextCard.from_dict({"summary": summary}).summary == ("deep" if depth == 3 else "")


def test_a_card_of_the_first_version_is_opened() -> None:
    card = ContextCard.from_dict({
        "schema_version": 1, "conversation_id": "c1", "channel": "webchat", "reason": "Angry", "trigger": "anger",
        "summary": "Late.", "signals": [{"name": "anger", "value": 0.9, "detail": ""}],
        "customer": {"verified_by": None, "verified_orders": []},
        "mood": [{"seq": 3, "text": "late!", "emotion": "angry", "polarity": -1, "frustration": 0.9, "score": 0.8,
                  "intent": None}],
        "turning_point": 3,
        "orders": [{"number": "TD-1", "status": "shipped", "seen_at": "2025-03-12T15:00:00+00:00",
                    "facts": [["Carrier", "N"]]}],
        "attempts": [{"action": "action_order_status", "at": "2025-03-12T15:00:00+00:00", "outcome": "shown"}],
        "promises": ["a call"], "slots": {"tries": 2, "newsletter": False},
        "entities": [{"entity": "order_number", "value": "TD-1", "seq": None}], "interrupted_flow": "return_item_form",
        "earlier_handoffs": [{"reason": "x", "outcome": "resolved", "opened_at": "a", "closed_at": "b"}],
    })
    assert card == ContextCard(
        "c1", "webchat", "Angry", "anger", "Late.", (CardSignal("anger", 0.9),), Customer(),
        (MoodTurn(3, "late!", "angry", -1, 0.9, 0.8),), 3,
        (OrderFacts("TD-1", "shipped", "2025-03-12T15:00:00+00:00", (("Carrier", "N"),)),),
        (Attempt("action_order_status", "2025-03-12T15:00:00+00:00", "shown"),), ("a call",),
        {"tries": 2, "newsletter": False}, (Entity("order_number", "TD-1"),), "return_item_form",
        earlier_handoffs=(EarlierHandoff("x", "resolved", "a", "b"),))
    assert card.turned_at is card.mood[0]


def test_what_a_later_version_adds_is_passed_over_and_what_it_leaves_out_is_empty() -> None:
    card = ContextCard.from_dict({"schema_version": 7, "weather": "rain", "mood": [{"seq": 1, "colour": "red"}]})
    assert card == ContextCard(mood=(MoodTurn(1, "", "neutral", 0, 0, 0),))


def test_after_a_takeover_there_is_nothing_on_the_card() -> None:
    assert not NO_CARD and NO_CARD.to_dict() == {} and ContextCard.from_dict({}) == NO_CARD
    assert ContextCard(summary="something")
