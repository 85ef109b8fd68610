"""The adapter that docs/live-agent-channels.md sketches works as the page says."""
from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import httpx

from tandem.live_agents import http_client, protocol, rendering
from tests.fakes.clock import Clock
from tests.unit.live_agents.conftest import a_handoff, a_word

PAGE = Path("docs/live-agent-channels.md")


class Corner:
    """The tool of the sketch, in memory."""

    def __init__(self) -> None:
        self.threads: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body, path = json.loads(request.content or b"{}"), request.url.path.strip("/").split("/")
        if path[:2] == ["threads", "by-key"]:
            found = [one for one in self.threads if one["key"] == path[2]]
            return httpx.Response(200, json={"id": found[0]["id"]}) if found else httpx.Response(404)
        if path == ["threads"]:
            self.threads.append({"id": f"t{len(self.threads)}", "said": [], **body})
            return httpx.Response(201, json={"id": self.threads[-1]["id"]})
        thread = next(one for one in self.threads if one["id"] == path[1])
        if path[2] == "keys":
            return httpx.Response(200, json={"keys": [one["key"] for one in thread["said"]]})
        thread["said"].append(body)
        return httpx.Response(204)


def test_the_sketch_opens_once_and_says_once() -> None:
    clock = Clock()
    handoff, message = a_handoff(clock), a_word(clock, 1, "Where is it?")
    [sketch] = re.findall(r"```python\n( +class CornerChannel.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    tool = Corner()
    transport = httpx.MockTransport(tool)
    known: dict[str, Any] = {
        "Calls": lambda url, **options: http_client.Calls(url, transport=transport, **options),
        "THREAD": protocol.THREAD,
        "card_text": rendering.card_text, "transcript_text": rendering.transcript_text, "speaker": rendering.speaker,
    }
    exec(textwrap.dedent(sketch), known)
    adapter = known["CornerChannel"]("corner", "https://corner.example.com")
    reference = adapter.open(handoff, [message], None)
    assert adapter.open(handoff, [message], None) == reference == {"id": "t0", protocol.THREAD: "t0"}
    assert handoff.reason in tool.threads[0]["text"] and "Where is it?" in tool.threads[0]["text"]
    adapter.say(reference, handoff, message, again=False)
    adapter.say(reference, handoff, message, again=True)
    assert [(one["by"], one["text"]) for one in tool.threads[0]["said"]] == [("Customer", "Where is it?")]
