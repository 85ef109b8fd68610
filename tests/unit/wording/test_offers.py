"""What is offered where a message is not surely read."""
from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tandem.wording.offers import OFFERS, Offers, OffersError, read_offers

NOT_OFFERED = {  # nobody would choose these from a list, or they are offered by the button for a person
    "greet", "goodbye", "thanks", "affirm", "deny", "are_you_a_bot", "how_are_you", "help", "never_mind", "abuse",
    "inform", "out_of_scope", "praise", "ask_for_human", "ask_for_call", "legal_threat", "safety_hazard",
    "fraud_report", "bereavement", "back_to_bot", "queue_question", "leave_message", "message_kept", "all_clear",
}


def test_the_likeliest_three_are_offered_and_a_person() -> None:
    offers = Offers(person="A person", offers={name: name.upper() for name in "abcd"})
    likely = [("x", 0.5), ("a", 0.4), ("b", 0.3), ("c", 0.2), ("d", 0.1)]
    assert [one["title"] for one in offers.buttons(likely)] == ["A", "B", "C", "A person"]
    assert [one["payload"] for one in offers.buttons([("d", 0.1), ("a", 0.01)])] == ["/d", "/ask_for_human"]


def test_where_nothing_is_likely_nothing_is_offered() -> None:
    offers = Offers(person="A person", offers={"a": "A"})
    assert offers.buttons([]) == offers.buttons([("x", 0.9)]) == offers.buttons([("a", 0.01)]) == ()


def test_changed_words_are_offered_at_once_and_a_wrong_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "offers.yml"
    assert read_offers(path) == Offers()
    path.write_text("offers: {a: One}", encoding="utf-8")
    assert read_offers(path).offers == {"a": "One"}
    path.write_text("offers: {a: Two}", encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert read_offers(path).offers == {"a": "Two"}
    path.write_text("ofers: {}", encoding="utf-8")
    with pytest.raises(OffersError, match="did you mean offers"):
        read_offers(path)


def test_every_intent_that_can_be_chosen_has_short_words_of_its_own() -> None:
    asked = {block["intent"] for path in Path("data/nlu").glob("*.yml")
             for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"] if "intent" in block}
    words = read_offers(OFFERS).offers
    answers = {name for name in asked if "/" in name and not name.startswith("talk/")} - {"returns/unsure"}
    assert set(words) - asked == set()
    assert (answers | {name for name in asked if "/" not in name} - NOT_OFFERED) - set(words) == set()
    assert len(set(words.values())) == len(words)
    assert max(map(len, words.values())) <= 27
