"""Reads data/shop.yml. A process sees a change of the file at once, without a restart."""
from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from tandem.configuration import ConfigurationError, read_file
from tandem.shop.order_numbers import OrderNumbers
from tandem.shop.schema import Shop

SHOP = Path("data/shop.yml")
logger = logging.getLogger(__name__)


class ShopFileError(ConfigurationError):
    """data/shop.yml cannot be read; the text names the key, the line and the fix."""


@dataclass(frozen=True)
class _Reading:
    changed: int  # of the file, in nanoseconds; 0 where there is none
    shop: Shop
    numbers: OrderNumbers


_read: dict[Path, _Reading] = {}


def read_shop(path: Path = SHOP) -> Shop:
    """Read the file; without it a shop has the defaults of the schema.

    Raises:
        ShopFileError: A key or value is wrong.
    """
    return read_file(Shop, path, name=SHOP.as_posix(), page="shop.md", error=ShopFileError) or Shop()


def current_shop(path: Path = SHOP) -> Shop:
    """Return the shop as the file says now; while somebody is breaking the file, as it said before.

    Raises:
        ShopFileError: The file was wrong from the start.
    """
    return _current(path).shop


def current_numbers(path: Path = SHOP) -> OrderNumbers:
    """Return the reader of the shop's order numbers, as `current_shop` does."""
    return _current(path).numbers


def _current(path: Path) -> _Reading:
    known = _read.get(path)
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    if known is not None and known.changed == changed:
        return known
    try:
        shop = read_shop(path)
    except ShopFileError as error:
        if known is None:
            raise
        logger.warning("%s; the shop is the one from before", error)
        shop = known.shop
    reading = _Reading(changed, shop, shop.numbers())
    _read[path] = reading
    return reading
