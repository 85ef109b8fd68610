"""The words of a response: of the variations that fit, one that this conversation has not heard yet.

Rasa picks among them by chance, so that a customer may be told the same twice in a row. Here the record of the
conversation decides. Where all has been said, the response named under `again` says so and offers the next help: much
later the whole answer, to who asks it in the same words its gist, to another question what the answer says of that, and
else only that there is no more to tell, with the question named.
"""
from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from tandem.rasa_ext.told_again import gist, question_in, same_words, things
from tandem.rasa_ext.translations import in_language_of
from tandem.wording.offers import read_offers

_USER, _BOT = UserUttered.type_name, BotUttered.type_name
_LOOK_BACK = 400  # events; some twenty turns with all their slots
_OTHERWISE = "_otherwise"  # ends the name of the response for another question that gets the same words
_NO_MORE = "_no_more"  # and of that for words that were said within the last few turns
_ITEMS = "order_items"  # the slot with the names of what the order talked about holds
_TOLD = "told"  # the brace in which the words stand that were said before
_JUST_SAID = 3  # messages of the customer since then
_BUTTON = "/"  # begins a message that is a button
# End the names of the responses that name a question: with the brace `{words}`, and for one that is too long for it.
_ASKED, _UNNAMED = "_asked", "_asked_unnamed"


@dataclass(frozen=True)
class Said:
    """Something that the bot has said: the words, and to which message, of which intent and how many messages ago."""

    text: str
    intent: str
    to: str = ""
    turns_ago: int = 0


class FreshResponses(TemplatedNaturalLanguageGenerator):
    """Choose the variation with the most conditions that hold, and among several the one said longest ago.

    A condition holds for a value that an action gives with its reply, or else for the slot of that name.

    In endpoints.yml:

        nlg:
          type: tandem.rasa_ext.fresh_responses.FreshResponses
          again: utter_again
          as_they_are: [utter_ask_*, utter_greet]
    """

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        """Read the keys.

        * `again`: the response for what is asked again although all has been said, with the brace `{told}`; that with
          `_otherwise` behind its name answers another question that would get the same words, and that with `_no_more`
          whatever would get words that were said just now, with the likeliest other readings as buttons. Both may have
          the brace `{asked}`: the response with `_asked`, which has the question's `{words}`, or that with
          `_asked_unnamed`. Empty for none.
        * `as_they_are`: names of responses, with asterisks, that are no answers and are said again without it.
        """
        super().__init__(domain.responses)
        self._endpoint = endpoint_config
        self._again = str(endpoint_config.kwargs.get("again") or "")
        self._as_they_are = tuple(map(str, endpoint_config.kwargs.get("as_they_are") or ()))

    def for_domain(self, domain: Domain) -> FreshResponses:
        """Make one with the words of another domain."""
        return FreshResponses(self._endpoint, domain)

    def plainly(self) -> FreshResponses:
        """Return one that tells an answer once more without a word about that."""
        plain = copy.copy(self)
        plain._again = ""
        return plain

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """Return the response to say, its braces filled; None if there is none of that name.

        It is in the customer's language if it is there in it, and then told as it is.
        """
        slots = tracker.current_slot_values()
        said = said_before(tracker)
        name = in_language_of(tracker, utter_action, self.responses)
        chosen = self._freshest(name, output_channel, slots, kwargs, said)
        if chosen is None or name != utter_action or not self._tells_again(utter_action):
            return chosen
        text = str(chosen.get("text") or "")
        earlier = next((one for one in said if text in one.text), None)
        if earlier is None:
            return chosen
        latest = tracker.latest_message or UserUttered("")
        name, offered = self._name_for(latest, f"{text} {slots.get(_ITEMS) or ''}", earlier, said)
        question = "" if _button(latest.text) else str(latest.text or "")
        whole = name == self._again and earlier.turns_ago > _JUST_SAID
        values = {**kwargs, _TOLD: text if whole else gist(text, question), "asked": self._named(question)}
        told = self._freshest(name, output_channel, slots, values, said)
        if told is None:
            return chosen
        # What the answer offers stays, then what helps further.
        buttons = {str(one.get("payload")): one for one in told.get("buttons") or ()}
        first = {str(one.get("payload")): one for one in (*(chosen.get("buttons") or ()), *offered)}
        return {**chosen, **told, "buttons": list({**first, **buttons, **first}.values())}

    def _name_for(
        self, latest: UserUttered, words: str, earlier: Said, said: Sequence[Said]
    ) -> tuple[str, Sequence[Mapping[str, Any]]]:
        """Return the response for words that were said before, and what else the message may have meant."""
        intent = _full_name(latest.intent)
        is_same = earlier.intent == intent
        asks_again = is_same and (_button(latest.text) or same_words(str(latest.text or ""), earlier.to))
        if earlier.turns_ago > _JUST_SAID or asks_again or f"{self._again}{_NO_MORE}" not in self.responses:
            return self._again if is_same else f"{self._again}{_OTHERWISE}", ()
        if (things(latest.text) - things(earlier.to)) & things(words):
            return f"{self._again}{_OTHERWISE}", ()
        lately = {intent, *(one.intent for one in said if one.turns_ago <= _JUST_SAID)}
        others = read_offers().buttons([one for one in _ranking(latest) if one[0] not in lately])
        return f"{self._again}{_NO_MORE}", others

    def _named(self, question: str) -> str:
        """Name the question of a message as the responses for that do."""
        words = question_in(question)
        found = self.responses.get(f"{self._again}{_ASKED if words else _UNNAMED}") or [{}]
        filled = self._fill_response(copy.deepcopy(found[0]), {}, words=words)
        return str(filled.get("text") or "")

    def _tells_again(self, utter_action: str) -> bool:
        """Check whether a response is an answer, for which there are words when it must be said again."""
        return bool(self._again) and not any(fnmatch(utter_action, name) for name in self._as_they_are)

    def _freshest(
        self, name: str, channel: str, slots: Mapping[str, Any], values: Mapping[str, Any], said: Sequence[Said],
    ) -> dict[str, Any] | None:
        if name not in self.responses:
            return None
        fitting = ResponseVariationFilter(self.responses).responses_for_utter_action(name, channel, {**slots, **values})
        if not fitting:
            return None
        most = max(len(variation.get("condition") or ()) for variation in fitting)
        filled = [self._fill_response(copy.deepcopy(variation), dict(slots), **values) for variation in fitting
                  if len(variation.get("condition") or ()) == most]
        return max(filled, key=lambda variation: _age(str(variation.get("text") or ""), said))


def said_before(tracker: DialogueStateTracker) -> list[Said]:
    """Return what the bot has said lately, the latest first.

    The cost does not grow with the conversation's length.
    """
    found: list[Said] = []
    waiting: list[str] = []  # said after the message that comes next
    turns = 0
    for count, event in enumerate(reversed(tracker.events)):
        if count >= _LOOK_BACK:
            break
        if event.type_name == _BOT and event.text:
            waiting.append(str(event.text))
        elif event.type_name == _USER:
            found += [Said(text, _full_name(event.intent), str(event.text or ""), turns) for text in waiting]
            waiting = []
            turns += 1
    return found + [Said(text, "", "", turns) for text in waiting]


def _age(text: str, said: Sequence[Said]) -> int:
    """Count what was said since a text, alone or in what told it again; one that was never said is the oldest."""
    return next((place for place, one in enumerate(said) if text in one.text), len(said))


def _full_name(intent: Mapping[str, Any]) -> str:
    return str(intent.get("full_retrieval_intent_name") or intent.get("name") or "")


def _ranking(message: UserUttered) -> list[tuple[str, float]]:
    """Return how a message may be read, in full, with the confidence, the likeliest first."""
    parse = message.parse_data or {}
    answers = parse.get("response_selector") or {}
    told = [(str(one["intent"]), float(one["confidence"]))
            for one in (parse.get("interpretation") or {}).get("candidates") or ()]  # several of one topic
    ranks = [(str(rank.get("name") or ""), float(rank.get("confidence") or 0.0))
             for rank in parse.get("intent_ranking") or ()]
    full = [(str(((answers.get(name) or {}).get("response") or {}).get("intent_response_key") or name), sure)
            for name, sure in ranks]
    return sorted({**dict(full), **dict(told)}.items(), key=lambda one: -one[1])


def _button(text: str | None) -> bool:
    return str(text or "").startswith(_BUTTON)
