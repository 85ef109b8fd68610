"""Order numbers, e-mails, postcodes and tracking numbers: one value a span, written as the shop writes it.

Order numbers are read as data/shop.yml has them. The patterns of the others are data (`data/nlu/entities.yml`, read by
Rasa's RegexEntityExtractor). This component settles which of several overlapping matches is meant and gives each value
its canonical form.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from tandem.configuration import ConfigModel
from tandem.nlu.component import ConfiguredComponent
from tandem.shop.postcodes import find_postcodes
from tandem.shop.shop_file import current_numbers, current_shop

Entity = dict[str, Any]
logger = logging.getLogger(__name__)

ORDER_NUMBER, EMAIL, POSTCODE, TRACKING_NUMBER = "order_number", "email", "postcode", "tracking_number"
_PRECEDENCE = (EMAIL, ORDER_NUMBER, TRACKING_NUMBER, POSTCODE)
_SPELLED_DOT = re.compile(r"\s+dot\s+")
_SPELLED_AT = re.compile(r"\s+at\s+|\s?[(\[]at[)\]]\s?")
_UK_POSTCODE = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})")
_NL_POSTCODE = re.compile(r"(\d{4})([A-Z]{2})")
_CA_POSTCODE = re.compile(r"([A-Z]\d[A-Z])(\d[A-Z]\d)")


def postcode(raw: str) -> str:
    """Write a postcode as its country does: "sw1a1aa" is "SW1A 1AA", "k1a-0b1" is "K1A 0B1", "D-10115" is "10115"."""
    code = re.sub(r"\s+", "", raw.upper())
    if code.startswith("D-"):
        return code[2:]
    squeezed = code.replace("-", "")
    for pattern in (_CA_POSTCODE, _UK_POSTCODE, _NL_POSTCODE):
        match = pattern.fullmatch(squeezed)
        if match:
            return f"{match.group(1)} {match.group(2)}"
    return code


def email(raw: str) -> str:
    """Write an e-mail address in lower case; "ana dot k at example dot com", spelled out, is "ana.k@example.com"."""
    plain = _SPELLED_DOT.sub(".", raw.lower())
    return (plain if "@" in plain else _SPELLED_AT.sub("@", plain, count=1)).rstrip(".")


def canonical(name: str, raw: str) -> str:
    """Return the canonical form of a value of the entity `name`; the value itself if it has none."""
    value = unicodedata.normalize("NFKC", raw).strip()
    if name == ORDER_NUMBER:
        return current_numbers().read(value) or value
    if name == POSTCODE:
        return postcode(value)
    if name == EMAIL:
        return email(value)
    if name == TRACKING_NUMBER:
        return re.sub(r"\s+", "", value).upper()
    return value


def order_numbers(text: str) -> list[Entity]:
    """Find the order numbers of a text, written as the shop writes them."""
    return [{"entity": ORDER_NUMBER, "start": one.start, "end": one.end, "value": one.number, "confidence": 1.0}
            for one in current_numbers().find(text)]


def postcodes(text: str) -> list[Entity]:
    """Find the postcodes of the shop's countries, those of which no pattern of `data/nlu/entities.yml` tells."""
    return [{"entity": POSTCODE, "start": start, "end": end, "value": text[start:end], "confidence": 1.0}
            for start, end in find_postcodes(text, current_shop().countries)]


def settle(entities: Iterable[Entity]) -> list[Entity]:
    """Keep one entity a span and one span a value, in the order of the text.

    An e-mail beats an order number beats a tracking number beats a postcode; within a kind the longer match wins. What
    another extractor read into the same characters is dropped, so that "10421" in "#10421" is no date or postcode.
    Entities of other names are kept where nothing of ours lies. A value already said in the message is not repeated.
    """
    ours = [e for e in entities if e["entity"] in _PRECEDENCE and e.get("value")]
    others = [e for e in entities if e["entity"] not in _PRECEDENCE]
    ours.sort(key=lambda e: (_PRECEDENCE.index(e["entity"]), e["start"] - e["end"], e["start"]))
    kept: list[Entity] = []
    seen: set[tuple[str, str]] = set()
    for entity in ours:
        if any(_overlap(entity, other) for other in kept):
            continue
        kept.append({**entity, "value": canonical(entity["entity"], str(entity["value"]))})
    unique = []
    for entity in sorted(kept, key=lambda e: int(e["start"])):
        key = (entity["entity"], entity["value"])
        if key not in seen:
            seen.add(key)
            unique.append(entity)
    return unique + [e for e in others if not any(_overlap(e, other) for other in kept)]


def _overlap(left: Entity, right: Entity) -> bool:
    return bool(left["start"] < right["end"] and right["start"] < left["end"])


class _Options(ConfigModel):
    order_prefix: str | None = None  # of earlier versions; read no more


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class OrderEntityNormalizer(ConfiguredComponent, EntityExtractorMixin):
    """Find order numbers, settle and normalise the entities found so far; put it behind every extractor."""

    options = _Options

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raise InvalidConfigException for a key that is not known; `order_prefix` has moved to data/shop.yml."""
        super().validate_config(config)
        if config.get("order_prefix") is not None:
            logger.warning("order_prefix of config.yml is read no more: data/shop.yml says how order numbers look")

    def process(self, messages: list[Message]) -> list[Message]:
        """Replace the entities of each message by the settled ones."""
        for message in messages:
            text = message.get(TEXT) or ""
            numbers = self.add_extractor_name([*order_numbers(text), *postcodes(text)])
            message.set(ENTITIES, settle([*numbers, *(message.get(ENTITIES) or [])]), add_to_output=True)
        return messages
