"""Requests that cannot be read, from anybody: refused in a few bytes, and no page of the log for each."""
from __future__ import annotations

import pytest

from tests.integration.access.conftest import Server

CHUNKED = b"Transfer-Encoding: chunked\r\n"
REQUESTS = {
    "an address with control characters": (b"GET /\x1b[31m HTTP/1.1", b"", b""),
    "an address that is not ASCII": (b"GET /\xff\xfe HTTP/1.1", b"", b""),
    "an address with a port that is none": (b"GET http://a:99999999/ HTTP/1.1", b"", b""),
    "no address": (b"GET  HTTP/1.1", b"", b""),
    "a method of no route": (b"FOO /status HTTP/1.1", b"", b""),
    "another protocol": (b"PRI * HTTP/2.0", b"", b""),
    "a greeting of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"", b""),
    "a header without a colon": (b"GET / HTTP/1.1", b"X y\r\n", b""),
    "a header with control characters": (b"GET / HTTP/1.1", b"Origin: https://a\x1b[31m\r\n", b""),
    "a header with a line break": (b"GET / HTTP/1.1", b"Origin: https://a\r2026 INFO all is well\r\n", b""),
    "a host that is none": (b"GET /nowhere HTTP/1.1", b"Host: [::1\r\n", b""),
    "a length that is no number": (b"POST /webhook HTTP/1.1", b"Content-Length: abc\r\n", b""),
    "a negative length": (b"POST /webhook HTTP/1.1", b"Content-Length: -1\r\n", b""),
    "two lengths": (b"POST /webhook HTTP/1.1", b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{}"),
    "a length and chunks": (b"POST /webhook HTTP/1.1", b"Content-Length: 2\r\n" + CHUNKED, b"0\r\n\r\n"),
    "an unknown coding": (b"POST /webhook HTTP/1.1", b"Transfer-Encoding: x\r\n", b""),
    "chunks of no length": (b"POST /webhook HTTP/1.1", CHUNKED, b"ZZ\r\n\r\n"),
    "chunks of a negative length": (b"POST /nowhere HTTP/1.1", CHUNKED, b"-5\r\n\r\n"),
    "an expectation": (b"POST /webhook HTTP/1.1", b"Expect: luck\r\nContent-Length: 2\r\n", b"{}"),
    "an address of nothing": (b"GET /nowhere HTTP/1.1", b"", b""),
}


@pytest.mark.timeout(240)
def test_what_cannot_be_read_is_refused_and_fills_no_log(server: Server) -> None:
    for name, (line, headers, body) in REQUESTS.items():
        before = len(server.log.read_text().splitlines())
        host = b"" if b"Host" in headers else b"Host: x\r\n"
        answer = server.answer(line + b"\r\n" + host + headers + b"\r\n" + body)
        written = server.log.read_text().splitlines()[before:]
        assert answer.startswith(b"HTTP/1.1 4"), f"{name}: {answer[:200]!r}"
        assert len(written) <= 1, f"{name}: {written}"
        assert not any("well" in one or "\x1b" in one for one in written), f"{name}: {written}"
    assert server.well() and "Traceback" not in server.log.read_text()
