"""The keys of `engine: sql` in endpoints.yml."""
from __future__ import annotations

import re
from typing import Any

from pydantic import Field, root_validator, validator

from tandem.orders.config import EngineOptions
from tandem.orders.mapping.fields import MappedOptions, OrderFields, PartFields

_URL = "an SQLAlchemy URL such as postgresql://user:${PASSWORD}@host/shop or sqlite:///shop.db"
MARKED = ("exchange", "reship", "refund", "voucher", "expedite", "note")  # acts that are found again by a mark
_STATEMENTS = "a statement or a list of them, each an UPDATE or INSERT"
Statements = str | tuple[str, ...]


class SqlOptions(EngineOptions):
    """Orders in the tables that Tandem makes; Tandem's own database if there is no URL."""

    url: str = Field("", description=_URL)


class SqlActs(EngineOptions):
    """The statements that change an order; what has none is left to people. `docs/orders/sql.md` has their parameters.
    """

    cancel: Statements = Field((), description=_STATEMENTS)
    change_address: Statements = Field((), description=_STATEMENTS)
    start_return: Statements = Field((), description=_STATEMENTS)
    exchange: Statements = Field((), description=_STATEMENTS)
    reship: Statements = Field((), description=_STATEMENTS)
    refund: Statements = Field((), description=_STATEMENTS)
    voucher: Statements = Field((), description=_STATEMENTS)
    expedite: Statements = Field((), description=_STATEMENTS)
    note: Statements = Field((), description=_STATEMENTS)
    done: str = Field("", regex=r"(?is)\s*(SELECT\b.*:key\b.*)?\Z",
                      description="a SELECT with :key, which finds what an act with this key has written")

    @root_validator(skip_on_failure=True)
    def _can_look(cls, values: dict[str, Any]) -> dict[str, Any]:
        marked = [act for act in MARKED if values[act]]
        without = [act for act in marked if not re.search(r":key\b", " ".join(values[act]))]
        if marked and not values["done"]:
            raise ValueError(f"has {marked[0]} without done: a SELECT with :key, which finds whether it was done")
        if without:
            raise ValueError(f"has {without[0]} without :key in it, which done looks for")
        return values

    @validator("cancel", "change_address", "start_return", *MARKED)
    def _are_statements(cls, value: Statements) -> tuple[str, ...]:
        found = (value,) if isinstance(value, str) else tuple(value)
        for one in found:
            if one.strip().split(None, 1)[0].upper() not in ("UPDATE", "INSERT", "DELETE", "WITH"):
                raise TypeError
        return found


class MappedSqlOptions(MappedOptions):
    """Orders in tables or views of the shop's own."""

    url: str = Field(description=_URL)
    acts: SqlActs = SqlActs.parse_obj({})

    @validator("order")
    def _says_where_rows_are(cls, value: OrderFields) -> OrderFields:
        parts: dict[str, PartFields | None] = {
            "items": value.items, "shipments": value.shipments, "refund": value.refund, "return": value.return_}
        if not value.from_:
            raise ValueError("has no from: the table or view, with its joins")
        for name, part in parts.items():
            if part is not None and not (part.from_ and part.order):
                raise ValueError(f"has {name} without from (the table) and order (the column with the order's id)")
            if part is not None and part.list:
                raise ValueError(f"has {name} with list, which is for engine: http; from and order are for tables")
        return value
