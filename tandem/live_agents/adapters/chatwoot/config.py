"""What endpoints.yml says about a Chatwoot, checked."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tandem.live_agents.config import ALLOW_HTTP, AdapterConfig

TIMEOUT = 8.0  # seconds
_KEYS = frozenset({"url", "account_id", "inbox_id", "token", "secret", "timeout", ALLOW_HTTP})
_TOKEN = r"[!-~]{8,200}"  # goes into a header: what is refused there would be shown in the error


@dataclass(frozen=True)
class Options:
    """One account and one API inbox of a Chatwoot.

    Attributes:
        url: Where agents sign in, without a path of Chatwoot's own.
        token: The access token of a user; a bot's does not reach contacts and lists of messages.
        secret: With which Chatwoot signs the inbox's webhooks.
        timeout: Seconds for each of connecting, sending and waiting for an answer.
    """

    url: str
    account_id: int
    inbox_id: int
    token: str = field(repr=False)
    secret: str = field(repr=False)
    timeout: float = TIMEOUT


def read(name: str, options: Mapping[str, Any]) -> Options:
    """The options of the channel `name`.

    Raises:
        LiveAgentConfigError: A key is missing, wrong or unknown; the text names it.
    """
    given = AdapterConfig(name, options, _KEYS, "chatwoot.md")
    url = given.address("url", "https://chat.example.com")
    parts = urlsplit(url)
    if parts.username is not None or parts.query or parts.fragment:
        raise given.wrong("url must be an address such as https://chat.example.com")
    return Options(
        url.rstrip("/"), _number(given, "account_id"), _number(given, "inbox_id"),
        given.like("token", _TOKEN, "8 to 200 signs without spaces, as Chatwoot shows it"),
        given.like("secret", _TOKEN, "8 to 200 signs without spaces, as Chatwoot shows it"),
        given.timeout(TIMEOUT, 20),
    )


def _number(given: AdapterConfig, key: str) -> int:
    value = given.required(key)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):  # from an environment variable
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise given.wrong(f"{key} must be a number, as in the address of Chatwoot's page")
    return value
