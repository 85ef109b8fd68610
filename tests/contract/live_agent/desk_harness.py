"""The embedded desk: its agents act on the ledger itself, and read what it holds."""
from __future__ import annotations

import json

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, Author, Handoff, Kind, Owner
from tandem.conversations.ownership import Ownership
from tandem.live_agents.protocol import LiveAgentChannel
from tests.contract.live_agent.harness import ToolWebhook, Traits
from tests.fakes.clock import Clock


class DeskHarness:
    """Hands at the desk."""

    traits = Traits()

    def start(self, clock: Clock) -> None:
        """Nothing runs."""

    def stop(self) -> None:
        """Nothing runs."""

    def channel(self) -> LiveAgentChannel | None:
        return None

    def attach(self, ledger: Ledger, ownership: Ownership) -> None:
        self._ledger = ledger
        self._ownership = ownership

    def openings(self, conversation_id: str) -> list[str]:
        before = [message.text for message in self._ledger.transcript(conversation_id)]
        return [json.dumps(handoff.card.to_dict(), ensure_ascii=False) + "\n".join(before)
                for handoff in self._ledger.handoffs(conversation_id)]

    def talk(self, conversation_id: str) -> list[str]:
        spans = [(handoff.opened_at, handoff.closed_at) for handoff in self._ledger.handoffs(conversation_id)]
        return [message.text for message in self._ledger.transcript(conversation_id)
                if message.author is Author.CUSTOMER and message.kind is Kind.TEXT
                and any(start < message.at and (end is None or message.at <= end) for start, end in spans)]

    def is_open(self, conversation_id: str) -> bool:
        return self._ledger.conversation(conversation_id).owner in (Owner.WAITING, Owner.AGENT)

    def agent_claims(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._ownership.claim(handoff.conversation_id, _agent(agent))

    def agent_types(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._ledger.set_typing(handoff.conversation_id, Author.AGENT, agent)

    def agent_says(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._ownership.take_over(handoff.conversation_id, _agent(agent))
        self._ownership.reply(handoff.conversation_id, _agent(agent), text)

    def agent_notes(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._ownership.note(handoff.conversation_id, _agent(agent), text)

    def agent_hands_back(
        self, handoff: Handoff, line: str = "", agent: str = "Kim", resume: bool | None = None,
    ) -> None:
        self._ownership.hand_back(handoff.conversation_id, None, line, resume=bool(resume))

    def agent_resolves(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._ownership.resolve(handoff.conversation_id, None)

    def webhooks(self) -> list[ToolWebhook]:
        return []

    def signed(self, body: bytes) -> ToolWebhook:
        raise NotImplementedError("the desk takes no webhooks")

    def outage(self, on: bool) -> None:
        """The desk is the ledger."""

    def lose_answers(self, count: int) -> None:
        """The desk is the ledger."""


def _agent(name: str) -> Agent:
    return Agent(name.lower(), name)


HARNESS = DeskHarness
