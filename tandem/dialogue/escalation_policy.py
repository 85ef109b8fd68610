"""The policy that brings in a person: in any state of the conversation, mid-form too, for every intent.

It stands above RulePolicy. At each prediction it reads the mood over the conversation (tandem.sentiment.trajectory) and
predicts the handoff where a person is needed; everywhere else it stays silent, but for the `mood` slot, on which the
responses' wording depends. docs/escalation.md explains its keys.
"""
from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import rasa.shared.utils.io
from pydantic import Field
from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import InvalidConfigException

from tandem.dialogue.tracker_view import TrackerView, facts_of, is_ignored, is_listening, read_conversation
from tandem.sentiment.model import FACTS_FIRST, Reading, Turn, Vectors
from tandem.sentiment.settings import EscalationSettings, EscalationSettingsError
from tandem.sentiment.trajectory import Trajectory

logger = logging.getLogger(__name__)

MOOD_SLOT = "mood"
ESCALATION_SLOT = "escalation"
LAST_HANDOFF_SLOT = "last_handoff"
_ACTIONS = ("handoff_action", "facts_action", "handoff_failed_response", "after_handback_action")
_REMEMBERED = 64  # conversations that are answered at a time
_ACTION = "an action's name"


class _PolicyConfig(EscalationSettings):
    """All keys of the policy: when it acts, and how."""

    priority: int = Field(default=7, ge=0, le=1000)  # above RulePolicy's 6
    handoff_action: str = Field(default="action_handoff", min_length=1, description=_ACTION)
    facts_action: str = Field(default="action_order_facts", description=_ACTION)
    handoff_failed_response: str = Field(default="utter_handoff_failed", description=_ACTION)
    after_handback_action: str = Field(default="action_after_handback", description=_ACTION)
    handoff_retries: int = Field(default=2, ge=0, le=5)  # Rasa gives up on a turn after ten actions


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=False)
class EscalationPolicy(Policy):
    """Predict the handoff to a person from mood, its trajectory, repeats, failures, and intents.

    Each prediction also carries `SlotSet("mood", ...)` when the latest message changed it, and, on the first message
    after a hand-back, `SlotSet("last_handoff", ...)`. Rasa applies these whichever policy wins, before the action runs.
    Where a person left a word for the bot, that message is answered by `action_after_handback` first.
    """

    @staticmethod
    def supported_data() -> SupportedData:
        """Support rules and stories alike; none are learnt from."""
        return SupportedData.ML_AND_RULE_DATA

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return all keys of the policy with their defaults."""
        return _PolicyConfig.defaults()

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext,
    ) -> None:
        """Check the configuration.

        Raises:
            InvalidConfigException: A key is unknown or its value cannot be; the message names it.
        """
        config = {**self.get_default_config(), **config}
        try:
            self.settings = _PolicyConfig.from_config(config)
        except EscalationSettingsError as error:
            raise InvalidConfigException(str(error)) from error
        super().__init__(config, model_storage, resource, execution_context)
        self._handoff = self.settings.handoff_action
        self._facts = self.settings.facts_action
        self._failed = self.settings.handoff_failed_response
        self._after = self.settings.after_handback_action
        self._retries = self.settings.handoff_retries
        self._trajectory = Trajectory(self.settings, encode=_encode)
        self._readings: OrderedDict[str, tuple[tuple[Turn, ...], Reading]] = OrderedDict()

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext, **kwargs: Any,
    ) -> EscalationPolicy:
        """Make the policy from its configuration: nothing was stored."""
        return cls(config, model_storage, resource, execution_context)

    def train(
        self, training_trackers: list[TrackerWithCachedStates], domain: Domain, **kwargs: Any
    ) -> Resource:
        """Check the configuration against the domain; nothing is learnt.

        Raises:
            InvalidConfigException: The domain lacks an action that the policy would predict.
        """
        for key in _ACTIONS:
            if self.config[key] and self.config[key] not in domain.action_names_or_texts:
                raise InvalidConfigException(
                    f"config.yml: EscalationPolicy: {key}: the domain has no action '{self.config[key]}'; "
                    "see docs/escalation.md"
                )
        self._warn_of_unknown_intents(domain)
        return self._resource

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Predict the handoff, what belongs to it, or nothing (all zeros)."""
        conversation = read_conversation(tracker, self.settings, self._handoff)
        if conversation.latest is None or is_listening(conversation):
            return self._prediction(self._default_predictions(domain))
        if self._handoff in conversation.executed:
            return self._after_handoff(conversation, domain)
        events = self._news(tracker, conversation)
        if is_ignored(conversation, self.settings):
            return self._prediction(self._default_predictions(domain), events=events)
        reading = self._read(tracker.sender_id, conversation.turns)
        if conversation.turns[-1].sentiment is not None:
            events += _changed(tracker, MOOD_SLOT, reading.mood)
        if reading.level is None:
            if self._brings_word(conversation):
                return self._act(self._after, domain, events)
            return self._prediction(self._default_predictions(domain), events=events)
        if self._shows_facts(conversation, reading):
            return self._act(self._facts, domain, events)
        escalation = SlotSet(ESCALATION_SLOT, _escalation(conversation, reading))
        return self._act(self._handoff, domain, events, [escalation])

    def _read(self, sender_id: str, turns: tuple[Turn, ...]) -> Reading:
        """Read the turns; within a turn of the bot they are mostly those of the prediction before."""
        known = self._readings.pop(sender_id, None)
        if known is None or known[0] != turns:
            known = (turns, self._trajectory.read(turns))
        self._readings[sender_id] = known
        if len(self._readings) > _REMEMBERED:
            self._readings.popitem(last=False)
        return known[1]

    def _news(self, tracker: DialogueStateTracker, conversation: TrackerView) -> list[Event]:
        assert conversation.latest is not None
        handed_back = facts_of(conversation.latest).get("handed_back")
        outdated = _changed(tracker, ESCALATION_SLOT, None)  # an earlier handoff's reason is not this one's
        # At the turn's first look and then no more: a form that takes up where it was writes that into the slot.
        tells = bool(handed_back) and not conversation.executed and LAST_HANDOFF_SLOT in tracker.slots
        return outdated + ([SlotSet(LAST_HANDOFF_SLOT, handed_back)] if tells else [])

    def _brings_word(self, conversation: TrackerView) -> bool:
        """Check whether the bot must first say what a person left for it, or carry on where it was."""
        assert conversation.latest is not None
        handed_back = facts_of(conversation.latest).get("handed_back") or {}
        news = handed_back.get("note_for_bot") or handed_back.get("resume")
        return bool(news and self._after) and not conversation.executed

    def _shows_facts(self, conversation: TrackerView, reading: Reading) -> bool:
        return (
            reading.level == FACTS_FIRST and bool(self._facts) and not set(conversation.executed) - {self._after}
            and (conversation.turns[-1].guess or conversation.turns[-1].intent) in self.settings.facts_intents
        )

    def _after_handoff(self, conversation: TrackerView, domain: Domain) -> PolicyPrediction:
        """Let nothing else speak once a handoff was tried in this turn, but the word that it failed."""
        executed = conversation.executed
        if conversation.handed_off or not self._failed or self._failed in executed:
            return self._act(ACTION_LISTEN_NAME, domain, [])
        if conversation.rejected != self._handoff and executed.count(self._handoff) <= self._retries:
            logger.warning("%s opened no handoff; trying again", self._handoff)
            return self._act(self._handoff, domain, [])
        logger.error("%s opened no handoff; the customer is told", self._handoff)
        return self._act(self._failed, domain, [])

    def _act(
        self, action: str, domain: Domain, events: list[Event], if_chosen: list[Event] | None = None
    ) -> PolicyPrediction:
        probabilities = self._default_predictions(domain)
        probabilities[domain.index_for_action(action)] = 1.0
        # An active form is beaten only by a prediction that does not depend on the user's message.
        return self._prediction(probabilities, events=events, optional_events=if_chosen, is_no_user_prediction=True)

    def _warn_of_unknown_intents(self, domain: Domain) -> None:
        defaults = EscalationSettings.defaults()
        for key in ("person_intents", "facts_intents", "not_questions", "answer_intents", "repeat_groups"):
            named = {name for name in _flat(self.config[key]) - _flat(defaults[key])
                     if name.partition("/")[0] not in domain.intents}
            if named:
                rasa.shared.utils.io.raise_warning(
                    f"EscalationPolicy: '{key}' names intents that the domain lacks: {', '.join(sorted(named))}",
                    docs="docs/escalation.md",
                )


def _changed(tracker: DialogueStateTracker, slot: str, value: Any) -> list[Event]:
    return [SlotSet(slot, value)] if slot in tracker.slots and tracker.get_slot(slot) != value else []


def _escalation(conversation: TrackerView, reading: Reading) -> dict[str, Any]:
    """Fill the `escalation` slot: why, for the context card."""
    turned = reading.turning_point
    return {
        "reason": reading.reason,
        "trigger": reading.trigger,
        "signals": [
            {"name": signal.name, "value": round(signal.value, 4), "detail": signal.detail}
            for signal in reading.signals
        ],
        "urgency": reading.urgency,
        "score": round(reading.score, 4),
        "turning_point": None if turned is None else conversation.seqs[turned],
    }


def _flat(value: Any) -> set[str]:
    return {name for item in value for name in ([item] if isinstance(item, str) else item)}


def _encode(texts: Sequence[str]) -> Vectors:
    from tandem.nlu.models.embedding import encode  # it remembers what it has read

    return encode(texts)
