"""Run Rasa's server with the guard before all its routes: python -m tandem.gateway.rasa_server run [ARGUMENT ...].

It takes the arguments of the command `rasa`. Tokens come from the environment and never stand on a command line.
"""
from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import rasa.core.run
from rasa.__main__ import main
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from tandem.gateway.protection import protect_rasa
from tandem.rasa_ext.action_endpoint import authorise
from tandem.rasa_ext.locks import ConversationLocks
from tandem.rasa_ext.version import require_supported_rasa
from tandem.settings import Settings, load


def guarded(configure_app: Callable[..., Sanic], settings: Settings) -> Callable[..., Sanic]:
    """Wrap Rasa's function that makes its application: the guard is put before it."""

    def configure(*arguments: Any, **named: Any) -> Sanic:
        app = configure_app(*arguments, **named)
        protect_rasa(app, settings)
        app.add_route(healthz, "/healthz")
        endpoints = named.get("endpoints")
        if endpoints is not None and endpoints.action is not None:
            authorise(endpoints.action, settings)
        return app

    return configure


async def healthz(request: Request) -> HTTPResponse:
    """Answer 200 once the model is loaded, 503 before and if it could not be; `locks` do not count: see locks.py."""
    agent = getattr(request.app.ctx, "agent", None)
    ready = agent is not None and agent.is_ready()
    locks = getattr(agent, "lock_store", None)
    away = isinstance(locks, ConversationLocks) and locks.is_away
    return json_response({"status": "ok" if ready else "no model is loaded", "locks": "away" if away else "ok"},
                         status=200 if ready else 503)


if __name__ == "__main__":
    require_supported_rasa()
    logging.getLogger("alembic").setLevel(logging.WARNING)  # its plugins tell of themselves as it is imported
    rasa.core.run.configure_app = guarded(rasa.core.run.configure_app, load())
    main()
