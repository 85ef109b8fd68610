"""Conversations of the first release go on under their ids, on both databases; new ones get their channel's name."""
from __future__ import annotations

import pytest
from sqlalchemy.engine import Engine

from tandem.conversations.conversation_ids import conversation_id_for, require_bare
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import InboundMessage, InvalidMessage, Owner
from tandem.db.schema import upgrade


def test_a_conversation_of_the_first_release_goes_on(released: Engine) -> None:
    upgrade(released)
    ledger = Ledger(released)
    for sender in ("waits", "claimed", "pending"):
        assert conversation_id_for(ledger, "telegram", sender) == sender
    known = conversation_id_for(ledger, "telegram", "claimed")
    receipt = ledger.receive(InboundMessage(known, "telegram", "Still there?"))
    assert receipt.conversation.owner is Owner.AGENT and receipt.message.seq > 1
    assert conversation_id_for(ledger, "telegram", "new") == "telegram:new"
    assert conversation_id_for(ledger, "slack", "claimed") == "slack:claimed", "another channel's sender of that name"


def test_rest_keeps_its_conversations_of_before_and_gets_no_others(released: Engine) -> None:
    upgrade(released)
    ledger = Ledger(released)
    require_bare(ledger, "interrupted", [])
    with pytest.raises(InvalidMessage, match="another channel"):
        require_bare(ledger, "telegram:claimed", [])
    with pytest.raises(InvalidMessage, match="another channel"):
        ledger.receive(InboundMessage("claimed", "rest", "I am not the customer"))
