"""What a customer says is wrong with a thing of an order, now or a few messages ago, and with which."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actions.base.choices import mentioned_in, named_in
from actions.base.turn import CurrentTurn

# A claim's intent, and the reason that it is for a return.
REASONS: Mapping[str, str] = {"damaged_item": "damaged", "wrong_item": "wrong_item", "missing_item": ""}
_LOOKED_BACK = 4  # messages
_LIKELY = 4  # readings of a message, of which one may be the claim that it makes


@dataclass(frozen=True)
class Claim:
    """What is wrong, by its intent, and with which of the items; none where the customer named none."""

    intent: str
    skus: tuple[str, ...]


def named_skus(text: str, items: Mapping[str, str]) -> tuple[str, ...]:
    """Return which items, by SKU and name, a text names and does not leave out."""
    skus = list(items)
    return tuple(skus[place] for place in named_in(text, list(items.values())) or ())


def claimed_in(text: str, items: Mapping[str, str]) -> tuple[str, ...]:
    """Return which items a claim names: "those aren't the mugs I picked" is about the mugs."""
    mentioned = mentioned_in(text, list(items.values()))
    return (list(items)[mentioned[0]],) if len(mentioned) == 1 else named_skus(text, items)


def likely_claim(turn: CurrentTurn, least: float) -> str:
    """Return the claim that a message makes by its likeliest reading that is one and that sure; empty if none is."""
    if turn.intent in REASONS:
        return turn.intent
    return next((intent for intent, sure in turn.likeliest[:_LIKELY] if intent in REASONS and sure >= least), "")


def earlier_claim(turn: CurrentTurn, items: Mapping[str, str]) -> Claim | None:
    """Return the latest claim of the customer's last messages, if it was about things of this order."""
    for text, intent in turn.earlier_messages[:_LOOKED_BACK]:
        if intent in REASONS:
            return Claim(intent, claimed_in(text, items))
    return None


def claimed_skus(turn: CurrentTurn, items: Mapping[str, str]) -> tuple[str, ...]:
    """Return the items that a claim is about: those named now, else those of the claim that it repeats."""
    named = claimed_in(turn.text, items)
    if named:
        return named
    earlier = earlier_claim(turn, items)
    return earlier.skus if earlier is not None else ()
