"""Order numbers, e-mails, postcodes and tracking numbers: one value a span, written as the shop writes it.

The patterns themselves are data (`data/nlu/entities.yml`, read by Rasa's RegexEntityExtractor); this component settles
which of several overlapping matches is meant and gives each value its canonical form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from pydantic import Field
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES
from rasa.shared.nlu.training_data.message import Message

from tandem.configuration import ConfigModel
from tandem.nlu.component import ConfiguredComponent

Entity = dict[str, Any]

ORDER_NUMBER, EMAIL, POSTCODE, TRACKING_NUMBER = "order_number", "email", "postcode", "tracking_number"
_PRECEDENCE = (EMAIL, ORDER_NUMBER, TRACKING_NUMBER, POSTCODE)
_LAST_DIGITS = re.compile(r"\d+(?=\D*$)")
_SPELLED_DOT = re.compile(r"\s+dot\s+")
_SPELLED_AT = re.compile(r"\s+at\s+|\s?[(\[]at[)\]]\s?")
_UK_POSTCODE = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})")
_CA_POSTCODE = re.compile(r"([A-Z]\d[A-Z])(\d[A-Z]\d)")


def order_number(raw: str, prefix: str) -> str:
    """Write an order number as "PREFIX-DIGITS": "td10421", "#10421" and "order no. 10421" are all "TD-10421"."""
    digits = _LAST_DIGITS.search(raw)
    return f"{prefix}-{digits.group()}" if digits else raw


def postcode(raw: str) -> str:
    """Write a postcode as its country does: "sw1a1aa" is "SW1A 1AA", "k1a-0b1" is "K1A 0B1", "D-10115" is "10115"."""
    code = re.sub(r"\s+", "", raw.upper())
    if code.startswith("D-"):
        return code[2:]
    squeezed = code.replace("-", "")
    for pattern in (_CA_POSTCODE, _UK_POSTCODE):
        match = pattern.fullmatch(squeezed)
        if match:
            return f"{match.group(1)} {match.group(2)}"
    return code


def email(raw: str) -> str:
    """Write an e-mail address in lower case; "ana dot k at example dot com", spelled out, is "ana.k@example.com"."""
    plain = _SPELLED_DOT.sub(".", raw.lower())
    return (plain if "@" in plain else _SPELLED_AT.sub("@", plain, count=1)).rstrip(".")


def canonical(name: str, raw: str, prefix: str) -> str:
    """Return the canonical form of a value of the entity `name`; the value itself if it has none."""
    value = unicodedata.normalize("NFKC", raw).strip()
    if name == ORDER_NUMBER:
        return order_number(value, prefix)
    if name == POSTCODE:
        return postcode(value)
    if name == EMAIL:
        return email(value)
    if name == TRACKING_NUMBER:
        return re.sub(r"\s+", "", value).upper()
    return value


def settle(entities: Iterable[Entity], prefix: str) -> list[Entity]:
    """Keep one entity a span and one span a value, in the order of the text.

    An e-mail beats an order number beats a tracking number beats a postcode; within a kind the longer match wins. What
    another extractor read into the same characters is dropped, so that "10421" in "TD-10421" is no date or postcode.
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
        kept.append({**entity, **_trimmed(entity), "value": canonical(entity["entity"], str(entity["value"]), prefix)})
    unique = []
    for entity in sorted(kept, key=lambda e: int(e["start"])):
        key = (entity["entity"], entity["value"])
        if key not in seen:
            seen.add(key)
            unique.append(entity)
    return unique + [e for e in others if not any(_overlap(e, other) for other in kept)]


def _overlap(left: Entity, right: Entity) -> bool:
    return bool(left["start"] < right["end"] and right["start"] < left["end"])


def _trimmed(entity: Entity) -> Entity:
    """Trim the words "order number" off a number: they are its evidence, not part of it."""
    if entity["entity"] != ORDER_NUMBER:
        return {}
    raw = str(entity["value"])
    digits = _LAST_DIGITS.search(raw)
    if digits is None or not raw.lower().startswith("order"):
        return {}
    return {"start": entity["start"] + digits.start()}


class _Options(ConfigModel):
    order_prefix: str = Field(default="TD", regex=r"[A-Za-z0-9]+\Z", description="letters and digits such as TD")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class OrderEntityNormalizer(ConfiguredComponent, EntityExtractorMixin):
    """Settle and normalise the entities found so far; put it behind every extractor."""

    options = _Options

    def process(self, messages: list[Message]) -> list[Message]:
        """Replace the entities of each message by the settled ones."""
        prefix = str(self._config["order_prefix"]).upper()
        for message in messages:
            found = message.get(ENTITIES) or []
            message.set(ENTITIES, settle(found, prefix), add_to_output=True)
        return messages
