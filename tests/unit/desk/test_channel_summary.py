"""The line that tells agents how their words reach a customer."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tandem.conversations.channel_capabilities import CHANNELS, WHATSAPP
from tandem.conversations.model import Conversation, Owner
from tandem.desk.views.channel_summary import summarise_channel

AT = datetime(2025, 3, 12, tzinfo=timezone.utc)
ASKS = Conversation("c", "telegram", Owner.AGENT, 2, 5, AT, AT, last_customer_at=AT)


@pytest.mark.parametrize(("channel", "line"), [
    ("telegram", "Telegram: pushed, no receipts, up to 4,096 characters a message, your name before the text"),
    ("webchat", "Web chat: at once while the page is open, else at the next visit, with receipts, shows that you "
                "write, up to 10,000 characters a message"),
    ("rest", "REST: fetched by the customer's side, with receipts, up to 10,000 characters a message"),
    ("twilio", "SMS: pushed, no receipts, up to 1,600 characters a message, no buttons, your name before the text"),
    ("mine", "mine: pushed"),
])
def test_what_the_channel_can_do_is_told(channel: str, line: str) -> None:
    assert summarise_channel(replace(ASKS, channel=channel), AT) == line


def test_a_channel_of_ones_own_that_is_fetched() -> None:
    assert summarise_channel(replace(ASKS, channel="mine", push=False), AT) == "mine: fetched by the customer"


def test_that_the_hours_are_over_in_which_a_service_takes_words() -> None:
    whatsapp = replace(ASKS, id="whatsapp:+15550111", channel="twilio")
    assert "over" not in summarise_channel(whatsapp, AT + timedelta(hours=23))
    assert "which are over" in summarise_channel(whatsapp, AT + timedelta(hours=25))
    assert "over" not in summarise_channel(replace(whatsapp, last_customer_at=None), AT)


def test_the_page_of_channels_says_what_is_declared() -> None:
    page = Path("docs/channels.md").read_text(encoding="utf-8")
    rows = {row.split("|")[1].split("(")[0].strip(): row for row in page.splitlines() if row.count("|") == 8}
    columns = [name.strip() for name in rows[""].split("|")]
    for one in (*CHANNELS.values(), WHATSAPP):
        row = rows[one.label]
        says = dict(zip(columns, (cell.strip() for cell in row.split("|"))))
        assert says["pushed"].startswith("yes" if one.push and one.window is None else
                                         "within" if one.push else "at once" if one.live else "no"), one.label
        assert says["receipts"].startswith("yes" if one.acknowledges else "no"), one.label
        assert says["agent's typing"] == ("yes" if one.typing else "no"), one.label
        assert f"{one.limit:,} " in row
        for number in (one.buttons, one.title, one.payload, one.button_text):
            assert number in (None, 0, 2000, 1000) or f"{number:,}" in row, (one.label, number)
        assert ("name before the text" in row) is not one.names_speaker
        assert ("within 24 hours" in row) is (one.window == 24)
