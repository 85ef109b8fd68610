"""What every live-agent channel keeps: webhooks that come twice, late, out of order, not at all, or from strangers."""
from __future__ import annotations

import pytest

from tandem.conversations.model import Owner
from tandem.live_agents.protocol import WebhookRejected
from tests.contract.live_agent.conftest import Shop, needs


def test_webhooks_that_come_twice_count_once(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "once")
    outside.tool.agent_resolves(handoff)
    webhooks = outside.tool.webhooks()
    outside.deliver([*webhooks, *webhooks])
    outside.settle()
    outside.deliver(webhooks)
    outside.settle()
    assert outside.heard() == ["once"]
    assert outside.conversation().owner is Owner.RESOLVED
    assert len(outside.ledger.handoffs("c1")) == 1


def test_webhooks_out_of_order_lose_nothing(outside: Shop) -> None:
    handoff = outside.opened()
    for word in ("one", "two", "three"):
        outside.tool.agent_says(handoff, word)
    outside.deliver(list(reversed(outside.tool.webhooks())))
    outside.settle()
    assert sorted(outside.heard()) == ["one", "three", "two"]
    if outside.tool.traits.timed:
        assert outside.heard() == ["one", "two", "three"]


def test_a_message_that_arrives_after_the_end_of_its_handoff_still_reaches_the_customer(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "goodbye")
    outside.tool.agent_resolves(handoff)
    webhooks = list(reversed(outside.tool.webhooks()))
    for webhook in webhooks:
        outside.deliver([webhook])
        outside.settle()
    assert outside.heard() == ["goodbye"]
    if outside.tool.traits.timed:
        assert outside.conversation().owner is Owner.RESOLVED


def test_events_of_lost_webhooks_are_found_by_sweeping(outside: Shop) -> None:
    needs(outside, "sweeps")
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "one")
    outside.settle()
    outside.tool.agent_says(handoff, "two")
    outside.tool.agent_says(handoff, "three")
    outside.tool.webhooks()  # lost
    outside.wait()
    assert outside.heard() == ["one", "two", "three"]
    outside.tool.agent_resolves(handoff)
    outside.tool.webhooks()  # lost
    outside.wait()
    assert outside.conversation().owner is (Owner.RESOLVED if outside.tool.traits.sweeps_outcomes else Owner.BOT)
    assert outside.heard() == ["one", "two", "three"]


def test_a_webhook_that_was_tampered_with_is_rejected(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "send no money")
    [webhook, *_] = outside.tool.webhooks()
    assert outside.channel is not None
    tampered = [(webhook.headers, webhook.body.replace(b"send no money", b"send all money"))]
    for headers, body in (
        *(tampered if outside.tool.traits.signs else ()),
        ({}, webhook.body),
        ({name: "" for name in webhook.headers}, webhook.body),
        ({name: value[::-1] for name, value in webhook.headers.items()}, webhook.body),
    ):
        with pytest.raises(WebhookRejected):
            outside.relay.receive_webhook(outside.channel.name, headers, body)
    outside.settle()
    assert outside.heard() == []


def test_a_webhook_kept_back_and_sent_again_much_later_changes_nothing(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "once")
    webhooks = outside.tool.webhooks()
    outside.deliver(webhooks)
    outside.settle()
    outside.clock.advance(minutes=20)
    for webhook in webhooks:
        try:
            outside.deliver([webhook])
        except WebhookRejected:
            continue
    outside.settle()
    assert outside.heard() == ["once"]
