"""Events of talks with a bot, made up by chance or by plan: forms, restarts, sessions, rewinds."""
from __future__ import annotations

from collections.abc import Iterator
from random import Random

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    DefinePrevUserUtteredFeaturization,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)

DOMAIN = Domain.from_yaml("""
version: "3.1"
intents: [greet, order_status, inform, thanks]
entities: [order_number]
slots:
  order_number: {type: text, influence_conversation: true, mappings: [{type: custom}]}
  mood: {type: categorical, values: [calm, upset], influence_conversation: true, mappings: [{type: custom}]}
  requested_slot: {type: any, mappings: [{type: custom}]}
  seen: {type: any, initial_value: 0, mappings: [{type: custom}]}
forms:
  order_form: {required_slots: [order_number]}
actions: [action_order, utter_greet]
""")
LISTEN = "action_listen"


def session(moment: float) -> list[Event]:
    """A session begins, as Rasa writes it."""
    return [ActionExecuted("action_session_start", timestamp=moment - 0.1), SessionStarted(timestamp=moment),
            ActionExecuted(LISTEN, timestamp=moment)]


def turn(text: str, intent: str, moment: float, *between: Event) -> list[Event]:
    """A message, what the bot does on it, and its listening."""
    said = UserUttered(text, {"name": intent, "confidence": 0.9}, [], timestamp=moment, input_channel="rest",
                       message_id=f"m{moment}", metadata={"tandem": {"seq": int(moment)}})
    listened = ActionExecuted(LISTEN, timestamp=moment)
    return [said, DefinePrevUserUtteredFeaturization(False, timestamp=moment), *between, listened]


def form_turn(text: str, moment: float, begins: bool) -> list[Event]:
    """A message that opens a form or goes on in it."""
    asks = [SlotSet("requested_slot", "order_number", timestamp=moment)]
    opens = [ActiveLoop("order_form", timestamp=moment)] if begins else []
    return turn(text, "order_status", moment, ActionExecuted("order_form", timestamp=moment), *opens, *asks)


def by_chance(rng: Random, turns: int) -> Iterator[list[Event]]:
    """What is saved after each of so many turns."""
    moment, in_form = 1.0, False
    yield session(moment)
    for _ in range(turns):
        moment += 1
        kind = rng.choices(("talk", "form", "leave", "slot", "restart", "session", "pause", "odd", "reset", "rewind"),
                           (10, 5, 4, 4, 1, 1, 1, 2, 1, 1))[0]
        if kind == "form":
            yield form_turn(f"about my order {moment}", moment, not in_form)
            in_form = True
        elif kind == "leave" and in_form:
            number = SlotSet("order_number", f"TD-{int(moment)}", timestamp=moment)
            yield turn("TD-1", "inform", moment, number, ActionExecuted("order_form", timestamp=moment),
                       ActiveLoop(None, timestamp=moment), SlotSet("requested_slot", None, timestamp=moment),
                       ActionExecuted("action_order", timestamp=moment), BotUttered("on its way", timestamp=moment))
            in_form = False
        elif kind == "slot":
            yield turn("hm", "inform", moment, SlotSet("mood", rng.choice(("calm", "upset")), timestamp=moment),
                       SlotSet("seen", rng.randrange(9), timestamp=moment))
        elif kind == "restart":
            yield [*turn("/restart", "restart", moment, ActionExecuted("action_restart", timestamp=moment),
                         Restarted(timestamp=moment)), *session(moment)]
            in_form = False
        elif kind == "session":
            carried = SlotSet("order_number", "TD-carried", timestamp=moment)
            yield [*session(moment)[:2], carried, ActionExecuted(LISTEN, timestamp=moment)]
            in_form = False
        elif kind == "pause":
            yield [ConversationPaused(timestamp=moment), *turn("hello?", "greet", moment),
                   *([ConversationResumed(timestamp=moment)] if rng.random() < 0.7 else [])]
        elif kind == "odd" and in_form:
            yield turn("what?", "greet", moment, ActionExecutionRejected("order_form", timestamp=moment),
                       ActionExecuted("utter_greet", timestamp=moment), LoopInterrupted(True, timestamp=moment),
                       ActionExecuted("order_form", timestamp=moment))
        elif kind == "reset":
            yield turn("forget it", "thanks", moment, AllSlotsReset(timestamp=moment))
        elif kind == "rewind":
            back = rng.choice((UserUtteranceReverted, ActionReverted))
            yield [*turn("hm", "greet", moment, ActionExecuted("utter_greet", timestamp=moment)),
                   back(timestamp=moment), FollowupAction(LISTEN, timestamp=moment),
                   ActionExecuted(LISTEN, timestamp=moment)]
        else:
            yield turn(f"hello {moment}", "greet", moment, ActionExecuted("utter_greet", timestamp=moment),
                       BotUttered("hi", timestamp=moment))
