"""The keys of a `zendesk` channel in endpoints.yml."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tandem.handoff.adapters.zendesk.outgoing import FIELDS
from tandem.handoff.calls import TIMEOUT
from tandem.handoff.routing import LiveAgentConfigError

HOST = "https://api.smooch.io"
AGENTS = "zd-agentWorkspace"  # how Zendesk names the switchboard integration of its agents
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_KEYS = frozenset({"app_id", "key_id", "key_secret", "webhook_secret", "integration", "bot_integration", "api_url",
                   "ticket_fields", "tags", "timeout", "allow_http"})


@dataclass(frozen=True)
class ZendeskOptions:
    """How to reach a Zendesk account.

    Attributes:
        integration: Id or name of the switchboard integration that gets customers: the agents'.
        bot_integration: Ours, if the switchboard has one: it holds the conversation while the opening is written.
        ticket_fields: Ids of ticket fields by what of the handoff goes there.
        timeout: Seconds for each of connecting, sending and waiting.
    """

    app_id: str
    key_id: str
    key_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    integration: str = AGENTS
    bot_integration: str = ""
    api_url: str = HOST
    ticket_fields: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    timeout: float = TIMEOUT


def read_options(name: str, options: Mapping[str, Any]) -> ZendeskOptions:
    """The options of endpoints.yml, checked.

    Raises:
        LiveAgentConfigError: A key is missing, wrong or unknown; the text names it.
    """
    for key in sorted(set(options) - _KEYS):
        raise _wrong(name, f"{key} is not known; there are {', '.join(sorted(_KEYS))}")
    return ZendeskOptions(
        app_id=_segment(name, options, "app_id"), key_id=_text(name, options, "key_id"),
        key_secret=_text(name, options, "key_secret"), webhook_secret=_secret(name, options),
        integration=_text(name, options, "integration", AGENTS),
        bot_integration=_text(name, options, "bot_integration", "", required=False),
        api_url=_address(name, options), ticket_fields=_fields(name, options.get("ticket_fields") or {}),
        tags=_tags(name, options.get("tags") or []), timeout=_timeout(name, options.get("timeout", TIMEOUT)),
    )


def _text(name: str, options: Mapping[str, Any], key: str, default: str | None = None, required: bool = True) -> str:
    value = options.get(key, default)
    if required and (value is None or value == ""):
        raise _wrong(name, f"{key} is missing")
    if not isinstance(value, str) or not value.isprintable():
        raise _wrong(name, f"{key} must be a text")
    return value


def _segment(name: str, options: Mapping[str, Any], key: str) -> str:
    value = _text(name, options, key)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", value):
        raise _wrong(name, f"{key} must be an id such as 5d8cff3cd55b040010928b5b")
    return value


def _secret(name: str, options: Mapping[str, Any]) -> str:
    value = _text(name, options, "webhook_secret")
    if len(value) < 16:
        raise _wrong(name, "webhook_secret must have at least 16 characters")
    return value


def _address(name: str, options: Mapping[str, Any]) -> str:
    value, open_network = _text(name, options, "api_url", HOST), options.get("allow_http", False)
    if not isinstance(open_network, bool):
        raise _wrong(name, "allow_http must be true or false")
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise _wrong(name, "api_url must be an address such as https://api.smooch.io")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not open_network:
        raise _wrong(name, "api_url must begin with https")
    return value.rstrip("/")


def _fields(name: str, value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise _wrong(name, "ticket_fields must be a mapping of what to a field's id")
    for what, field_id in value.items():
        if what not in FIELDS:
            raise _wrong(name, f"ticket_fields: {what} is not known; there are {', '.join(FIELDS)}")
        if isinstance(field_id, bool) or not re.fullmatch(r"[0-9]{1,20}", str(field_id)):
            raise _wrong(name, f"ticket_fields: {what} must be the number of a ticket field")
    return {what: str(field_id) for what, field_id in value.items()}


def _tags(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
            isinstance(tag, str) and re.fullmatch(r"[^\s,]{1,80}", tag) for tag in value):
        raise _wrong(name, "tags must be a list of words")
    return tuple(value)


def _timeout(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value <= 25:
        raise _wrong(name, "timeout must be 1 to 25 seconds")
    return float(value)


def _wrong(name: str, what: str) -> LiveAgentConfigError:
    return LiveAgentConfigError(f"live_agent: {name}: {what}; see docs/zendesk.md")
