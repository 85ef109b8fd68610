"""The pipeline's mood component: every parse carries `sentiment`, the mood of the message."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.configuration import ConfigModel
from tandem.nlu.component import LearningComponent
from tandem.nlu.models import mood_data
from tandem.nlu.models.current_mood_model import MODEL_FILE, MoodModelNotFound, keep
from tandem.nlu.models.encoders import versions
from tandem.nlu.models.mood_lexicon import CUES_FILE
from tandem.nlu.models.mood_model import MoodModel, MoodPrediction
from tandem.nlu.models.order_mask import masked
from tandem.nlu.models.vector_file import read_ahead
from tandem.nlu.sentence_encoder import say

SENTIMENT = "sentiment"
CACHE_SIZE = 2048  # messages whose mood is remembered


class _Options(ConfigModel):
    data: str = Field(default="data/mood", min_length=1, description="a folder of labelled messages")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class SentimentClassifier(LearningComponent[MoodModel]):
    """Set the attribute `sentiment` on every message; trained from the labelled messages of `data`."""

    options = _Options

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Hash data/mood, which Rasa does not know: it trains a component anew only if its fingerprint changes."""
        folder = mood_data.find(str({**cls.get_default_config(), **config}["data"]))
        code = hashlib.sha256()
        for path in (CUES_FILE, *sorted(Path(__file__).parent.rglob("*.py"))):
            code.update(path.read_bytes())
        return " ".join((mood_data.digest(folder), code.hexdigest(), versions()))

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: MoodModel | None
    ) -> None:
        super().__init__(config, storage, resource, model)
        self._remembered = lru_cache(CACHE_SIZE)(self._read_one)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the folder `data`, not from Rasa's training data. Raises InvalidConfigException on bad labels."""
        try:
            rows = mood_data.read(mood_data.find(str(self._config["data"])))
        except mood_data.MoodDataError as error:
            raise InvalidConfigException(f"SentimentClassifier: {error}") from error
        self._remembered.cache_clear()
        read_ahead([row.text for row in rows], "moods", say)
        return self._learnt(MoodModel.train(rows), MODEL_FILE)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentimentClassifier:
        """Restore a trained reader."""
        with model_storage.read_from(resource) as folder:
            model = MoodModel.load(folder / MODEL_FILE)
        keep(model)
        return cls({**cls.get_default_config(), **config}, model_storage, resource, model)

    def process(self, messages: list[Message]) -> list[Message]:
        """Read the mood of each message."""
        for message in messages:
            message.set(SENTIMENT, self._remembered(masked(message.get(TEXT) or "")).as_dict(), add_to_output=True)
        return messages

    def _read_one(self, text: str) -> MoodPrediction:
        if self._model is None:
            raise MoodModelNotFound("SentimentClassifier was neither trained nor loaded")
        return self._model.read([text])[0]
