"""News by e-mail, where the chat would not reach the customer: at most once, to the address on the order."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from tandem.order_updates.mail import Mailer
from tandem.order_updates.tables import order_mails
from tandem.orders.model import OrderStatus
from tests.fakes.mail_server import MailServer, mail_server
from tests.integration.order_updates.conftest import EMAIL, Stage


@pytest.fixture
def post() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def mailing(stage: Stage, post: MailServer) -> Stage:
    stage.worker = stage.new_worker(Mailer(post.url, "shop@example.com"))
    return stage


def states(stage: Stage) -> list[tuple[str, int, str]]:
    with stage.engine.connect() as connection:
        query = select(order_mails.c.state, order_mails.c.attempts, order_mails.c.text).order_by(order_mails.c.id)
        return [tuple(row) for row in connection.execute(query).all()]


def news(stage: Stage, **more: Any) -> None:
    """Something changes, an hour after the customer's last word in the web chat."""
    stage.subscribe(channel="webchat", **more)
    stage.becomes(OrderStatus.SHIPPED)
    stage.look(minutes=60)


def test_who_has_left_the_page_gets_an_e_mail_and_people_a_note(mailing: Stage, post: MailServer) -> None:
    news(mailing)
    [text] = post.taken
    assert f"To: {EMAIL}" in text and "From: shop@example.com" in text and "on its way" in text
    assert "Subject: Order TD-10433" in text and "stop telling me" in text
    assert mailing.told == [] and "by e-mail" in mailing.notes[0]
    mailing.look(minutes=60)
    assert len(post.taken) == 1 and states(mailing) == [("sent", 1, "")], "the text is not kept"


def test_who_is_still_there_is_told_in_the_chat(mailing: Stage, post: MailServer) -> None:
    mailing.subscribe(channel="webchat")
    mailing.becomes(OrderStatus.SHIPPED)
    mailing.look(minutes=11)
    assert len(mailing.told) == 1 and post.taken == []


@pytest.mark.parametrize(("hours", "by_mail"), [(2, False), (30, True)])
def test_messenger_takes_words_for_a_day_and_then_it_is_an_e_mail(
    mailing: Stage, post: MailServer, hours: int, by_mail: bool,
) -> None:
    mailing.subscribe(channel="facebook")
    mailing.becomes(OrderStatus.SHIPPED)
    mailing.look(minutes=60 * hours)
    assert (len(post.taken), len(mailing.told)) == ((1, 0) if by_mail else (0, 1))


def test_without_e_mail_nothing_is_pushed_into_a_closed_window(stage: Stage) -> None:
    stage.subscribe(channel="facebook")
    stage.becomes(OrderStatus.SHIPPED)
    stage.look(minutes=60 * 30)
    assert stage.told == [] and "no longer takes it" in stage.notes[0]


def test_a_server_that_says_later_is_asked_again_and_one_that_says_no_is_not(
    mailing: Stage, post: MailServer,
) -> None:
    post.answers = [451]
    news(mailing)
    assert post.taken == [] and states(mailing)[0][:2] == ("todo", 1)
    mailing.look(minutes=2)
    assert len(post.taken) == 1 and states(mailing)[0][:2] == ("sent", 2)
    post.recipient = 550
    mailing.becomes(OrderStatus.DELIVERED)
    mailing.look(minutes=60)
    assert states(mailing)[1] == ("failed", 1, "")


def test_what_may_have_arrived_is_not_sent_again(mailing: Stage, post: MailServer) -> None:
    post.answers = [0]
    news(mailing)
    for _ in range(3):
        mailing.look(minutes=600)
    assert len(post.taken) == 1 and states(mailing) == [("doubt", 1, "")]


def test_a_process_that_dies_while_sending_leaves_it_in_doubt(
    mailing: Stage, post: MailServer, monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = Mailer.send

    def dies(self: Mailer, *given: Any) -> None:
        sent(self, *given)
        raise KeyboardInterrupt("after the server has it")

    monkeypatch.setattr(Mailer, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        news(mailing)
    monkeypatch.setattr(Mailer, "send", sent)
    mailing.look(minutes=2)
    assert states(mailing)[0][0] == "sending", "somebody may still be at it"
    mailing.look(minutes=10)
    assert len(post.taken) == 1 and states(mailing) == [("doubt", 1, "")]


def test_a_server_that_is_away_is_tried_again(mailing: Stage, post: MailServer) -> None:
    there = mailing.worker
    mailing.worker = mailing.new_worker(Mailer("smtp://127.0.0.1:9", "shop@example.com"))
    news(mailing)
    assert states(mailing)[0][0] == "todo"
    mailing.worker = there
    mailing.look(minutes=10)
    assert len(post.taken) == 1


def test_an_address_that_is_none_breaks_nothing(mailing: Stage, post: MailServer) -> None:
    odd = "new@example.com\r\nBcc: all@example.com"
    mailing.orders.orders["TD-10433"] = replace(
        mailing.orders.orders["TD-10433"], email=odd)
    news(mailing)
    assert post.taken == []
