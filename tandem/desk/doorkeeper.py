"""Who knocks too often with webhooks that cannot be taken."""
from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import HTTPException

REJECTED = 30  # rejected webhooks of one address that are answered and logged in full, then as many a minute
_REMEMBERED = 10_000  # addresses


class Doorkeeper:
    """Counts rejected webhooks by address, so that nobody fills the log; in the memory of this process.

    Webhooks that are signed are never refused for their number: many tools do not repeat them, and behind a proxy a
    stranger may have the tool's address.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # address: rejections left, at

    def rejected(self, address: str) -> None:
        """Count a rejected webhook.

        Raises:
            HTTPException: 429, there were too many.
        """
        at = self._clock()
        left, since = self._left.pop(address, (float(REJECTED), at))
        left = min(float(REJECTED), left + (at - since) * REJECTED / 60)
        self._left[address] = (max(left - 1, 0.0), at)
        if len(self._left) > _REMEMBERED:
            del self._left[next(iter(self._left))]
        if left < 1:
            raise HTTPException(429, "too many webhooks that cannot be taken", {"Retry-After": "60"})
