"""The buttons that are offered where a message is not surely read: data/offers.yml, in a designer's words."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from tandem.configuration import ConfigModel, ConfigurationError, read_section, read_yaml

OFFERS = Path("data/offers.yml")
_WORDS = Field(default_factory=dict, description="names with a text each")


class OffersError(ConfigurationError):
    """data/offers.yml cannot be read; the text names the key and its fix."""


class Offers(ConfigModel):
    """The words of what may be offered.

    Attributes:
        most: How many are offered at once.
        least: Confidence 0..1 from which one is.
        person: The words of the button that brings in a person instead.
        offers: The words for each intent, or `topic/answer`.
    """

    most: int = Field(default=3, ge=0, le=10)
    least: float = Field(default=0.04, ge=0, le=1)
    person: str = Field(default="", description="a text")
    offers: dict[str, str] = _WORDS

    def buttons(self, likeliest: Sequence[tuple[str, float]]) -> tuple[Mapping[str, str], ...]:
        """Return the buttons for intents with their confidence, likeliest first, and for a person.

        Empty where none of them may be offered.
        """
        found = [{"title": self.offers[intent], "payload": f"/{intent}"} for intent, sure in likeliest
                 if intent in self.offers and sure >= self.least][:self.most]
        person = [{"title": self.person, "payload": "/ask_for_human"}] if self.person else []
        return (*found, *person) if found else ()


def read_offers(path: Path = OFFERS) -> Offers:
    """Read the file, as it stands now; nothing is offered if there is none.

    Raises:
        OffersError: Something in it is wrong.
    """
    return _read(path, path.stat().st_mtime_ns) if path.exists() else Offers()


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Offers:
    return read_section(Offers, read_yaml(path, OffersError) or {}, where=str(path), page="designers.md",
                        error=OffersError)
