"""`tandem shop check`: what was understood of data/shop.yml."""
from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tandem.settings import Settings, project_root
from tandem.shop.schema import Shop
from tandem.shop.shop_file import SHOP, read_shop
from tandem.shop.spans import Span

_SENTENCES = (
    "where is {number}?", "it's {lower}, thanks", "order no. {core}", "#{core}", "order number {spaced}",
    "{number} or {other}",
    "it cost $120.50", "since 2023", "call 212 555 0142", "my postcode is 94107", "can I order 20 of them?",
)


def add_shop_command(commands: Any) -> None:
    """Add `tandem shop check [FILE]`."""
    shop = commands.add_parser("shop", help="look after data/shop.yml")
    actions = shop.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", help="print what was understood, with order numbers read in sentences")
    check.add_argument("file", nargs="?", type=Path, help="another file than data/shop.yml")
    check.set_defaults(command=_check)


def _check(settings: Settings, options: argparse.Namespace) -> int:
    path: Path = options.file or project_root() / SHOP
    if not path.is_file():
        print(f"{path} is missing: the defaults hold; docs/shop.md tells what to write")
    shop = read_shop(path)
    for line in (*told(shop), *overridden(settings, shop), *recognised(shop)):
        print(line)
    return 0


def told(shop: Shop) -> Iterator[str]:
    """Yield each key with its value, one a line."""
    yield from _lines("", shop)


def overridden(settings: Settings, shop: Shop) -> Iterator[str]:
    """Yield the values of the file for which the environment has others, which hold."""
    for key, theirs in (("name", settings.shop_name), ("timezone", settings.shop_timezone),
                        ("locale", settings.shop_locale)):
        if str(getattr(shop, key)) != str(theirs):
            yield f"{key}: the environment (TANDEM_SHOP_{key.upper()}) says {theirs}, and that holds"


def recognised(shop: Shop) -> Iterator[str]:
    """Yield sentences with the order numbers that are read in them."""
    numbers = shop.numbers()
    core = numbers.core_of(numbers.example)
    values = {"number": numbers.example, "lower": numbers.example.lower(), "core": core, "spaced": " ".join(core),
              "other": numbers.number("10388")}
    yield "order numbers as they are read:"
    for sentence in _SENTENCES:
        text = sentence.format(**values)
        found = ", ".join(one.number for one in numbers.find(text))
        yield f"  {text:42} {found or '(none)'}"
    for text in (core, f"{core}, I think"):
        bare = ", ".join(number for one in numbers.bare(text) if (number := numbers.read(one)))
        yield f"  {text:42} {bare or '(none)'}, where a number is due"


def _lines(before: str, value: Any) -> Iterator[str]:
    entries = dict(value) if isinstance(value, (BaseModel, dict)) else None
    if entries is None:
        yield f"{before}: {_written(value)}"
        return
    for key, one in entries.items():
        yield from _lines(f"{before}.{key}" if before else str(key), one)


def _written(value: Any) -> str:
    if isinstance(value, Span):
        return f"{value.least} to {value.most}" if value.least != value.most else str(value.most)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(none)"
    return "(not told)" if value in ("", None) else str(value)
