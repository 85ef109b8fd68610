"""Whoever makes up `X-Forwarded-For` has the limits of their own address, against real processes."""
from __future__ import annotations

from itertools import count

import httpx
import pytest

from tandem.access.sanic_guard import REJECTED
from tests.integration.access.conftest import Server
from tests.rate_limits import assert_limited


@pytest.mark.timeout(240)
def test_another_address_in_each_request_gives_no_more_guesses(server: Server) -> None:
    asked = f"http://127.0.0.1:{server.port}" + ("/api/stats" if server.health == "/healthz" else "/actions")
    with httpx.Client(trust_env=False, timeout=20) as client:
        guesses = ({"Authorization": "Bearer guess", "X-Forwarded-For": f"203.0.113.{number}"} for number in count(1))
        assert_limited(lambda: client.get(asked, headers=next(guesses)).status_code, status=401,
                       at_once=REJECTED, per_minute=REJECTED)
