"""What agents do in Chatwoot, as it reaches the customer."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tandem.conversations.model import Author
from tandem.live_agents.adapters.chatwoot.inbound import created_at
from tandem.live_agents.protocol import Act
from tests.fakes.chatwoot_account import OTHER_INBOX
from tests.unit.live_agents.chatwoot.conftest import Chatwoot, at


def test_agents_acts_become_events(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.told()
    place = chatwoot.place(reference)
    chatwoot.account.change(place, assignee_id=21)
    chatwoot.account.types(place, "Kim")
    chatwoot.account.says(place, "Kim", "Hello **you**")
    chatwoot.account.types(place, "Kim", on=False)
    chatwoot.account.says(place, "Lee", "ask the warehouse", private=True)
    chatwoot.account.change(place, custom_attributes={**place["custom_attributes"], "tandem_note_for_bot": " Friday "})
    chatwoot.account.change(place, status="pending")
    told = list({event.key: event for event in chatwoot.told() if event.key != "typing"}.values())
    assert [(event.act, event.agent_name, event.text) for event in told] == [
        (Act.CLAIMED, "Kim", ""), (Act.SAID, "Kim", "Hello **you**"), (Act.NOTED, "Lee", "ask the warehouse"),
        (Act.HANDED_BACK, "Kim", "Friday")]
    assert {(event.handoff_id, event.thread) for event in told} == {(handoff.id, reference["thread"])}
    times = [event.at for event in told if event.at]
    assert len(times) == 3 and times == sorted(times)


@pytest.mark.parametrize(("words", "act", "line"), [
    ("/handback resume refund promised by Friday", Act.RESUMED, "refund promised by Friday"),
    ("/handback fresh", Act.HANDED_BACK, "beside"), ("!handback", Act.HANDED_BACK, "beside"),
    ("/resolve sent a voucher", Act.RESOLVED, "sent a voucher"),
    ("/note not ours", Act.NOTED, "/note not ours"), ("/say not ours", Act.NOTED, "/say not ours"),
    ("see /handback", Act.NOTED, "see /handback"),
])
def test_a_command_in_a_private_note_ends_the_handoff(
    chatwoot: Chatwoot, words: str, act: Act, line: str,
) -> None:
    _, reference = chatwoot.opened()
    place = chatwoot.place(reference)
    chatwoot.account.change(place, custom_attributes={**place["custom_attributes"], "tandem_note_for_bot": "beside"})
    chatwoot.told()
    chatwoot.account.says(place, "Kim", words, private=True)
    [told] = chatwoot.told()
    assert (told.act, told.text, told.agent_name) == (act, line, "Kim")


def test_a_command_said_to_the_customer_is_no_command(chatwoot: Chatwoot) -> None:
    _, reference = chatwoot.opened()
    chatwoot.told()
    chatwoot.account.says(chatwoot.place(reference), "Kim", "/handback")
    assert [event.act for event in chatwoot.told()] == [Act.SAID]


@pytest.mark.parametrize(("ticked", "act"), [(True, Act.RESUMED), (False, Act.HANDED_BACK), ("true", Act.HANDED_BACK)])
def test_the_box_beside_a_pending_conversation_lets_the_bot_carry_on(
    chatwoot: Chatwoot, ticked: Any, act: Act,
) -> None:
    _, reference = chatwoot.opened()
    place = chatwoot.place(reference)
    chatwoot.account.change(place, custom_attributes={**place["custom_attributes"], "tandem_resume": ticked})
    chatwoot.told()
    chatwoot.account.change(place, status="pending")
    assert {event.act for event in chatwoot.told()} == {act}


def test_typing_is_told_but_not_over_a_private_note(chatwoot: Chatwoot) -> None:
    _, reference = chatwoot.opened()
    chatwoot.told()
    chatwoot.account.types(chatwoot.place(reference), "Kim")
    chatwoot.account.types(chatwoot.place(reference), "Kim", private=True)
    chatwoot.account.types(chatwoot.place(reference), "Kim", on=False)
    assert [event.act for event in chatwoot.told()] == [Act.TYPING, Act.STOPPED_TYPING]


def test_nothing_that_we_did_comes_back(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.channel.say(reference, handoff, chatwoot.message("from the customer"), False)
    chatwoot.channel.say(reference, handoff, chatwoot.message("from the desk", Author.AGENT, name="Anna"), False)
    assert len(chatwoot.account.queue) >= 4, "Chatwoot tells of all of it, the private note too"
    assert chatwoot.told() == []
    assert list(chatwoot.channel.sweep(reference, handoff, handoff.opened_at)) == []


def test_bots_automations_and_other_inboxes_are_passed_over(chatwoot: Chatwoot) -> None:
    _, reference = chatwoot.opened()
    place = chatwoot.place(reference)
    chatwoot.told()
    chatwoot.account.add_message(place, "outgoing", "I am a bot", {"id": 5, "name": "Bot", "type": "agent_bot"})
    chatwoot.account.add_message(place, "outgoing", "automatic", None, attributes={"automation_rule_id": 3})
    chatwoot.account.add_message(place, "template", "How was it?", chatwoot.account.agent("Kim"))
    chatwoot.account.add_message(place, "incoming", "by another way", chatwoot.account.contacts[place["contact_id"]])
    chatwoot.account.says(place, "Kim", "gone", attributes={"deleted": True})
    chatwoot.account.says(place, "Kim", "  ")
    chatwoot.account.says(place, "Kim", None)
    place["inbox_id"] = OTHER_INBOX
    chatwoot.account.says(place, "Kim", "elsewhere")
    assert chatwoot.told() == []


def test_attachments_are_told_by_their_addresses(chatwoot: Chatwoot) -> None:
    _, reference = chatwoot.opened()
    chatwoot.told()
    files = [{"id": 1, "file_type": "image", "data_url": "https://chat.example.com/label.png"}]
    chatwoot.account.says(chatwoot.place(reference), "Kim", "Your label", attachments=files)
    chatwoot.account.says(chatwoot.place(reference), "Kim", None, attachments=files)
    assert [event.text for event in chatwoot.told()] == [
        "Your label\nhttps://chat.example.com/label.png", "https://chat.example.com/label.png"]


def test_an_agent_who_gets_it_back_from_another_claims_it_again(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.told()
    for agent in (21, 22, 21):
        chatwoot.clock.advance(seconds=1)
        chatwoot.account.change(chatwoot.place(reference), assignee_id=agent)
    claims = chatwoot.told()
    assert [event.agent_name for event in claims] == ["Kim", "Lee", "Kim"]
    assert len({event.key for event in claims}) == 3
    [swept] = chatwoot.channel.sweep(reference, handoff, chatwoot.clock())
    assert swept.key == claims[0].key, "what the sweep finds is known"


def test_snoozing_leaves_the_customer_with_the_agent(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.told()
    chatwoot.account.change(chatwoot.place(reference), status="snoozed")
    assert chatwoot.told() == []
    assert list(chatwoot.channel.sweep(reference, handoff, handoff.opened_at)) == []


def test_an_end_that_was_undone_before_its_webhook_was_built_is_no_end(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.told()
    chatwoot.account.lags = True
    chatwoot.account.change(chatwoot.place(reference), status="resolved")
    chatwoot.channel.say(reference, handoff, chatwoot.message("one more thing"), False)
    assert chatwoot.place(reference)["status"] == "open", "a customer's word opens it again"
    assert chatwoot.told() == []


def test_a_late_webhook_shows_another_message_inside_and_is_read_by_its_own(chatwoot: Chatwoot) -> None:
    _, reference = chatwoot.opened()
    chatwoot.told()
    chatwoot.account.lags = True
    chatwoot.account.says(chatwoot.place(reference), "Kim", "private", private=True)
    chatwoot.account.says(chatwoot.place(reference), "Kim", "public")
    assert [(event.act, event.text) for event in chatwoot.told()] == [(Act.NOTED, "private"), (Act.SAID, "public")]


def test_a_sweep_tells_the_same_as_the_webhooks(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.told()
    place = chatwoot.place(reference)
    for number in range(45):
        chatwoot.clock.advance(milliseconds=37)
        chatwoot.account.says(place, "Kim", f"word {number}", private=number % 7 == 0)
    chatwoot.account.change(place, assignee_id=21, status="snoozed")
    by_webhook = {event.key: event for event in chatwoot.told()}
    swept = chatwoot.channel.sweep(reference, handoff, handoff.opened_at)
    assert {event.key: event for event in swept} == by_webhook
    said = [event for event in swept if event.act in (Act.SAID, Act.NOTED)]
    assert [event.text for event in said] == [f"word {number}" for number in range(45)]
    assert [event.at for event in said] == sorted(event.at for event in said if event.at), "in order within a second"
    chatwoot.account.change(place, status="resolved")
    [webhook] = {event.key: event for event in chatwoot.told()}.values()
    assert webhook == chatwoot.channel.sweep(reference, handoff, handoff.opened_at)[-1]
    assert webhook.act is Act.RESOLVED


def test_a_sweep_asks_for_no_more_than_what_is_new(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    for number in range(60):
        chatwoot.account.says(chatwoot.place(reference), "Kim", f"old {number}")
    chatwoot.clock.advance(hours=1)
    chatwoot.account.says(chatwoot.place(reference), "Kim", "new")
    chatwoot.server.seen.clear()
    [event] = chatwoot.channel.sweep(reference, handoff, chatwoot.clock() - timedelta(minutes=2))
    assert event.text == "new" and len(chatwoot.server.seen) == 2


def test_a_sweep_of_an_older_handoff_does_not_tell_the_newer_one_s_end(chatwoot: Chatwoot) -> None:
    first, reference = chatwoot.opened()
    chatwoot.account.change(chatwoot.place(reference), status="pending")
    chatwoot.opened(chatwoot.handoff(2), reference)
    chatwoot.account.change(chatwoot.place(reference), status="pending")
    assert list(chatwoot.channel.sweep(reference, first, first.opened_at)) == []


def test_an_agent_s_word_stays_told_when_chatwoot_marks_it_failed(chatwoot: Chatwoot) -> None:
    handoff, reference = chatwoot.opened()
    chatwoot.told()
    message = chatwoot.account.says(chatwoot.place(reference), "Kim", "while we were down")
    chatwoot.account.post(lambda headers, body: False)
    assert message["id"] in chatwoot.account.failed and chatwoot.told() == []
    [event] = chatwoot.channel.sweep(reference, handoff, handoff.opened_at)
    assert event.text == "while we were down"


def test_times_of_lists_and_webhooks_are_one(chatwoot: Chatwoot) -> None:
    expected = at("2025-03-12T15:00:00.000007+00:00")
    for told in (1741791600, 1741791600.9, "2025-03-12T15:00:00.9Z", "2025-03-12T15:00:00.123456789Z",
                 "2025-03-12T17:00:00+02:00", "2025-03-12 15:00:00"):
        assert created_at({"id": 7, "created_at": told}) == expected, told
    for wrong in (None, "yesterday", True, [], float("nan"), 1e300, 10**400, -5, ""):
        assert created_at({"id": 7, "created_at": wrong}) is None


def test_a_conversation_without_our_attribute_is_known_by_its_thread(chatwoot: Chatwoot) -> None:
    _, reference = chatwoot.opened()
    chatwoot.told()
    place = chatwoot.place(reference)
    place["custom_attributes"] = {"tandem_handoff_id": "what an agent typed"}
    chatwoot.account.says(place, "Kim", "Hello")
    [event] = chatwoot.told()
    assert (event.handoff_id, event.thread) == ("", reference["thread"])
