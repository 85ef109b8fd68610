"""The audit log: in the same transaction as the act, with those who read, on a page, an API and a command."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine

from tandem.agents import audit
from tandem.agents.audit import Readings, entries
from tandem.cli import main
from tandem.conversations.model import Owner
from tandem.services import Services
from tandem.settings import Settings

STEPS = ("claim", "reply", "note", "release", "take-over", "hand-back", "take-over", "resolve")


class Broken(Exception):
    """The database fails just there."""


def actions(engine: Engine) -> list[str]:
    return [one.action for one in reversed(entries(engine)) if one.action not in ("sign_in", "read")]


def take(client: TestClient, step: str) -> int:
    body = {"text": "On its way", "client_id": step} if step in ("reply", "note") else {}
    return client.post(f"/api/conversations/c1/{step}", json=body).status_code


def test_each_step_has_its_line(anna: TestClient, services: Services, waits: Callable[..., str]) -> None:
    waits("c1")
    assert [take(anna, step) for step in STEPS] == [200] * len(STEPS)
    assert actions(services.engine) == [step.replace("-", "_") for step in STEPS]
    reply = next(one for one in entries(services.engine, action="reply"))
    sent = next(one for one in services.ledger.messages("c1") if one.text == "On its way")
    assert (reply.actor, reply.conversation_id, reply.detail) == ("anna", "c1", f"seq {sent.seq}")


@pytest.mark.parametrize("step", ["claim", "reply", "note", "release", "resolve"])
def test_an_act_whose_line_cannot_be_written_is_not_done(
    anna: TestClient, services: Services, waits: Callable[..., str], step: str,
) -> None:
    waits("c1")
    if step != "claim":
        assert take(anna, "claim") == 200
    before = services.ledger.conversation("c1"), len(services.ledger.messages("c1")), actions(services.engine)

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO audit_log"):
            raise Broken

    event.listen(services.engine, "before_cursor_execute", fail)
    assert take(anna, step) == 500
    event.remove(services.engine, "before_cursor_execute", fail)
    assert (services.ledger.conversation("c1"), len(services.ledger.messages("c1")), actions(services.engine)) == before


def test_an_act_that_fails_at_its_commit_leaves_no_line(
    anna: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")

    def fail(_connection: object) -> None:
        raise Broken

    with audit.recorded(services.engine, "nobody", "cli", "nothing"):
        pass  # the log listens from now on: before what fails
    event.listen(services.engine, "commit", fail)
    assert take(anna, "claim") == 500
    event.remove(services.engine, "commit", fail)
    assert services.ledger.conversation("c1").owner is Owner.WAITING
    assert "claim" not in actions(services.engine)


def test_a_refused_act_leaves_no_line(
    anna: TestClient, sam: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    assert take(sam, "claim") == 200
    assert take(anna, "claim") == 409 and take(anna, "reply") == 409
    assert [one.actor for one in entries(services.engine, action="claim")] == ["sam"]
    assert actions(services.engine) == ["claim"]


def test_what_another_thread_commits_meanwhile_gets_no_line(services: Services, waits: Callable[..., str]) -> None:
    other = create_engine(services.engine.url)
    with audit.recorded(services.engine, "anna", "session", "claim", "c1"), other.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE elsewhere (id INTEGER)")
    other.dispose()
    assert actions(services.engine) == []


def test_opening_a_conversation_is_noted_once_in_a_while(
    anna: TestClient, sam: TestClient, program: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    for _ in range(3):
        assert anna.get("/", params={"c": "c1"}).status_code == 200
        assert anna.get("/desk/conversation", params={"c": "c1", "first": "1"}).status_code == 200
        assert sam.get("/desk/conversation", params={"c": "c1"}).status_code == 200
        assert program.get("/api/conversations/c1").status_code == 200
    assert anna.get("/", params={"c": "nowhere"}).status_code == 404
    read = entries(services.engine, action="read")
    assert sorted((one.actor, one.via, one.conversation_id) for one in read) == [
        ("anna", "session", "c1"), ("api", "token", "c1"), ("sam", "session", "c1")]


def test_reading_again_after_a_while_is_noted_again(services: Services, waits: Callable[..., str]) -> None:
    moment = [0.0]
    readings = Readings(services.engine, lambda: moment[0])
    for at in (0, 1, audit.READ_AGAIN - 1, audit.READ_AGAIN, audit.READ_AGAIN + 1):
        moment[0] = at
        readings.note("anna", "session", "c1")
    assert len(entries(services.engine, action="read")) == 2


def test_supervisors_read_the_log_page_by_page(
    anna: TestClient, sam: TestClient, services: Services, settings: Settings, waits: Callable[..., str],
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:
    waits("c1")
    assert take(anna, "claim") == 200
    for number in range(5):
        audit.record(services.engine, "anna", "session", "note", "c1", f"<b>{number}</b>")
    first = sam.get("/api/audit", params={"actor": "anna", "action": "note", "limit": 3}).json()
    second = sam.get("/api/audit", params={"action": "note", "limit": 3, "before": first["older"]}).json()
    assert [one["detail"] for one in first["entries"] + second["entries"]] == [f"<b>{n}</b>" for n in (4, 3, 2, 1, 0)]
    assert second["older"] is None
    page = sam.get("/audit", params={"conversation_id": "c1"}, headers={"Accept": "text/html"})
    assert page.status_code == 200 and "&lt;b&gt;4&lt;/b&gt;" in page.text and "<b>4</b>" not in page.text
    assert anna.get("/audit", headers={"Accept": "text/html"}).status_code == 403
    assert sam.get("/audit", params={"actor": "\x00", "before": "1"}).status_code == 200
    monkeypatch.setenv("TANDEM_DATABASE_URL", settings.database_url)
    assert main(["audit", "--action", "claim"]) == 0
    told = capsys.readouterr().out.strip().split("\t")
    assert told[2:6] == ["anna", "session", "claim", "c1"]
