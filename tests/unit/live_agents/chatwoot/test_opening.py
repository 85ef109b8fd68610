"""How a handoff comes before agents, once, whatever Chatwoot holds already."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tandem.conversations.model import Author, Kind
from tandem.live_agents.protocol import Act, LiveAgentUnavailable
from tests.fakes.chatwoot_account import INBOX
from tests.fakes.chatwoot_server import BOT_TOKEN
from tests.unit.live_agents.chatwoot.conftest import Chatwoot


def test_the_customer_becomes_a_contact_and_the_card_a_private_note(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    [contact] = chatwoot.account.contacts.values()
    assert (contact["identifier"], contact["name"], contact["email"]) == ("web-1", "Maya", "maya@example.com")
    place = chatwoot.place(reference)
    assert (place["source_id"], place["status"], place["inbox_id"]) == ("web-1", "open", INBOX)
    assert place["custom_attributes"]["tandem_handoff_id"] == handoff.id
    [note] = chatwoot.messages("outgoing", private=True)
    assert note.startswith("**Mood is falling**") and "> Where is it?" in note
    assert chatwoot.messages("incoming") == []


def test_opening_again_changes_nothing(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.restart()
    again = chatwoot.channel.open(handoff, [chatwoot.message("Where is it?", seq=1)], None)
    assert again == reference
    assert (len(chatwoot.account.contacts), len(chatwoot.account.conversations)) == (1, 1)
    assert len(chatwoot.account.messages) == 1


@pytest.mark.parametrize("lost", range(1, 4))
def test_answers_that_are_lost_after_saving_double_nothing(chatwoot: Chatwoot, lost: int) -> None:
    chatwoot.server.lose = lost
    handoff, talk = chatwoot.handoff(), [chatwoot.message("Where is it?")]
    for _ in range(lost):
        with pytest.raises(LiveAgentUnavailable):
            chatwoot.channel.open(handoff, talk, None)
    chatwoot.channel.open(handoff, talk, None)
    assert [len(chatwoot.account.contacts), len(chatwoot.account.conversations), len(chatwoot.account.messages)] == \
        [1, 1, 1]


@pytest.mark.parametrize(("known", "used"), [
    ({"identifier": "web-1"}, True), ({"identifier": "WEB-1"}, False), ({"identifier": "web-12"}, False),
    ({"identifier": "webX1"}, False), ({"email": "Maya@Example.com"}, True), ({"email": "xmaya@example.com"}, False),
])
def test_a_contact_that_is_known_is_found_and_none_that_is_only_like_it(
    chatwoot: Chatwoot, known: dict[str, str], used: bool,
) -> None:
    before = chatwoot.account.add_contact({"name": "M.", **known})
    _, reference = chatwoot.opened()
    assert (chatwoot.place(reference)["contact_id"] == before["id"]) is used


def test_a_contact_that_the_filter_hides_is_found_by_search(chatwoot: Chatwoot) -> None:
    chatwoot.server.filter_hides_visitors = True
    before = chatwoot.account.add_contact({"identifier": "web-1", "name": "M."})
    assert chatwoot.place(chatwoot.opened()[1])["contact_id"] == before["id"]


def test_an_address_that_nobody_has_verified_finds_nobody(chatwoot: Chatwoot) -> None:
    before = chatwoot.account.add_contact({"name": "Maya", "email": "maya@example.com"})
    card = {"customer": {"verified_by": "order number and contact", "verified_orders": ["TD-1"]},
            "entities": [{"entity": "email", "value": "maya@example.com"}]}
    _, reference = chatwoot.opened(chatwoot.handoff(card=card))
    assert chatwoot.place(reference)["contact_id"] != before["id"]


@pytest.mark.parametrize("address", ["not an address", "a@b@c"])
def test_an_address_that_chatwoot_does_not_take_is_left_out(chatwoot: Chatwoot, address: str) -> None:
    _, reference = chatwoot.opened(chatwoot.handoff(card={"customer": {"name": "N\x00\ud800", "email": address}}))
    assert chatwoot.account.contacts[chatwoot.place(reference)["contact_id"]]["email"] is None


def test_a_contact_that_agents_have_merged_into_another_is_found_by_its_source(chatwoot: Chatwoot) -> None:
    base = chatwoot.account.add_contact({"name": "Maya M."})
    chatwoot.account.sources["web-1"] = base["id"]
    assert chatwoot.place(chatwoot.opened()[1])["contact_id"] == base["id"]


def test_with_a_bot_in_the_inbox_it_is_opened_all_the_same(chatwoot: Chatwoot) -> None:
    chatwoot.account.has_bot = True
    _, reference = chatwoot.opened()
    assert (chatwoot.place(reference)["status"], chatwoot.place(reference)["assignee_id"]) == ("open", None)
    assert chatwoot.told() == [], "neither the bot's beginning nor our own assignment is an agent's act"


def test_auto_assignment_is_a_claim(chatwoot: Chatwoot) -> None:
    chatwoot.account.assigns = 21
    chatwoot.opened()
    claims = {(event.act, event.agent_name, event.key) for event in chatwoot.told()}
    assert [(act, name) for act, name, _ in claims] == [(Act.CLAIMED, "Kim")]


# -- the next time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("knows_merge", [True, False])
def test_after_a_hand_back_the_same_conversation_is_taken_up(chatwoot: Chatwoot, knows_merge: bool) -> None:
    chatwoot.server.knows_merge = knows_merge
    _, earlier = chatwoot.opened()
    place = chatwoot.place(earlier)
    chatwoot.account.change(place, assignee_id=21)
    chatwoot.account.change(place, custom_attributes={**place["custom_attributes"], "tandem_note_for_bot": "by Friday",
                                                      "vip": True})
    chatwoot.account.change(place, status="pending")
    chatwoot.told()
    second = chatwoot.handoff(2)
    talk = [chatwoot.message("Where is it?", seq=1), chatwoot.message("", Author.SYSTEM, seq=2, kind=Kind.EVENT,
            data={"event": "handed_back"}), chatwoot.message("And my refund?", seq=3)]
    for _ in range(2):
        reference = chatwoot.channel.open(second, talk, earlier)
    assert reference == {"thread": earlier["thread"], "shown": 3}
    assert (place["status"], place["assignee_id"]) == ("open", None), "Kim is not said to be there"
    kept = place["custom_attributes"]
    assert (kept["tandem_handoff_id"], kept["tandem_note_for_bot"], kept["vip"]) == (second.id, "", True)
    assert chatwoot.told() == []
    note = chatwoot.messages("outgoing", private=True)[-1]
    assert "And my refund?" in note and "Where is it?" not in note, "agents have the first talk above"
    assert len(chatwoot.messages("outgoing", private=True)) == 2


def test_after_a_resolution_a_new_conversation_is_made(chatwoot: Chatwoot) -> None:
    first, earlier = chatwoot.opened()
    chatwoot.account.change(chatwoot.place(earlier), status="resolved")
    _, reference = chatwoot.opened(chatwoot.handoff(2), earlier)
    assert reference["thread"] != earlier["thread"] and len(chatwoot.account.contacts) == 1
    assert chatwoot.place(earlier)["status"] == "resolved"
    assert chatwoot.place(earlier)["custom_attributes"]["tandem_handoff_id"] == first.id


def test_an_inbox_that_keeps_one_conversation_is_respected(chatwoot: Chatwoot) -> None:
    chatwoot.account.keeps_one_conversation = True
    _, earlier = chatwoot.opened()
    chatwoot.account.change(chatwoot.place(earlier), status="resolved")
    second, reference = chatwoot.opened(chatwoot.handoff(2), earlier)
    place = chatwoot.place(reference)
    assert reference["thread"] == earlier["thread"]
    assert (place["status"], place["custom_attributes"]["tandem_handoff_id"]) == ("open", second.id)


def test_an_agent_who_writes_in_a_resolved_conversation_gets_it_back(chatwoot: Chatwoot) -> None:
    _, earlier = chatwoot.opened()
    place = chatwoot.place(earlier)
    chatwoot.account.change(place, status="resolved")
    chatwoot.told()
    taken = chatwoot.handoff(2, card={}, claimed_by="chatwoot:21", trigger="take_over")
    reference = chatwoot.channel.open(taken, [chatwoot.message("Where is it?", seq=1)], earlier)
    assert reference["thread"] == earlier["thread"]
    assert (place["status"], place["assignee_id"]) == ("open", 21)
    assert len(chatwoot.messages("outgoing", private=True)) == 1, "there was nothing new to tell"
    assert {(event.act, event.agent_id) for event in chatwoot.told()} == {(Act.CLAIMED, "21")}


def test_a_conversation_that_was_deleted_is_made_anew(chatwoot: Chatwoot) -> None:
    _, earlier = chatwoot.opened()
    del chatwoot.account.conversations[int(earlier["thread"])]
    _, reference = chatwoot.opened(chatwoot.handoff(2), earlier)
    assert chatwoot.place(reference)["status"] == "open"


@pytest.mark.parametrize(("outcome", "before", "after"), [
    ("resolved", "open", "resolved"), ("handed_back", "open", "pending"), ("handed_back", "snoozed", "pending"),
    ("handed_back", "resolved", "resolved"), ("resolved", "pending", "resolved"), (None, "open", "pending"),
])
def test_the_end_shows_in_the_status(chatwoot: Chatwoot, outcome: str | None, before: str, after: str) -> None:
    _, reference = chatwoot.opened()
    chatwoot.account.change(chatwoot.place(reference), status=before)
    for _ in range(2):
        chatwoot.channel.close(reference, chatwoot.handoff(outcome=outcome, closed_at=chatwoot.clock()))
        assert chatwoot.place(reference)["status"] == after


def test_the_end_of_an_older_handoff_does_not_close_the_newer_one(chatwoot: Chatwoot) -> None:
    first, reference = chatwoot.opened()
    chatwoot.account.change(chatwoot.place(reference), status="pending")
    chatwoot.opened(chatwoot.handoff(2), reference)
    chatwoot.channel.close(reference, first)
    assert chatwoot.place(reference)["status"] == "open"


def test_closing_what_agents_have_deleted_is_no_trouble(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.account.conversations.clear()
    chatwoot.channel.close(reference, handoff)


@pytest.mark.parametrize("down", [429, 500, 502])
def test_an_outage_is_for_another_try(chatwoot: Chatwoot, down: int) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.server.down = down
    calls: list[Callable[[], object]] = [
        lambda: chatwoot.opened(chatwoot.handoff(2)), lambda: chatwoot.channel.close(reference, handoff),
        lambda: chatwoot.channel.say(reference, handoff, chatwoot.message("x"), False),
        lambda: chatwoot.channel.sweep(reference, handoff, chatwoot.clock() - timedelta(minutes=1)),
    ]
    for call in calls:
        with pytest.raises(LiveAgentUnavailable) as caught:
            call()
        assert caught.value.retry_after == (7 if down == 429 else None)


def test_a_bot_s_token_is_told_to_be_the_wrong_one(chatwoot: Chatwoot) -> None:
    chatwoot.restart(token=BOT_TOKEN)
    with pytest.raises(LiveAgentUnavailable, match="not authorized for bots; check token"):
        chatwoot.opened()
