"""A real action server before an order system that takes connections and never answers: others are served at once."""
from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.conversations.model import Identity, InboundMessage
from tests.fakes.black_hole import black_hole
from tests.fakes.core import Core, core_over
from tests.integration.channels.stage import RunningClock
from tests.system.conftest import free_ports

CROWD = 20
AT_ONCE = 3.0  # seconds; who waits for the order system waits for 5 at least
TOKEN = "t" * 32


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with core_over(f"sqlite:///{tmp_path / 'tandem.db'}", RunningClock()) as opened:
        yield opened


@contextmanager
def action_server(folder: Path, orders_url: str) -> Iterator[tuple[str, Path]]:
    """Start the action server as `tandem run` does; its address and its log."""
    [port] = free_ports(1)
    log = folder / "actions.log"
    settings = {
        "TANDEM_DATABASE_URL": f"sqlite:///{folder / 'tandem.db'}", "TANDEM_ORDERS_URL": orders_url,
        "TANDEM_ACTIONS_TOKEN": TOKEN, "SANIC_HOST": "127.0.0.1",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(port)],
                                   stdout=out, stderr=subprocess.STDOUT, env={**clean, **settings})
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_up(url, process, log)
        yield url, log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail("threads that hang keep the action server from ending")


def _wait_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the action server did not start:\n{log.read_text()[-3000:]}")


def _call(action: str, conversation: str, form: str = "") -> dict[str, Any]:
    message = {"intent": {"name": "order_status", "confidence": 1.0}, "text": "Where is my order?", "entities": [],
               "message_id": f"{conversation}:1", "metadata": {"tandem": {"seq": 1}}}
    events = [{"event": "user", "text": message["text"], "parse_data": message}]
    if form:
        events.append({"event": "active_loop", "name": form})
    return {"next_action": action, "sender_id": conversation, "version": "3.6.2", "domain": {}, "tracker": {
        "sender_id": conversation, "slots": {}, "latest_message": message, "events": events, "paused": False,
        "followup_action": None, "active_loop": {"name": form} if form else {}, "latest_action_name": "action_listen",
    }}


async def _run(client: httpx.AsyncClient, url: str, call: dict[str, Any]) -> tuple[list[str], float]:
    began = time.monotonic()
    answer = await client.post(f"{url}/webhook", json=call, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return [one["response"] for one in answer.json()["responses"]], time.monotonic() - began


@pytest.mark.parametrize("kind", ["http", "postgresql+psycopg2"])
async def test_a_hanging_order_system_holds_up_only_those_who_ask_for_orders(
    kind: str, core: Core, tmp_path: Path,
) -> None:
    people = [f"asks-{number}" for number in range(CROWD)]
    for conversation in (*people, "greets", "wants-a-person"):
        identity = Identity("s", "on-time@example.com")
        core.router.receive(InboundMessage(conversation, "rest", "Where is my order?", push=False, identity=identity))
    ask = _call("validate_order_status_form", "", "order_status_form")
    with black_hole() as hole, action_server(tmp_path, f"{kind}://user@127.0.0.1:{hole.port}/shop") as (url, log):
        async with httpx.AsyncClient(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=100)) as client:
            await _run(client, url, _call("action_greet", "greets"))  # what is opened once is open
            crowd = [asyncio.create_task(_run(client, url, {
                **ask, "sender_id": one, "tracker": {**ask["tracker"], "sender_id": one}})) for one in people]
            await asyncio.sleep(1.0)
            for _ in range(5):
                said, took = await _run(client, url, _call("action_greet", "greets"))
                assert said == ["utter_greet"] and took < AT_ONCE
            said, took = await _run(client, url, _call("action_handoff", "wants-a-person"))
            assert said[0].startswith("utter_handoff") and took < AT_ONCE
            assert not all(task.done() for task in crowd), "the others still wait"
            for said, took in await asyncio.gather(*crowd):
                assert said == ["utter_order_system_unavailable"] and took < 20
            assert "the circuit opens" in log.read_text()
            # All that comes now hears it at once, but for the one in ten seconds who tries.
            later = sorted([(await _run(client, url, _call("action_order_facts", one)))[1] for one in people[:4]])
            assert later[1] < AT_ONCE
