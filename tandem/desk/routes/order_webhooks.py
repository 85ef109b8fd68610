"""The door for shop engines: Shopify and WooCommerce tell that an order has changed."""
from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool

from tandem.desk.errors import NotFound, Unauthenticated
from tandem.desk.routes.conversations import ERRORS
from tandem.desk.routes.live_agents import Unreadable
from tandem.desk.security.auth import desk_of
from tandem.desk.security.responses import SafeJSONResponse
from tandem.order_updates.webhooks import EngineWebhooks, ForgedWebhook, UnknownEngine, UnreadableWebhook

logger = logging.getLogger(__name__)

door = APIRouter(prefix="/order-updates", tags=["order updates"], responses=ERRORS,
                 default_response_class=SafeJSONResponse)


@door.post("/{engine}/webhook")
async def webhook(request: Request, engine: Annotated[str, Path(max_length=64)]) -> SafeJSONResponse:
    """Take a webhook of the shop's engine, `shopify` or `woocommerce`: it is checked, noted and answered."""
    desk = desk_of(request)
    address = request.client.host if request.client else "unknown"
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    webhooks = EngineWebhooks(desk.services.ledger, desk.settings)
    try:
        outcome = await run_in_threadpool(webhooks.receive, engine, headers, body)
    except UnknownEngine as error:
        desk.pace.rejected_webhook(address)
        raise NotFound("no webhooks of this engine are taken; see docs/order-updates.md") from error
    except ForgedWebhook as error:
        desk.pace.rejected_webhook(address)
        logger.warning("A webhook of %s was rejected: %s", engine, error)
        raise Unauthenticated(str(error)) from error
    except UnreadableWebhook as error:
        raise Unreadable(str(error)) from error
    if outcome == "ping":
        desk.pace.rejected_webhook(address)  # unsigned, so that only so many are answered
    return SafeJSONResponse({"status": outcome})
