"""Each of the three processes is killed with -9 in the middle of a human conversation."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.system.conftest import Stack
from tests.system.scenes.conftest import AgentAtDesk, Customer

NewCustomer = Callable[..., Customer]
NewAgent = Callable[..., AgentAtDesk]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("victim", ["desk", "actions", "rasa"])
def test_nothing_is_lost_or_doubled(
    victim: str, new_customer: NewCustomer, new_agent: NewAgent, stack: Stack,
) -> None:
    customer = new_customer()
    customer.say("let me talk to a person, please")
    customer.status("Finding a person")
    agent = new_agent()
    agent.open(customer.conversation_id)
    agent.step("claim")
    agent.reply("before the crash")
    customer.hears("before the crash", "agent")

    old = stack.kill(victim)
    customer.say("said while it was down")
    if victim != "desk":
        agent.reply("answered while it was down")
    stack.wait_restarted(victim, old)
    if victim == "desk":
        agent.page.reload()
        agent.reply("answered while it was down")

    agent.sees("said while it was down")
    customer.page.wait_for_timeout(500)
    customer.page.locator("[data-testid=message][data-author=agent]").filter(
        has_text="answered while it was down").wait_for(timeout=60_000)
    assert customer.texts("agent") == ["before the crash", "answered while it was down"]
    with stack.api as api:
        told = api.get(f"/api/conversations/{customer.conversation_id}").json()["messages"]
    texts = [message["text"] for message in told if message["author"] in ("customer", "agent")]
    assert texts.count("said while it was down") == 1
    assert texts.count("answered while it was down") == 1
    assert [message["seq"] for message in told] == list(range(1, len(told) + 1))
