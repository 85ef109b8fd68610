"""The pipeline's intent classifier, which reads a message in its conversation; how it learns: `intent_model.py`."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.configuration import ConfigModel
from tandem.nlu.component import LearningComponent
from tandem.nlu.context_of_tracker import context_of
from tandem.nlu.dialogues import FOLDER, DialogueFileError, DialogueTurn, digest, read_dialogues
from tandem.nlu.interpretation import INTERPRETATION, interpretation
from tandem.nlu.models.context import Context, Topics
from tandem.nlu.models.embedding import use
from tandem.nlu.models.encoders import versions
from tandem.nlu.models.intent_model import MODEL_FILE, Examples, IntentModel, Ranking
from tandem.nlu.models.kernel import spare_cores
from tandem.nlu.models.order_mask import masked
from tandem.nlu.models.questions import (
    beside_an_answer,
    is_read_for_its_question,
    only_questions,
    question_after_no,
    wish_after_no,
    wishes_another,
)
from tandem.nlu.models.vector_file import read_ahead
from tandem.nlu.models.wishes import Wish, WishRules, read_wishes, read_wishes_in_form
from tandem.nlu.retrieval_intents import RetrievalReading
from tandem.nlu.sentence_encoder import say

logger = logging.getLogger(__name__)

_FORM = "_form"  # behind the intent, in a form's name
CACHE_SIZE = 2048  # messages whose reading is remembered: "yes", "where is my order?" come again and again


WISHES = "wishes"  # the attribute of a message with several, in the order in which they are taken up


class WishOptions(ConfigModel):
    """The section `wishes`."""

    threshold: float = Field(default=2.0, ge=0, le=2)
    asked: float = Field(default=2.0, ge=0, le=2)
    nothing: list[str] = Field(default_factory=list)
    whole: list[str] = Field(default_factory=list)
    reports: list[str] = Field(default_factory=list)
    acts: list[str] = Field(default_factory=list)
    one_matter: list[list[str]] = Field(default_factory=list)

    def rules(self) -> WishRules:
        """Return them as `read_wishes` takes them."""
        return WishRules(self.threshold, self.asked, frozenset(self.nothing), frozenset(self.whole),
                         frozenset(self.reports), frozenset(self.acts), tuple(map(frozenset, self.one_matter)))


class _Options(ConfigModel):
    ranking_length: int = Field(default=10, ge=0)
    dialogues: str = FOLDER.as_posix()
    topics: dict[str, list[str]] = Field(default_factory=dict)
    wishes: WishOptions = Field(default_factory=WishOptions)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class KernelIntentClassifier(LearningComponent[IntentModel], IntentClassifier):
    """Set `intent` and `intent_ranking`; the confidence of the best intent is the probability that it is right.

    * `ranking_length`: how many intents the ranking shows; 0 for all.
    * `dialogues`: the folder of dialogues, seen from the project's root.
    * `topics`: for intents whose name does not say it (`topic/answer` does), lists of intents by topic.
    * `wishes`: when a message has several; see `WishRules`. Without it none has.
    """

    options = _Options

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Train anew when the dialogues, the code of the model or an encoder changed."""
        folder = Path(str({**cls.get_default_config(), **config}["dialogues"]))
        code = hashlib.sha256()
        for path in sorted(Path(__file__).parent.rglob("*.py")):
            code.update(path.read_bytes())
        return f"{code.hexdigest()} {versions()} {digest(folder)}"

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: IntentModel | None
    ) -> None:
        super().__init__(config, storage, resource, model)
        self._topics = Topics.of(config.get("topics") or {})
        self._wish_rules = WishOptions(**(config.get(WISHES) or {})).rules()
        self._reading = lru_cache(CACHE_SIZE)(self._read)
        self._wishes_in = lru_cache(CACHE_SIZE)(self._read_wishes)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples that have a text and an intent, and from the dialogues.

        Raises:
            InvalidConfigException: A file of dialogues cannot be read.
        """
        messages = [example for example in training_data.intent_examples if example.get(TEXT) and example.get(INTENT)]
        texts = [masked(one.get(TEXT)) for one in messages]
        examples = Examples.alone(texts, [one.get_full_intent() for one in messages])
        if len(set(examples.intents)) < 2:
            logger.warning("Fewer than two intents have examples: no intent classifier is trained.")
            return self._resource
        try:
            turns = read_dialogues(Path(str(self._config["dialogues"])), self._topics)
        except DialogueFileError as error:
            raise InvalidConfigException(f"KernelIntentClassifier: {error}") from error
        turns = _of_known_intents(turns, examples.intents)
        examples += Examples([masked(turn.text) for turn in turns], [turn.intent for turn in turns],
                             [turn.context for turn in turns], [turn.dialogue for turn in turns])
        read_ahead(examples.texts, "intents", say)
        self._reading.cache_clear()
        self._wishes_in.cache_clear()
        return self._learnt(IntentModel.learn(examples, self._topics), MODEL_FILE)

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
        if model is not None:
            use(model.reader.space.encoder)
        return cls({**cls.get_default_config(), **config}, model_storage, resource, model)

    def process(self, messages: list[Message], tracker: DialogueStateTracker | None = None) -> list[Message]:
        """Classify messages, each as the next of the tracker's conversation; one without words has no intent."""
        context = context_of(tracker, self._topics)
        form = (tracker.active_loop_name or "") if tracker is not None else ""
        doing = form.removesuffix(_FORM)
        for message in messages:
            text = masked(message.get(TEXT) or "")
            reading, told = self._reading(text, context, doing)
            reading.put_on(message)
            message.set(INTERPRETATION, dict(told), add_to_output=True)
            wishes = self._wishes_in(message.get(TEXT) or "", context, doing)
            if wishes and reading.full not in self._wish_rules.whole:
                message.set(WISHES, [vars(wish) for wish in wishes], add_to_output=True)
        return messages

    def _read_wishes(self, text: str, context: Context, doing: str) -> list[Wish]:
        if self._model is None:
            return []
        model, topics, rules = self._model, self._topics, self._wish_rules

        def read(part: str, place: Context) -> Ranking:
            return model.read(masked(part), place)

        if context.asks:
            return read_wishes_in_form(text, context, doing, read, topics, rules)
        return read_wishes(text, context, read, topics, rules)

    def _read(self, text: str, context: Context, doing: str) -> tuple[RetrievalReading, dict[str, Any]]:
        ranking = self._ranking(text, context, doing)
        reasons = self._model.reasons(text, context, ranking[0][0]) if self._model is not None and ranking else []
        return RetrievalReading.of(ranking, self._config["ranking_length"]), interpretation(ranking, context, reasons)

    def _ranking(self, text: str, context: Context, doing: str) -> Ranking:
        if self._model is None or not text.strip():
            return []
        ranking = self._model.read(text, context)
        instead = wish_after_no(text, context)
        if instead:
            wished = self._model.read(instead, Context())
            if wished and wished[0][1] >= self._wish_rules.threshold and wishes_another(wished[0][0], doing):
                return wished
        elsewhere = question_after_no(text, context)
        if elsewhere:  # the form is over, and its question no longer weighs
            return only_questions(self._model.read(elsewhere, Context())) or ranking
        if is_read_for_its_question(text, ranking, context, doing):
            question = beside_an_answer(text)
            asked = self._model.read(question, context) if question else ranking
            return only_questions(asked) or ranking
        return ranking


def _of_known_intents(turns: list[DialogueTurn], intents: Sequence[str]) -> list[DialogueTurn]:
    """Leave out turns whose intent has no examples: the domain need not know it, and no rule would answer it."""
    known = set(intents)
    unknown = sorted({turn.intent for turn in turns} - known)
    if unknown:
        logger.warning("Dialogues have intents without examples, which are left out: %s.", ", ".join(unknown))
    return [turn for turn in turns if turn.intent in known]
