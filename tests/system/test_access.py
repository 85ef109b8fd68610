"""Who gets in where, with everything running: no token opens another server, and no command line shows one."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.system.conftest import Stack

pytestmark = pytest.mark.timeout(300)
REST, RASA_NEW, RASA_OLD, METRICS = "rest-" + "r" * 16, "new-" + "n" * 16, "old-" + "o" * 16, "metrics-" + "m" * 16


def command_lines(stack: Stack) -> Iterator[str]:
    """Of `tandem run` and all that it has started."""
    groups = {os.getpgid(stack.pid(name)) for name in ("rasa", "actions", "desk")} | {stack.process.pid}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) in groups:
                yield (folder / "cmdline").read_bytes().decode(errors="replace")
        except (ProcessLookupError, FileNotFoundError):
            continue


def status(url: str, token: str = "", **request: object) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    method = "POST" if request else "GET"
    return httpx.request(method, url, headers=headers, timeout=60, trust_env=False, **request).status_code


def test_a_demo_asks_for_the_action_servers_token_and_is_closed_to_other_pages(stack: Stack) -> None:
    call = {"next_action": "action_handoff", "tracker": {"sender_id": "victim"}, "domain": {}}
    assert status(f"{stack.actions_url}/webhook", json=call) == 401
    assert status(f"{stack.actions_url}/webhook", "s" * 32, json=call) == 401
    assert status(f"{stack.actions_url}/actions") == 401
    for headers in ({"Origin": "https://evil.example"}, {"X-Forwarded-For": "203.0.113.1"}, {"Host": "evil.example"}):
        for path in ("/conversations/x/tracker", "/webhooks/rest/conversations/x/messages"):
            assert httpx.get(stack.rasa_url + path, headers=headers, trust_env=False).status_code == 403
    assert status(f"{stack.rasa_url}/conversations/x/tracker") == 200


def test_outside_the_demo_each_token_opens_its_own_server_alone(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(TANDEM_DEMO="0", TANDEM_REST_TOKEN=REST, TANDEM_RASA_TOKEN=f"{RASA_NEW},{RASA_OLD}",
                        TANDEM_METRICS_TOKEN=METRICS)
    lines = list(command_lines(stack))
    assert len(lines) >= 4
    for secret in (REST, RASA_NEW, RASA_OLD, METRICS, "t" * 32, "s" * 32, "i" * 32):
        assert not [line for line in lines if secret in line]

    tokens = {"": "", "API": stack.api_token, "metrics": METRICS, "REST": REST, "Rasa": RASA_NEW, "old": RASA_OLD}
    message = {"sender": "someone", "message": "where is my order?"}
    servers: dict[str, tuple[Callable[[str], int], set[str]]] = {
        "REST": (lambda token: status(f"{stack.rasa_url}/webhooks/rest/webhook", token, json=message), {"REST"}),
        "poll": (lambda token: status(f"{stack.rasa_url}/webhooks/rest/conversations/someone/messages", token),
                 {"REST"}),
        "Rasa": (lambda token: status(f"{stack.rasa_url}/status", token), {"Rasa", "old"}),
        "tracker": (lambda token: status(f"{stack.rasa_url}/conversations/someone/tracker?token={token}"),
                    {"Rasa", "old"}),
        "actions": (lambda token: status(f"{stack.actions_url}/actions", token), set()),
        "desk": (lambda token: status(f"{stack.desk_url}/api/stats", token), {"API"}),
        "metrics": (lambda token: status(f"{stack.desk_url}/metrics", token), {"API", "metrics"}),
    }
    for server, (ask, accepted) in servers.items():
        assert {name for name, token in tokens.items() if ask(token) == 200} == accepted, server
    answer = httpx.post(f"{stack.rasa_url}/webhooks/rest/webhook", json=message, timeout=60, trust_env=False,
                        headers={"Authorization": f"Bearer {REST}"})
    assert answer.json(), "the bot answers, which takes the action server"
    assert "action server is away" not in stack.output() and "Failed to run custom action" not in stack.output()
