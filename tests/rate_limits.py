"""Whether answers show a rate limit, however slow the machine is on which they were asked for."""
from __future__ import annotations

import math
import time
from collections.abc import Callable

REFUSED = 429


def assert_limited(ask: Callable[[], int], *, status: int, at_once: int, per_minute: float, more: int = 5) -> None:
    """Ask `at_once` times and `more`; check that the first are answered with `status` and the rest refused.

    What the limit gives back while the asking goes on is answered too: on a busy machine that is one or the other.
    """
    since = time.monotonic()
    statuses = [ask() for _ in range(at_once)]
    assert statuses == [status] * at_once
    beyond = [ask() for _ in range(more)]
    given_back = math.ceil((time.monotonic() - since) * per_minute / 60)
    assert set(beyond) <= {status, REFUSED}
    assert beyond.count(status) <= given_back, f"{beyond} beyond the limit, where {given_back} may have been given back"
    for _ in range(given_back + more):
        if ask() == REFUSED:
            return
    raise AssertionError(f"nothing is refused after {at_once + 2 * more + given_back} times")
