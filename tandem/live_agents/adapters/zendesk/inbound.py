"""What Zendesk's webhooks and message lists tell of agents."""
from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.live_agents.adapters.zendesk.client import moment
from tandem.live_agents.adapters.zendesk.outbound import KEY, OWN
from tandem.live_agents.protocol import Act, AgentEvent, WebhookRejected, WebhookUnreadable

logger = logging.getLogger(__name__)

HEADER = "x-api-key"
CHOICE = "tandem_handback"  # in the metadata with which control is released or passed to us: one of CHOICES,
LINE = "tandem_note_for_bot"  # and a line for the bot
CHOICES = {"resume": Act.RESUMED, "fresh": Act.HANDED_BACK, "resolve": Act.RESOLVED}
AGENT = "__zendesk_msg.agent.id"  # in the metadata of what was said in the agents' workspace
_ENDS = {"ticketClosed": Act.RESOLVED, "transferToEmail": Act.RESOLVED}  # reasons of a release; else handed back
_TYPING = {"typing:start": Act.TYPING, "typing:stop": Act.STOPPED_TYPING}


def verify(secret: str, headers: Mapping[str, str]) -> None:
    """Check that a webhook carries the shared secret. Zendesk does not sign the body.

    Raises:
        WebhookRejected: The secret is missing or wrong.
    """
    given = headers.get(HEADER, "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, secret.encode()):
        raise WebhookRejected("X-API-Key is not the webhook's secret")


def events_of(body: bytes) -> list[Mapping[str, Any]]:
    """The events in a webhook's body.

    Raises:
        WebhookUnreadable: It is not such a body.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WebhookUnreadable("the body is not JSON") from error
    events = data.get("events") if isinstance(data, dict) else None
    if not isinstance(events, list) or not events:
        raise WebhookUnreadable("events: must be a list; the webhook must be of version v2")
    for event in events:
        if not isinstance(event, dict) or not isinstance(event.get("id"), str) or not event["id"]:
            raise WebhookUnreadable("events: each must have an id")
    return events


def read_event(event: Mapping[str, Any], bot_integration: str) -> AgentEvent | None:
    """What an event tells of an agent's act, if anything.

    Args:
        bot_integration: Id or name of our own switchboard integration; agents hand back by passing control to it.
    """
    payload = _mapping(event.get("payload"))
    conversation = _mapping(payload.get("conversation"))
    thread, kind, at = conversation.get("id"), event.get("type"), moment(event.get("createdAt"))
    if not isinstance(thread, str) or not thread:
        return None
    metadata = _mapping(payload.get("metadata"))
    if kind == "conversation:message":
        return read_message(_mapping(payload.get("message")), thread)
    if kind == "conversation:typing":
        activity = _mapping(payload.get("activity"))
        act = _TYPING.get(str(activity.get("type")))
        if act is None or _mapping(activity.get("author")).get("type") != "business":
            return None
        return AgentEvent("", act, str(event["id"]), thread=thread, at=at)
    if kind == "switchboard:releaseControl" and not metadata.get(OWN):
        act = _ENDS.get(str(payload.get("reason")), Act.HANDED_BACK)
        return _end(act, metadata, str(event["id"]), thread, at)
    if kind == "switchboard:passControl" and not metadata.get(OWN) and is_ours(conversation, bot_integration):
        return _end(Act.HANDED_BACK, metadata, str(event["id"]), thread, at)
    return None


def read_message(message: Mapping[str, Any], thread: str) -> AgentEvent | None:
    """The word of an agent; None for the customer's, ours, and what automations say."""
    author, metadata = _mapping(message.get("author")), _mapping(message.get("metadata"))
    agent, message_id = metadata.get(AGENT), message.get("id")
    person = isinstance(agent, (str, int)) and str(agent) and not str(agent).startswith("__")
    if author.get("type") != "business" or not person or KEY in metadata or message.get("deleted"):
        return None
    text = _text(_mapping(message.get("content")))
    if not isinstance(message_id, str) or not text.strip():
        logger.info("A message of a Zendesk agent has nothing that can be passed on")
        return None
    name = author.get("displayName")
    return AgentEvent("", Act.SAID, f"message:{message_id}", str(agent), name if isinstance(name, str) else "",
                      text, thread, moment(message.get("received")))


def is_ours(conversation: Mapping[str, Any], bot_integration: str) -> bool:
    """Whether our own switchboard integration is in control."""
    active = _mapping(conversation.get("activeSwitchboardIntegration"))
    return bool(bot_integration) and bot_integration in (active.get("id"), active.get("name"))


def with_agents(conversation: Mapping[str, Any], bot_integration: str) -> bool:
    """Whether somebody other than us is in control."""
    return bool(_mapping(conversation.get("activeSwitchboardIntegration"))) and not is_ours(
        conversation, bot_integration)


def delivery(events: Sequence[Mapping[str, Any]]) -> str:
    """The name of a delivery: a repeat has the same events."""
    return "+".join(str(event["id"]) for event in events)


def _end(act: Act, metadata: Mapping[str, Any], key: str, thread: str, at: datetime | None) -> AgentEvent:
    """The end of a handoff, as whoever gave control away has chosen, or as the event itself tells."""
    choice, line = metadata.get(CHOICE), metadata.get(LINE)
    return AgentEvent("", CHOICES.get(choice.lower(), act) if isinstance(choice, str) else act, key,
                      text=line if isinstance(line, str) else "", thread=thread, at=at)


def _text(content: Mapping[str, Any]) -> str:
    """The words of a message; pictures and files are passed on as their address."""
    found = [content.get("text"), content.get("mediaUrl")]
    return "\n".join(one for one in found if isinstance(one, str) and one)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
