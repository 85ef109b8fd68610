"""The table from readings to answers: who leaves, who is asked, what is answered, and how often."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.handoff.contact import email_in
from tandem.handoff.waiting_room import (
    ASK_LEAVE,
    DANGER,
    STANDING,
    STAYS,
    GivenAnswer,
    MessageReading,
    NextStep,
    decide,
    is_due,
    parts_of,
)
from tandem.handoff.waiting_rules import NOTED, WAITING, WaitingRoom, WaitingRoomError, read_waiting_room

ROOT = Path(__file__).resolve().parents[3]
ROOM = read_waiting_room(ROOT / WAITING)
NOW = datetime(2026, 6, 24, 15, 0, tzinfo=timezone.utc)


def read(intent: str, confidence: float = 0.9, text: str = "words", understood: bool = True) -> MessageReading:
    return MessageReading(text, ((intent, confidence),), understood)


def unclear(*ranking: tuple[str, float]) -> MessageReading:
    return MessageReading("words", ranking)


def step(whole: MessageReading, parts: Sequence[MessageReading] = (), asked: bool = False) -> NextStep:
    return decide(ROOM, whole, parts, asked)


@pytest.mark.parametrize(("whole", "name"), [
    (read("queue_question"), STANDING), (read("ask_for_human"), STANDING),
    (unclear(("queue_question", 0.22)), STANDING),
    (read("ask_for_call"), "call"), (read("leave_message"), "message"), (read("message_kept"), "kept"),
    (read("are_you_a_bot"), "who"), (read("thanks"), "thanks"), (read("abuse"), "anger"), (read("cancel_order"), "act"),
    (read("safety_hazard", 0.3), DANGER), (read("all_clear"), "all_clear"),
    (read("never_mind"), ASK_LEAVE), (read("help"), ASK_LEAVE), (read("back_to_bot", 0.3), ASK_LEAVE),
    (unclear(("back_to_bot", 0.21), ("thanks", 0.2)), ASK_LEAVE),
    (read("promo_code"), NOTED), (read("delivery_time", text="any idea how long?"), STANDING),
    (unclear(("thanks", 0.1)), NOTED), (unclear(), NOTED),
])
def test_a_reading_has_its_notice(whole: MessageReading, name: str) -> None:
    assert step(whole) == NextStep("notice", name)


def test_a_question_about_an_order_is_asked_of_the_orders() -> None:
    assert step(read("order_fact/carrier")).asks == ("action_order_fact", "action_order_facts")
    assert step(read("order_status")) == NextStep("ask", "action_order_facts", ("action_order_facts",))
    assert step(read("order_status", 0.15)) == NextStep("notice", NOTED), "facts are for questions that are understood"


def test_a_question_about_the_shop_gets_the_shops_answer() -> None:
    assert step(read("opening_hours")).asks == ("utter_opening_hours",)
    room = WaitingRoom(explains=("returns",), looks_up={"action_a": ("returns/label",), "action_b": ("returns",)})
    assert decide(room, read("returns/label")).asks == ("action_a", "action_b", "utter_returns")
    assert decide(room, read("returns/window")).asks == ("action_b", "utter_returns")


@pytest.mark.parametrize(("whole", "parts", "for_bot"), [
    (read("back_to_bot"), [], ""),
    (read("back_to_bot"), [read("back_to_bot"), read("order_status", text="where is it")], "where is it"),
    (read("order_status"), [read("back_to_bot"), read("order_status", text="where is it")], "where is it"),
    (read("help", 0.3), [read("never_mind"), read("back_to_bot", 0.3)], ""),
    (read("back_to_bot"), [read("back_to_bot"), read("complaint", text="this takes ages")], ""),
    (read("back_to_bot"), [read("back_to_bot"), unclear(("order_status", 0.1))], ""),
    (read("back_to_bot"), [read("order_status", text="where is it"), unclear(), read("order_status", text="or the rug"),
                           read("back_to_bot")], "where is it words or the rug"),
])
def test_who_wishes_to_leave_leaves_and_what_they_ask_is_kept(
    whole: MessageReading, parts: list[MessageReading], for_bot: str,
) -> None:
    assert step(whole, parts) == NextStep("leave", for_bot=for_bot)


@pytest.mark.parametrize("whole", [read("ask_for_human"), read("queue_question"), read("safety_hazard")])
def test_nobody_leaves_who_means_something_else(whole: MessageReading) -> None:
    assert step(whole, [read("back_to_bot"), read("ask_for_human")]).kind == "notice"


def test_a_question_back_is_answered_with_yes_or_no() -> None:
    assert step(read("affirm"), asked=True) == NextStep("leave")
    assert step(read("deny"), asked=True) == NextStep("notice", STAYS)
    assert step(read("affirm")) == NextStep("notice", NOTED)


def test_a_danger_in_any_part_comes_before_all_else() -> None:
    assert step(read("back_to_bot"), [read("back_to_bot"), read("safety_hazard", 0.7)]) == NextStep("notice", DANGER)
    assert step(read("all_clear"), [read("all_clear"), read("safety_hazard", 0.7)]) == NextStep("notice", "all_clear")


def test_an_injury_is_a_danger_however_the_message_was_read() -> None:
    assert step(read("damaged_item", text="all in shards, and I cut my finger on them")) == NextStep("notice", DANGER)
    assert step(read("all_clear", text="ok so far but still bleeding")) == NextStep("notice", DANGER)


@pytest.mark.parametrize(("whole", "name"), [
    (unclear(), DANGER), (read("greet"), DANGER), (read("complaint"), DANGER), (read("queue_question"), STANDING),
    (read("all_clear"), DANGER),
])
def test_who_is_in_danger_and_asks_what_to_do_is_advised_again(whole: MessageReading, name: str) -> None:
    asks = replace(whole, text="so what should I do now")
    assert decide(ROOM, asks, in_danger=True) == NextStep("notice", name)
    assert decide(ROOM, replace(whole, text="it is the green one"), in_danger=True) == step(whole)


@pytest.mark.parametrize(("text", "kind"), [
    ("lol, no person", "leave"), ("Leave the queue!", "leave"), ("I don't want an agent", "leave"),
    ("there is still no person here who could answer me", "notice"), ("no, a person please", "notice"),
])
def test_who_says_plainly_that_nobody_is_to_come_leaves(text: str, kind: str) -> None:
    whole = read("ask_for_human", text=text)
    parts = [read("ask_for_human", text=part) for part in parts_of(text, ROOM)]
    assert step(whole, parts if len(parts) > 1 else ()).kind == kind


def test_a_long_wish_to_leave_that_is_read_as_one_is_not_asked_back() -> None:
    assert step(read("back_to_bot", text="alright then, please put me back to the bot now")).kind == "leave"


def test_a_goodbye_is_a_goodbye() -> None:
    assert step(read("goodbye")) == NextStep("notice", "farewell")


@pytest.mark.parametrize(("text", "parts"), [
    ("never mind them, where is my parcel?", ("never mind them", "where is my parcel")),
    ("Bot again please. Do you sell lamps?", ("Bot again please", "Do you sell lamps")),
    ("where is TD-10421", ("where is TD-10421",)),
    ("leave it and tell me the price", ("leave it", "tell me the price")),
    ("a. b. c. d. e. f. g. h", ("a. b. c. d. e. f. g. h",)), ("", ("",)),
    ("so, " + "x" * 500, ("so, " + "x" * 500,)),
])
def test_a_message_is_taken_apart_where_it_has_parts(text: str, parts: tuple[str, ...]) -> None:
    assert parts_of(text, ROOM) == parts


def test_remarks_are_answered_once_in_a_while_and_questions_whenever_they_come() -> None:
    def given(name: str, *ago: float) -> list[GivenAnswer]:
        return [GivenAnswer((name,), NOW - timedelta(seconds=seconds), "words") for seconds in ago]

    assert is_due(ROOM, NOTED, [], NOW) and not is_due(ROOM, NOTED, given(NOTED, 5), NOW)
    assert is_due(ROOM, NOTED, given(NOTED, 100), NOW) and is_due(ROOM, NOTED, given("thanks", 5), NOW)
    assert is_due(ROOM, STANDING, given(STANDING, 5, 9), NOW), "a question"
    assert not is_due(ROOM, STANDING, given(STANDING, 5, 7, 9), NOW), "but not a flood of them"
    assert is_due(ROOM, DANGER, given(DANGER, 1, 1, 1, 1), NOW), "never too often"
    assert is_due(ROOM, NOTED, given(NOTED, 5), NOW, is_question=True), "no question meets silence"


def test_a_parse_is_read_whatever_is_missing_in_it() -> None:
    for parse in ({}, {"intent": None}, {"intent": {"name": None}, "intent_ranking": []}, {"sentiment": None}):
        assert MessageReading.of(parse) == MessageReading("")
    fallback = {"name": "nlu_fallback", "confidence": 0.7}
    unsure: dict[str, Any] = {"text": "hm", "intent": fallback, "sentiment": {"frustration": 0.8},
                              "intent_ranking": [fallback, {"name": "thanks", "confidence": 0.2}]}
    assert MessageReading.of(unsure) == MessageReading("hm", (("thanks", 0.2),), False, True)
    topic = {"name": "returns", "confidence": 0.8}
    selected = {"returns": {"response": {"intent_response_key": "returns/label"}}}
    found = MessageReading.of({"text": "x", "intent": topic, "intent_ranking": [topic], "response_selector": selected})
    assert (found.intent, found.is_understood) == ("returns/label", True)
    assert found.is_of(("returns",), 0.5) and found.is_of(("returns/label",), 0.5)


def test_a_wrong_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "waiting.yml"
    assert read_waiting_room(path) == WaitingRoom()
    path.write_text("quiet_second: 5", encoding="utf-8")
    with pytest.raises(WaitingRoomError, match="did you mean quiet_seconds"):
        read_waiting_room(path)


def test_the_table_names_what_there_is() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    words = yaml.safe_load((ROOT / "data/responses/waiting.yml").read_text(encoding="utf-8"))["responses"]
    intents = {one if isinstance(one, str) else next(iter(one)) for one in domain["intents"]}
    actions = {one if isinstance(one, str) else next(iter(one)) for one in domain["actions"]}
    leaving = ROOM.leaving
    named = [*leaving.intents, *leaving.ask, *leaving.stays, *leaving.no_matter, *ROOM.explains,
             *(one for group in (*ROOM.notices.values(), *ROOM.looks_up.values()) for one in group)]
    assert {one.partition("/")[0] for one in named} <= intents
    assert set(ROOM.looks_up) <= actions
    for name in {*ROOM.notices, *ROOM.remarks, *ROOM.urgency, NOTED, STAYS, ASK_LEAVE, "found", "contact"}:
        assert len([one for one in words[f"utter_notice_waiting_{name}"] if "condition" not in one]) >= 2, name
    said = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")).get("responses") or {}
            for path in (ROOT / "data/responses").glob("*.yml")}
    responses = {name for group in said.values() for name in group}
    topics = {name.removeprefix("utter_").partition("/")[0] for name in responses}
    assert set(ROOM.explains) <= topics


@pytest.mark.parametrize(("text", "address"), [
    ("write to kim@example.com please", "kim@example.com"), ("a@example.com, no, b@example.com", "b@example.com"),
    ("at noon", ""), ("@kim", ""),
])
def test_the_last_address_of_a_text_counts(text: str, address: str) -> None:
    assert email_in(text) == address


@pytest.mark.parametrize("text", ["Hello, is somebody there?", "sorry, anyone reading this", "are you still there?"])
def test_who_asks_if_somebody_is_there_keeps_the_place_and_is_told_it(text: str) -> None:
    for intent in ("back_to_bot", "never_mind", "goodbye"):
        assert step(read(intent, text=text)) == NextStep("notice", STANDING)


def test_who_wishes_to_leave_beside_it_leaves() -> None:
    parts = [read("greet", text="anybody there"), read("back_to_bot", text="then on without you")]
    assert step(read("back_to_bot", text="anybody there? then on without you"), parts).kind == "leave"
