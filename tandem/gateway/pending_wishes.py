"""Several wishes in one message: each is given to the bot as a message of its own, when the one before it is finished.

What is still to be done stands in the metadata of the conversation's latest message, so that the tracker is the record:
a turn that is run again, another worker, and the card for a person read the same. While a form waits for an answer, the
rest waits, too; it is taken up in the turn in which the form ends. A yes never belongs to a part: consent is read from
the whole message in the ledger.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel

from tandem.conversations.buttons import ASIDE
from tandem.nlu.intent_classifier import WISHES
from tandem.rasa_ext.trackers import SAID_BEFORE, Standing, looked_at, parse_in_conversation
from tandem.wording.phrases import has_notice, notice

PHRASES = Path("data/responses/wishes.yml")
MOST_TAKEN_UP = 4  # in one turn
REOPENED = "reopened"  # in a wish: it was left open in the queue, and the bot has said so
_SENTIMENT, _SEQ = "sentiment", "seq"
_ENDS_ALL = frozenset({"never_mind", "goodbye"})
_DROPS = re.compile(
    r"\b(?:forget|never ?mind|skip|drop|leave(?: out)?|cancel|scrap|ignore|no need for|(?:don't|do not) (?:need|bother "
    r"(?:with|about)|worry about))\s+(?:about )?(?:the |my )?(?P<which>second|other|last|rest|third|next)"
    r"(?: (?:thing|one|question|wish|request|part|point|bit))?\b(?! (?:order|item|parcel|address))", re.IGNORECASE)

Wish = Mapping[str, Any]  # as the NLU has it: text, intent, confidence, is_act; and the number of its message


@dataclass(frozen=True)
class Plan:
    """What the bot is given of a message, and what is kept for later, the next first.

    Attributes:
        text, parse: The message, or the part of it that comes first.
        says: What is said before the bot's answer; empty for nothing.
        only_drops: The message only takes back what was kept: the bot has no answer to it.
    """

    text: str
    parse: Mapping[str, Any]
    kept: tuple[Wish, ...] = ()
    says: str = ""
    only_drops: bool = False

    @property
    def facts(self) -> dict[str, Any]:
        """Return what the dialogue is told of this, beside the message."""
        return {**({WISHES: [dict(wish) for wish in self.kept]} if self.kept else {}),
                **({SAID_BEFORE: self.says} if self.says else {})}


async def plan(
    agent: Agent, conversation_id: str, seq: int, text: str, parse: Mapping[str, Any], standing: Standing,
) -> Plan:
    """Decide what the bot is given of a message now.

    Args:
        seq: The message's number in the ledger.
        parse: How the whole of it was read.
        standing: How the conversation stood before; an empty one after a person, who has dealt with what was kept.
    """
    kept = kept_in(standing)
    if kept and standing.form and _DROPS.search(text):
        says = notice("wish_dropped", PHRASES, wish=_named(kept[0]))
        return Plan(text, parse, kept[1:], says, only_drops=True)
    if (parse.get("intent") or {}).get("name") in _ENDS_ALL:
        kept = ()
    found = [{**wish, _SEQ: seq} for wish in parse.get(WISHES) or ()]
    if len(found) < 2:
        return Plan(text, parse, kept)
    first, *rest = found
    # The mood is that of the whole message, and is felt once.
    own = {**await parse_in_conversation(agent, conversation_id, first["text"]), _SENTIMENT: parse.get(_SENTIMENT)}
    says = notice("wishes_in_turn", PHRASES, first=_named(first), then=_named(rest[0])) if first["is_act"] else ""
    if not first["intent"]:  # the answer to a form, and something new beside it
        says = notice("wish_kept", PHRASES, wish=_named(rest[0]))
    return Plan(first["text"], own, (*rest, *kept), says)


async def next_plan(agent: Agent, conversation_id: str, seq: int) -> Plan | None:
    """Take up what was kept; None if there is nothing, or a form waits for an answer."""
    async with looked_at(agent, conversation_id) as tracker:
        standing = Standing.of(tracker)
    wishes = () if standing.form else kept_in(standing)
    if not wishes:
        return None
    wish, *rest = wishes
    parse = await parse_in_conversation(agent, conversation_id, str(wish["text"]))
    own = {key: value for key, value in parse.items() if key not in (_SENTIMENT, WISHES)}  # felt and cut already
    return Plan(str(wish["text"]), own, tuple(rest), _introduction(wish, seq))


def kept_in(standing: Standing) -> tuple[Wish, ...]:
    """Return what is kept in a conversation, the next first."""
    return tuple(standing.told.get(WISHES) or ())


async def say_aside(output: OutputChannel, conversation_id: str, text: str) -> None:
    """Say something that leaves the bot's question open."""
    if text:
        await output.send_response(conversation_id, {"text": text, ASIDE: True})


def _introduction(wish: Wish, seq: int) -> str:
    """Name what is taken up, unless it is a question of this very message, to which the answer speaks for itself."""
    if wish.get(REOPENED):
        return ""
    if wish.get("is_act") or has_notice(f"wish_{wish.get('intent')}", PHRASES):
        return notice("wish_next", PHRASES, wish=_named(wish))
    return notice("wish_asked", PHRASES, wish=_named(wish)) if wish.get(_SEQ) != seq else ""


def _named(wish: Wish) -> str:
    """Name a wish as `utter_notice_wish_<intent>` does, else in the customer's own words."""
    intent = str(wish.get("intent") or "").replace("/", "_")
    if has_notice(f"wish_{intent}", PHRASES):
        return notice(f"wish_{intent}", PHRASES)
    return notice("wish_in_words", PHRASES, words=str(wish.get("text") or "").rstrip(" .?!"))
