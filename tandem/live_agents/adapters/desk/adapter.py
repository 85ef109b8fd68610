"""The channel of the embedded desk."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.protocol import AgentEvent, Reference, WebhookRejected


class DeskChannel:
    """The desk reads the ledger itself and watches its feed: a handoff in the ledger is already on its screen."""

    name = "desk"

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Do nothing: the desk shows every open handoff of the ledger."""
        return {"handoff": handoff.id}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Do nothing: the desk shows the ledger's transcript."""

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Do nothing: the desk follows the ledger's owner."""

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Raise an error: agents act at the desk itself, never by webhook."""
        raise WebhookRejected("the desk takes no webhooks")

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        """Return None: no body of a webhook gets here."""
        return None

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """Return nothing: agents act at the desk itself."""
        return ()

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Return nothing: agents act at the desk itself."""
        return ()
