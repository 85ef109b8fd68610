"""What endpoints.yml says about a Chatwoot, checked."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tandem.handoff.routing import LiveAgentConfigError

TIMEOUT = 8.0  # seconds
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_KEYS = frozenset({"url", "account_id", "inbox_id", "token", "secret", "timeout", "allow_http"})
_TOKEN = re.compile(r"[!-~]{8,200}")  # goes into a header: what is refused there would be shown in the error


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
    for key in sorted(set(options) - _KEYS):
        raise _wrong(name, f"{key} is not known; there are {', '.join(sorted(_KEYS))}")
    for key in ("url", "account_id", "inbox_id", "token", "secret"):
        if options.get(key) in (None, ""):
            raise _wrong(name, f"{key} is missing")
    url, token, secret = options["url"], options["token"], options["secret"]
    timeout, allow_http = options.get("timeout", TIMEOUT), options.get("allow_http", False)
    if not isinstance(allow_http, bool):
        raise _wrong(name, "allow_http must be true or false")
    if not isinstance(url, str) or not _is_address(url):
        raise _wrong(name, "url must be an address such as https://chat.example.com")
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not allow_http:
        raise _wrong(name, "url must begin with https; set allow_http: true for a closed network")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise _wrong(name, "token must be 8 to 200 signs without spaces, as Chatwoot shows it")
    if not isinstance(secret, str) or not _TOKEN.fullmatch(secret):
        raise _wrong(name, "secret must be 8 to 200 signs without spaces, as Chatwoot shows it")
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 1 <= timeout <= 20:
        raise _wrong(name, "timeout must be 1 to 20 seconds")
    return Options(url.rstrip("/"), _number(name, options, "account_id"), _number(name, options, "inbox_id"),
                   token, secret, float(timeout))


def _number(name: str, options: Mapping[str, Any], key: str) -> int:
    value = options[key]
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):  # from an environment variable
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(name, f"{key} must be a number, as in the address of Chatwoot's page")
    return value


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
                and parts.username is None and not parts.query and not parts.fragment)
    except ValueError:
        return False


def _wrong(name: str, what: str) -> LiveAgentConfigError:
    return LiveAgentConfigError(f"live_agent: {name}: {what}; see docs/chatwoot.md")
