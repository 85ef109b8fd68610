"""The pipeline's first component: no later one ever reads more than a bounded part of a message."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.configuration import ConfigModel
from tandem.nlu.component_options import read_options
from tandem.nlu.models.embedding import begin


class _Options(ConfigModel):
    limit: int = Field(default=2000, ge=200)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class TextTruncator(GraphComponent):
    """Shorten the text read of a message to `limit` characters, its beginning and end; the conversation keeps all."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Default to reading the first and last of `limit` characters of a message, 200 or more."""
        return _Options().dict()

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raise InvalidConfigException if `limit` is no whole number of 200 or more."""
        read_options(_Options, cls, config)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TextTruncator:
        """Create the component."""
        return cls({**cls.get_default_config(), **config})

    def __init__(self, config: dict[str, Any]) -> None:
        self._limit = read_options(_Options, type(self), config).limit

    def process(self, messages: list[Message]) -> list[Message]:
        """Shorten messages in place; lone surrogates, which no encoder can write, become "?".

        The slowest reader of the pipeline begins here, beside the others (`embedding.begin`).
        """
        for message in messages:
            text = message.get(TEXT)
            if not text:
                continue
            if len(text) > self._limit:
                tail = self._limit * 3 // 10
                text = f"{text[: self._limit - tail - 3]} … {text[-tail:]}"
            text = text.encode("utf-8", "replace").decode("utf-8")
            message.set(TEXT, text, add_to_output=True)
            begin(text)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leave training examples as they are."""
        return training_data
