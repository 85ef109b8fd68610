"""A Chatwoot in memory, and the channel over it without a network."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest

from tandem.conversations.context_card import ContextCard, Customer
from tandem.conversations.model import Author, Delivery, Handoff, Kind, Message
from tandem.live_agents.adapters.chatwoot import ChatwootChannel
from tandem.live_agents.adapters.chatwoot.config import ChatwootOptions
from tandem.live_agents.protocol import AgentEvent, Reference
from tests.fakes.chatwoot_account import ACCOUNT, INBOX, SECRET, Json
from tests.fakes.chatwoot_server import USER_TOKEN, ChatwootServer
from tests.fakes.clock import Clock

CARD = ContextCard(summary="Asked three times.", channel="webchat", reason="Mood is falling", trigger="trend",
                   customer=Customer("Maya", "maya@example.com", verified_by="channel token"))


class Chatwoot:
    """The server, its clock, and a channel; `restart` makes another channel, as another process has it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.server = ChatwootServer(self.clock)
        self.account = self.server.account
        self.channel = self.restart()
        self._seq = 0

    def restart(self, **options: Any) -> ChatwootChannel:
        self.channel = ChatwootChannel(
            "chatwoot", settings().copy(update=options), httpx.MockTransport(self._answer),
            clock=lambda: self.clock().timestamp())
        return self.channel

    def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = self.server.answer(request.method, request.url.path, dict(request.url.params), request.headers,
                                    request.content)
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.body)

    def handoff(self, number: int = 1, conversation: str = "web-1", card: Any = CARD, **values: Any) -> Handoff:
        made = Handoff(f"{number:032x}", conversation, "Mood is falling", "trend", 0.8, number, self.clock(),
                       None, None, None, None, "",
                       card if isinstance(card, ContextCard) else ContextCard.from_dict(card), "chatwoot")
        return replace(made, **values)

    def message(self, text: str, author: Author = Author.CUSTOMER, **values: Any) -> Message:
        self._seq += 1
        made = Message("web-1", self._seq, author, Kind.TEXT, "", text, self.clock(), 1, Delivery.NONE)
        return replace(made, **values)

    def opened(self, handoff: Handoff | None = None, earlier: Reference | None = None) -> tuple[Handoff, Reference]:
        shown = handoff or self.handoff()
        return shown, self.channel.open(shown, [self.message("Where is it?")], earlier)

    def place(self, reference: Reference) -> Json:
        """The conversation that a reference names."""
        return self.account.conversations[int(reference["thread"])]

    def messages(self, kind: str, private: bool = False) -> list[str]:
        return [message["content"] for message in self.account.messages
                if message["kind"] == kind and message["private"] is private]

    def told(self) -> list[AgentEvent]:
        """What the webhooks since the last call tell."""
        events: list[AgentEvent] = []
        for headers, body in self.account.webhooks():
            self.channel.delivery_id(headers, body)
            events += self.channel.read(body)
        return events


def settings(**values: Any) -> ChatwootOptions:
    return ChatwootOptions(url="https://chat.example.com", account_id=ACCOUNT, inbox_id=INBOX, token=USER_TOKEN,
                           secret=SECRET, **values)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def chatwoot() -> Iterator[Chatwoot]:
    made = Chatwoot()
    yield made
    assert made.server.complaints == []
