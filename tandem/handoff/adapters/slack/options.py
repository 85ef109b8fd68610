"""The keys of a `slack` channel in endpoints.yml."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tandem.handoff.calls import TIMEOUT
from tandem.handoff.routing import LiveAgentConfigError

API = "https://slack.com/api"
CLAIM = "eyes"  # the reaction with which an agent claims
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_KEYS = frozenset({"bot_token", "signing_secret", "channel", "claim_reaction", "api_url", "timeout"})


@dataclass(frozen=True)
class SlackOptions:
    """How to reach the agents' channel.

    Attributes:
        channel: The channel's id, such as C024BE91L.
        claim_reaction: Name of the emoji that claims, without colons.
        timeout: Seconds for each of connecting, sending and waiting.
    """

    bot_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    channel: str
    claim_reaction: str = CLAIM
    api_url: str = API
    timeout: float = TIMEOUT


def read_options(name: str, options: Mapping[str, Any]) -> SlackOptions:
    """The options of endpoints.yml, checked.

    Raises:
        LiveAgentConfigError: A key is missing, wrong or unknown; the text names it.
    """
    for key in sorted(set(options) - _KEYS):
        raise _wrong(name, f"{key} is not known; there are {', '.join(sorted(_KEYS))}")
    timeout = options.get("timeout", TIMEOUT)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 1 <= timeout <= 20:
        raise _wrong(name, "timeout must be 1 to 20 seconds")
    return SlackOptions(
        bot_token=_like(name, options, "bot_token", r"xoxb-[\x21-\x7e]{1,500}", "a bot token, which begins with xoxb-"),
        signing_secret=_like(name, options, "signing_secret", r"[\x21-\x7e]{16,200}",
                             "the signing secret of the app's Basic Information"),
        channel=_like(name, options, "channel", r"[CG][A-Z0-9]{4,30}", "a channel's id such as C024BE91L"),
        claim_reaction=_like(name, options, "claim_reaction", r"[a-z0-9_+'-]{1,100}",
                             "an emoji's name without colons, such as eyes", CLAIM),
        api_url=_address(name, options), timeout=float(timeout),
    )


def _like(
    name: str, options: Mapping[str, Any], key: str, pattern: str, what: str, default: str | None = None,
) -> str:
    value = options.get(key, default)
    if value is None or value == "":
        raise _wrong(name, f"{key} is missing")
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise _wrong(name, f"{key} must be {what}")
    return value


def _address(name: str, options: Mapping[str, Any]) -> str:
    value = options.get("api_url", API)
    try:
        parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        fits = safe and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise _wrong(name, f"api_url must be an https address such as {API}")
    return str(value).rstrip("/")


def _wrong(name: str, what: str) -> LiveAgentConfigError:
    return LiveAgentConfigError(f"live_agent: {name}: {what}; see docs/slack.md")
