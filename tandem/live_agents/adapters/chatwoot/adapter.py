"""The channel: one Chatwoot conversation for a handoff, taken up again if the customer was handed back in it."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from tandem.conversations.model import Author, Handoff, Message
from tandem.conversations.store import printable
from tandem.live_agents.adapters.chatwoot import config as options_of
from tandem.live_agents.adapters.chatwoot import webhooks
from tandem.live_agents.adapters.chatwoot.client import Account, Json, mark_of
from tandem.live_agents.adapters.chatwoot.http import Client, Invalid, NotThere
from tandem.live_agents.adapters.chatwoot.inbound import handoff_of, mapping, said, state
from tandem.live_agents.adapters.chatwoot.outbound import agents_word, attributes, note, since_end
from tandem.live_agents.protocol import THREAD, AgentEvent, Reference

CLOCKS = timedelta(minutes=10)  # that Chatwoot's clock may be away from ours when we look for what we said
SHOWN = "shown"  # in the reference: the last message of the transcript that agents were shown
_CLOSED: Mapping[str | None, str] = {"resolved": "resolved"}  # handoff's outcome: status; any other is the bot's


class ChatwootChannel:
    """Live agents in an API inbox of Chatwoot. Our ids in what we create make every call safe to repeat."""

    def __init__(
        self, name: str, options: options_of.Options, transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            clock: Seconds since 1970.
        """
        self.name = name
        self._options = options
        self._client = Client(options, transport)
        self._clock = clock
        self._own_user: int | None = None

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> ChatwootChannel:
        """The channel as endpoints.yml configures it.

        Raises:
            LiveAgentConfigError: A key is missing, wrong or unknown; the text names it.
        """
        return cls(name, options_of.read(name, options))

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """An open conversation with the card and the earlier talk in one private note."""
        account = self._account()
        told = attributes(handoff, self._user(account))
        conversation = self._taken_up(account, handoff, earlier)
        shown: Sequence[Message] = transcript
        if conversation is not None and earlier is not None:
            shown = since_end(transcript, int(earlier.get(SHOWN, 0)))
        else:
            conversation = self._opened(account, handoff, told)
        if handoff_of(conversation) != handoff.id:
            account.set_attributes(conversation, told)
        self._make_open(account, handoff, conversation)
        thread, words = str(conversation["id"]), note(handoff, shown)
        if words and not account.is_there(thread, _mark(handoff), handoff.opened_at - CLOCKS):
            account.create_message(thread, _mark(handoff), words, "outgoing", private=True)
        return {THREAD: thread, SHOWN: transcript[-1].seq if transcript else 0}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """The customer's word as an incoming message; that of an agent at the desk as an outgoing one."""
        account, thread, mark = self._account(), str(reference[THREAD]), _mark(handoff, message)
        if again and account.is_there(thread, mark, message.at - CLOCKS):
            return
        if message.author is Author.CUSTOMER:
            account.create_message(thread, mark, printable(message.text), "incoming")
        else:
            account.create_message(thread, mark, agents_word(message), "outgoing")

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Resolved, or pending if the bot has the customer again. Agents may have closed or deleted it already."""
        account = self._account()
        try:
            conversation = account.conversation(str(reference[THREAD]))
        except NotThere:
            return
        wanted = _CLOSED.get(handoff.outcome, "pending")
        if handoff_of(conversation) == handoff.id and conversation.get("status") not in (wanted, "resolved"):
            account.set_status(conversation, wanted)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """The id of a webhook that Chatwoot has signed."""
        webhooks.verify(self._options.secret, headers, body, self._clock())
        webhooks.parse(body)
        return webhooks.delivery_id(headers, body)

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        """Nothing: Chatwoot looks at the status alone."""
        return None

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """What an agent did, by a webhook."""
        return webhooks.read(webhooks.parse(body), self._options.inbox_id)

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Messages since then, and who has the conversation or how it ended."""
        account, thread = self._account(), str(reference[THREAD])
        conversation = account.conversation(thread)  # before the messages: an end must not overtake a word
        messages = reversed([message for message in account.latest(thread, since - CLOCKS) if mark_of(message) is None])
        events = [event for message in messages for event in said(message, conversation)]
        if handoff_of(conversation) == handoff.id:
            events += state(conversation)
        return events

    # -- opening ----------------------------------------------------------------------------------------------

    def _account(self) -> Account:
        return Account(self._client.call(), self._options.account_id, self._options.inbox_id)

    def _user(self, account: Account) -> int:
        if self._own_user is None:
            self._own_user = account.own_id()
        return self._own_user

    def _taken_up(self, account: Account, handoff: Handoff, earlier: Reference | None) -> Json | None:
        """The conversation of the handoff before, if it was not resolved, or if an agent wrote in it again."""
        if earlier is None:
            return None
        try:
            conversation = account.conversation(str(earlier[THREAD]))
        except NotThere:
            return None
        return conversation if conversation.get("status") != "resolved" or not handoff.card else None

    def _opened(self, account: Account, handoff: Handoff, told: Json) -> Json:
        """The conversation of an attempt whose answer was lost, or a new one."""
        customer = mapping(handoff.card, "customer")
        identifier, email = handoff.conversation_id, _text(customer, "email")
        contact = account.contact(identifier, email)
        if contact is None:
            name = _text(customer, "name") or f"Customer {identifier}"
            try:
                contact = account.create_contact(identifier, name, email)
            except Invalid:
                # Taken meanwhile, or an address of which Chatwoot does not approve.
                contact = account.contact(identifier, email)
                if contact is None:
                    contact = account.create_contact(identifier, name, "")
        else:
            for conversation in account.conversations_of(contact):
                if handoff_of(conversation) == handoff.id:
                    return account.conversation(str(conversation["id"]))
        return account.create_conversation(identifier, contact, told)

    def _make_open(self, account: Account, handoff: Handoff, conversation: Json) -> None:
        """Open, and with nobody who is not there: the agent who took over, or whomever Chatwoot assigns."""
        if conversation.get("status") != "open":
            if handoff.card and mapping(mapping(conversation, "meta"), "assignee"):
                account.assign(conversation, 0)
            account.set_status(conversation, "open")
            conversation = account.conversation(str(conversation["id"]))
        assignee = mapping(mapping(conversation, "meta"), "assignee").get("id")
        taker = (handoff.claimed_by or "").removeprefix(f"{self.name}:")
        if not handoff.card and taker.isascii() and taker.isdigit():
            if str(assignee) != taker:
                account.assign(conversation, int(taker))
        elif assignee is not None and assignee == self._own_user:
            account.assign(conversation, 0)


def _mark(handoff: Handoff, message: Message | None = None) -> str:
    """What we plant in our messages."""
    return f"{handoff.id}:{message.seq if message is not None else 'card'}"


def _text(card: Json, key: str) -> str:
    value = card.get(key)
    return printable(value) if isinstance(value, str) else ""
