"""What the pages show: the queue's order, the transcript's lines, the card, canned responses."""
from __future__ import annotations

import os
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tandem.conversations.context_card import ContextCard, OrderFacts
from tandem.conversations.model import Author, Conversation, Delivery, Handoff, Identity, Kind, Message, Owner
from tandem.desk.canned_responses import CANNED, CannedResponse, CannedResponses, filled
from tandem.desk.routes.pages import link
from tandem.desk.security.responses import SafeJSONResponse
from tandem.desk.views.card import HEIGHT, LONGEST, POINTS, TURN, WIDTH, card_view, feeling, mood_points, order_view
from tandem.desk.views.queue import PATIENCE, Entry, customer_name, sort_waiting
from tandem.desk.views.rendering import clip, links, span
from tandem.desk.views.timeline import DELIVERIES, timeline

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=timezone.utc)
UTC = ZoneInfo("UTC")


def conversation(name: str, **more: Any) -> Conversation:
    return Conversation(name, "webchat", Owner.WAITING, 1, 1, NOON, NOON, **more)


def handoff(name: str = "c1", opened: datetime = NOON, urgency: float = 0.5, **more: Any) -> Handoff:
    values = {"claimed_by": None, "claimed_at": None, "closed_at": None, "outcome": None, "note_for_bot": "", **more,
              "card": ContextCard.from_dict(more.get("card"))}
    return Handoff(id=f"h-{name}", conversation_id=name, reason="Asked for a person", trigger="intent:ask_for_human",
                   urgency=urgency, epoch=1, opened_at=opened, **values)


def message(seq: int, author: Author = Author.CUSTOMER, at: datetime = NOON, **more: Any) -> Message:
    values = {"name": "", "text": f"text {seq}", "delivery": Delivery.NONE, **more}
    return Message("c1", seq, author, Kind.TEXT, at=at, epoch=0, **values)


def waiting(name: str, minutes: float, urgency: float) -> Entry:
    return Entry(conversation(name), handoff(name, NOON - timedelta(minutes=minutes), urgency))


def order(*entries: Entry) -> list[str]:
    return [entry.conversation.id for entry in sort_waiting(list(entries), NOON)]


def test_the_urgent_come_first_and_then_those_who_wait_longest() -> None:
    entries = waiting("calm", 2, 0.1), waiting("angry", 1, 0.9), waiting("early", 3, 0.1)
    assert order(*entries) == ["angry", "early", "calm"]


def test_nobody_starves_behind_the_urgent() -> None:
    patience = PATIENCE.total_seconds() / 60
    assert order(waiting("patient", patience + 1, 0.0), waiting("urgent", 0, 1.0))[0] == "patient"
    assert order(waiting("patient", patience - 1, 0.0), waiting("urgent", 0, 1.0))[0] == "urgent"


def test_equals_stand_in_one_order_for_everybody() -> None:
    assert order(waiting("b", 1, 0.5), waiting("a", 1, 0.5)) == order(waiting("a", 1, 0.5), waiting("b", 1, 0.5))


def test_a_waiting_conversation_without_a_handoff_comes_last_instead_of_failing() -> None:
    assert order(Entry(conversation("odd"), None), waiting("a", 0, 0.0))[-1] == "odd"


@pytest.mark.parametrize(("identity", "card", "expected"), [
    (Identity("s", "eve@example.com", "Eve"), {}, "Eve"), (Identity("s", "eve@example.com"), {}, "eve@example.com"),
    (None, {"customer": {"email": "bob@example.com"}}, "bob@example.com"), (None, {"customer": "x"}, "Visitor abcdef"),
    (None, {"customer": {"name": "  "}}, "Visitor abcdef"), (None, None, "Visitor abcdef"),
])
def test_a_customer_is_called_by_what_is_known(identity: Identity | None, card: Any, expected: str) -> None:
    known = ContextCard.from_dict(card).customer
    assert customer_name(conversation("web-0123456789abcdef", identity=identity), known) == expected


@pytest.mark.parametrize(("seconds", "words"), [
    (0, "now"), (-5, "now"), (59, "now"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 00"), (86_399, "23 h 59"),
    (86_400, "1 d"), (900_000, "10 d"),
])
def test_waiting_times_are_short_words(seconds: float, words: str) -> None:
    assert span(NOON - timedelta(seconds=seconds), NOON) == words


def test_the_transcript_marks_days_and_handoffs() -> None:
    lines = timeline([message(1, at=NOON - timedelta(days=1)), message(2), message(3, Author.BOT)],
                     [handoff(opened=NOON)], "Eve", UTC, NOON.date())
    assert [(line.key, line.role, line.day) for line in lines] == [
        ("m1", "customer", "Yesterday"), ("m2", "customer", "Today"), ("m3", "bot", None), ("hh-c1", "handoff", None)]


def test_days_are_those_of_the_shop_not_of_utc() -> None:
    lines = timeline([message(1, at=datetime(2026, 5, 4, 2, 0, tzinfo=timezone.utc))], [], "Eve",
                     ZoneInfo("America/New_York"), date(2026, 5, 4))
    assert lines[0].day == "Yesterday"


def test_a_window_leaves_out_handoffs_before_it() -> None:
    early = handoff(opened=NOON - timedelta(hours=1))
    assert [line.key for line in timeline([message(7)], [early], "Eve", UTC, NOON.date(), from_start=False)] == ["m7"]
    assert len(timeline([message(7)], [early], "Eve", UTC, NOON.date())) == 2


def test_every_delivery_state_has_words_and_failed_ones_a_way_to_retry() -> None:
    assert set(DELIVERIES) == set(Delivery)
    lines = timeline([message(seq, Author.AGENT, delivery=state) for seq, state in enumerate(Delivery, 1)], [], "Eve",
                     UTC, NOON.date())
    assert {line.message.delivery for line in lines if line.message and line.can_retry} == {
        Delivery.FAILED, Delivery.DOUBT}
    assert all(line.delivery and line.delivery_help for line in lines
               if line.message and line.message.delivery is not Delivery.NONE)


def test_only_web_addresses_become_links() -> None:
    addresses = ("https://a.example/x.png", "javascript:alert(1)", "data:text/html,x", "//a.example", 7, None)
    links = [timeline([message(1, data={"image": address})], [], "Eve", UTC, NOON.date())[0].link
             for address in addresses]
    assert links == ["https://a.example/x.png", None, None, None, None, None]


def test_the_mood_line_stays_in_its_box_and_shows_the_turning_point() -> None:
    points = mood_points([(seq, score, "angry", "x") for seq, score in enumerate((0.0, 0.5, 1.0), 1)], turning=2)
    assert [point.turning for point in points] == [False, True, False]
    assert all(0 <= point.x <= WIDTH and 0 <= point.y <= HEIGHT for point in points)
    assert points[0].y > points[1].y > points[2].y  # worse is higher
    assert len(mood_points([(seq, 0.5, "neutral", "") for seq in range(500)])) == POINTS
    assert mood_points([]) == ()


def test_readings_after_the_handoff_continue_the_cards_mood() -> None:
    card = {"mood": [{"seq": 1, "score": 0.2, "emotion": "neutral", "text": "hi"}]}
    view = card_view(handoff(card=card), None, since=[(1, 0.9, "angry", "hi"), (4, 0.3, "satisfied", "thanks")])
    assert [(point.seq, point.emotion) for point in view.mood] == [(1, "neutral"), (4, "satisfied")]


def test_a_card_without_a_customer_shows_whom_the_channel_vouches_for() -> None:
    view = card_view(handoff(), Identity("s", "eve@example.com", "Eve"))
    assert view.customer == (("Name", "Eve"), ("E-mail", "eve@example.com")) and view.verified_by == "channel token"


@pytest.mark.parametrize(("text", "expected"), [
    ("Hello {customer}, this is {agent}.", "Hello, this is Anna."), ("You're welcome, {customer}.", "You're welcome."),
    ("About your order {order}: yes", "About your order: yes"), ("{order}", ""), ("{unknown} stays", "{unknown} stays"),
])
def test_what_is_not_known_leaves_no_gap_in_a_canned_response(text: str, expected: str) -> None:
    response = CannedResponse(shortcut="x", title="X", text=text)
    assert filled(response, customer="", agent="Anna", order="").text == expected


def test_the_canned_responses_that_ship_can_be_read(project_root: Path) -> None:
    responses = CannedResponses(project_root / CANNED).all()
    shortcuts = [one.shortcut for one in responses]
    assert len(responses) >= 8 and len(set(shortcuts)) == len(shortcuts)
    for one in responses:
        assert "{" not in filled(one, customer="", agent="Anna", order="").text


def test_a_broken_file_keeps_the_last_good_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "canned.yml"
    assert CannedResponses(path).all() == ()
    path.write_text("canned_responses:\n- {shortcut: hi, text: Hello}\n", encoding="utf-8")
    canned = CannedResponses(path)
    assert canned.all() == (CannedResponse(shortcut="hi", title="hi", text="Hello"),)
    for number, broken in enumerate(("{", "[]", "canned_responses: 7", "canned_responses: [{shortcut: 1}]", "\x00")):
        path.write_text(broken, encoding="utf-8")
        os.utime(path, (number, number))
        assert canned.all() == (CannedResponse(shortcut="hi", title="hi", text="Hello"),)
    assert caplog.text.count("keeps the canned responses it has") == 5


@pytest.mark.parametrize(("text", "told"), [
    ("", "canned_responses is missing; it must be a list of answers with shortcut and text"),
    ("canned_responses: 7", "canned_responses must be a list of answers with shortcut and text, not 7"),
    ("canned_responses: [7]", "canned_responses 1 must be a mapping, not 7"),
    ("canned_responses: [{shortcut: hi, text: a}, {shortcut: 1, text: a}]",
     "canned_responses 2: shortcut must be a word that agents type after the slash, not 1"),
    ("canned_responses: [{shortcut: hi}]", "canned_responses 1: text is missing; it must be the answer's text"),
    ("canned_responses: [{shortcut: hi, text: ' '}]", "canned_responses 1: text must be the answer's text, not ' '"),
    ("canned_responses: [{shortcut: hi, text: a, titel: b}]", "titel is not known, did you mean title?"),
    ("[]", "canned.yml must be a mapping"), ("{", "cannot be read"),
])
def test_what_is_wrong_with_the_canned_responses_is_told(
    tmp_path: Path, text: str, told: str, caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "canned.yml").write_text(text, encoding="utf-8")
    assert CannedResponses(tmp_path / "canned.yml").all() == ()
    assert told in caplog.text


def test_addresses_of_conversations_survive_any_id() -> None:
    assert link("a/b c&d=é#?") == "/?c=a%2Fb+c%26d%3D%C3%A9%23%3F"


@pytest.mark.parametrize("value", ["\ud800", float("nan"), float("inf"), {"a": [float("nan")]}, "é\u2028"])
def test_json_answers_can_hold_anything(value: Any) -> None:
    assert SafeJSONResponse({"value": value}).body.isascii()


def test_the_steps_of_the_bot_are_shown_without_their_designers_names() -> None:
    card = {"attempts": [{"action": "return_item_form", "at": "", "outcome": "utter_return_item_not_delivered"}],
            "signals": [{"name": "intent:ask_for_human", "value": 0.9, "detail": ""}]}
    view = card_view(handoff(card=card), None)
    assert view.attempts == (("return item", "", "return item not delivered"),)
    assert view.signals[0][0] == view.trigger == "understood as ask for human"


def test_the_summary_does_not_repeat_the_reason_above_it() -> None:
    card = {"summary": "Asked for a person. Last said: “hi” (neutral).", "customer": {
        "subject": "demo:7", "email": "eve@example.com", "name": "Eve", "verified_by": "channel_token"}}
    view = card_view(handoff(card=card), None)
    assert view.summary == "Last said: “hi” (neutral)."
    assert view.customer == (("Name", "Eve"), ("E-mail", "eve@example.com"), ("Customer id", "demo:7"))


@pytest.mark.parametrize(("text", "expected"), [
    ("see https://a.example/x?y=1#z.", ["https://a.example/x?y=1#z"]),
    ("(https://a.example/a_(b)) and http://b.example, too", ["https://a.example/a_(b)", "http://b.example"]),
    ("HTTPS://A.EXAMPLE/", ["HTTPS://A.EXAMPLE/"]), ("https:// nothing", []), ("http://[", []), ("https://[::1", []),
    ("javascript:alert(1) data:text/html,x ftp://a.example www.a.example", []), ("xhttps://a.example", []),
    ("https://a.example/\u202etxt.exe", ["https://a.example/"]),
    ('https://a.example/"onclick="x', ['https://a.example/"onclick="x']),
    ("", []), ("https://a.example" * 2000, ["https://a.example" * 2000]),
])
def test_only_whole_web_addresses_become_links(text: str, expected: list[str]) -> None:
    pieces = links(text)
    assert [address for _, address in pieces if address] == expected
    assert "".join(shown for shown, _ in pieces) == text, "not a character is lost"
    assert all(shown == address for shown, address in pieces if address), "a link says where it leads"


def test_long_facts_of_a_card_are_clipped_and_the_turning_message_more_so() -> None:
    long = "word " * 2000
    card = {"summary": long, "turning_point": 1, "mood": [{"seq": 1, "text": long, "score": 0.9}], "promises": [long],
            "slots": {"a": long}, "signals": [{"name": "x", "value": 1, "detail": long}], "customer": {"name": long},
            "attempts": [{"action": "a", "at": "", "outcome": long}],
            "orders": [{"number": "1", "status": "shipped", "facts": [["Items", long]]}]}
    view = card_view(handoff(card=card), None)
    assert len(view.turning_text) <= TURN and view.turning_text.endswith("…")
    for text in (view.summary, view.promises[0], view.details[0][1], view.signals[0][2], view.customer[0][1],
                 view.attempts[0][2], order_view(handoff(card=card).card.orders[0]).facts[0][1]):
        assert len(text) <= LONGEST and text.endswith("…")
    assert clip("short", 5) == "short" and clip("longer", 5) == "long…"


@pytest.mark.parametrize(("emotion", "frustration", "shown"), [
    ("neutral", 0.81, "frustrated"), ("satisfied", 0.7, "frustrated"), ("neutral", 0.2, "neutral"),
    ("angry", 0.9, "angry"), ("worried", 0.9, "worried"), ("satisfied", 0.1, "satisfied"),
])
def test_a_mood_is_not_called_calm_beside_a_red_bar(emotion: str, frustration: float, shown: str) -> None:
    assert feeling(emotion, frustration) == shown
    assert mood_points([(1, frustration, emotion, "text")])[0].emotion == shown


@pytest.mark.parametrize(("seen", "can"), [
    ({"can_cancel": True}, True), ({"can_cancel": False}, False), ({"can_cancel": "yes"}, False), ({}, False),
])
@pytest.mark.parametrize("status", ["processing", "shipped", "no such status"])
def test_whether_an_order_may_be_cancelled_is_the_order_systems_to_say(
    status: str, seen: dict[str, Any], can: bool,
) -> None:
    assert order_view(OrderFacts.from_dict({"number": "1", "status": status, **seen})).can_cancel is can


def test_the_line_for_the_bot_stays_in_the_transcript() -> None:
    ended = handoff(closed_at=NOON + timedelta(minutes=5), outcome="handed_back", note_for_bot="sent a voucher")
    later = message(2, at=NOON + timedelta(minutes=9))
    lines = timeline([message(1), later], [ended], "Eve", UTC, NOON.date())
    assert [(line.role, line.text) for line in lines] == [
        ("customer", "text 1"), ("handoff", "Asked for a person"), ("for_bot", "sent a voucher"),
        ("customer", "text 2")]
    assert all(line.role != "for_bot" for line in timeline([later], [ended], "Eve", UTC, NOON.date(), from_start=False))
