"""Which items of an order a text chooses, as SKUs with commas between, or ALL."""
from __future__ import annotations

from actions.base.choices import named_in, read_choice
from actions.base.order_questions import ALL


def chosen_skus(chosen: object) -> tuple[str, ...] | None:
    """Read the slot `return_item`, SKUs with commas between; None stands for all that came."""
    return None if not chosen or chosen == ALL else tuple(str(chosen).split(","))


def named_item(text: str, items: dict[str, str]) -> str | None:
    """Return what a text chooses: SKUs with commas between, as they are or by the items' names or places, or ALL."""
    if all(sku in items for sku in text.split(",")):
        return text
    return _joined(read_choice(text, list(items.values())), items)


def corrected_item(text: str, items: dict[str, str]) -> str | None:
    """Return the items that a text names where something else was asked: "no, the towel", "everything but the mugs"."""
    names = list(items.values())
    return _joined(read_choice(text, names) if named_in(text, names) is not None else None, items) or (
        ALL if _only_all(text) else None)


def _joined(places: tuple[int, ...] | None, items: dict[str, str]) -> str | None:
    if not places:
        return None
    skus = list(items)
    return ALL if len(places) == len(skus) else ",".join(skus[place] for place in places)


def _only_all(text: str) -> bool:
    return read_choice(text, ["first", "second"]) == (0, 1)
