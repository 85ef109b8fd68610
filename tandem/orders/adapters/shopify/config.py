"""The keys of `engine: shopify` in endpoints.yml."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, root_validator

from tandem.orders.config import EngineOptions
from tandem.orders.mapping.services import SERVICES, of_the_shop

VERSION = "2026-10"


class ShopifyOptions(EngineOptions):
    """How to reach a Shopify shop.

    Attributes:
        shop: The shop's own address at Shopify.
        token: A permanent token of a custom app made in the admin (until 2025), `shpat_...`.
        client_id, client_secret: Of an app of the Dev Dashboard; tokens are fetched by them and last a day.
        version: Of the Admin API; quarterly.
        returns: Whether a return waits for the merchant's approval, or is open at once.
        services: Which delivery service of data/shop.yml a shipping rate is, by its title.
        gift_cards: Whether vouchers are made, as gift cards; the app needs the scope for it.
    """

    shop: str = Field(
        regex=r"[a-z0-9][a-z0-9-]*\.myshopify\.com\Z", description="an address such as mine.myshopify.com")
    token: str = Field("", repr=False, regex=r"[!-~]*\Z", description="a token, shpat_...")
    client_id: str = ""
    client_secret: str = Field("", repr=False, regex=r"[!-~]*\Z", description="the app's client secret")
    version: str = Field(VERSION, regex=r"20[2-9][0-9]-(01|04|07|10)\Z", description="a version such as 2026-10")
    returns: Literal["request", "open"] = "request"
    gift_cards: bool = False
    services: Mapping[str, str] = SERVICES

    _services = of_the_shop("services")

    @root_validator(skip_on_failure=True)
    def _signs_in_one_way(cls, values: dict[str, Any]) -> dict[str, Any]:
        if bool(values["token"]) == bool(values["client_id"] or values["client_secret"]):
            raise ValueError("must have token, or client_id and client_secret")
        if bool(values["client_id"]) != bool(values["client_secret"]):
            raise ValueError("must have client_id and client_secret together")
        return values
