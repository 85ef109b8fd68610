"""Errors of the desk, and how each becomes an answer: JSON for programs, a page for people."""
from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from tandem.agents.accounts import find
from tandem.conversations.model import (
    AlreadyClaimed,
    ConversationNotFound,
    InvalidMessage,
    NotAllowed,
)
from tandem.desk.security.responses import SafeJSONResponse
from tandem.executors import NotBegun

logger = logging.getLogger(__name__)

_NAMES = {400: "bad_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
          409: "conflict", 413: "too_large", 422: "invalid", 429: "too_many"}


class DeskError(Exception):
    """Base of the desk's own errors.

    DeskError
    ├── Unauthenticated    nobody is signed in, or the token is wrong
    ├── Forbidden          the role or the CSRF token forbids it
    ├── NotFound           the message or the customer does not exist
    ├── Conflict           the thing exists, but not in a state that allows the step
    ├── TooManyRequests            there were too many attempts
    └── Unavailable        a system behind the desk does not answer
    """

    status = 500
    error = "internal"


class Unauthenticated(DeskError):
    """Nobody is signed in, or the token is wrong."""

    status, error = 401, "unauthenticated"


class Forbidden(DeskError):
    """The caller's role forbids it, or the CSRF token is missing."""

    status, error = 403, "forbidden"


class NotFound(DeskError):
    """The message or the customer does not exist."""

    status, error = 404, "not_found"


class Conflict(DeskError):
    """The thing exists, but not in a state that allows the step."""

    status, error = 409, "conflict"


class TooManyRequests(DeskError):
    """There were too many attempts; later ones may do."""

    status, error = 429, "too_many"


class Unavailable(DeskError):
    """A system behind the desk does not answer."""

    status, error = 503, "unavailable"


_CONVERSATION_ERRORS: tuple[tuple[type[Exception], int, str], ...] = (
    (ConversationNotFound, 404, "not_found"),
    (NotAllowed, 409, "not_allowed"),
    (InvalidMessage, 422, "invalid"),
)


def answer(request: Request, status: int, error: str, detail: Any, headers: dict[str, str] | None = None) -> Response:
    """Tell an error to whoever asked: a browser that opens a page gets a page, everything else JSON."""
    if not request.url.path.startswith("/api") and _takes_a_page(request.headers.get("accept", "")):
        if status == 401:
            return RedirectResponse(_sign_in_for(request), status_code=303)
        pages = request.app.state.desk.pages
        page: Response = pages.render("error.html", status=status, detail=_sentence(status, detail))
        page.status_code = status
        return page
    return SafeJSONResponse({"error": error, "detail": detail}, status_code=status, headers=headers)


def _takes_a_page(accept: str) -> bool:
    """Check whether the caller asks for a whole page.

    A page's script asks for `text/html-fragment` and never shows one.
    """
    return "text/html" in {one.partition(";")[0].strip().lower() for one in accept.split(",")}


def _sign_in_for(request: Request) -> str:
    """Return the sign-in page, which leads on to the page that was asked for."""
    asked = quote(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
    return "/sign-in" if request.method != "GET" or asked == "/" else "/sign-in?" + urlencode({"next": asked})


def _sentence(status: int, detail: Any) -> str:
    """Write an error's detail as a page says it; HTTP's own phrase for a status tells people nothing."""
    if not isinstance(detail, str) or not detail or detail == HTTPStatus(status).phrase:
        return "The address may be mistyped or out of date." if status in (404, 405) else "Please try again."
    return f"{detail[0].upper()}{detail[1:].rstrip('.')}."


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(DeskError)
    def desk_error(request: Request, error: DeskError) -> Response:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        return answer(request, error.status, error.error, str(error), headers)

    @app.exception_handler(AlreadyClaimed)
    def already_claimed(request: Request, error: AlreadyClaimed) -> Response:
        holder = find(request.app.state.desk.services.engine, error.holder) if error.holder else None
        detail = f"{holder.name} has this conversation" if holder else str(error)
        return answer(request, 409, "already_claimed", detail)

    for kind, status, name in _CONVERSATION_ERRORS:
        app.add_exception_handler(kind, _handler(status, name))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        problems = error.errors()
        # What was sent is not repeated: it may be personal, or not fit into an answer.
        detail = "; ".join(f"{'.'.join(str(part) for part in item['loc'])[:200]}: {item['msg']}" for item in problems)
        if any(item["type"].startswith(("json_invalid", "value_error.jsondecode")) for item in problems):
            return answer(request, 400, "bad_request", "the body is not valid JSON")
        return answer(request, 422, "invalid", detail)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers) if error.headers else None
        return answer(request, error.status_code, _NAMES.get(error.status_code, "error"), error.detail, headers)

    @app.exception_handler(SQLAlchemyError)
    def database(request: Request, error: SQLAlchemyError) -> Response:
        logger.error("The database did not answer", exc_info=error)
        return answer(request, 503, "unavailable", "the database did not answer; try again in a moment")

    @app.exception_handler(NotBegun)
    def busy(request: Request, error: NotBegun) -> Response:
        return answer(request, 503, "unavailable", "the desk is busy; try again in a moment")

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        logger.error("A request failed unexpectedly", exc_info=error)
        return answer(request, 500, "internal", "something went wrong here; the log says what")


def _handler(status: int, name: str) -> Any:
    def handle(request: Request, error: Exception) -> Response:
        detail = "there is no such conversation" if status == 404 else str(error)
        return answer(request, status, name, detail)

    return handle
