"""What is asked of the engine that holds a shop's orders: to find them, and to change them, in its own way."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tandem.orders.acts.requests import ActRequest
from tandem.orders.model import Address, Order, OrderAct, OrderItem, ReturnReason


class EngineRefused(Exception):
    """The engine will not do it. Its reason may be a race: the order is looked at again. `reason` is for the log."""


@dataclass(frozen=True)
class EngineOrder:
    """An order with what its engine needs to change it: the engine's own id, and the answer it was read from."""

    order: Order
    id: str
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class EngineReport:
    """What an engine said of itself: its name and version or shop, and what stands in the way of some of it."""

    name: str
    warnings: tuple[str, ...] = ()


class ShopEngine(Protocol):
    """What is asked of an engine. All methods block and may raise `OrderSystemUnavailable`.

    Attributes:
        acts: What it can do.
        does_once: It does an act with the same mark once, however often it is asked: there is nothing to look for.
    """

    acts: frozenset[OrderAct]
    does_once: bool

    def by_number(self, numbers: tuple[str, ...]) -> Iterable[EngineOrder]:
        """Return the orders that may have one of these numbers, with others if the engine's search finds others."""
        ...

    def by_email(self, email: str, limit: int) -> Iterable[EngineOrder]:
        """Return at least the `limit` newest orders of this address (in lower case); others may be among them."""
        ...

    def cancel(self, target: EngineOrder) -> None:
        """Cancel it, and give back what was paid.

        Raises:
            EngineRefused: It will not.
        """
        ...

    def change_address(self, target: EngineOrder, address: Address) -> None:
        """Send it elsewhere.

        Raises:
            EngineRefused: It will not.
        """
        ...

    def start_return(self, target: EngineOrder, lines: tuple[OrderItem, ...], reason: ReturnReason) -> None:
        """Announce a return of these lines, which can be seen on the order afterwards.

        Raises:
            EngineRefused: It will not.
        """
        ...

    def act(self, target: EngineOrder, request: ActRequest, reference: str) -> str:
        """Do one of the acts of `acts`, marked with `reference`; the engine's name for what it made.

        Raises:
            EngineRefused: It will not.
        """
        ...

    def made(self, target: EngineOrder, request: ActRequest, reference: str) -> str | None:
        """Look whether an act with this mark was done; the engine's name for what it made, None if it was not."""
        ...

    def check(self) -> EngineReport:
        """Sign in and see what may be done."""
        ...

    def newest(self) -> EngineOrder | None:
        """Return the newest order; None in an empty shop."""
        ...
