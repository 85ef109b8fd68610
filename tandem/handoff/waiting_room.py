"""What the system answers a customer who waits for a person, by how the message was read: data/waiting.yml.

Nothing here speaks or reads a database: a message's reading goes in, a `NextStep` comes out, which the gateway takes.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tandem.conversations.consent_reader import asks
from tandem.handoff.waiting_rules import FALLBACK, NOTED, WaitingRoom, is_named
from tandem.sentiment.dangers import read_dangers
from tandem.sentiment.phrase_match import has_phrase

STANDING, DANGER, CONTACT, ANGER, ACT = "standing", "danger", "contact", "anger", "act"
ASK_LEAVE, STAYS = "ask_leave", "stays"  # whether they wish to leave the queue, and that they do not
_YES, _NO = "affirm", "deny"
_PARTS = 6  # of a message that are read by themselves
_LONGEST = 400  # characters of a message that is taken apart
_ENDS = r"[!?;\n]+|[.,:](?=\s|$)|\s[-–—]+\s"
_FEW_WORDS = 4
_PLAIN_WISH = 5  # words at most of a part that wishes nothing but to leave
_ANSWERS_IN_A_ROW = 3  # of one kind, to questions, within the quiet time
_ALL_CLEAR = "all_clear"
_DEAD_ENDS = (NOTED, ANGER, "hello", ACT)  # notices that tell nothing to who is in danger


@dataclass(frozen=True)
class MessageReading:
    """How the NLU read a text: intents with their confidences, best first, and whether it was understood."""

    text: str
    ranking: tuple[tuple[str, float], ...] = ()
    is_understood: bool = False
    upset: bool = False

    @classmethod
    def of(cls, parse: Mapping[str, Any]) -> MessageReading:
        """Make the reading of a parse; retrieval intents have their full name, `returns/label`."""
        best = parse.get("intent") or {}
        selected = parse.get("response_selector") or {}

        def full(intent: Mapping[str, Any]) -> str:
            name = str(intent.get("name") or "")
            found = ((selected.get(name) or {}).get("response") or {}).get("intent_response_key")
            return str(intent.get("full_retrieval_intent_name") or found or name)

        every = {full(one): float(one.get("confidence") or 0.0)
                 for one in (*(parse.get("intent_ranking") or ()), best) if one.get("name")}
        is_understood = bool(every) and best.get("name") not in (None, FALLBACK)
        every.pop(FALLBACK, None)
        first = full(best)
        ranking = sorted(every.items(), key=lambda one: (one[0] != first, -one[1]))
        mood = parse.get("sentiment") if isinstance(parse.get("sentiment"), Mapping) else {}
        return cls(str(parse.get("text") or ""), tuple(ranking), is_understood,
                   float((mood or {}).get("frustration") or 0.0) >= 0.5)

    @property
    def intent(self) -> str:
        """Return the likeliest intent, understood or not; empty if there is none."""
        return self.ranking[0][0] if self.ranking else ""

    @property
    def is_question(self) -> bool:
        """Check whether it wants an answer at once: a question, or upset words."""
        return self.upset or asks(self.text)

    @property
    def confidence(self) -> float:
        return self.ranking[0][1] if self.ranking else 0.0

    def is_of(self, intents: Sequence[str], least: float) -> bool:
        """Check whether the likeliest intent is one of these, by its full name or its topic, at least so sure."""
        return bool(self.intent) and self.confidence >= least and is_named(self.intent, intents)


@dataclass(frozen=True)
class NextStep:
    """What to do: `leave` the queue, say a `notice`, or `ask` actions and responses until one tells something.

    Attributes:
        name: That of the notice, or of the first action.
        asks: The actions and responses to ask, in this order.
        for_bot: The part of the message that asks something of the bot; empty for all of it.
    """

    kind: str
    name: str = ""
    asks: tuple[str, ...] = ()
    for_bot: str = ""


@dataclass(frozen=True)
class GivenAnswer:
    """An answer that the customer has been given while they wait."""

    names: tuple[str, ...]
    at: datetime
    text: str


def parts_of(text: str, room: WaitingRoom) -> tuple[str, ...]:
    """Return the parts of a message, each of which may wish or ask something; one if it is not to be taken apart."""
    words = [re.escape(word) for word in room.joints]
    joints = rf"|(?:^|\s)(?:{'|'.join(words)})(?=\s)" if words else ""
    found = [part for one in re.split(_ENDS + joints, text[:_LONGEST], flags=re.IGNORECASE) if (part := one.strip())]
    return tuple(found) if 1 < len(found) <= _PARTS and len(text) <= _LONGEST else (text,)


def decide(
    room: WaitingRoom, whole: MessageReading, parts: Sequence[MessageReading] = (), asked: bool = False,
    in_danger: bool = False,
) -> NextStep:
    """Decide what follows on a message.

    Args:
        parts: Its parts, if it has several.
        asked: The customer was just asked whether they wish to leave.
        in_danger: They have told of a danger, and are advised again when they ask what to do.
    """
    dangers = room.notices.get(DANGER, ())
    if (read_dangers().surely_in(whole.text) or whole.is_of(dangers, room.hunch)
            or any(one.is_of(dangers, 0.6) for one in parts if not _calms(room, whole))):
        return NextStep("notice", DANGER)
    if asked and whole.is_of((_YES,), room.hunch):
        return NextStep("leave")
    if asked and whole.is_of((_NO,), room.hunch):
        return NextStep("notice", STAYS)
    step = _leaving(room, whole, parts) or _answer(room, whole)
    if in_danger and step.name in _DEAD_ENDS and read_dangers().goes_on(whole.text):
        return NextStep("notice", DANGER)
    if step.name == _ALL_CLEAR and (whole.is_question or has_phrase(whole.text, read_dangers().asks)):
        return NextStep("notice", DANGER)
    return step


def is_due(
    room: WaitingRoom, name: str, given: Sequence[GivenAnswer], now: datetime, is_question: bool = False,
) -> bool:
    """Check whether an answer of this name may be given now: remarks are answered once in a while, questions always."""
    if name in (DANGER, CONTACT):
        return True
    recent = sum(name in one.names for one in given if now - one.at < timedelta(seconds=room.quiet_seconds))
    return recent < (1 if name in room.remarks and not is_question else _ANSWERS_IN_A_ROW)


def _calms(room: WaitingRoom, whole: MessageReading) -> bool:
    return whole.is_of(room.notices.get(_ALL_CLEAR, ()), room.hunch)


def _leaving(room: WaitingRoom, whole: MessageReading, parts: Sequence[MessageReading]) -> NextStep | None:
    leaving = room.leaving
    wished = [one for one in parts or (whole,) if has_phrase(one.text, leaving.words)]
    if wished:
        plain = any(len(one.text.split()) <= _PLAIN_WISH or one.is_of(leaving.intents, leaving.sure)
                    for one in (*wished, whole))
        matters = matter_in(room, [one for one in parts if one not in wished])
        return NextStep("leave", for_bot=matters) if plain else NextStep("notice", ASK_LEAVE)
    if whole.is_of(leaving.stays, room.confidence):
        return None
    if _asks_if_somebody_is_there(room, whole) and not any(
            one.is_of(leaving.intents, leaving.sure) and not _asks_if_somebody_is_there(room, one) for one in parts):
        return NextStep("notice", STANDING)
    wishes = [one for one in parts if one.is_of(leaving.intents, leaving.sure)]
    hints = [one for one in parts if one.is_of(leaving.intents, leaving.unsure) or one.is_of(leaving.ask, leaving.sure)]
    two_hints = len(hints) > 1 and any(one.is_of(leaving.intents, leaving.unsure) for one in hints)
    if wishes or two_hints or whole.is_of(leaving.intents, leaving.sure):
        return NextStep("leave", for_bot=matter_in(room, parts) if wishes or two_hints else "")
    if whole.is_of(leaving.intents, leaving.unsure) or whole.is_of(leaving.ask, room.confidence):
        return NextStep("notice", ASK_LEAVE)
    return None


def matter_in(room: WaitingRoom, parts: Sequence[MessageReading]) -> str:
    """Return what the parts of a message ask of the bot, beside a wish for a person or to leave; empty for nothing."""
    matters = [one for one in parts if _is_matter(room, one)]
    return " ".join(_joined(parts, matters)) if matters else ""


def _is_matter(room: WaitingRoom, part: MessageReading) -> bool:
    """Check whether a part of a message is something that the bot would have to answer."""
    return (part.is_understood and part.confidence >= room.hunch
            and not part.is_of((*room.leaving.intents, *room.leaving.no_matter), 0.0))


def _asks_if_somebody_is_there(room: WaitingRoom, reading: MessageReading) -> bool:
    return has_phrase(reading.text, room.presence)


def _joined(parts: Sequence[MessageReading], matters: Sequence[MessageReading]) -> list[str]:
    """Join from the first part that matters to the last, without wishes to leave."""
    places = [place for place, one in enumerate(parts) if one in matters]
    return [one.text for one in parts[places[0]: places[-1] + 1] if one in matters or not one.is_understood]


def _answer(room: WaitingRoom, whole: MessageReading) -> NextStep:
    for name, intents in room.notices.items():
        if whole.is_of(intents, 0.0 if whole.is_understood else room.hunch):
            return NextStep("notice", name)
    if len(whole.text.split()) <= _FEW_WORDS:
        for name, intents in room.elliptical.items():
            if whole.is_of(intents, room.hunch):
                return NextStep("notice", name)
    asks = [action for action, intents in room.looks_up.items() if whole.is_of(intents, room.hunch)]
    if whole.is_of(room.explains, room.confidence):
        asks.append(f"utter_{whole.intent.partition('/')[0]}")
    return NextStep("ask", asks[0], tuple(asks)) if asks else NextStep("notice", NOTED)
