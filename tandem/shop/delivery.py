"""The delivery services of data/shop.yml: any number, with the shop's own names, times, prices and areas."""
from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field, ValidationError, root_validator, validator
from pydantic.error_wrappers import ErrorWrapper

from tandem.configuration import nearest, shown
from tandem.shop.section import PRICE, Section, price, span
from tandem.shop.spans import Span

USUAL, FAST = "standard", "express"  # keys that say by themselves which service is the usual one, and which the fast
_KEY = re.compile(r"[a-z][a-z0-9_]{0,15}\Z")
_OURS = frozenset({"usual", "fast"})  # by which replies name the services that are these
_FILLERS = frozenset({"delivery", "shipping", "service"})


class DeliveryServiceSettings(Section):
    """One way to have an order sent."""

    name: str = ""
    days: Span = span(3, 5)
    price: Decimal = price("0")
    free_from: Decimal | None = Field(default=None, ge=0, description=PRICE)
    area: str = ""


class DeliverySettings(Section):
    """How orders are sent. `usual` and `fast` are keys of `services`."""

    services: dict[str, DeliveryServiceSettings] = Field(
        default={USUAL: DeliveryServiceSettings(name=USUAL)},
        description="a mapping of services, each by a key of your own, such as next_day: {days: 1, price: 9}")
    usual: str = ""
    fast: str = ""
    cut_off: str = Field(
        default="14:00", regex=r"([01]\d|2[0-3]):[0-5]\d\Z", description='a time such as "14:00", in quotes')
    area: str = ""
    remote: str = ""
    remote_extra_days: Span = span(2, 2)
    pick_up_days: Span = span(7, 7)
    estimate_hours: Span = span(24, 24, "a number of hours")
    search_days: Span = span(10, 10)

    @validator("services", pre=True)
    def _has_keys(cls: Any, value: Any) -> Any:
        """Name the key that is none, on its own line; a service that says no name is called by its key."""
        if not isinstance(value, Mapping):
            return value
        wrong = [ErrorWrapper(ValueError(fault), loc=str(key)) for key in value if (fault := _fault(key))]
        if wrong:
            raise ValidationError(wrong, cls)
        return {key: {"name": key.replace("_", " "), **one} if isinstance(one, Mapping) and not one.get("name")
                else {"name": key.replace("_", " ")} if one is None else one for key, one in value.items()}

    @validator("usual", "fast")
    def _is_a_service(cls, value: str, values: dict[str, Any]) -> str:
        if value and value not in values.get("services", {value: None}):
            raise ValueError("must be a key of services: " + nearest(value, list(values["services"])))
        return value

    @root_validator(skip_on_failure=True)
    def _chosen(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Choose what the file leaves open: the first service is the usual one, the one of the fewest days the fast."""
        services: Mapping[str, DeliveryServiceSettings] = values["services"]
        usual = values["usual"] or (USUAL if USUAL in services else next(iter(services)))
        quickest = min(services, key=lambda key: (services[key].days.most, key != usual, -services[key].price))
        return {**values, "usual": usual, "fast": values["fast"] or (FAST if FAST in services else quickest)}

    def service(self, key: str) -> DeliveryServiceSettings | None:
        """Return a service by its key; "standard" is the usual one where the file has none of that key."""
        return self.services.get(self.usual if key == USUAL and key not in self.services else key)

    def key_of(self, name: str) -> str | None:
        """Return the service that another system calls so, by key or name; None if there is none.

        Case, dashes and words such as "shipping" do not matter: "Next-Day Delivery" is `next_day`.
        """
        wanted = _core(name)
        return next((key for key, one in self.services.items() if wanted in (_core(key), _core(one.name))), None)

    def costs_extra(self, key: str) -> bool:
        """Check whether a service costs more than the usual one; one that the file does not have does not."""
        service = self.services.get(key)
        return service is not None and service.price > self.services[self.usual].price


def _fault(key: Any) -> str:
    if not isinstance(key, str) or not _KEY.match(key):
        fitting = re.sub(r"[^a-z0-9]+", "_", str(key).lower()).strip("_")[:16].strip("_")
        fitting = fitting if _KEY.match(fitting) else "next_day"
        return (f"must be a key of small letters, digits and _, 16 at most, such as {fitting}: "
                f"{{name: {shown(str(key))}}}")
    return f"is a word of Tandem's own: take another key, such as {key}_delivery" if key in _OURS else ""


def _core(name: str) -> str:
    words = re.findall(r"[^\W_]+", name.casefold())
    return " ".join(word for word in words if word not in _FILLERS) or " ".join(words)
