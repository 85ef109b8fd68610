"""Reads messages in other languages than that of `data/nlu`: what of them is understood, and how angry they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, RESPONSE_SELECTOR, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.configuration import ConfigModel
from tandem.nlu.component import LearningComponent
from tandem.nlu.intent_classifier import WISHES
from tandem.nlu.interpretation import INTERPRETATION, interpretation
from tandem.nlu.models import mood_data
from tandem.nlu.models.context import Context
from tandem.nlu.models.cross_lingual import ANGRY, ELSEWHERE, CrossLingualModel
from tandem.nlu.models.encoders import versions
from tandem.nlu.models.language_files import FOLDER, LanguageFileError, digest, read_languages
from tandem.nlu.models.language_identifier import ENGLISH, FEW, LanguageIdentifier, words_of
from tandem.nlu.models.mood_model import MoodPrediction
from tandem.nlu.models.order_mask import masked
from tandem.nlu.models.readable_text import is_payload
from tandem.nlu.models.vector_file import read_ahead
from tandem.nlu.retrieval_intents import RetrievalReading
from tandem.nlu.sentence_encoder import say
from tandem.nlu.sentiment_classifier import SENTIMENT

LANGUAGE = "language"  # of a message, as a tag; not there for English and for what tells no language
LANGUAGE_SLOT = "language"
MODEL_FILE = "languages.npz"
CACHE_SIZE = 512
_ANGRY_INTENT = "complaint"
_MOST_ANGRY = 4  # frustration as labelled in data/mood
_LOOK_BACK = 400  # events
_USER = UserUttered.type_name


class _Options(ConfigModel):
    languages: str = FOLDER.as_posix()
    moods: str = "data/mood"
    alike: dict[str, list[str]] = Field(default_factory=dict)


@dataclass(frozen=True)
class LanguageModel:
    """What tells languages apart, and what reads them."""

    identifier: LanguageIdentifier
    reader: CrossLingualModel

    def save(self, path: Path) -> None:
        """Write one .npz file."""
        np.savez(path, **self.identifier.state(), **self.reader.state())

    @classmethod
    def load(cls, path: Path) -> LanguageModel:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return cls(LanguageIdentifier.from_state(arrays), CrossLingualModel.from_state(arrays))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class OtherLanguageReader(LearningComponent[LanguageModel], IntentClassifier):
    """Set `language` on messages in other languages, and their intent and mood anew; others stay as they are.

    Stands behind the readers of English, and before the FallbackClassifier: what is not understood falls back.

    * `languages`: the folder of messages in other languages, seen from the project's root.
    * `moods`: the folder of labelled messages, from which anger is learnt.
    * `alike`: for a meaning, the English intents that are read as it in other languages.
    """

    options = _Options

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Train anew when the languages, the code of the model or an encoder changed."""
        options = {**cls.get_default_config(), **config}
        code = hashlib.sha256()
        for name in ("cross_lingual", "language_files", "language_identifier"):
            code.update((Path(__file__).parent / "models" / f"{name}.py").read_bytes())
        moods = mood_data.digest(mood_data.find(str(options["moods"])))
        return f"{code.hexdigest()} {versions()} {digest(Path(str(options['languages'])))} {moods}"

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: LanguageModel | None
    ) -> None:
        super().__init__(config, storage, resource, model)
        self._remembered = lru_cache(CACHE_SIZE)(self._read)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the English examples, the angry messages of `moods`, and the folder `languages`.

        Raises:
            InvalidConfigException: A file of a language or of moods cannot be read.
        """
        same = {intent: meaning for meaning, intents in self._config["alike"].items() for intent in intents}
        examples = [(masked(str(one.get(TEXT))), one.get_full_intent()) for one in training_data.intent_examples
                    if one.get(TEXT) and one.get(INTENT)]
        english = [(text, same.get(intent, intent)) for text, intent in examples if intent != ELSEWHERE]
        try:
            languages = read_languages(Path(str(self._config["languages"])))
            moods = mood_data.read(mood_data.find(str(self._config["moods"])))
        except (LanguageFileError, mood_data.MoodDataError) as error:
            raise InvalidConfigException(f"OtherLanguageReader: {error}") from error
        if not english or not any(data.examples for data in languages.values()):
            return self._resource
        angry = [masked(row.text) for row in moods if row.emotion == ANGRY and row.frustration >= _MOST_ANGRY]
        read_ahead([masked(text) for data in languages.values() for text, _ in data], "languages", say)
        self._remembered.cache_clear()
        return self._learnt(LanguageModel(LanguageIdentifier.train([text for text, _ in english], languages),
                                          CrossLingualModel.train(english, angry, languages)), MODEL_FILE)

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext, **kwargs: Any,
    ) -> OtherLanguageReader:
        """Restore a trained reader; one that lets everything pass if there was nothing to train from."""
        model: LanguageModel | None = None
        try:
            with model_storage.read_from(resource) as folder:
                model = LanguageModel.load(folder / MODEL_FILE)
        except ValueError:  # Rasa's word for what was not stored
            pass
        return cls({**cls.get_default_config(), **config}, model_storage, resource, model)

    def process(self, messages: list[Message], tracker: DialogueStateTracker | None = None) -> list[Message]:
        """Read the messages that are in another language, each as the next of the tracker's conversation."""
        for message in messages:
            text = message.get(TEXT) or ""
            if self._model is not None and not is_payload(text):
                self._take(message, text, tracker)
        return messages

    def _take(self, message: Message, text: str, tracker: DialogueStateTracker | None) -> None:
        assert self._model is not None
        spoken = _spoken(tracker)
        told = self._model.identifier.tell(text, spoken)
        few = len(words_of(text)) <= FEW
        if told in ("", ENGLISH):
            if spoken and (not told or few):  # "ok", a number: the conversation goes on in its language
                message.set(LANGUAGE, spoken, add_to_output=True)
            return
        if few and not spoken and _has_spoken(tracker):  # "merci" at the end of an English conversation
            return
        ranking, mood = self._remembered(masked(text))
        if not ranking[0][1] and tracker is not None and tracker.active_loop_name:
            if spoken:  # a street or a thing's name that a form has asked for
                message.set(LANGUAGE, spoken, add_to_output=True)
            return
        message.set(LANGUAGE, told, add_to_output=True)
        message.set(RESPONSE_SELECTOR, {}, add_to_output=True)
        message.set(WISHES, [], add_to_output=True)
        message.set(SENTIMENT, mood.as_dict(), add_to_output=True)
        message.set(INTERPRETATION, interpretation(ranking, Context(), (), told), add_to_output=True)
        RetrievalReading.of(ranking, 0).put_on(message)

    def _read(self, text: str) -> tuple[Sequence[tuple[str, float]], MoodPrediction]:
        assert self._model is not None
        ranking = self._model.reader.read(text)
        best, share = ranking[0]
        frustration = self._model.reader.precision if best == ANGRY and share else dict(ranking).get(ANGRY, 0.0) / 2
        told = [(_ANGRY_INTENT if meaning == ANGRY else meaning, sure) for meaning, sure in ranking]
        if best == ANGRY and share:
            return told, MoodPrediction("negative", frustration, -frustration, ANGRY, frustration, 0.0)
        return told, MoodPrediction("neutral", 1 - frustration, -frustration, "neutral", frustration, 0.0)


def _spoken(tracker: DialogueStateTracker | None) -> str:
    """Return the language in which the conversation is held, as the slot has it; empty for English."""
    if tracker is None or LANGUAGE_SLOT not in tracker.slots:
        return ""
    return str(tracker.get_slot(LANGUAGE_SLOT) or "")


def _has_spoken(tracker: DialogueStateTracker | None) -> bool:
    """Check whether the customer has written before."""
    events = reversed(tracker.events) if tracker is not None else ()
    return any(event.type_name == _USER and not is_payload(event.text)
               for count, event in enumerate(events) if count < _LOOK_BACK)
