"""The pipeline's sentence encoder: every message carries its embedding as a feature."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.nlu.models.embedding import encode, use
from tandem.nlu.models.encoders import ENCODERS, QUALITY, trainable, versions
from tandem.nlu.models.vector_file import read_ahead

_TOLD = "Sentence encoder: "  # `tandem train` shows the lines that begin so


def say(line: str) -> None:
    """Tell whoever trains what happens."""
    print(f"{_TOLD}{line}", flush=True)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoderFeaturizer(DenseFeaturizer, GraphComponent):
    """Put the sentence embedding of a message on it as a dense sentence feature of shape (1, n).

    In training it also settles with which encoder: what is trained after it remembers that one, and reads with it.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the encoder's version: Rasa's fingerprint covers it, so another encoder trains the classifier anew."""
        return {**DenseFeaturizer.get_default_config(), "encoder": QUALITY, "encoders": versions()}

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, {**self.get_default_config(), **config})

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoderFeaturizer:
        """Create the featurizer; weights are loaded at the first message."""
        return cls(config, execution_context.node_name)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raise InvalidConfigException for an encoder that there is not."""
        if config.get("encoder", QUALITY) not in ENCODERS:
            raise InvalidConfigException(
                f"config.yml: SentenceEncoderFeaturizer: encoder must be {' or '.join(ENCODERS)}, not "
                f"{config['encoder']!r}; see docs/nlu.md"
            )

    def process(self, messages: list[Message]) -> list[Message]:
        """Featurize `messages` in one batch."""
        spoken = [message for message in messages if message.get(TEXT)]
        alias = self._config[FEATURIZER_CLASS_ALIAS]
        for message, vector in zip(spoken, encode([message.get(TEXT) for message in spoken])):
            message.add_features(Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, alias))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Featurize the training examples, with the encoder of the configuration if it can be made here."""
        self.validate_config(self._config)
        use(trainable(self._config["encoder"], say))
        read_ahead([example.get(TEXT) or "" for example in training_data.training_examples], "intents", say)
        self.process(training_data.training_examples)
        return training_data
