"""What is said of another thing of an order while a return of it waits for an answer: a claim, a wish, or a choice."""
from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from actions.base.bare_names import only_names
from actions.base.claims import REASONS, Claim, claimed_in, earlier_claim, likely_claim
from actions.base.order_form import ANSWERS
from actions.base.turn import CurrentTurn
from tandem.conversations.consent_reader import asks

# Asked while a return is only asked for, these are about its money.
MONEY = frozenset({"refund_status", "get_refund", "order_fact/refund_amount", "order_fact/refund_date"})
_EXCHANGE = "exchange_item"
# "Can the mugs go into the same box?"
ADDS = re.compile(r"\b(?:same (?:box|parcel|package|return|label)|add|include|throw in)\b", re.IGNORECASE)
_LOOKED_BACK = 4  # messages of the bot
_LEAST, _SURE = 0.02, 0.1  # confidence from which a reading as a claim counts, in a statement and in a question
MATTERS = frozenset({*REASONS, _EXCHANGE})  # intents that are matters of their own where they are of another thing
# Words of a choice among things that go back: "no, send the towel back instead".
CHOOSING = frozenset("""send sending return returning go goes going back take put add keep want wanted like would i'd
    i'll can could you we let let's them in box return's it'll be should must need needs do does to up
    set but by rather meant said arrived arrives comes soon when as once first""".split())
# What answers each; "" is said of another thing, and not clear what.
_ANSWERS: Mapping[str, str] = {
    "damaged_item": "utter_damaged_item_beside", "wrong_item": "utter_wrong_item_beside",
    "missing_item": "utter_missing_item_beside", _EXCHANGE: "utter_exchange_item_beside", "": "utter_item_beside"}
_REFUND, _REPLACEMENT = "utter_get_refund_beside", "utter_replacement_beside"
_BESIDE = frozenset({*_ANSWERS.values(), _REFUND, _REPLACEMENT})


@dataclass(frozen=True)
class Matter:
    """A matter of another thing: the response that answers it; empty where it is a question for others to answer."""

    response: str
    skus: tuple[str, ...] = ()
    intent: str = ""


def matter_beside(turn: CurrentTurn, items: Mapping[str, str], going: Set[str]) -> Matter | None:
    """Read what a message says of a thing that does not go back; None where it says nothing, or chooses it.

    Args:
        items: What may go back, names by SKU.
        going: What the return is about so far.
    """
    asked = turn.answer if turn.intent == "order_fact" else turn.intent
    named = claimed_in(turn.text, items)
    earlier = earlier_claim(turn, items)
    if not named:
        of_before = earlier if earlier is not None and _was_beside(turn) and not set(earlier.skus) & going else None
        wants = asked in MONEY or asked == _EXCHANGE
        return _wish(asked, of_before.skus, of_before) if wants and of_before is not None else None
    if set(named) & going or only_names(turn.text, items.values(), CHOOSING):
        return None
    if asked == _EXCHANGE or asked in MONEY:
        return _wish(asked, named, earlier)
    if asked in REASONS:
        return Matter(_ANSWERS[asked], named, asked)
    if asked == "return_item" or ADDS.search(turn.text):
        return None
    claim = likely_claim(turn, _SURE if asks(turn.text) else _LEAST)
    if claim:
        return Matter(_ANSWERS[claim], named, claim)
    return Matter(_ANSWERS[""], named) if asked in ANSWERS and not asks(turn.text) else Matter("")


def _wish(asked: str, skus: tuple[str, ...], earlier: Claim | None) -> Matter:
    """Return what answers the wish for the money or another one, of a thing that nobody wants back."""
    if asked != _EXCHANGE:
        return Matter(_REFUND, skus, "get_refund")
    claimed = earlier is not None and set(earlier.skus) & set(skus)
    return Matter(_REPLACEMENT if claimed else _ANSWERS[_EXCHANGE], skus, _EXCHANGE)


def _was_beside(turn: CurrentTurn) -> bool:
    """Check whether the bot has answered a matter of another thing in one of its last messages."""
    return any((message.get("metadata") or {}).get("utter_action") in _BESIDE
               for message in turn.bot_messages[:_LOOKED_BACK])

