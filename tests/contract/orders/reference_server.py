"""The service side of docs/order-systems.md, over any order system. A shop may start its own from this one."""
from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import Body, FastAPI, Header, Request
from fastapi.responses import JSONResponse

from tandem.orders.acts.requests import REQUESTS
from tandem.orders.adapters.http.json_format import JsonFormatError, error_to_json, from_json, to_json
from tandem.orders.errors import OrderError
from tandem.orders.model import Address, OrderAct, ReturnReason
from tandem.orders.system import OrderSystem


def order_service(current: Callable[[], OrderSystem]) -> FastAPI:
    """The web application; `current` says which order system is behind it."""
    app = FastAPI()

    @app.exception_handler(OrderError)
    async def refused(_request: Request, error: OrderError) -> JSONResponse:
        status, body = error_to_json(error)
        return JSONResponse(body, status)

    @app.exception_handler(JsonFormatError)
    async def malformed(_request: Request, error: JsonFormatError) -> JSONResponse:
        return JSONResponse({"error": {"code": "malformed", "message": str(error)}}, 400)

    @app.get("/health")
    def health() -> dict[str, str]:
        current().check()
        return {"status": "ok"}

    @app.get("/orders/{number}")
    def find(number: str) -> Any:
        return to_json(current().find(number))

    @app.post("/orders/search")
    def search(body: dict[str, Any] = Body()) -> Any:
        email = from_json(str, body.get("email"), "email")
        limit = from_json(int, body.get("limit", 10), "limit")
        system = current()
        found = system.open_orders(email) if body.get("open") else system.recent_orders(email, limit)
        return {"orders": [to_json(order) for order in found]}

    @app.post("/orders/{number}/cancel")
    def cancel(number: str, idempotency_key: str = Header()) -> Any:
        return to_json(current().cancel(number, idempotency_key=idempotency_key))

    @app.post("/orders/{number}/address")
    def address(number: str, body: dict[str, Any] = Body(), idempotency_key: str = Header()) -> Any:
        to = from_json(Address, body, "address")
        return to_json(current().change_address(number, to, idempotency_key=idempotency_key))

    @app.post("/orders/{number}/returns")
    def returns(number: str, body: dict[str, Any] = Body(), idempotency_key: str = Header()) -> Any:
        skus = body.get("skus")
        chosen = None if skus is None else from_json(tuple[str, ...], skus, "skus")
        reason = from_json(ReturnReason, body.get("reason"), "reason")
        return to_json(current().start_return(number, skus=chosen, reason=reason, idempotency_key=idempotency_key))

    @app.post("/orders/{number}/acts")
    def acts(number: str, body: dict[str, Any] = Body(), idempotency_key: str = Header()) -> Any:
        kind = REQUESTS[from_json(OrderAct, body.get("act"), "act")]
        return to_json(current().act(number, from_json(kind, body, "act"), idempotency_key=idempotency_key))

    @app.get("/orders/{number}/invoice")
    def invoice(number: str) -> Any:
        return to_json(current().invoice(number))

    return app


@contextmanager
def serving(current: Callable[[], OrderSystem]) -> Iterator[str]:
    """Run the service on a free port of this machine; its URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(order_service(current), log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline:
            raise RuntimeError("the reference order service did not start within 10 s")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
