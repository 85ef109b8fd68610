"""The core over a database of the test's own, with a clock that moves when told."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine

from tandem.conversations.casefile import CaseFile
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, Handoff, HandoffRequest, InboundMessage, Message, Receipt
from tandem.conversations.outbox import Outbox
from tandem.conversations.ownership import Ownership
from tandem.conversations.router import Router
from tandem.conversations.turn_queue import TurnQueue
from tests.fakes.clock import Clock
from tests.fakes.ready import open_ready

ANNA = Agent("anna", "Anna")
BEN = Agent("ben", "Ben")


@dataclass(frozen=True)
class Core:
    """The services of `tandem.conversations`, and short ways to do the usual."""

    engine: Engine
    clock: Clock
    ledger: Ledger
    ownership: Ownership
    outbox: Outbox
    router: Router
    case_file: CaseFile
    turns: TurnQueue

    def says(
        self, text: str = "Where is my order?", client_id: str | None = None, conversation: str = "c",
        channel: str = "telegram", **more: Any,
    ) -> Receipt:
        """The customer writes."""
        return self.router.receive(InboundMessage(conversation, channel, text, client_id, **more))

    def bot_says(self, text: str, epoch: int | None = None, conversation: str = "c", **more: Any) -> Message | None:
        """The bot replies, in the conversation's present epoch unless told otherwise."""
        if epoch is None:
            epoch = self.ledger.conversation(conversation).epoch
        return self.ledger.record_bot_reply(conversation, epoch, text, **more)

    def hands_off(self, conversation: str = "c", reason: str = "Asked for a person", **more: Any) -> Handoff:
        """The bot brings in a person."""
        request = HandoffRequest(conversation, reason, "intent:ask_for_human", 0.5, **more)
        return self.ownership.open_handoff(request)[0]

    def with_anna(self, conversation: str = "c") -> None:
        """The customer has written, the bot has handed off, Anna has claimed."""
        self.says("A person, please", conversation=conversation)
        self.hands_off(conversation)
        self.ownership.claim(conversation, ANNA)

    def texts(self, conversation: str = "c", for_customer: bool = False) -> list[str]:
        """What was said, in order; events without words left out."""
        found = self.ledger.messages(conversation, for_customer=for_customer)
        return [message.text for message in found if message.text]


@contextmanager
def core_over(url: str, clock: Callable[[], datetime] | None = None) -> Iterator[Core]:
    """Open the core over a database."""
    engine = open_ready(url)
    time: Any = clock or Clock()
    ledger = Ledger(engine, time)
    ownership = Ownership(ledger)
    yield Core(engine, time, ledger, ownership, Outbox(ledger), Router(ledger, ownership), CaseFile(ledger),
                TurnQueue(ledger))
    engine.dispose()
