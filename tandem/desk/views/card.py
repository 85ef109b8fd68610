"""The context card as the page shows it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.conversations.context_card import NOBODY, Customer, OrderFacts, text_of
from tandem.conversations.model import Handoff, Identity
from tandem.desk.views.rendering import clip
from tandem.wording.language import name_of

WIDTH, HEIGHT, EDGE = 280, 64, 7  # of the mood's line, in its own units
POINTS = 40  # on the mood's line
LONGEST = 400  # characters of one fact: the whole words stand in the transcript
CALM = frozenset({"neutral", "satisfied"})
UPSET = 0.6  # the frustration from which on the bar is red
TURN = 160  # characters of the message at which the mood turned
Turn = tuple[int, float, str, str]  # a message's seq, its mood 0..1 (1 is the worst), emotion and text


@dataclass(frozen=True)
class MoodPoint:
    """One message of the customer on the mood's line."""

    x: float
    y: float
    seq: int
    label: str
    emotion: str
    turning: bool


@dataclass(frozen=True)
class OrderView:
    """An order with the facts that the bot saw."""

    number: str
    status: str
    seen_at: str
    facts: tuple[tuple[str, str], ...]
    can_cancel: bool


@dataclass(frozen=True)
class CardView:
    """What the context pane shows."""

    reason: str
    trigger: str
    urgency: float
    summary: str
    signals: tuple[tuple[str, float, str], ...]
    customer: tuple[tuple[str, str], ...]
    verified_by: str
    mood: tuple[MoodPoint, ...]
    turning_text: str
    attempts: tuple[tuple[str, str, str], ...]
    promises: tuple[str, ...]
    interrupted_flow: str
    earlier: tuple[tuple[str, str, str], ...]
    details: tuple[tuple[str, str], ...]


def card_view(
    handoff: Handoff, identity: Identity | None, earlier: Sequence[Handoff] = (), since: Sequence[Turn] = (),
) -> CardView:
    """Make the view of a handoff's card.

    Args:
        identity: Whom the channel vouches for, shown when the card names no customer.
        earlier: The conversation's other handoffs.
        since: The readings of messages; those the card does not hold yet continue the mood's line.
    """
    card, customer = handoff.card, handoff.card.customer
    if customer == NOBODY and identity is not None:
        customer = Customer(identity.name, identity.email, verified_by=identity.verified_by)
    facts = {"Name": customer.name, "E-mail": customer.email, "Language": name_of(card.language),
             "Customer id": customer.subject, "Verified orders": ", ".join(customer.verified_orders)}
    turns = [(turn.seq, _unit(turn.score), turn.emotion, turn.text) for turn in card.mood]
    last = turns[-1][0] if turns else 0
    details = [*((name, text_of(value)) for name, value in card.slots.items()),
               *((found.entity, found.value) for found in card.entities)]
    return CardView(
        reason=clip(handoff.reason, LONGEST), trigger=_signal(handoff.trigger), urgency=handoff.urgency,
        summary=clip(card.summary.removeprefix(handoff.reason.rstrip(".") + ".").strip(), LONGEST),
        signals=tuple((_signal(one.name), _unit(one.value), clip(one.detail, LONGEST)) for one in card.signals),
        customer=tuple((label, clip(value, LONGEST)) for label, value in facts.items() if value),
        verified_by=_words(customer.verified_by),
        mood=mood_points([*turns, *(turn for turn in since if turn[0] > last)], card.turning_point),
        turning_text=clip(card.turned_at.text, TURN) if card.turned_at else "",
        attempts=tuple((_step(one.action), one.at, clip(_step(one.outcome), LONGEST)) for one in card.attempts),
        promises=tuple(clip(one, LONGEST) for one in card.promises),
        interrupted_flow=_words(card.interrupted_flow),
        earlier=tuple((clip(one.reason, LONGEST), _words(one.outcome), one.opened_at.isoformat()) for one in earlier)
        or tuple((clip(one.reason, LONGEST), _words(one.outcome), one.opened_at) for one in card.earlier_handoffs),
        details=tuple((name, clip(value, LONGEST)) for name, value in details if value),
    )


def mood_points(turns: Sequence[Turn], turning: int | None = None) -> tuple[MoodPoint, ...]:
    """Place the points of the mood's line, the latest `POINTS`; a bad mood is drawn high."""
    turns = turns[-POINTS:]
    step = (WIDTH - 2 * EDGE) / max(1, len(turns) - 1)
    return tuple(
        MoodPoint(x=EDGE + index * step if len(turns) > 1 else WIDTH / 2,
                  y=HEIGHT - EDGE - score * (HEIGHT - 2 * EDGE), seq=seq, emotion=feeling(emotion, score),
                  label=f"{feeling(emotion, score)}, {round(score * 100)} %: {text[:80]}", turning=seq == turning)
        for index, (seq, score, emotion, text) in enumerate(turns)
    )


def feeling(emotion: str, frustration: float) -> str:
    """Name a mood: not "neutral" or "satisfied" beside a frustration that says otherwise."""
    return "frustrated" if emotion in CALM and frustration >= UPSET else emotion


def order_view(order: OrderFacts) -> OrderView:
    """Make the view of an order of a card or case file."""
    return OrderView(order.number, _words(order.status), order.seen_at,
                     tuple((label, clip(value, LONGEST)) for label, value in order.facts), order.can_cancel)


def _words(value: str | None) -> str:
    return (value or "").replace("_", " ")


def _signal(name: str) -> str:
    """Name what fired as an agent reads it: "understood as ask for human" for "intent:ask_for_human"."""
    return _words(name).replace("intent:", "understood as ")


def _step(name: str) -> str:
    """Name an action, a form or a response without what only its designer needs: "utter_", "_form"."""
    return _words(name.removeprefix("action_").removeprefix("utter_").removesuffix("_form"))


def _unit(value: float) -> float:
    return max(0.0, min(1.0, value))
