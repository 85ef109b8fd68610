"""An outside tool on HTTP, with the troubles that tools have."""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.clock import Clock


class Refused(Exception):
    """A call that the tool does not take, with its answer."""

    def __init__(self, status: int, answer: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(answer)
        self.response = JSONResponse(answer, status, dict(headers or {}))


class StandIn:
    """Derive it, and make `app` of `route`s. `made` holds the webhooks that nobody has fetched yet."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.made: list[tuple[dict[str, str], bytes]] = []
        self.calls: list[str] = []
        self.down = False  # every call is answered with an error, and nothing is done
        self.lost = 0  # so many writing calls take effect, and their answers are lost

    def check(self, request: Request) -> None:
        """Raise `Refused` for a call that the tool does not let in."""

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers with which the tool sends a webhook, names in lower case."""
        raise NotImplementedError

    def send(self, content: Any) -> None:
        """Make a webhook."""
        body = json.dumps(content).encode()
        self.made.append((self.signed(body), body))

    def route(
        self, method: str, path: str, work: Callable[[Request, Any], tuple[int, Any]], name: str = "",
    ) -> Route:
        """A call of the API: `work` gets the JSON that was sent and gives status and answer, or raises `Refused`."""
        async def endpoint(request: Request) -> Response:
            self.calls.append(name or f"{method} {request.url.path}")
            if self.down:
                return Response("<html>", 503)
            try:
                self.check(request)
                body = await request.body()
                status, answer = work(request, json.loads(body) if body else None)
            except Refused as error:
                return error.response
            if method != "GET" and self.lost:
                self.lost -= 1
                return Response("gateway", 502)
            return JSONResponse(answer, status)

        return Route(path, endpoint, methods=[method])
