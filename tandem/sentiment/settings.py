"""The settings of escalation: the keys of `EscalationPolicy` in config.yml, with their defaults, ranges and checks.

docs/escalation.md explains each key to the designer.
"""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, StrictStr, validator

from tandem.configuration import ConfigModel, ConfigurationError, nearest, read_section, read_yaml

S = TypeVar("S", bound="EscalationSettings")

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

_PERSON_INTENTS: dict[str, float] = {
    "safety_hazard": 0.35, "fraud_report": 0.35, "legal_threat": 0.35, "bereavement": 0.35, "ask_for_human": 0.35,
}
_URGENCY: dict[str, float] = {
    "intent:safety_hazard": 0.9, "intent:fraud_report": 0.8, "intent:legal_threat": 0.65, "intent:bereavement": 0.6,
    "intent:ask_for_human": 0.35, ANGER: 0.6, DISTRESS: 0.45, TREND: 0.5, REPEATED_QUESTION: 0.4, FAILED_LOOKUPS: 0.35,
    FALLBACKS: 0.3,
}
_REASONS: dict[str, tuple[str, ...]] = {
    "danger": ("intent:safety_hazard", "safety_hazard"), "fraud": ("intent:fraud_report",),
    "law": ("intent:legal_threat",), "grief": ("intent:bereavement",), "wish": ("intent:ask_for_human",),
    "call": ("intent:ask_for_call",), "same_again": (REPEATED_QUESTION,), "not_found": (FAILED_LOOKUPS,),
    "not_understood": (FALLBACKS,), "money": ("double_charge", "payment_problem", "get_refund", "refund_status"),
    "anger": (ANGER,), "built_up": (TREND,), "distress": (DISTRESS,),
}
_RULE_PREFIX = "rule:"  # begins the trigger of a handoff that a rule or story asked for
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


class EscalationSettingsError(ConfigurationError):
    """A key of the policy is unknown or has a value it cannot have; the text names the key and the fix."""


def _share(default: float) -> Any:
    return Field(default=default, ge=0, le=1)


def _share_of_each(default: dict[str, float]) -> Any:
    return Field(default=default, ge=0, le=1, description="names with a number from 0 to 1 each")


def _names(*default: str) -> Any:
    return Field(default=default, min_length=1, description="a list of names")


def _signals(*default: str) -> Any:
    return Field(default=default, description=f"signals out of {', '.join(SIGNALS)} or {INTENT_PREFIX}<name>")


class EscalationSettings(ConfigModel):
    """When a conversation needs a person. Shares are 0..1, counts are whole numbers; a count of 0 is off."""

    window: int = Field(default=30, ge=1, le=200)  # the customer's latest messages that are looked at

    # the score that builds up over the conversation
    decay: float = _share(0.75)  # what is left of it after a message without feeling
    gain: float = _share(0.4)  # what a message's frustration adds
    relief: float = _share(0.4)  # what is left of it after a satisfied message
    fallback_weight: float = _share(0.05)  # what a message that was not understood adds
    lookup_weight: float = _share(0.05)  # what a failed lookup adds
    trend_threshold: float = _share(0.6)

    # this message alone
    anger_threshold: float = _share(0.9)  # frustration, whatever the emotion
    angry_emotion_threshold: float = _share(0.6)  # frustration, if the emotion is "angry"
    distress_threshold: float = _share(0.75)
    mood_threshold: float = _share(0.25)  # from here on replies are worded for an upset customer

    # the same again
    repeats: int = Field(default=3, ge=0, le=20)
    similarity: float = _share(0.7)  # cosine of two sentences that ask the same
    repeat_groups: tuple[tuple[StrictStr, ...], ...] = Field(
        default=_REPEAT_GROUPS, min_length=1, description="a list of lists of intents")
    not_questions: tuple[str, ...] = _names(*_NOT_QUESTIONS)
    answer_intents: tuple[str, ...] = _names("inform", "affirm", "deny")
    subject_entities: tuple[str, ...] = _names("order_number", "tracking_number")
    fallbacks: int = Field(default=2, ge=0, le=20)
    fallback_intents: tuple[str, ...] = _names("nlu_fallback")
    unsure_weight: float = _share(0.67)  # what a message counts whose likeliest readings can be offered
    guess_confidence: float = _share(0.12)  # from which the likeliest reading can be offered
    weak_confidence: float = _share(0.2)  # below it a message that was answered counts as unsure, too
    nonsense: float = _share(0.5)  # share of a message's words that are none
    failed_lookups: int = Field(default=8, ge=0, le=100)

    # intents and signals
    person_intents: dict[str, float] = _share_of_each(_PERSON_INTENTS)
    facts_first: tuple[str, ...] = _signals(DISTRESS)
    facts_intents: tuple[str, ...] = _names(*_FACTS_INTENTS)
    ignore_intents: tuple[str, ...] = _names("restart", "session_start", "back", "back_to_bot")
    disabled_signals: tuple[str, ...] = _signals()
    reasons: dict[str, tuple[str, ...]] = Field(
        default=_REASONS, description="names with a list of signals and intents each")

    # the queue
    urgency: dict[str, float] = _share_of_each(_URGENCY)
    urgency_default: float = _share(0.4)
    urgency_frustration: float = _share(0.4)  # how far frustration raises the urgency
    urgency_sentiment: float = _share(0.5)  # how far the message's own urgency raises it

    @validator("repeat_groups")
    def _stand_in_one_group(cls, groups: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        names = [name for group in groups for name in group]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"has {', '.join(twice)} more than once; an intent can stand in one list only")
        return groups

    @validator("facts_first", "disabled_signals", each_item=True)
    def _is_signal(cls, name: str) -> str:
        if name not in SIGNALS and not name.startswith(INTENT_PREFIX):
            raise ValueError
        return name

    @validator("urgency")
    def _over_the_defaults(cls, urgency: dict[str, float]) -> dict[str, float]:
        for name in urgency:
            if name not in SIGNALS and not name.startswith(INTENT_PREFIX):
                raise ValueError(f"takes signals: {nearest(name, (*SIGNALS, f'{INTENT_PREFIX}<name>'))}")
        return {**_URGENCY, **urgency}

    def reason_of(self, trigger: str, intent: str = "") -> str:
        """Return the reason whose words a handoff gets: the first that names its trigger or the message's intent.

        Empty where none does.
        """
        signal = f"{INTENT_PREFIX}{trigger.removeprefix(_RULE_PREFIX)}" if trigger.startswith(_RULE_PREFIX) else trigger
        return next((reason for reason, names in self.reasons.items() if signal in names or intent in names), "")

    @classmethod
    def from_config(cls: type[S], config: Mapping[str, Any]) -> S:
        """Read and check the policy's entry in config.yml.

        Keys left out keep their defaults, `urgency` is laid over its defaults, and `POLICY_KEYS` are passed over.

        Raises:
            EscalationSettingsError: An unknown key, or a value out of its range.
        """
        own = {key: value for key, value in config.items() if key in cls.__fields__ or key not in POLICY_KEYS}
        return read_section(cls, own, where="config.yml: EscalationPolicy", page="escalation.md",
                            error=EscalationSettingsError)

    @classmethod
    def from_file(cls, path: Path) -> EscalationSettings:
        """Read and check the policy's entry in a config.yml; the defaults if there is no file, or no such entry.

        Raises:
            EscalationSettingsError: The file cannot be read, or an entry is wrong.
        """
        content = read_yaml(path, EscalationSettingsError)
        policies = content.get("policies") if isinstance(content, Mapping) else None
        for policy in policies if isinstance(policies, list) else ():
            if isinstance(policy, Mapping) and str(policy.get("name", "")).endswith("EscalationPolicy"):
                return cls.from_config(policy)
        return cls()

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Write the defaults as they would stand in config.yml."""
        return {name: _plain(value) for name, value in cls()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
