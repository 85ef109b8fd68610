"""The context card as the page shows it. Cards come from other processes and versions: nothing is taken for granted."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.conversations.model import Handoff, Identity
from tandem.desk.views.rendering import clip
from tandem.orders.model import OrderStatus
from tandem.orders.policies import status_allows_cancelling
from tandem.wording.language import name_of

WIDTH, HEIGHT, EDGE = 280, 64, 7  # of the mood's line, in its own units
POINTS = 40  # on the mood's line
LONGEST = 400  # characters of one fact: the whole words stand in the transcript
CALM = frozenset({"neutral", "satisfied"})
UPSET = 0.6  # the frustration from which on the bar is red
TURN = 160  # characters of the message at which the mood turned
_CUSTOMER = {"name": "Name", "email": "E-mail", "language": "Language", "subject": "Customer id"}
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
    can_cancel: bool  # as far as the shop's policy can tell by the status


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
    orders: tuple[OrderView, ...]
    attempts: tuple[tuple[str, str, str], ...]
    promises: tuple[str, ...]
    interrupted_flow: str
    earlier: tuple[tuple[str, str, str], ...]
    details: tuple[tuple[str, str], ...]


def card_view(
    handoff: Handoff, identity: Identity | None, earlier: Sequence[Handoff] = (), since: Sequence[Turn] = (),
) -> CardView:
    """The view of a handoff's card.

    Args:
        identity: Whom the channel vouches for, shown when the card names no customer.
        earlier: The conversation's other handoffs.
        since: The readings of messages; those the card does not hold yet continue the mood's line.
    """
    card = handoff.card if isinstance(handoff.card, Mapping) else {}
    customer = _mapping(card.get("customer"))
    if not customer and identity is not None:
        customer = {"name": identity.name, "email": identity.email, "verified_by": identity.verified_by}
    shown = {**customer, "language": name_of(_text(card.get("language")))}
    facts = [*((label, shown.get(key)) for key, label in _CUSTOMER.items()),
             *((_words(key).capitalize(), value) for key, value in shown.items() if key not in _CUSTOMER)]
    turning = card.get("turning_point")
    turns = _turns(card)
    last = turns[-1][0] if turns else 0
    mood = mood_points([*turns, *(turn for turn in since if turn[0] > last)], turning)
    return CardView(
        reason=clip(handoff.reason, LONGEST), trigger=_signal(handoff.trigger), urgency=handoff.urgency,
        summary=clip(_text(card.get("summary")).removeprefix(handoff.reason.rstrip(".") + ".").strip(), LONGEST),
        signals=tuple((_signal(one.get("name")), _unit(one.get("value")), _clipped(one.get("detail")))
                      for one in _mappings(card.get("signals"))),
        customer=tuple((label, _clipped(value)) for label, value in facts if label != "Verified by" and _text(value)),
        verified_by=_words(customer.get("verified_by")),
        mood=mood, turning_text=next((clip(_text(one.get("text")), TURN) for one in _mappings(card.get("mood"))
                                      if turning is not None and one.get("seq") == turning), ""),
        orders=tuple(order_view(one) for one in _mappings(card.get("orders"))),
        attempts=tuple((_step(one.get("action")), _text(one.get("at")), clip(_step(one.get("outcome")), LONGEST))
                       for one in _mappings(card.get("attempts"))),
        promises=tuple(_clipped(one) for one in _list(card.get("promises"))),
        interrupted_flow=_words(card.get("interrupted_flow")),
        earlier=_earlier(card, earlier),
        details=_details(card),
    )


def mood_points(turns: Sequence[Turn], turning: Any = None) -> tuple[MoodPoint, ...]:
    """Points of the mood's line, the latest `POINTS`; a bad mood is drawn high."""
    turns = turns[-POINTS:]
    step = (WIDTH - 2 * EDGE) / max(1, len(turns) - 1)
    return tuple(
        MoodPoint(x=EDGE + index * step if len(turns) > 1 else WIDTH / 2,
                  y=HEIGHT - EDGE - score * (HEIGHT - 2 * EDGE), seq=seq, emotion=feeling(emotion, score),
                  label=f"{feeling(emotion, score)}, {round(score * 100)} %: {text[:80]}", turning=seq == turning)
        for index, (seq, score, emotion, text) in enumerate(turns)
    )


def feeling(emotion: str, frustration: float) -> str:
    """What to call a mood: not "neutral" or "satisfied" beside a frustration that says otherwise."""
    return "frustrated" if emotion in CALM and frustration >= UPSET else emotion


def _turns(card: Mapping[str, Any]) -> list[Turn]:
    return [(one["seq"], _unit(one.get("score", one.get("frustration"))), _text(one.get("emotion")) or "neutral",
             _text(one.get("text")))
            for one in _mappings(card.get("mood")) if isinstance(one.get("seq"), int)]


def order_view(one: Mapping[str, Any]) -> OrderView:
    """An order of a card or case file: `number`, `status`, `seen_at`, and `facts` in pairs."""
    facts = [tuple(fact) for fact in _list(one.get("facts")) if isinstance(fact, (list, tuple)) and len(fact) == 2]
    status = _text(one.get("status"))
    return OrderView(_text(one.get("number")), _words(status), _text(one.get("seen_at")),
                     tuple((_text(label), _clipped(value)) for label, value in facts), _may_be_cancelled(status))


def _may_be_cancelled(status: str) -> bool:
    try:
        return status_allows_cancelling(OrderStatus(status))
    except ValueError:
        return False


def _earlier(card: Mapping[str, Any], earlier: Sequence[Handoff]) -> tuple[tuple[str, str, str], ...]:
    if earlier:
        return tuple((clip(one.reason, LONGEST), _words(one.outcome), one.opened_at.isoformat()) for one in earlier)
    return tuple((_clipped(one.get("reason")), _words(one.get("outcome")), _text(one.get("opened_at")))
                 for one in _mappings(card.get("earlier_handoffs")))


def _details(card: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    slots = [(str(name), _clipped(value)) for name, value in _mapping(card.get("slots")).items() if _text(value)]
    entities = [(_text(one.get("entity")), _clipped(one.get("value"))) for one in _mappings(card.get("entities"))]
    return tuple(slots + entities)


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(_text, value)))
    return "" if value is None or value == {} else str(value)


def _clipped(value: Any) -> str:
    return clip(_text(value), LONGEST)


def _words(value: Any) -> str:
    return _text(value).replace("_", " ")


def _signal(value: Any) -> str:
    """What fired, as an agent reads it: "understood as ask for human" for "intent:ask_for_human"."""
    return _words(value).replace("intent:", "understood as ")


def _step(value: Any) -> str:
    """An action, a form or a response by its name, without what only its designer needs: "utter_", "_form"."""
    return _words(_text(value).removeprefix("action_").removeprefix("utter_").removesuffix("_form"))


def _unit(value: Any) -> float:
    return max(0.0, min(1.0, float(value))) if isinstance(value, (int, float)) and value == value else 0.0


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(value) if isinstance(one, Mapping)]
