"""What an agent did in an outside tool, carried out late or again: it touches only the handoff that it was done in."""
from __future__ import annotations

from datetime import datetime

import pytest

from tandem.conversations.model import Handoff, Owner
from tandem.live_agents.protocol import Act
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.inbound import StoredEvent
from tests.integration.live_agents.conftest import World


def event(act: Act, handoff: Handoff, at: datetime) -> StoredEvent:
    return StoredEvent(1, "tool", handoff.id, handoff.conversation_id, act, "e1", "rita", "Rita", "", at, 0)


@pytest.mark.parametrize("act", [Act.RESOLVED, Act.HANDED_BACK, Act.RESUMED, Act.CLAIMED])
def test_a_late_act_leaves_the_next_handoff_alone(world: World, act: Act) -> None:
    """Read by a relay that then stood still; another one carried it out, and the customer is in the queue again."""
    first = world.opened()
    world.clock.advance(seconds=5)
    late = event(act, first, world.clock())
    world.ownership.leave_queue("c1")
    world.customer("a person, please")
    second = world.hand_off()
    AgentActions(world.ledger, world.ownership).apply(late, first)
    assert world.ledger.conversation("c1").owner is Owner.WAITING
    assert world.ledger.open_handoffs()["c1"].id == second.id
    assert world.ledger.open_handoffs()["c1"].claimed_by is None


@pytest.mark.parametrize(("act", "owner"), [
    (Act.RESOLVED, Owner.RESOLVED), (Act.HANDED_BACK, Owner.BOT), (Act.CLAIMED, Owner.AGENT)])
def test_an_act_in_time_is_carried_out(world: World, act: Act, owner: Owner) -> None:
    first = world.opened()
    world.clock.advance(seconds=5)
    AgentActions(world.ledger, world.ownership).apply(event(act, first, world.clock()), first)
    assert world.ledger.conversation("c1").owner is owner
