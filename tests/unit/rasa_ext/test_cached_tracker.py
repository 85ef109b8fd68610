"""A cached tracker answers as Rasa's own, and stays short."""
from __future__ import annotations

from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from tandem.rasa_ext.cached_tracker import KEEP, SLACK, CachedTracker, shortened, state_of
from tandem.sentiment.settings import EscalationSettings
from tandem.services import escalation_settings
from tests.fakes.talk import DOMAIN, form_turn, session, turn


def both() -> tuple[CachedTracker, DialogueStateTracker]:
    return CachedTracker("c", DOMAIN.slots), DialogueStateTracker("c", DOMAIN.slots)


def test_a_copy_leaves_its_original_alone() -> None:
    kept, _ = both()
    for event in session(1.0) + form_turn("where is it", 2.0, True):
        kept.update(event)
    before = state_of(kept)
    twin = kept.copy()
    twin.update(SlotSet("order_number", "TD-1"))
    twin.interrupt_loop(True)
    assert state_of(kept) == before and len(kept.events) + 1 == len(twin.events)


def test_states_that_a_policy_writes_into_are_made_anew() -> None:
    kept, rasas = both()
    for event in session(1.0) + turn("hi", "greet", 2.0, ActionExecuted("utter_greet")):
        kept.update(event)
        rasas.update(event)
    for state in kept.past_states(DOMAIN):
        state.clear()
    for state in kept.past_states(DOMAIN):
        for part in state.values():
            part.clear()
    assert kept.past_states(DOMAIN) == rasas.past_states(DOMAIN)


def test_a_long_talk_stays_short() -> None:
    kept, _ = both()
    kept.update_with_events(session(1.0), DOMAIN, override_timestamp=False)
    longest = 0
    for number in range(300):
        events = turn("hi", "greet", 2.0 + number, ActionExecuted("utter_greet"), BotUttered("hi"))
        kept.update_with_events([*events, SlotSet("seen", number)], DOMAIN, override_timestamp=False)
        kept = shortened(kept)
        longest = max(longest, len(kept.events))
    assert longest <= (KEEP + SLACK) * 6 + 5
    assert kept.get_slot("seen") == 299


def test_nothing_is_cut_out_of_an_open_form() -> None:
    kept, rasas = both()
    talk = session(1.0) + form_turn("where is it", 2.0, True)
    for number in range(2 * (KEEP + SLACK)):
        talk += form_turn("hm", 3.0 + number, False)
    for event in talk:
        kept.update(event)
        rasas.update(event)
    assert len(shortened(kept).events) == len(rasas.events) - 1  # the action before the session's start


def test_the_fold_lies_beyond_what_escalation_looks_at() -> None:
    assert max(EscalationSettings().window, escalation_settings().window) <= KEEP
