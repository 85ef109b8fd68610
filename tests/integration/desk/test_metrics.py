"""The numbers are right, and the same in the API, on the page and for Prometheus."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from tandem.conversations.model import Agent, Message
from tandem.conversations.outbox import OutboundMessage
from tandem.desk.app import create_app
from tandem.desk.metrics import read_metrics, spread
from tandem.desk.prometheus import exposition
from tandem.run_state import RunState
from tandem.services import Services, open_relay
from tandem.settings import Settings
from tests.fakes.clock import Clock

ANNA = Agent("anna", "Anna Berg")


@pytest.fixture
def week(services: Services, waits: Callable[..., str], says: Callable[..., Message]) -> Clock:
    """Four conversations answered after 1, 2, 3 and 10 minutes, one that waits for 5, five that the bot contained."""
    clock = Clock(services.ledger.clock())
    services.ledger.clock = clock
    for number, minutes in enumerate((1, 2, 3, 10)):
        waits(f"c{number}")
        services.ownership.note(f"c{number}", ANNA, "a note is no answer")
        clock.advance(minutes=minutes)
        services.ownership.claim(f"c{number}", ANNA)
        services.ownership.reply(f"c{number}", ANNA, "Hello")
        clock.advance(minutes=20)
        services.ownership.resolve(f"c{number}", ANNA)
    for number in range(5):
        says(f"b{number}", "How do I pay?")
    waits("w1")
    services.ledger.record_bot_reply("w1", 0, "too late")
    clock.advance(minutes=5)
    return clock


def test_times_and_shares(week: Clock, anna: TestClient, sam: TestClient) -> None:
    numbers = anna.get("/api/stats").json()
    assert numbers["first_response"] == {"count": 5, "p50": 180.0, "p95": 600.0}, \
        "who still waits, for 5 minutes by now, counts, too"
    assert numbers["handle_time"] == {"count": 4, "p50": 1200.0, "p95": 1200.0}
    assert (numbers["waiting"], numbers["longest_wait_seconds"], numbers["handoffs"]) == (1, 300.0, 5)
    assert (numbers["containment"], numbers["fenced"]) == (0.5, 1)
    spread = "median of 5 in 7 days, those who still wait by their wait so far; 19 of 20 within 10 min"
    assert spread in sam.get("/numbers").text
    week.advance(days=8)
    assert "none in 7 days" in sam.get("/numbers").text
    later = anna.get("/api/stats").json()
    assert (later["first_response"]["count"], later["handoffs"], later["waiting"]) == (0, 0, 1)


def test_what_was_sent_again_or_may_have_arrived_is_counted(
    week: Clock, services: Services, anna: TestClient, outbound: Callable[[int], OutboundMessage],
) -> None:
    before = anna.get("/api/stats").json()
    for _ in range(7):
        for one in services.outbox.lease(["webchat"]):
            services.outbox.failed(one, "no answer", maybe_arrived=True)
        week.advance(hours=1)
    after = anna.get("/api/stats").json()
    assert before["retried"] == before["in_doubt"] == 0
    assert after["retried"] >= 1 and after["in_doubt"] >= 1


def test_prometheus_reads_the_same_numbers(week: Clock, program: TestClient, stranger: TestClient) -> None:
    answer = program.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert samples["tandem_waiting"] == "1.0"
    assert samples['tandem_first_response_seconds{quantile="0.95"}'] == "600.0"
    assert samples["tandem_replies_fenced"] == "1.0" and samples["tandem_containment_ratio"] == "0.5"
    for line in lines:
        assert re.fullmatch(r'# (HELP|TYPE) tandem_\w+ .+|tandem_\w+(\{\w+="[\w.]+"\})? [\d.e+-]+', line), line
    assert stranger.get("/metrics").status_code == 401


def test_the_metrics_token_reads_the_metrics_and_opens_nothing_else(settings: Settings, services: Services) -> None:
    app = create_app(settings.copy(update={"metrics_token": f"{'m' * 16},{'o' * 16}"}), services)
    for token in ("m" * 16, "o" * 16):
        client = TestClient(app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)
        assert client.get("/metrics").status_code == 200
        for path in ("/api/stats", "/api/conversations", "/api/customers/export?conversation_id=c"):
            assert client.get(path).status_code == 401, path
    wrong = TestClient(app, headers={"Authorization": "Bearer wrong"}, raise_server_exceptions=False)
    assert wrong.get("/metrics").status_code == 401


def test_every_metric_is_explained_to_operators(services: Services) -> None:
    page = Path("docs/operations.md").read_text(encoding="utf-8")
    run = RunState("shop", 1, {}, ())  # processes are told of where `tandem run` runs, so not here
    told = exposition(read_metrics(services, open_relay(services)), (run,)).decode()
    names = set(re.findall(r"^# TYPE (tandem_\w+)", told, re.M))
    assert len(names) >= 11
    assert {name for name in names if f"`{name}`" not in page and f"`{name}{{" not in page} == set()
    assert set(re.findall(r"tandem_\w+", page)) - names == set(), "what is explained exists"


def test_the_page_is_for_supervisors(week: Clock, anna: TestClient, sam: TestClient) -> None:
    assert anna.get("/numbers").status_code == 403
    assert "/numbers" not in anna.get("/").text and 'href="/numbers"' in sam.get("/").text
    page = sam.get("/numbers").text
    assert "3 min 00 s" in page and "50 %" in page and "Anna Berg" in page


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_a_spread_is_made_of_what_was_measured(seconds: list[float]) -> None:
    found = spread(seconds)
    assert found.count == len(seconds) and (found.p50 is None) is (not seconds)
    if found.p50 is not None and found.p95 is not None:
        known = {round(one, 1) for one in seconds}
        assert {found.p50, found.p95} <= known and found.p50 <= found.p95
        assert sum(one <= found.p95 + 0.05 for one in seconds) >= 0.95 * len(seconds)


def test_the_page_brings_itself_up_to_date_without_loading_anew(week: Clock, sam: TestClient) -> None:
    page = sam.get("/numbers").text
    assert "http-equiv" not in page and "/static/numbers.js" in page
    answer = sam.get("/numbers", headers={"Accept": "text/html-fragment"})
    assert answer.status_code == 200 and "<main" in answer.text
