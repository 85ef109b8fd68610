"""The policy that keeps in which language a customer writes, and what is said first to who writes in another one.

The language stands on the message (`tandem.nlu.other_language_reader`). The slot `language` picks the words: a response
whose name ends in the language's tag is said instead of the one that was named (`tandem.rasa_ext.translations`).
"""
from __future__ import annotations

from typing import Any

from pydantic import Field
from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import InvalidConfigException

from tandem.configuration import ConfigModel, read_section
from tandem.nlu.other_language_reader import LANGUAGE, LANGUAGE_SLOT

_LOOK_BACK = 400  # events in which it is looked for what was said already


class _PolicyConfig(ConfigModel):
    priority: int = Field(default=8, ge=0, le=1000)  # above EscalationPolicy's 7
    first_action: str = Field(default="action_facts_in_english", description="an action's name")
    intents: tuple[str, ...] = Field(default=(), description="a list of intents")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=False)
class LanguagePolicy(Policy):
    """Set the slot `language`, and predict once in a session what comes before an answer in English."""

    @staticmethod
    def supported_data() -> SupportedData:
        """Support rules and stories alike; none are learnt from."""
        return SupportedData.ML_AND_RULE_DATA

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return all keys with their defaults.

        * `first_action`: what is done before the answer, once; it undoes itself, so that rules do not see it.
        * `intents`: those that are answered in English.
        """
        return _PolicyConfig().dict()

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext,
    ) -> None:
        """Check the configuration. Raises InvalidConfigException for a wrong key; the message names it."""
        config = {**self.get_default_config(), **config}
        self._options = read_section(_PolicyConfig, config, where="config.yml: LanguagePolicy", page="nlu.md",
                                     error=InvalidConfigException)
        super().__init__(config, model_storage, resource, execution_context)

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext, **kwargs: Any,
    ) -> LanguagePolicy:
        """Make the policy from its configuration: nothing was stored."""
        return cls(config, model_storage, resource, execution_context)

    def train(self, training_trackers: list[TrackerWithCachedStates], domain: Domain, **kwargs: Any) -> Resource:
        """Learn nothing."""
        return self._resource

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Predict the first action or nothing; the slot is set with either."""
        message = tracker.latest_message
        if message is None or not message.text or LANGUAGE_SLOT not in tracker.slots:
            return self._prediction(self._default_predictions(domain))
        language = str(message.parse_data.get(LANGUAGE) or "") or None
        if message.text.startswith("/"):  # a button has no language of its own
            language = tracker.get_slot(LANGUAGE_SLOT)
        changed = [SlotSet(LANGUAGE_SLOT, language)] if language != tracker.get_slot(LANGUAGE_SLOT) else []
        action = self._options.first_action
        first = (language and message.intent.get("name") in self._options.intents
                 and action in domain.action_names_or_texts and not self._was_done(tracker))
        if not first:
            return self._prediction(self._default_predictions(domain), events=changed)
        probabilities = self._default_predictions(domain)
        probabilities[domain.index_for_action(action)] = 1.0
        return self._prediction(probabilities, events=changed, is_no_user_prediction=True)

    def _was_done(self, tracker: DialogueStateTracker) -> bool:
        """Check whether the action ran in this session, or another one after the latest message."""
        is_now = True
        for count, event in enumerate(reversed(tracker.events)):
            if isinstance(event, SessionStarted) or count >= _LOOK_BACK:
                break
            is_now = is_now and not isinstance(event, UserUttered)
            if isinstance(event, ActionExecuted) and (is_now or event.action_name == self._options.first_action):
                return True
        return False
