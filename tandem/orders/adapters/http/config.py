"""The keys of `engine: http` in endpoints.yml."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, root_validator, validator

from tandem.configuration import ConfigModel
from tandem.orders.config import EngineOptions, address
from tandem.orders.mapping.fields import MappedOptions, OrderFields, PartFields

_URL = "an address such as https://shop.example.com/api"
_PATH = "a path such as /orders/{number}"


class HttpAuth(EngineOptions):
    """How the service knows us: `bearer`; `user` and `password`; `header` and `value`; or `query` and `value`."""

    bearer: str = Field("", repr=False)
    user: str = ""
    password: str = Field("", repr=False)
    header: str = Field("", regex=r"[A-Za-z0-9-]*\Z", description="a header's name")
    query: str = ""
    value: str = Field("", repr=False)

    @root_validator(skip_on_failure=True)
    def _is_one_way(cls, values: dict[str, Any]) -> dict[str, Any]:
        ways = [name for name in ("bearer", "user", "header", "query") if values[name]]
        if len(ways) != 1:
            raise ValueError("must have one of bearer, user, header, query")
        if ways[0] in ("header", "query") and not values["value"]:
            raise ValueError(f"has {ways[0]} without value: the key itself, from the environment")
        return values

    def sent(self) -> dict[str, Any]:
        """Return what the client is made with."""
        if self.bearer:
            return {"headers": {"Authorization": f"Bearer {self.bearer}"}}
        if self.user:
            return {"user": (self.user, self.password)}
        return {"headers": {self.header: self.value}} if self.header else {"query": {self.query: self.value}}


class HttpOptions(EngineOptions):
    """A service that speaks the JSON of docs/order-systems.md."""

    url: str = Field(description=_URL)
    auth: HttpAuth | None = None

    _url = address("url")


class HttpPages(ConfigModel):
    """How a long list goes on: by the number of a page, by an offset, or by a link or cursor in the answer.

    Attributes:
        query: The parameter that says which page.
        first: The first page's number; with `step` the first offset.
        step: How many orders a page has, where the parameter is an offset.
        next: Where the answer holds the next page's cursor; empty after the last.
        most: HttpPages that are read at most.
    """

    query: str
    first: int = Field(1, ge=0, le=1)
    step: int = Field(1, ge=1, le=1000)
    next: str = ""
    most: int = Field(20, ge=1, le=100)


class HttpRequest(ConfigModel):
    """A request. Texts may hold {number}, {id}, {email}, {limit}, and for acts what is to be done.

    Attributes:
        orders: The path to the order or the list of orders in the answer; the whole answer if left out.
        missing: Statuses that say "there is none".
        refused: Statuses that say "that will not be done".
    """

    method: Literal["GET", "POST", "PUT", "PATCH"] = "GET"
    path: str = Field(regex=r"/.*\Z", description=_PATH)
    query: Mapping[str, str] = {}
    body: Any = None
    orders: str = ""
    pages: HttpPages | None = None
    missing: tuple[int, ...] = (404,)
    refused: tuple[int, ...] = (400, 403, 409, 410, 422)


class HttpRequests(ConfigModel):
    """The requests of a service; an act without one is left to people."""

    by_number: HttpRequest
    by_email: HttpRequest
    newest: HttpRequest | None = None
    health: HttpRequest | None = None
    cancel: HttpRequest | None = None
    change_address: HttpRequest | None = None
    start_return: HttpRequest | None = None
    exchange: HttpRequest | None = None
    reship: HttpRequest | None = None
    refund: HttpRequest | None = None
    voucher: HttpRequest | None = None
    expedite: HttpRequest | None = None
    note: HttpRequest | None = None

    @validator("exchange", "reship", "refund", "voucher", "expedite", "note")
    def _carries_its_key(cls, value: HttpRequest | None) -> HttpRequest | None:
        if value is not None and "{key}" not in f"{value.path}{value.query}{value.body}":
            raise ValueError("must hold {key}: the service does it once for each key, however often it is asked")
        return value


class MappedHttpOptions(MappedOptions):
    """A service with JSON of its own."""

    url: str = Field(description=_URL)
    auth: HttpAuth | None = None
    requests: HttpRequests

    _url = address("url")

    @validator("order")
    def _says_where_lists_are(cls, value: OrderFields) -> OrderFields:
        parts: dict[str, PartFields | None] = {
            "items": value.items, "shipments": value.shipments, "refund": value.refund, "return": value.return_}
        for name, part in parts.items():
            if part is not None and not part.list:
                raise ValueError(f"has {name} without list: the path to them")
        return value
