"""The keys of `engine: woocommerce` in endpoints.yml."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, validator

from tandem.orders.config import EngineOptions, address
from tandem.orders.mapping.services import SERVICES, of_the_shop
from tandem.orders.model import OrderStatus

# Completed is paid and sent, not delivered. What waits for a payment is on hold.
STATUSES: Mapping[str, OrderStatus] = {
    "pending": OrderStatus.PAYMENT_FAILED, "on-hold": OrderStatus.PAYMENT_FAILED, "failed": OrderStatus.PAYMENT_FAILED,
    "processing": OrderStatus.PROCESSING, "completed": OrderStatus.SHIPPED, "cancelled": OrderStatus.CANCELLED,
    "refunded": OrderStatus.CANCELLED,
}


class WooCommerceOptions(EngineOptions):
    """How to reach a WooCommerce.

    Attributes:
        key_in: Where key and secret are sent; `query` for servers that drop the header, into whose logs they then get.
        statuses: What the statuses mean, of plugins too, beside or in place of the usual.
        tracking: Where parcels are: in the plugin's part of the order (`meta`), in WooCommerce's own fulfilments
            (`core`), at the plugin's address (`plugin`), or nowhere.
        services: Which delivery service of data/shop.yml a shipping method is, by its title.
        refund: Whether cancelling gives the money back through the payment gateway. Without it, paid orders are
            cancelled by people.
    """

    url: str = Field(description="the shop's address, such as https://shop.example.com")
    key: str = Field(repr=False, regex=r"[!-~]+\Z", description="a consumer key, ck_...")
    secret: str = Field(repr=False, regex=r"[!-~]+\Z", description="a consumer secret, cs_...")
    key_in: Literal["header", "query"] = "header"
    statuses: Mapping[str, OrderStatus] = Field(
        {}, description=f"a mapping of your statuses to ours: {', '.join(one.value for one in OrderStatus)}")
    tracking: Literal["meta", "core", "plugin", "none"] = "meta"
    refund: bool = False
    services: Mapping[str, str] = SERVICES

    _url = address("url")
    _services = of_the_shop("services")

    @validator("statuses", always=True)
    def _with_the_usual(cls, value: Mapping[str, OrderStatus]) -> Mapping[str, OrderStatus]:
        return {**STATUSES, **{name.removeprefix("wc-"): status for name, status in value.items()}}
