"""What a customer may ask for: everything that the ledger keeps of them, and nobody else's."""
from __future__ import annotations

import json
from typing import Any

import pytest

from tandem.conversations.model import ConversationNotFound, Identity
from tandem.conversations.personal_data import conversations_of, export
from tests.fakes.cards import put_card
from tests.fakes.core import Core


def test_the_export_holds_all_that_the_ledger_keeps(core: Core) -> None:
    core.says("Any news of my kettle?")
    core.case_file.record_order("c", "TD-10421", "shipped", {"Status": "shipped"})
    core.case_file.record_promise("c", "a call tomorrow")
    core.hands_off()
    assert core.bot_says("It is on the lorry.", epoch=0) is None
    found = export(core.ledger, "c")
    assert json.loads(json.dumps(found)) == found
    assert [message["text"] for message in found["messages"]] == ["Any news of my kettle?"]
    assert [one["reason"] for one in found["handoffs"]] == ["Asked for a person"]
    assert [(one["kind"], one["data"].get("text")) for one in found["case_file"]] == [
        ("order", None), ("promise", "a call tomorrow")]
    assert [one["text"] for one in found["fenced_replies"]] == ["It is on the lorry."]


@pytest.mark.parametrize("card", [{"summary": "x", "weather": "rain", "customer": "Eve"}, ["odd"], None])
def test_the_export_holds_a_card_that_this_version_cannot_read(core: Core, card: Any) -> None:
    core.says()
    core.hands_off()
    put_card(core.ledger.engine, "c", card)
    assert [one["card"] for one in export(core.ledger, "c")["handoffs"]] == [card]


def test_customers_are_found_by_the_address_they_left_while_waiting(core: Core) -> None:
    core.says("hello", conversation="known", identity=Identity("s", "eve@example.com"))
    core.says("hello", conversation="left")
    core.ownership.notify_waiting(core.hands_off("left"), "We have your address.", contact="Eve@Example.com")
    core.says("hello", conversation="other")
    core.hands_off("other")
    assert conversations_of(core.ledger, " EVE@example.com") == ["known", "left"]
    assert conversations_of(core.ledger, "") == [], "a handoff without an address is nobody's"


def test_of_a_stranger_there_is_nothing_to_export(core: Core) -> None:
    with pytest.raises(ConversationNotFound):
        export(core.ledger, "nobody")
