"""The keys of `engine: medusa` in endpoints.yml."""
from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from tandem.orders.config import EngineOptions, address
from tandem.orders.mapping.services import SERVICES, of_the_shop


class MedusaOptions(EngineOptions):
    """How to reach a Medusa v2.

    Attributes:
        key: A secret API key of the Admin API, `sk_...`.
        prepaid: An order that is not paid waits for its payment; without it the shop sends first.
        location: The id of the stock location to which returns go; the only one, or the first, if left out.
        services: Which delivery service of data/shop.yml a shipping method is, by its name.
        return_reasons: Our reason to the value of a return reason in Medusa.
    """

    url: str = Field(description="an address such as https://medusa.example.com")
    key: str = Field(repr=False, regex=r"[!-~]+\Z", description="a secret API key, sk_...")
    prepaid: bool = True
    location: str = ""
    services: Mapping[str, str] = SERVICES
    return_reasons: Mapping[str, str] = Field({}, description="a mapping of our reasons to values in Medusa")

    _url = address("url")
    _services = of_the_shop("services")
