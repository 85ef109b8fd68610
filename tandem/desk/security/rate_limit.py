"""How many requests one caller of the desk may send; in the memory of this process."""
from __future__ import annotations

from fastapi import HTTPException

from tandem.access.limits import RateLimit
from tandem.access.proxies import counted_as

AGENT = 1200  # requests a minute of one account; an open page sends some 20
PROGRAM = 6000  # requests a minute of all programs with the token
REJECTED = 30  # requests with a wrong token, and webhooks that are rejected, of one address; then as many a minute


class Pace:
    """Counts requests; in a demo on loopback, which programs measure, there is no limit."""

    def __init__(self, limited: bool) -> None:
        self._limited = limited
        self._agents = RateLimit(AGENT, AGENT // 2)
        self._programs = RateLimit(PROGRAM, PROGRAM // 6)
        self._wrong_tokens = RateLimit(REJECTED, REJECTED)
        self._rejected_webhooks = RateLimit(REJECTED, REJECTED)

    def agent(self, account_id: str) -> None:
        """Count a request of an account.

        Raises:
            HTTPException: 429, it is one too many.
        """
        if self._limited:
            _count(self._agents, account_id)

    def program(self) -> None:
        """Count a request with the token.

        Raises:
            HTTPException: 429, it is one too many.
        """
        if self._limited:
            _count(self._programs, "")

    def wrong_token(self, address: str) -> None:
        """Count a request with a wrong token.

        Raises:
            HTTPException: 429, there were too many.
        """
        _count(self._wrong_tokens, counted_as(address))

    def rejected_webhook(self, address: str) -> None:
        """Count a rejected webhook of a live-agent tool, so that nobody fills the log.

        Webhooks that are signed are never refused for their number: many tools do not repeat them, and behind a proxy a
        stranger may have the tool's address.

        Raises:
            HTTPException: 429, there were too many.
        """
        _count(self._rejected_webhooks, counted_as(address))


def _count(limit: RateLimit, key: str) -> None:
    wait = limit.wait(key)
    if wait:
        raise HTTPException(429, "too many requests; try again in a moment", {"Retry-After": str(max(1, round(wait)))})
