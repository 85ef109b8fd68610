"""Log lines that machines read: whole, about which conversation, and without what was written."""
from __future__ import annotations

import json
import logging
from pathlib import Path

import httpx
import pytest

from tandem.live_agents.http_client import Calls
from tandem.logs import JsonLines, about, configure
from tests.fakes.core import ANNA, core_over


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "tandem")
    return caplog


def test_a_handoff_can_be_followed_and_no_word_of_it_is_logged(
    lines: pytest.LogCaptureFixture, tmp_path: Path,
) -> None:
    with core_over(f"sqlite:///{tmp_path / 'x.db'}") as core:
        lines.clear()  # what was said of the new database is about no conversation
        core.says("my secret is kettle")
        opened = core.hands_off(reason="kettle again")
        core.bot_says("kettle too late", epoch=0)
        core.ownership.claim("c", ANNA, "kettle joined")
        core.ownership.reply("c", ANNA, "kettle reply")
        core.ownership.hand_back("c", ANNA, "kettle note")
    written = [json.loads(JsonLines().format(record)) for record in lines.records if record.name.startswith("tandem")]
    assert [(one["epoch"], one.get("handoff")) for one in written] == [
        (1, None), (1, opened.id), (2, opened.id), (3, opened.id)]
    assert {one["conversation"] for one in written} == {"c"}
    assert "kettle" not in json.dumps(written)


def test_a_line_is_one_line_whatever_happened() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        record = logging.LogRecord("tandem.x", logging.ERROR, "x.py", 1, "it\nfailed %s", ("\u2028",),
                                   (ValueError, error, error.__traceback__))
    record.__dict__.update(about("c\n1", 2))
    line = JsonLines().format(record)
    assert len(line.splitlines()) == 1
    read = json.loads(line)
    assert (read["conversation"], read["epoch"], "handoff" in read) == ("c\n1", 2, False)
    assert "two\nlines" in read["trace"]


def test_the_addresses_of_outside_calls_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    quiet = logging.getLogger("httpx")
    before = quiet.level
    try:
        configure("text", "INFO")
        caplog.set_level(logging.INFO)
        tool = Calls("https://tool.example.com", transport=httpx.MockTransport(lambda request: httpx.Response(200)))
        tool.call("GET", "/things", params={"email": "maya@example.com"})
        assert "maya" not in caplog.text
    finally:
        quiet.setLevel(before)
