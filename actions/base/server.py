"""What is put into the action server, however it is started: the question for its token, and threads for the ledger."""
from __future__ import annotations

from typing import Any

import pluggy
from rasa_sdk.plugin import plugin_manager

from tandem.access.sanic_guard import PUBLIC, Entrance, TokenCheck, for_programs, protect
from tandem.access.sanic_requests import refuse_quietly
from tandem.access.tokens import actions_tokens
from tandem.executors import collect_less_often, use_ledger_threads
from tandem.settings import load

MAX_CALL = 20_000_000  # bytes; a call carries the conversation so far
NAME = "tandem"


class ServerGuard:
    """The plugin of rasa_sdk that is shown the server's application."""

    @pluggy.HookimplMarker("rasa_sdk")
    def attach_sanic_app_extensions(self, app: Any) -> None:
        """Put the guard before the application's routes."""
        check = for_programs(TokenCheck(actions_tokens(load()), setting="TANDEM_ACTIONS_TOKEN", open_here=False))

        def entrance_of(path: str) -> Entrance:
            return PUBLIC if path == "/health" else check

        protect(app, entrance_of, MAX_CALL)
        refuse_quietly(app)
        app.register_listener(_give_threads, "before_server_start")


async def _give_threads(_: Any, __: Any) -> None:
    use_ledger_threads()
    collect_less_often()


if not plugin_manager().has_plugin(NAME):
    plugin_manager().register(ServerGuard(), NAME)
