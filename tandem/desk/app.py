"""Composes the desk's web application."""
from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from tandem.agents.audit import Readings
from tandem.conversations.feed import Feed
from tandem.desk import errors
from tandem.desk.agent_service import AgentService
from tandem.desk.app_state import Desk
from tandem.desk.canned_responses import CANNED, CannedResponses
from tandem.desk.housekeeping import Housekeeping
from tandem.desk.live_queue import LiveQueue
from tandem.desk.routes import (
    accounts,
    admin,
    conversations,
    dead_letters,
    live,
    live_agents,
    order_acts,
    order_webhooks,
    orders,
    pages,
    queue,
    sign_in,
)
from tandem.desk.security.proxies import BehindProxies
from tandem.desk.security.rate_limit import Pace
from tandem.desk.security.responses import BodyLimit, Compress, ReadableHost, SecurityHeaders
from tandem.desk.security.sessions import Sessions
from tandem.desk.security.sign_in_attempts import SignInAttempts
from tandem.desk.views.card import feeling
from tandem.desk.views.queue import customer_name
from tandem.desk.views.rendering import FOLDER, Pages
from tandem.executors import use_ledger_threads
from tandem.live_agents.relay.worker import Relay
from tandem.services import Services, open_relay, open_services, open_update_worker, open_watchdog
from tandem.settings import Settings

DESCRIPTION = (
    "Conversations between customers, the bot and agents. Programs send `Authorization: Bearer` with the API token and "
    "may say for which agent they act (`X-Tandem-Agent`, or `agent` in the body). Every error is "
    '`{"error": ..., "detail": ...}`.'
)


_REQUEST_THREADS = 24  # together fewer than the connections that `tandem.db.engine` opens
_LEDGER_THREADS = 6  # the feed, the watch and the relay


class _Files(StaticFiles):
    """Static files; a name that no file can have is not found, instead of an error of the file system."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        return ("", None) if "\x00" in path else super().lookup_path(path)


def create_app(
    settings: Settings, services: Services | None = None, canned: Path = CANNED, relay: Relay | None = None,
) -> FastAPI:
    """Make the desk, an ASGI application.

    Args:
        services: What to work with; opened from the settings when None.
        canned: The file of canned responses.
        relay: What carries handoffs to outside live-agent tools; opened from endpoints.yml when None.

    Raises:
        LiveAgentConfigError: The `live_agent:` section of endpoints.yml cannot be read.
    """
    services = services or open_services(settings)
    feed = Feed(services.ledger)
    rendered = Pages(settings)
    live_queue = LiveQueue(services.ledger, feed, lambda entry: rendered.fragment(
        "_row.html", entry=entry, link=pages.link, customer_name=customer_name, feeling=feeling))
    carries = relay or open_relay(services)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        use_ledger_threads(_LEDGER_THREADS)
        to_thread.current_default_thread_limiter().total_tokens = _REQUEST_THREADS
        feed.start()
        loop = asyncio.get_running_loop()
        tasks = (loop.create_task(open_watchdog(services).run(), name="watch"),
                 loop.create_task(Housekeeping(services).run(), name="housekeeping"),
                 loop.create_task(open_update_worker(services).run(), name="order_updates"),
                 loop.create_task(live_queue.run(), name="live_queue"))
        try:
            async with live_agents.working(carries):
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await feed.stop()

    app = FastAPI(title="Tandem desk", version="0.1.0", description=DESCRIPTION, lifespan=lifespan,
                  docs_url=None, redoc_url=None)
    app.state.desk = Desk(
        settings=settings, services=services, sessions=Sessions(services.engine),
        sign_in=SignInAttempts(services.engine), feed=feed, live_queue=live_queue, work=AgentService(services, feed),
        pages=rendered, canned=CannedResponses(canned),
        relay=carries, pace=Pace(limited=not settings.demo_on_loopback), readings=Readings(services.engine),
    )
    errors.install(app)
    app.add_middleware(Compress)
    app.add_middleware(BodyLimit)
    app.add_middleware(ReadableHost)
    app.add_middleware(SecurityHeaders, secure=settings.secure_cookies)
    app.add_middleware(BehindProxies, settings=settings)
    for router in (admin.health, admin.router, accounts.api, accounts.pages, orders.router, order_acts.router,
                   conversations.router, sign_in.router, pages.router, queue.router, dead_letters.router,
                   live.router, live_agents.door, live_agents.router, order_webhooks.door):
        app.include_router(router)
    app.mount("/static", _Files(directory=FOLDER / "static"), name="static")
    return app
