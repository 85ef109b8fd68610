"""Tandem as `make run` starts it: it answers, and what dies comes back."""
from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.timeout(300)


def test_everything_answers_once_the_addresses_are_printed(stack) -> None:
    with httpx.Client(timeout=15, trust_env=False) as client:
        assert client.get(stack.webchat_url).status_code == 200
        assert client.get(f"{stack.desk_url}/sign-in", follow_redirects=True).status_code in (200, 404)
        assert client.get(f"{stack.desk_url}/healthz").json() == {"status": "ok"}
        parse = client.post(f"{stack.rasa_url}/model/parse", json={"text": "this is ridiculous, where is it?!"}).json()
    assert set(parse["sentiment"]) == {"name", "confidence", "polarity", "emotion", "frustration", "urgency"}


def test_no_process_is_left_to_the_network(stack) -> None:
    listening = {
        line.split()[1] for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    }
    for url in (stack.rasa_url, stack.actions_url, stack.desk_url):
        port = int(url.rsplit(":", 1)[1])
        assert [where for where in listening if where.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize("name", ["rasa", "actions", "desk"])
def test_a_killed_process_comes_back_and_the_conversation_goes_on(stack, name: str) -> None:
    customer = f"survivor-{name}-{time.time_ns()}"

    def say(text: str) -> list[dict[str, str]]:
        answer = httpx.post(f"{stack.rasa_url}/webhooks/rest/webhook", timeout=60, trust_env=False,
                            json={"sender": customer, "message": text})
        answer.raise_for_status()
        replies: list[dict[str, str]] = answer.json()
        return replies

    assert say("hello")
    stack.wait_restarted(name, stack.kill(name))
    assert say("where is my order?")
    with stack.api as api:
        messages = api.get(f"/api/conversations/{customer}").json()["messages"]
    assert [one["text"] for one in messages if one["author"] == "customer"] == ["hello", "where is my order?"]
