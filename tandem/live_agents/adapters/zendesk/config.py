"""The keys of a `zendesk` channel in endpoints.yml."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tandem.live_agents.adapters.zendesk.outbound import FIELDS
from tandem.live_agents.config import ALLOW_HTTP, AdapterConfig
from tandem.live_agents.http_client import TIMEOUT

HOST = "https://api.smooch.io"
AGENTS = "zd-agentWorkspace"  # how Zendesk names the switchboard integration of its agents
_KEYS = frozenset({"app_id", "key_id", "key_secret", "webhook_secret", "integration", "bot_integration", "api_url",
                   "ticket_fields", "tags", "timeout", ALLOW_HTTP})


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
    given = AdapterConfig(name, options, _KEYS, "zendesk.md")
    return ZendeskOptions(
        app_id=given.like("app_id", r"[A-Za-z0-9_-]{1,100}", "an id such as 5d8cff3cd55b040010928b5b"),
        key_id=_text(given, "key_id"), key_secret=_text(given, "key_secret"), webhook_secret=_secret(given),
        integration=_text(given, "integration", AGENTS),
        bot_integration=_text(given, "bot_integration") if options.get("bot_integration", "") != "" else "",
        api_url=given.address("api_url", HOST, HOST).rstrip("/"),
        ticket_fields=_fields(given, options.get("ticket_fields") or {}),
        tags=_tags(given, options.get("tags") or []), timeout=given.timeout(TIMEOUT, 25),
    )


def _text(given: AdapterConfig, key: str, default: str | None = None) -> str:
    value = given.required(key, default)
    if not isinstance(value, str) or not value.isprintable():
        raise given.wrong(f"{key} must be a text")
    return value


def _secret(given: AdapterConfig) -> str:
    value = _text(given, "webhook_secret")
    if len(value) < 16:
        raise given.wrong("webhook_secret must have at least 16 characters")
    return value


def _fields(given: AdapterConfig, value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise given.wrong("ticket_fields must be a mapping of what to a field's id")
    for what, field_id in value.items():
        if what not in FIELDS:
            raise given.wrong(f"ticket_fields: {what} is not known; there are {', '.join(FIELDS)}")
        if isinstance(field_id, bool) or not re.fullmatch(r"[0-9]{1,20}", str(field_id)):
            raise given.wrong(f"ticket_fields: {what} must be the number of a ticket field")
    return {what: str(field_id) for what, field_id in value.items()}


def _tags(given: AdapterConfig, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
            isinstance(tag, str) and re.fullmatch(r"[^\s,]{1,80}", tag) for tag in value):
        raise given.wrong("tags must be a list of words")
    return tuple(value)
