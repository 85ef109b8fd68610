"""What the help desk's webhooks and message lists tell of agents."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from tandem.live_agents import json_payloads
from tandem.live_agents.agent_commands import read_command
from tandem.live_agents.json_payloads import Json, mapping, moment, text
from tandem.live_agents.protocol import Act, AgentEvent, WebhookUnreadable
from tandem.live_agents.signatures import check_signature

SIGNATURE, TIMESTAMP = "x-template-signature", "x-template-timestamp"
_TYPING = {"typing.started": Act.TYPING, "typing.stopped": Act.STOPPED_TYPING}
_ENDS = (Act.HANDED_BACK, Act.RESUMED, Act.RESOLVED)


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Check a webhook at the moment `now` (seconds since 1970): the hex HMAC-SHA256 of `<timestamp>.<body>`.

    Raises:
        WebhookRejected: The signature is missing, wrong or too old.
    """
    timestamp = headers.get(TIMESTAMP, "")
    check_signature(secret, f"{timestamp}.".encode() + body, [headers.get(SIGNATURE, "")], timestamp, now,
                    f"{SIGNATURE} or {TIMESTAMP} is missing or no such")


def parse(body: bytes) -> Json:
    """Read the webhook's JSON.

    Raises:
        WebhookUnreadable: It is not such a body.
    """
    data = json_payloads.parse(body)
    if not text(data.get("id")):
        raise WebhookUnreadable("id: must be the event's id")
    return data


def read_event(data: Json) -> Sequence[AgentEvent]:
    """Read what a webhook tells of an agent's act; nothing for whatever else, and for what is not known."""
    kind, ticket, agent = text(data.get("type")), mapping(data.get("ticket")), mapping(data.get("agent"))
    if kind == "message.created":
        return read_message(mapping(data.get("message")), ticket)
    if kind == "ticket.closed":
        return read_end(ticket)
    act = Act.CLAIMED if kind == "ticket.assigned" else _TYPING.get(kind)
    return _event(act, text(data.get("id")), ticket, agent, "", data.get("at")) if act is not None else ()


def read_message(message: Json, ticket: Json) -> Sequence[AgentEvent]:
    """Read an agent's word, note or command; nothing for our own messages, which carry a key."""
    number, words = text(message.get("id")), text(message.get("text"))
    if message.get("key") or not number or not words.strip():
        return ()
    command = read_command(words) if message.get("private") else None
    act = Act.NOTED if message.get("private") else Act.SAID
    if command is not None and command.act in _ENDS:
        act, words = command.act, command.words
    return _event(act, f"message:{number}", ticket, mapping(message.get("agent")), words, message.get("at"))


def read_end(ticket: Json) -> Sequence[AgentEvent]:
    """Read that an agent has closed the ticket: the matter is resolved, unless we closed it ourselves."""
    if ticket.get("status") != "closed":
        return ()
    return _event(Act.RESOLVED, f"closed:{text(ticket.get('id'))}", ticket, mapping(ticket.get("closed_by")), "",
                  ticket.get("closed_at"))


def _event(act: Act, key: str, ticket: Json, agent: Json, words: str, at: object) -> Sequence[AgentEvent]:
    """Make an event, if a person is behind it and it is about a ticket of ours."""
    handoff_id, agent_id = text(ticket.get("key")), text(agent.get("id"))
    if not handoff_id or not agent_id or not key:
        return ()
    return (AgentEvent(handoff_id, act, key, agent_id, text(agent.get("name")), words, at=moment(at)),)
