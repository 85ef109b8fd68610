"""The pipeline's intent classifier; how it learns stands in `intent_model.py`."""

from __future__ import annotations

import hashlib
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.configuration import ConfigModel
from tandem.nlu.component_options import read_options
from tandem.nlu.models.encoders import versions
from tandem.nlu.models.intent_model import IntentModel
from tandem.nlu.models.kernel import spare_cores

logger = logging.getLogger(__name__)

MODEL_FILE = "intents.npz"
CACHE_SIZE = 2048  # messages whose reading is remembered: "yes", "where is my order?" come again and again


class _Options(ConfigModel):
    ranking_length: int = Field(default=10, ge=0)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class KernelIntentClassifier(GraphComponent, IntentClassifier):
    """Set `intent` and `intent_ranking`; the confidence of the best intent is the probability that it is right."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return `ranking_length`, how many intents the ranking shows; 0 for all."""
        return _Options().dict()

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raise InvalidConfigException for a ranking length that is no whole number of 0 or more."""
        read_options(_Options, cls, config)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Train anew when the code of the model or an encoder changed."""
        code = hashlib.sha256()
        for path in sorted(Path(__file__).parent.rglob("*.py")):
            code.update(path.read_bytes())
        return f"{code.hexdigest()} {versions()}"

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: IntentModel | None
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model
        self._remembered = lru_cache(CACHE_SIZE)(self._rank_one)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> KernelIntentClassifier:
        """Create an untrained classifier."""
        return cls({**cls.get_default_config(), **config}, model_storage, resource, None)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples that have a text and an intent."""
        examples = [example for example in training_data.intent_examples if example.get(TEXT) and example.get(INTENT)]
        if len({example.get(INTENT) for example in examples}) < 2:
            logger.warning("Fewer than two intents have examples: no intent classifier is trained.")
            return self._resource
        self._remembered.cache_clear()
        self._model = IntentModel.train([e.get(TEXT) for e in examples], [e.get(INTENT) for e in examples])
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder / MODEL_FILE)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> KernelIntentClassifier:
        """Restore a trained classifier, to read with; untrained if training found too few intents."""
        spare_cores()
        try:
            with model_storage.read_from(resource) as folder:
                model: IntentModel | None = IntentModel.load(folder / MODEL_FILE)
        except ValueError:
            logger.warning("The intent classifier was not trained; every message falls back.")
            model = None
        return cls({**cls.get_default_config(), **config}, model_storage, resource, model)

    def process(self, messages: list[Message]) -> list[Message]:
        """Classify messages; one without words has no intent."""
        for message in messages:
            entries = [
                {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: confidence}
                for name, confidence in self._remembered(message.get(TEXT) or "")
            ]
            best = dict(entries[0]) if entries else {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0}
            message.set(INTENT, best, add_to_output=True)
            message.set(INTENT_RANKING_KEY, entries, add_to_output=True)
        return messages

    def _rank_one(self, text: str) -> tuple[tuple[str, float], ...]:
        if self._model is None or not text.strip():
            return ()
        return tuple(self._model.rank([text])[0][: self._config["ranking_length"] or None])
