"""Orders of a web service: in the JSON of docs/order-systems.md, or in JSON of its own, described in endpoints.yml."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tandem.orders.adapters.http.adapter import HttpOrderSystem
from tandem.orders.adapters.http.config import HttpOptions, MappedHttpOptions
from tandem.orders.adapters.http.mapped import MappedService
from tandem.orders.config import OrdersSection
from tandem.orders.engine_orders import EngineOrders
from tandem.orders.http_client import HttpClient

if TYPE_CHECKING:
    from tandem.orders.factory import Opener, ShopContext

MAPPING = "order"  # the key that says that the JSON is the service's own


def open_orders(section: OrdersSection, context: ShopContext) -> Opener:
    """Return what opens the orders.

    Raises:
        OrdersConfigError: A key is missing or wrong.
        ValueError: The URL of the environment cannot be one.
    """
    if section.from_environment:  # a URL of the settings, which may have a password in it
        service = HttpOrderSystem(str(section.options["url"]), policies=context.policies)
        return lambda: service
    if MAPPING not in section.options:
        options = section.read(HttpOptions)
        client = HttpClient(options.url, **(options.auth.sent() if options.auth else {}))
        own = HttpOrderSystem(options.url, client, policies=context.policies)
        return lambda: own
    mapped = section.read(MappedHttpOptions)
    client = HttpClient(mapped.url, **(mapped.auth.sent() if mapped.auth else {}))
    engine = MappedService(mapped, client, context.settings.shop_timezone, context.policies.refund_business_days)
    return lambda: EngineOrders(engine, context.write_log() if engine.acts else None, context.policies)
