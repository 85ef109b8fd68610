"""One yes to cancel several orders, through the real ledger and order tables: to all of them, each once."""
from __future__ import annotations

from typing import Any

import pytest

from tandem.conversations.consent import Consents
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.model import OrderStatus
from tandem.services import Services
from tests.integration.orders.test_consented_acts import Talk, at_once
from tests.integration.orders.test_consented_acts import opened as opened  # the fixture

BAG, RUG = "TD-10433", "TD-10436"


@pytest.fixture
def talk(opened: Services) -> Talk:
    """The bot has asked whether to cancel both."""
    talk = Talk(opened, "cancel_order")
    opened.identification.verify("c", RUG, "70112")
    talk.details = {"other_orders": RUG}
    talk.ask()
    return talk


def statuses(talk: Talk) -> set[OrderStatus]:
    return {talk.services.orders.find(number).status for number in (BAG, RUG)}


@pytest.mark.parametrize("text", ["yes", "both please", "yes, cancel them", "cancel TD-10433 and 10436"])
def test_one_yes_is_to_both(talk: Talk, text: str) -> None:
    talk.acts(talk.says(text))
    assert statuses(talk) == {OrderStatus.CANCELLED} and talk.writes() == 2
    acts = Consents(talk.services.ledger).acts("c")
    assert {(act.number, act.done) for act in acts} == {(BAG, True), (RUG, True)}


@pytest.mark.parametrize("text", [
    "no", "no, keep both", "yes, the bag", "yes, cancel it", "yes, cancel TD-10433", "cancel 10436", "yes?",
    "yes, but when is the money back?", "only the rug", "one of them", "both or none",
])
def test_nothing_else_is(talk: Talk, text: str) -> None:
    assert talk.acts(talk.says(text)) == "utter_cancel_order_kept_several"
    assert statuses(talk) == {OrderStatus.PROCESSING} and talk.writes() == 0


def test_a_yes_to_another_choice_of_orders_is_none_to_this(talk: Talk) -> None:
    button = talk.ask()
    talk.details = {}
    talk.ask()
    assert talk.acts(talk.says(button)) == "utter_cancel_order_kept", "the button of both is none for one"
    talk.details = {"other_orders": RUG}
    assert talk.acts(talk.says("yes")) == "utter_cancel_order_kept_several", "one was asked about last"
    assert talk.writes() == 0


def test_two_presses_handled_at_once_are_one_act_on_each(talk: Talk) -> None:
    button = talk.ask()
    first, second = talk.says(button), talk.says("yes, cancel both")
    said = at_once(lambda: talk.acts(first), lambda: talk.acts(second))
    assert sorted(said) == ["utter_already_agreed", "utter_cancel_order_done"]
    assert talk.writes() == 2


def test_a_process_that_dies_between_the_two_does_neither_twice(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    seq, real = talk.says("yes"), SqlOrderSystem.cancel

    def cancel(system: Any, number: str, *arguments: Any, **named: Any) -> Any:
        if number == RUG:
            raise KeyboardInterrupt
        return real(system, number, *arguments, **named)

    with monkeypatch.context() as dying:
        dying.setattr(SqlOrderSystem, "cancel", cancel)
        with pytest.raises(KeyboardInterrupt):
            talk.acts(seq)
    assert talk.writes() == 1
    assert {(act.number, act.done) for act in Consents(talk.services.ledger).acts("c")} == {(BAG, True), (RUG, False)}
    assert talk.acts(seq) == "utter_cancel_order_done", "the turn is run again"
    assert talk.writes() == 2 and statuses(talk) == {OrderStatus.CANCELLED}
    assert talk.acts(seq) == "utter_cancel_order_done"
    assert talk.writes() == 2


def test_what_was_done_is_told_where_the_other_cannot_be_done(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    seq, real = talk.says("yes"), SqlOrderSystem.cancel

    def cancel(system: Any, number: str, *arguments: Any, **named: Any) -> Any:
        if number == RUG:
            raise OrderSystemUnavailable("away")
        return real(system, number, *arguments, **named)

    monkeypatch.setattr(SqlOrderSystem, "cancel", cancel)
    assert talk.all_said(seq) == ["utter_cancel_order_done", "utter_fact_done_unsure"]
    assert {(act.number, act.done) for act in Consents(talk.services.ledger).acts("c")} == {(BAG, True), (RUG, False)}
