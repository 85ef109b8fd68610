"""What the integrator posts: one event of an agent in each request."""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tandem.conversations.store import MAX_NOTE_FOR_BOT
from tandem.live_agents import json_payloads
from tandem.live_agents.adapters.webhook.outbound import SCHEMA_VERSION
from tandem.live_agents.protocol import Act, AgentEvent, WebhookUnreadable

ACTS: Mapping[str, Act] = {f"agent.{act.value}": act for act in Act if act is not Act.RESUMED}  # has a key: `resume`
MAX_TEXT = 100_000  # characters
_TIME = re.compile(  # as in schema.json
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
_WITH_TEXT = (Act.SAID, Act.NOTED)


def parse(body: bytes) -> AgentEvent:
    """Read the event in a body, checked as `schema.json` says. Keys that are not known are passed over.

    Raises:
        WebhookUnreadable: The body is not such an event; the text names the key.
    """
    data = json_payloads.parse(body)
    version = data.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise WebhookUnreadable(f"schema_version: must be {SCHEMA_VERSION}")
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in ACTS:
        raise WebhookUnreadable(f"type: must be one of {', '.join(ACTS)}")
    act = ACTS[kind]
    agent = data.get("agent")
    if not isinstance(agent, dict):
        raise WebhookUnreadable("agent: must be an object with id and name")
    limit = MAX_NOTE_FOR_BOT if act in (Act.HANDED_BACK, Act.RESOLVED) else MAX_TEXT
    if act is Act.HANDED_BACK and _flag(data, "resume"):
        act = Act.RESUMED
    return AgentEvent(
        handoff_id=_text(data, "handoff_id", 64), act=act, key=_text(data, "id", 200),
        agent_id=_text(agent, "id", 100, "agent."), agent_name=_text(agent, "name", 100, "agent."),
        text=_text(data, "text", limit) if act in _WITH_TEXT or "text" in data else "", at=_time(data),
    )


def _text(data: Mapping[str, Any], key: str, limit: int, path: str = "") -> str:
    value = data.get(key)
    least = 0 if key == "text" and data.get("type") not in ("agent.said", "agent.noted") else 1
    if not isinstance(value, str) or not least <= len(value) <= limit:
        raise WebhookUnreadable(f"{path}{key}: must be a text of {least} to {limit} characters")
    return value


def _flag(data: Mapping[str, Any], key: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise WebhookUnreadable(f"{key}: must be true or false")
    return value


def _time(data: Mapping[str, Any]) -> datetime:
    value = json_payloads.text(data.get("at"))
    at = json_payloads.moment(value) if _TIME.fullmatch(value) else None
    if at is None:
        raise WebhookUnreadable("at: must be a time with its zone, such as 2025-03-12T15:00:00Z")
    return at
