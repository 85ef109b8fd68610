"""How a message was read, for people to see."""
from __future__ import annotations

from tandem.nlu.interpretation import interpretation
from tandem.nlu.models.context import Context


def test_the_three_likeliest_stand_with_what_was_known_and_what_counted() -> None:
    ranking = [("refunds/how_long", 0.81234), ("get_refund", 0.1), ("greet", 0.01), ("thanks", 0.001)]
    context = Context("returns/window", "returns", "thanks", "order_number", ("return_item",))
    assert interpretation(ranking, context, [("same topic", 1.234), ("short", -0.2), ("topic", 0.1), ("x", 0.0)]) == {
        "candidates": [{"intent": "refunds/how_long", "confidence": 0.812}, {"intent": "get_refund", "confidence": 0.1},
                       {"intent": "greet", "confidence": 0.01}],
        "context": {"answered": "returns/window", "asks": "order_number", "offers": ["return_item"]},
        "reasons": [{"name": "same topic", "weight": 1.23}, {"name": "short", "weight": -0.2},
                    {"name": "topic", "weight": 0.1}],
    }


def test_a_first_message_has_no_context_and_another_language_is_named() -> None:
    told = interpretation([("order_status", 0.5)], Context(), (), "de")
    assert told["context"] == {}
    assert told["language"] == "de"
    assert "language" not in interpretation([], Context(), ())
