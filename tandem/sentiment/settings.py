"""The settings of escalation: the keys of `EscalationPolicy` in config.yml, with their defaults, ranges and checks.

docs/escalation.md explains each key to the designer.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

ANGER = "anger"
DISTRESS = "distress"
TREND = "trend"
REPEATED_QUESTION = "repeated_question"
FALLBACKS = "fallbacks"
FAILED_LOOKUPS = "failed_lookups"
SIGNALS = (ANGER, REPEATED_QUESTION, FAILED_LOOKUPS, FALLBACKS, TREND, DISTRESS)  # the first that fires is the trigger
INTENT_PREFIX = "intent:"

# Keys of the policy that say how to act, not when; the policy reads them itself.
POLICY_KEYS = ("name", "priority", "handoff_action", "facts_action", "handoff_failed_response", "handoff_retries",
               "after_handback_action")

_PERSON_INTENTS: Mapping[str, float] = {
    "safety_hazard": 0.35, "fraud_report": 0.35, "legal_threat": 0.35, "bereavement": 0.35, "ask_for_human": 0.35,
}
_URGENCY: Mapping[str, float] = {
    "intent:safety_hazard": 0.9, "intent:fraud_report": 0.8, "intent:legal_threat": 0.65, "intent:bereavement": 0.6,
    "intent:ask_for_human": 0.35, ANGER: 0.6, DISTRESS: 0.45, TREND: 0.5, REPEATED_QUESTION: 0.4, FAILED_LOOKUPS: 0.35,
    FALLBACKS: 0.3,
}
_REPEAT_GROUPS = (
    ("order_status", "track_parcel", "delivered_not_received"),
    ("refund_status", "get_refund"),
    ("cancel_order",), ("change_address",), ("change_order",),
    ("missing_item",), ("damaged_item",), ("wrong_item",),
    ("payment_problem",), ("double_charge",), ("password_reset",), ("registration_problem",),
)
_NOT_QUESTIONS = (
    "greet", "goodbye", "thanks", "praise", "review", "how_are_you", "are_you_a_bot", "never_mind", "abuse",
    "out_of_scope",
)
_FACTS_INTENTS = (
    "order_status", "track_parcel", "delivered_not_received", "delivery_time", "refund_status", "get_refund",
    "missing_item", "damaged_item", "wrong_item", "cancel_order", "complaint",
)


class EscalationSettingsError(ValueError):
    """A key of the policy is unknown or has a value it cannot have; the text names the key and the fix."""


@dataclass(frozen=True)
class EscalationSettings:
    """When a conversation needs a person. Shares are 0..1, counts are whole numbers; a count of 0 is off."""

    window: int = 30  # the customer's latest messages that are looked at

    # the score that builds up over the conversation
    decay: float = 0.75  # what is left of it after a message without feeling
    gain: float = 0.4  # what a message's frustration adds
    relief: float = 0.4  # what is left of it after a satisfied message
    fallback_weight: float = 0.05  # what a message that was not understood adds
    lookup_weight: float = 0.05  # what a failed lookup adds
    trend_threshold: float = 0.6

    # this message alone
    anger_threshold: float = 0.9  # frustration, whatever the emotion
    angry_emotion_threshold: float = 0.6  # frustration, if the emotion is "angry"
    distress_threshold: float = 0.75
    mood_threshold: float = 0.25  # from here on replies are worded for an upset customer

    # the same again
    repeats: int = 3
    similarity: float = 0.7  # cosine of two sentences that ask the same
    repeat_groups: tuple[tuple[str, ...], ...] = _REPEAT_GROUPS
    not_questions: tuple[str, ...] = _NOT_QUESTIONS
    answer_intents: tuple[str, ...] = ("inform", "affirm", "deny")
    subject_entities: tuple[str, ...] = ("order_number", "tracking_number")
    fallbacks: int = 2
    fallback_intents: tuple[str, ...] = ("nlu_fallback",)
    failed_lookups: int = 8

    # intents and signals
    person_intents: Mapping[str, float] = field(default_factory=lambda: dict(_PERSON_INTENTS))
    facts_first: tuple[str, ...] = (DISTRESS,)
    facts_intents: tuple[str, ...] = _FACTS_INTENTS
    ignore_intents: tuple[str, ...] = ("restart", "session_start", "back", "back_to_bot")
    disabled_signals: tuple[str, ...] = ()

    # the queue
    urgency: Mapping[str, float] = field(default_factory=lambda: dict(_URGENCY))
    urgency_default: float = 0.4
    urgency_frustration: float = 0.4  # how far frustration raises the urgency
    urgency_sentiment: float = 0.5  # how far the message's own urgency raises it

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> EscalationSettings:
        """Read and check the policy's entry in config.yml.

        Keys left out keep their defaults, `urgency` is laid over its defaults, and `POLICY_KEYS` are passed over.

        Raises:
            EscalationSettingsError: An unknown key, or a value out of its range.
        """
        values: dict[str, Any] = {}
        for key, value in config.items():
            if key in POLICY_KEYS:
                continue
            check = _CHECKS.get(key)
            if check is None:
                raise EscalationSettingsError(
                    f"'{key}': there is no such key; the keys are {', '.join(sorted({*_CHECKS, *POLICY_KEYS[1:]}))}"
                )
            values[key] = check(key, value)
        if "urgency" in values:
            values["urgency"] = {**_URGENCY, **values["urgency"]}
        return cls(**values)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The defaults as they would stand in config.yml."""
        settings = cls()
        return {item.name: _plain(getattr(settings, item.name)) for item in fields(cls)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _wrong(key: str, expected: str, value: Any) -> EscalationSettingsError:
    return EscalationSettingsError(f"'{key}': expected {expected}, got {value!r}")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _share(key: str, value: Any) -> float:
    if not _number(value) or not 0 <= value <= 1:
        raise _wrong(key, "a number from 0 to 1", value)
    return float(value)


def _whole(low: int, high: int) -> Callable[[str, Any], int]:
    def check(key: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong(key, f"a whole number from {low} to {high}", value)
        return value

    return check


def _names(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
        raise _wrong(key, "a list of names", value)
    return tuple(value)


def _groups(key: str, value: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, (list, tuple)):
        raise _wrong(key, "a list of lists of intents", value)
    groups = tuple(_names(key, group) for group in value)
    names = [name for group in groups for name in group]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise EscalationSettingsError(f"'{key}': {', '.join(twice)} can stand in one list only")
    return groups


def _shares(key: str, value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise _wrong(key, "names with a number from 0 to 1 each", value)
    return {str(name): _share(f"{key}.{name}", share) for name, share in value.items()}


def _signals(key: str, value: Any) -> tuple[str, ...]:
    names = _names(key, value)
    for name in names:
        if name not in SIGNALS and not name.startswith(INTENT_PREFIX):
            raise _wrong(key, f"signals out of {', '.join(SIGNALS)} or {INTENT_PREFIX}<name>", name)
    return names


def _urgencies(key: str, value: Any) -> dict[str, float]:
    shares = _shares(key, value)
    _signals(key, list(shares))
    return shares


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "window": _whole(1, 200),
    "decay": _share, "gain": _share, "relief": _share, "fallback_weight": _share, "lookup_weight": _share,
    "trend_threshold": _share, "anger_threshold": _share, "angry_emotion_threshold": _share,
    "distress_threshold": _share, "mood_threshold": _share,
    "repeats": _whole(0, 20), "similarity": _share, "repeat_groups": _groups, "not_questions": _names,
    "answer_intents": _names, "subject_entities": _names, "fallbacks": _whole(0, 20), "fallback_intents": _names,
    "failed_lookups": _whole(0, 100),
    "person_intents": _shares, "facts_first": _signals, "facts_intents": _names, "ignore_intents": _names,
    "disabled_signals": _signals,
    "urgency": _urgencies, "urgency_default": _share, "urgency_frustration": _share, "urgency_sentiment": _share,
}
