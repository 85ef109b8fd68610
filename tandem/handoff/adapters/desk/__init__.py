"""The embedded desk, the default live-agent channel."""
from __future__ import annotations

from tandem.conversations.model import Handoff, Message


class DeskChannel:
    """The desk reads the ledger itself and watches its feed: a handoff in the ledger is already on its screen."""

    name = "desk"

    def open(self, handoff: Handoff) -> None:
        """Nothing to carry: the desk shows every open handoff of the ledger."""

    def customer_wrote(self, handoff: Handoff, message: Message) -> None:
        """Nothing to carry: the desk shows the ledger's transcript."""

    def close(self, handoff: Handoff) -> None:
        """Nothing to carry: the desk follows the ledger's owner."""
