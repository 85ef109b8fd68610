"""What the bot has offered, from the record of the conversation, and which of it a message takes."""
from __future__ import annotations

import re

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.base.choices import read_choice
from actions.base.message_text import read_payload
from actions.base.order_form import starts_a_flow
from actions.base.turn import CurrentTurn
from tandem.conversations.consent_reader import asks

_REFUSES = re.compile(r"\b(?:no|not|never|don't|dont|without)\s+\w", re.IGNORECASE)  # "no person please"
MOST_WORDS = 8  # a longer message says more than which button it takes


def start_offer(payload: str) -> list[EventType]:
    """Return what starts what a button stands for; nothing where no flow is behind it."""
    intent, slots = read_payload(payload)
    if intent == "ask_for_human":
        return [FollowupAction("action_handoff")]
    if starts_a_flow(intent):
        return [*(SlotSet(slot, value) for slot, value in slots.items()), FollowupAction(f"{intent}_form")]
    return []


def take_offer(turn: CurrentTurn) -> list[EventType]:
    """Return what starts the one button of the bot's last message that the text chooses, by place or by its words."""
    buttons = turn.buttons
    if asks(turn.text) or _REFUSES.search(turn.text):
        return []
    titles = [str(button.get("title") or "") for button in buttons]
    chosen = read_choice(turn.text, titles) if len(re.findall(r"\w+", turn.text)) <= MOST_WORDS else None
    if not chosen or len(chosen) > 1 or len(buttons) < 2:
        return []
    return start_offer(str(buttons[chosen[0]].get("payload") or ""))
