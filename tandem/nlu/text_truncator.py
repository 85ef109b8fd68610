"""The pipeline's first component: no later one ever reads more than a bounded part of a message."""

from __future__ import annotations

from pydantic import Field
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.configuration import ConfigModel
from tandem.nlu.component import ConfiguredComponent
from tandem.nlu.models.embedding import begin


class _Options(ConfigModel):
    limit: int = Field(default=2000, ge=200)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class TextTruncator(ConfiguredComponent):
    """Shorten the text read of a message to `limit` characters, its beginning and end; the conversation keeps all."""

    options = _Options

    def process(self, messages: list[Message]) -> list[Message]:
        """Shorten messages in place; lone surrogates, which no encoder can write, become "?".

        The slowest reader of the pipeline begins here, beside the others (`embedding.begin`).
        """
        limit = self._config["limit"]
        for message in messages:
            text = message.get(TEXT)
            if not text:
                continue
            if len(text) > limit:
                tail = limit * 3 // 10
                text = f"{text[: limit - tail - 3]} … {text[-tail:]}"
            text = text.encode("utf-8", "replace").decode("utf-8")
            message.set(TEXT, text, add_to_output=True)
            begin(text)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leave training examples as they are."""
        return training_data
