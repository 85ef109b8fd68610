"""Hundreds of connections that send nothing, against real processes that may open few files: customers are served."""
from __future__ import annotations

import contextlib

import pytest

from tests.integration.access.conftest import Server

CROWD = 400
HEAD = b"POST /webhook HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("first_bytes", [b"", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{"],
                         ids=["nothing", "half a head", "half a body"])
def test_a_crowd_that_sends_no_request_keeps_no_customer_out(server: Server, first_bytes: bytes) -> None:
    with contextlib.ExitStack() as crowd:
        for number in range(CROWD):
            crowd.enter_context(server.connect(first_bytes))
            if number % 50 == 49:
                assert server.well(), f"after {number} connections"
        assert server.well()
    assert "connections are open" in server.log.read_text(), "and the operator is told"
    assert "Traceback" not in server.log.read_text() and server.log.read_text().count("ERROR") == 0
    assert server.well()
