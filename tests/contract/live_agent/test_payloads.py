"""What every live-agent channel keeps: a payload is read for what it tells, and an unknown one does no harm."""
from __future__ import annotations

import json
from contextlib import suppress

import pytest

from tandem.conversations.model import Owner
from tandem.live_agents.protocol import Act, WebhookUnreadable
from tests.contract.live_agent.conftest import OUTSIDE, Shop
from tests.fakes.payloads import body, distorted, keys, names, payload

RECORDED = [(adapter, name) for adapter in OUTSIDE for name in names(adapter)]
TRAITS = {Act.CLAIMED: "claims", Act.NOTED: "notes", Act.TYPING: "typing", Act.RESUMED: "resumes"}
recorded = pytest.mark.parametrize(("outside", "name"), RECORDED, indirect=["outside"],
                                   ids=[f"{adapter}-{name}" for adapter, name in RECORDED])


def test_a_payload_of_each_act_stands_beside_the_adapter(outside: Shop) -> None:
    traits = outside.tool.traits
    acts = {act.value for act in Act if act is not Act.STOPPED_TYPING and getattr(traits, TRAITS.get(act, ""), True)}
    assert acts | {"unknown_payload"} | ({"own_message"} if traits.echoes else set()) <= set(names(outside.name))


@recorded
def test_a_payload_tells_the_act_it_is_named_for(outside: Shop, name: str) -> None:
    sent = outside.tool.signed(body(payload(outside.name, name)))
    assert outside.channel is not None
    if name not in {act.value for act in Act}:
        if name != "unknown_payload":
            assert outside.channel.delivery_id(sent.headers, sent.body)
            assert list(outside.channel.read(sent.body)) == []
        return
    [event] = outside.channel.read(sent.body)
    assert [event] == list(outside.channel.read(sent.body)), "read again, it is the same"
    assert event.act is Act(name) and event.key and (event.handoff_id or event.thread)
    expected = {Act.SAID: "Yes, I am Kim. Your parcel is in Kiel.", Act.NOTED: "Check the warehouse."}
    if outside.tool.traits.line_for_bot:
        expected |= {Act.HANDED_BACK: "refund promised by Friday", Act.RESUMED: "refund promised by Friday"}
    assert event.text == expected.get(event.act, "")
    if event.act is Act.SAID:
        assert event.agent_id and event.agent_name == "Kim"
        assert event.at is not None or not outside.tool.traits.timed


def test_the_stand_in_sends_what_is_recorded(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "Yes, I am Kim. Your parcel is in Kiel.")
    [sent] = outside.tool.webhooks()
    assert keys(json.loads(sent.body)) <= keys(payload(outside.name, "said"))


def test_an_unknown_payload_does_nothing_and_stops_nothing(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "one")
    outside.settle()
    with suppress(WebhookUnreadable):  # answered with 400: as good as taken and passed over
        outside.deliver([outside.tool.signed(body(payload(outside.name, "unknown_payload")))])
    outside.settle()
    outside.tool.agent_says(handoff, "two")
    outside.settle()
    outside.wait()
    assert outside.heard() == ["one", "two"]
    assert outside.conversation().owner is Owner.AGENT and outside.tool.is_open("c1")
    assert not any(outside.relay.dead().values())


@recorded
def test_a_payload_of_which_any_part_is_missing_or_another_breaks_nothing(outside: Shop, name: str) -> None:
    assert outside.channel is not None
    for content in distorted(payload(outside.name, name)):
        sent = outside.tool.signed(body(content))
        try:
            delivery = outside.channel.delivery_id(sent.headers, sent.body)
        except WebhookUnreadable:
            continue
        events = outside.channel.read(sent.body)
        assert isinstance(delivery, str) and all(isinstance(event.act, Act) and event.key for event in events), content
        texts = [(event.key, event.handoff_id, event.thread, event.agent_id, event.agent_name, event.text)
                 for event in events]
        assert all(isinstance(one, str) for text in texts for one in text), content
        outside.channel.answer(sent.body)
