"""Chatwoot, as its agents see and use it."""
from __future__ import annotations

import re
from contextlib import ExitStack

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Handoff
from tandem.conversations.ownership import Ownership
from tandem.live_agents.adapters.chatwoot import ChatwootChannel
from tandem.live_agents.protocol import LiveAgentChannel
from tests.contract.live_agent.harness import ToolWebhook, Traits, serving
from tests.fakes.chatwoot_account import ACCOUNT, INBOX, SECRET, Json
from tests.fakes.chatwoot_server import USER_TOKEN, ChatwootServer
from tests.fakes.clock import Clock


class ChatwootHarness:
    """An account with an API inbox."""

    traits = Traits(sweeps=True, timed=True)

    def start(self, clock: Clock) -> None:
        self._clock = clock
        self._server = ChatwootServer(clock)
        self._stack = ExitStack()
        self._url = self._stack.enter_context(serving(self._server.app))

    def stop(self) -> None:
        self._stack.close()
        assert self._server.complaints == []

    def channel(self) -> LiveAgentChannel | None:
        channel = ChatwootChannel.from_options("chatwoot", {
            "url": self._url, "account_id": ACCOUNT, "inbox_id": INBOX, "token": USER_TOKEN, "secret": SECRET})
        channel._clock = lambda: self._clock().timestamp()
        return channel

    def attach(self, ledger: Ledger, ownership: Ownership) -> None:
        """Chatwoot knows nothing of the ledger."""

    # -- what agents see --------------------------------------------------------------------------------------

    def _conversations(self, conversation_id: str) -> list[Json]:
        return [one for one in self._server.account.conversations.values() if one["source_id"] == conversation_id]

    def _messages(self, conversation_id: str) -> list[Json]:
        numbers = {one["id"] for one in self._conversations(conversation_id)}
        return [message for message in self._server.account.messages if message["conversation_id"] in numbers]

    def openings(self, conversation_id: str) -> list[str]:
        return [_as_read(message["content"]) for message in self._messages(conversation_id)
                if message["private"] and message["sender"]["name"] == "Tandem"]

    def talk(self, conversation_id: str) -> list[str]:
        return [message["content"] if message["kind"] == "incoming"
                else _as_read(message["content"]).partition(":**\n\n")[2]
                for message in self._messages(conversation_id)
                if message["kind"] == "incoming"
                or (message["kind"] == "outgoing" and not message["private"] and message["sender"]["name"] == "Tandem")]

    def is_open(self, conversation_id: str) -> bool:
        return any(one["status"] == "open" for one in self._conversations(conversation_id))

    # -- what agents do ---------------------------------------------------------------------------------------

    def _before_agents(self, handoff: Handoff) -> Json:
        """The conversation that was opened for the handoff, whichever it shows by now."""
        self._clock.advance(milliseconds=10)
        found = self._conversations(handoff.conversation_id)
        return next((one for one in found if one["custom_attributes"]["tandem_handoff_id"] == handoff.id), found[-1])

    def agent_claims(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._server.account.change(self._before_agents(handoff), assignee_id=self._server.account.agent(agent)["id"])

    def agent_types(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._server.account.types(self._before_agents(handoff), agent)

    def agent_says(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        # As it stands after Chatwoot's Liquid: what that leaves out, no customer gets.
        message = self._server.account.says(self._before_agents(handoff), agent, "")
        self._server.account.queue.pop()
        message["content"] = text
        self._server.account._tell("message_created", lambda: self._server.account.message_webhook(message))

    def agent_notes(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._server.account.says(self._before_agents(handoff), agent, text, private=True)

    def agent_hands_back(
        self, handoff: Handoff, line: str = "", agent: str = "Kim", resume: bool | None = None,
    ) -> None:
        conversation = self._before_agents(handoff)
        if resume is not None:
            choice = "resume" if resume else "fresh"
            self._server.account.says(conversation, agent, f"/handback {choice} {line}", private=True)
            return
        if line:
            attributes = {**conversation["custom_attributes"], "tandem_note_for_bot": line}
            self._server.account.change(conversation, custom_attributes=attributes)
        self._server.account.change(conversation, status="pending")

    def agent_resolves(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._server.account.change(self._before_agents(handoff), status="resolved")

    def webhooks(self) -> list[ToolWebhook]:
        return [ToolWebhook(headers, body) for headers, body in self._server.account.webhooks()]

    def signed(self, body: bytes) -> ToolWebhook:
        return ToolWebhook(self._server.account.signed(body), body)

    # -- troubles ---------------------------------------------------------------------------------------------

    def outage(self, on: bool) -> None:
        self._server.down = 503 if on else None

    def lose_answers(self, count: int) -> None:
        self._server.lose = count


def _as_read(markdown: str) -> str:
    """Markdown as it is shown: marks of quotes and escapes are gone."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", re.sub(r"(?m)^> ?", "", markdown))


HARNESS = ChatwootHarness
