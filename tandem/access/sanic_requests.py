"""Requests that no HTTP client sends: refused with 400.

Sanic itself would answer many of them with 500 or not at all, and write a page of trace into the log for each.
"""
from __future__ import annotations

import re
from typing import Any

from sanic import Sanic, response
from sanic.compat import Header
from sanic.exceptions import InvalidUsage, SanicException
from sanic.http import Http
from sanic.request import Request
from sanic.response import HTTPResponse

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")  # a tab is allowed
_LENGTH = re.compile(r"[0-9]{1,15}")


class ReadableRequest(Request):
    """A request whose head can be read in one way only, and be shown in a log."""

    def __init__(self, url_bytes: bytes, headers: Header, *rest: Any, **named: Any) -> None:
        """
        Raises:
            InvalidUsage: A header has control characters, or the length of the body is not said, or twice.
        """
        _check(headers)
        super().__init__(url_bytes, headers, *rest, **named)


def refuse_unreadable(app: Sanic) -> None:
    """Answer requests that cannot be read with 400, and write nothing about them."""
    app.request_class = ReadableRequest
    if getattr(Http, "tandem_refuses", False):
        return
    http: Any = Http
    answer_error, serve = http.error_response, http.http1

    async def error_response(self: Any, error: Exception) -> None:
        if self.request is None:  # the head could not be read
            self.url = None  # Sanic would read it once more for its answer, and fail once more
            error = error if isinstance(error, SanicException) else InvalidUsage("Bad Request")
        await answer_error(self, error)

    async def http1(self: Any) -> None:
        try:
            await serve(self)
        except SanicException:
            return  # what is left of a body that was refused cannot be read either; the connection is closed

    http.error_response, http.http1 = error_response, http1
    http.tandem_refuses = True


def refuse_quietly(app: Sanic) -> None:
    """Answer what the server itself refuses, such as an unknown address, with its status and no line in the log.

    For rasa_sdk, which takes each for an error of its own: 500, with a page of trace.
    """

    async def refused(_: Request, error: SanicException) -> HTTPResponse:
        return response.json({"error": str(error)}, status=getattr(error, "status_code", 500))

    app.error_handler.add(SanicException, refused)


def _check(headers: Header) -> None:
    if any(_CONTROLS.search(value) or _CONTROLS.search(name) for name, value in headers.items()):
        raise InvalidUsage("a header has characters that cannot be printed")
    lengths, codings = headers.getall("content-length", []), headers.getall("transfer-encoding", [])
    if len(lengths) + len(codings) > 1:
        raise InvalidUsage("the length of the body is said more than once")
    if codings and codings[0] != "chunked":
        raise InvalidUsage("the only Transfer-Encoding is chunked")
    if lengths and not _LENGTH.fullmatch(lengths[0].strip()):
        raise InvalidUsage("Content-Length is no number")
