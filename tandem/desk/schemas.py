"""The public JSON forms of the desk's API: what goes out, and what may come in."""
from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, Field, StrictBool, StrictStr

from tandem.conversations import store
from tandem.conversations.model import Conversation, Handoff, Message
from tandem.conversations.store import MAX_NOTE_FOR_BOT


class AgentBody(BaseModel):
    """A program may name the agent for whom it acts."""

    agent: StrictStr | None = Field(None, max_length=120, description="For whom a program acts; sessions ignore it")


class TextBody(AgentBody):
    """A message to the customer, or a note."""

    text: StrictStr = Field(..., description="Plain text, at most 10,000 characters")
    client_id: StrictStr | None = Field(
        None, max_length=255, description="The caller's own id for the message; a repeat of it is the first message")


class CloseBody(AgentBody):
    """The end of a person's part."""

    note_for_bot: StrictStr = Field(
        "", max_length=MAX_NOTE_FOR_BOT, description="A line that the bot passes on to the customer")


class HandBackBody(CloseBody):
    """The end of a person's part, and what the bot does next."""

    resume: StrictBool = Field(False, description="true: the bot carries on with what it was in the middle of")


class TypingBody(AgentBody):
    """Whether the agent writes at the moment."""

    writes: StrictBool = Field(True, description="false takes the sign away at once")


class PresenceBody(BaseModel):
    """Whether the agent is at the desk."""

    away: StrictBool = Field(..., description="true: takes no new customers just now")


class ErrorOut(BaseModel):
    """Every error."""

    error: str
    detail: str


class MessageOut(BaseModel):
    """One entry of the transcript."""

    seq: int
    author: str = Field(..., description="customer, bot, agent or system")
    kind: str = Field(..., description="text, note (private, among agents) or event")
    name: str
    text: str
    at: str = Field(..., description="ISO 8601, UTC")
    delivery: str = Field(..., description="none, pending, sent, delivered, waiting, failed or doubt")
    client_id: str | None
    intent: str | None
    mood: dict[str, Any] | None
    data: dict[str, Any]


class FindOrderBody(AgentBody):
    """What the customer says of an order."""

    number: StrictStr = Field(..., max_length=64, description="The order's number")
    contact: StrictStr = Field(..., max_length=254, description="The e-mail address or postcode on the order")


class OrderOut(BaseModel):
    """An order as it is now."""

    number: str
    status: str
    facts: dict[str, str] = Field(..., description="label to value, ready to read")


class OrdersOut(BaseModel):
    """Several orders."""

    orders: list[OrderOut]


class OrderActBody(AgentBody):
    """What is to be done to an order."""

    act: Literal["exchange", "reship", "refund", "voucher", "expedite", "note"]
    conversation_id: StrictStr | None = Field(
        None, max_length=255, description="The conversation whose customer has shown the order; agents need one")
    amount: StrictStr | None = Field(
        None, max_length=20, description='For refund and voucher, as "12.50"; a refund without one is all that is left')
    skus: list[StrictStr] = Field([], max_items=100, description="For exchange and reship; none is all")
    wanted: StrictStr = Field("", max_length=500, description="For exchange: what instead, in words")
    text: StrictStr = Field("", max_length=500, description="For note")


class DoOrderActBody(OrderActBody):
    """The same, confirmed."""

    token: StrictStr = Field(..., max_length=64, description="Of the preview")
    key: StrictStr = Field(..., min_length=8, max_length=200, description="The caller's own; a repeat does nothing")


class PossibleActsOut(BaseModel):
    """What the caller may do to an order."""

    order: OrderOut
    acts: list[str]
    refundable: dict[str, str] | None = Field(..., description="amount and currency: what is left of what was paid")
    left_to_give: dict[str, str] | None = Field(
        ..., description="amount and currency: what the caller may still give for it today; null is no limit")


class OrderActPreviewOut(BaseModel):
    """What an act will do."""

    act: str
    number: str
    amount: dict[str, str] | None = Field(..., description="amount and currency")
    method: str | None = Field(..., description="on which way money goes back: card, paypal, ...")
    items: list[dict[str, Any]] = Field(..., description="sku, name, quantity of the goods that it is about")
    token: str


class OrderActOut(BaseModel):
    """What was done."""

    act: str
    number: str
    amount: dict[str, str] | None
    method: str | None
    items: list[dict[str, Any]]
    reference: str = Field(..., description="how the shop system calls what it made; a voucher's code")
    repeated: bool = Field(..., description="it was done before, under this key")
    says: str = Field(..., description="a sentence for the customer, in their language; empty for a note")
    order: OrderOut


class HandoffOut(BaseModel):
    """A handoff; `card` only where one conversation is asked for."""

    id: str
    reason: str
    trigger: str
    urgency: float
    opened_at: str
    claimed_by: str | None
    claimed_at: str | None
    card: dict[str, Any] | None


class ConversationHead(BaseModel):
    """A conversation without its messages."""

    id: str
    channel: str
    owner: str = Field(..., description="bot, waiting, agent or resolved")
    epoch: int
    handoff: HandoffOut | None
    customer: dict[str, Any] | None
    created_at: str
    updated_at: str
    last_text: str
    typing: dict[str, str] | None = Field(..., description="the agent who writes at the moment")
    customer_typing: bool


class ConversationOut(ConversationHead):
    """A conversation with its messages."""

    messages: list[MessageOut]


class ConversationList(BaseModel):
    """Conversations of one or all owners."""

    conversations: list[ConversationHead]


class Stats(BaseModel):
    """How the desk stands."""

    waiting: int
    longest_wait_seconds: float
    open_by_agent: dict[str, int]
    agents: list[dict[str, Any]] = Field(..., description="id, name, state (available, away, offline), open, capacity")
    handoffs: int = Field(..., description="opened in the last 7 days")
    first_response: dict[str, float | None] = Field(..., description="seconds, last 7 days: count, p50, p95")
    handle_time: dict[str, float | None] = Field(..., description="from claim to end: count, p50, p95")
    containment: float | None = Field(..., description="share of conversations that needed nobody, last 7 days")
    retried: int = Field(..., description="messages that took more than one attempt")
    in_doubt: int = Field(..., description="messages that may or may not have arrived")
    dead: int = Field(..., description="dead letters of live-agent tools")
    deliveries: dict[str, int] = Field(..., description="messages in each delivery state")
    fenced: int = Field(..., description="bot replies suppressed because a person owned the conversation")


class CustomerExport(BaseModel):
    """All that is kept about a customer."""

    exported_at: str
    conversations: list[dict[str, Any]]


class ErasureResult(BaseModel):
    """What was erased."""

    erased: list[str]


def message_form(message: Message) -> dict[str, Any]:
    """Write a message as `MessageOut`."""
    return {
        "seq": message.seq, "author": message.author.value, "kind": message.kind.value, "name": message.name,
        "text": message.text, "at": message.at.isoformat(), "delivery": message.delivery.value,
        "client_id": message.client_id, "intent": message.intent,
        "mood": asdict(message.mood) if message.mood else None, "data": dict(message.data),
    }


def handoff_form(handoff: Handoff, with_card: bool = True) -> dict[str, Any]:
    """Write a handoff as `HandoffOut`."""
    form: dict[str, Any] = {
        "id": handoff.id, "reason": handoff.reason, "trigger": handoff.trigger, "urgency": handoff.urgency,
        "opened_at": handoff.opened_at.isoformat(), "claimed_by": handoff.claimed_by,
        "claimed_at": handoff.claimed_at.isoformat() if handoff.claimed_at else None,
    }
    if with_card:
        form["card"] = handoff.card.to_dict()
    return form


def conversation_form(
    conversation: Conversation, handoff: Handoff | None, messages: list[Message] | None = None,
) -> dict[str, Any]:
    """Write a conversation as `ConversationOut`, or as `ConversationHead` when no messages are given."""
    form: dict[str, Any] = {
        "id": conversation.id, "channel": conversation.channel, "owner": conversation.owner.value,
        "epoch": conversation.epoch,
        "handoff": handoff_form(handoff, with_card=messages is not None) if handoff else None,
        "customer": store.from_identity(conversation.identity),
        "created_at": conversation.created_at.isoformat(), "updated_at": conversation.updated_at.isoformat(),
        "last_text": conversation.last_text,
        "typing": dict(zip(("author", "name"), conversation.typing)) if conversation.typing else None,
        "customer_typing": conversation.customer_typing,
    }
    if messages is not None:
        form["messages"] = [message_form(message) for message in messages]
    return form
