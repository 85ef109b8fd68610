"""Which delivery service of data/shop.yml is meant by the name that an engine has for it."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import Field, ValidationError, validator
from pydantic.error_wrappers import ErrorWrapper

from tandem.configuration import nearest
from tandem.shop.delivery import FAST, USUAL
from tandem.shop.shop_file import current_shop

logger = logging.getLogger(__name__)
SERVICES: Any = Field({}, description="a mapping of your shipping methods to delivery services of data/shop.yml")


def of_the_shop(field: str) -> Any:
    """Make a validator of an engine's options: the values of this mapping are services of data/shop.yml."""
    return validator(field, allow_reuse=True)(_check_services)


def service_of(name: str, words: Mapping[str, str]) -> str:
    """Return the delivery service that an engine means.

    Args:
        name: What the engine calls it; the usual service is meant by nothing, and by a name that is not known.
        words: The engine's names with our keys; a name that is a key or name of data/shop.yml needs none.
    """
    delivery = current_shop().delivery
    if not name:
        return delivery.usual
    known = {theirs.casefold(): ours for theirs, ours in words.items()}.get(name.casefold()) or delivery.key_of(name)
    if known is None:
        _tell_once(name[:60], delivery.usual)
    return known or delivery.usual


@lru_cache(maxsize=100)
def _tell_once(name: str, usual: str) -> None:
    logger.warning("Orders are sent by %r, which counts as %s: if it is another of data/shop.yml's delivery services, "
                   "say so under orders: services: in endpoints.yml", name, usual)


def _check_services(cls: Any, value: Mapping[str, str]) -> Mapping[str, str]:
    services = list(dict.fromkeys((*current_shop().delivery.services, USUAL, FAST)))
    wrong = [ErrorWrapper(ValueError(f"must be a delivery service of data/shop.yml: {nearest(key, services)}"), name)
             for name, key in value.items() if key not in services]
    if wrong:
        raise ValidationError(wrong, cls)
    return value
