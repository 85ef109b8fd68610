"""A customer asks about an order, agrees to be told, and is told by the running shop when the order changes."""
from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import yaml
from sqlalchemy import update
from sqlalchemy.engine import Engine

from tandem.db.engine import now, open_engine
from tandem.order_updates.webhooks import sign
from tandem.orders.adapters.sql.tables import orders, shipments
from tests.system.conftest import Stack, running
from tests.system.faults.trouble import LINKED

NUMBER, EMAIL = "TD-10433", "new@example.com"
AGREED = 'just write "stop telling me"'  # in whatever mood
SECRET = "a-secret-of-the-engine-0123456789"


def pace(project: Path, look_minutes: float) -> None:
    """Let the running shop look so often, at any hour."""
    path = project / "data" / "shop.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["order_updates"] = {"offer": True, "quiet": "", "look_minutes": look_minutes}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture(scope="module")
def shop(project_root: Path, trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A shop of its own, whose data/shop.yml may be changed."""
    assert trained_model.is_file()
    folder = tmp_path_factory.mktemp("updates")
    project = folder / "project"
    project.mkdir()
    for name in (*LINKED, "credentials.yml", "endpoints.yml"):
        (project / name).symlink_to(project_root / name)
    shutil.copytree(project_root / "data", project / "data")
    with running(project, folder, TANDEM_WOOCOMMERCE_WEBHOOK_SECRET=SECRET) as started:
        pace(project, 0.02)  # as the running processes see at once
        yield started


@pytest.fixture(scope="module")
def database(shop: Stack) -> Iterator[Engine]:
    engine = open_engine(shop.database_url)
    yield engine
    engine.dispose()


class Visitor:
    """A signed-in customer, over the web chat's endpoints or over REST."""

    def __init__(self, stack: Stack, email: str, channel: str) -> None:
        self.stack, self.channel, self.conversation = stack, channel, f"updates-{uuid.uuid4().hex}"
        claims = {"sub": email, "email": email, "exp": int(time.time() + 3600)}
        self.identity = jwt.encode(claims, stack.identity_secret, algorithm="HS256")
        self.http = httpx.Client(timeout=40, trust_env=False)
        self.seen = 0
        if channel == "webchat":
            opened = self.http.post(f"{stack.webchat_url}sessions", json={"identity": self.identity}).json()
            self.conversation = opened["conversation_id"]
            self.http.headers["Authorization"] = f"Bearer {opened['token']}"

    def says(self, text: str) -> str:
        """Say something; what is answered."""
        if self.channel == "rest":
            answer = self.http.post(f"{self.stack.rasa_url}/webhooks/rest/webhook", json={
                "sender": self.conversation, "message": text, "metadata": {"identity": self.identity}})
            return " ".join(one.get("text", "") for one in answer.json())
        sent = self.http.post(f"{self.stack.webchat_url}messages", json={"text": text, "client_id": uuid.uuid4().hex})
        after, end = sent.json()["seq"], time.monotonic() + 30
        while time.monotonic() < end:
            found = self._fetch(after)
            if found["messages"] and not found["state"]["bot_writing"]:
                self.seen = found["messages"][-1]["seq"]
                return " ".join(one["text"] for one in found["messages"])
            time.sleep(0.2)
        raise AssertionError("no answer came")

    def hears(self, seconds: float = 30) -> str:
        """Wait for words that nobody asked for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self._fetch(self.seen)["messages"]
            fresh = [one for one in found if one["author"] == "bot"]
            if found:
                self.seen = found[-1]["seq"]
            if fresh:
                return " ".join(one["text"] for one in fresh)
            time.sleep(0.3)
        return ""

    def _fetch(self, after: int) -> Any:
        if self.channel == "webchat":
            return self.http.get(f"{self.stack.webchat_url}messages", params={"after": after}).json()
        url = f"{self.stack.rasa_url}/webhooks/rest/conversations/{self.conversation}/messages"
        return self.http.get(url, params={"after": after}).json()


def change(database: Engine, status: str, number: str = NUMBER) -> None:
    """The shop does something with an order."""
    parcel = {"state": "delivered" if status == "delivered" else "in_transit", "shipped_at": now(),
              "expected_by": now() + timedelta(days=2),
              "delivered_at": now() if status == "delivered" else None}
    with database.begin() as connection:
        connection.execute(update(orders).where(orders.c.number == number).values(status=status))
        connection.execute(update(shipments).where(shipments.c.order_number == number).values(**parcel))


def test_who_agrees_is_told_on_both_channels_once_until_they_say_stop(shop: Stack, database: Engine) -> None:
    change(database, "processing")
    chat, program, silent = (Visitor(shop, EMAIL, channel) for channel in ("webchat", "rest", "webchat"))
    for one in (chat, program, silent):
        assert "Shall I tell you" in one.says("Where is my order?")
    assert AGREED in chat.says("yes please")
    assert AGREED in program.says("Yes, tell me")
    assert "Shall I tell you" not in silent.says("no thanks")
    change(database, "shipped")
    assert "on its way" in chat.hears()
    assert "on its way" in program.hears()
    assert silent.hears(4) == "" and chat.hears(4) == "", "nobody else, and nothing twice"
    assert "any more" in program.says("stop telling me")
    change(database, "delivered")
    assert "has been delivered" in chat.hears()
    assert program.hears(4) == "" and silent.hears(1) == ""


def test_a_webhook_brings_the_news_at_once_and_only_with_its_signature(shop: Stack, database: Engine) -> None:
    change(database, "processing", "TD-10421")
    ava = Visitor(shop, "on-time@example.com", "webchat")
    assert "Shall I tell you" in ava.says("where's my parcel?")
    assert AGREED in ava.says("ok, thanks")
    pace(shop.root, 60)
    time.sleep(4)
    change(database, "shipped", "TD-10421")
    body = b'{"id": 7, "number": "TD-10421"}'
    url = f"{shop.desk_url}/order-updates/woocommerce/webhook"
    with httpx.Client(trust_env=False) as engine:
        forged = {"X-WC-Webhook-Signature": sign("wrong", body)}
        assert engine.post(url, content=body, headers=forged).status_code == 401
        assert ava.hears(5) == ""
        signed = {"X-WC-Webhook-Signature": sign(SECRET, body), "X-WC-Webhook-Delivery-ID": "d1"}
        assert engine.post(url, content=body, headers=signed).json() == {"status": "kept"}
        assert "on its way" in ava.hears()
        assert engine.post(url, content=body, headers=signed).json() == {"status": "repeated"}
    assert ava.hears(4) == ""
