"""What a message asks beside an answer: "yes please, and when do I get the money?" asks for the day of the refund.

Whether it is a yes or a no the gate of consent reads for itself, from the ledger. What is left for the reader of
intents is the question: without it the customer would only hear the bot's own question again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tandem.nlu.models.context import Context

_ENDS = re.compile(r"(?<=[.!?;:,\u2026\n])\s+|\s[-\u2013\u2014]+\s|\s(?=(?:and|but|only|though)\s)", re.IGNORECASE)
_LEADS = re.compile(
    r"^(?:(?:and|but|so|ok|okay|then|also|well|first|just|only|though|yes|yeah|sure|no|hm+|please|wait|sorry|tell me|"
    r"i wonder|(?:i'm|im|i am) (?:just |only )?wondering|by the way|btw)[\s,:]+)*", re.IGNORECASE)
_QUESTIONS = re.compile(
    r"(?:(?:what|why|how|when|where|who|which|whose)(?:'s|s)?\b"
    r"|(?:until|till|by|from|since|to|for|on|at|with) (?:when|what|which|how|who|whom|where)\b"
    r"|do (?:i|you|they|we|my)\b"
    r"|(?:can|could|would|should|shall|may|might) (?:i|you|it|this|that|there|they|we|the|my)\b"
    r"|(?:is|are|was|were|does|did|will|has|have) (?:i|you|it|this|that|there|they|we|the|my)\b|(?:if|whether)\b)",
    re.IGNORECASE)


def asks(text: str) -> bool:
    """Check whether a text is a question, by its mark or by its first words."""
    return "?" in text or bool(_QUESTIONS.match(_LEADS.sub("", text.strip(), count=1)))


def asks_somewhere(text: str) -> bool:
    """Check whether a text is a question or has one in it."""
    return asks(text) or bool(beside_an_answer(text))


def beside_an_answer(text: str) -> str:
    """Return the part of a message from its first question on; empty if it asks nothing, or nothing else."""
    parts = [part for part in _ENDS.split(text.strip()) if part and part.strip(" ,.")]
    first = next((place for place, part in enumerate(parts) if asks(part)), 0)
    return " ".join(parts[first:]).strip() if first else ""


# What is read where the bot has asked for a yes, and what answers that or repeats the wish.
WAITS_FOR_YES = "confirmed"
_NO_QUESTIONS = frozenset({
    "affirm", "deny", "inform", "never_mind", "thanks", "greet", "goodbye", "out_of_scope",
    "cancel_order", "return_item", "change_address", "change_order", "get_refund"})
# Wished while another of them is asked about, they are what is wanted instead; some are much the same.
_ACTS = frozenset({"cancel_order", "return_item", "change_address", "change_order"})
_MUCH_THE_SAME = (frozenset({"change_address", "change_order"}),)
_OF_ACTS = frozenset({WAITS_FOR_YES, "return_item", "return_reason", "new_address"})  # a no to these ends the matter
_REFUSALS = frozenset({"deny", "never_mind"})
_NO = re.compile(r"(?:no|nope|nah|don'?t|do not|leave|keep|rather not|never ?mind|stop)\b(?! (?:idea|clue|problem))",
                 re.IGNORECASE)
_NO_FIRST = re.compile(r"(?:(?:no|nope|nah|wait|hold on|hm+|sorry|stop|actually)\b[\s,.!;:-]*)+", re.IGNORECASE)
LEAST = 0.1  # confidence of a question that is preferred to the answer in the same message
_NUMBER = re.compile(r"\d{4}")


def wishes_another(intent: str, doing: str) -> bool:
    """Check whether an intent begins another act than the one that a form is for; False outside the forms of acts."""
    if intent not in _ACTS or doing not in _ACTS or intent == doing:
        return False
    return not any(intent in group and doing in group for group in _MUCH_THE_SAME)


def wish_after_no(text: str, context: Context) -> str:
    """Return what follows the no with which a message begins: "no, change the address"; empty if nothing does."""
    rest = _NO_FIRST.sub("", text.strip(), count=1)
    return rest if context.asks in _OF_ACTS and rest != text.strip() and len(rest.split()) > 1 else ""


def question_after_no(text: str, context: Context) -> str:
    """Return what a message asks after it has refused what a form wants; empty if it does not begin with a no."""
    return beside_an_answer(text) if context.asks in _OF_ACTS and _NO.match(text.strip()) else ""


def is_read_for_its_question(
    text: str, ranking: Sequence[tuple[str, float]], context: Context, doing: str = "",
) -> bool:
    """Check whether a message that seems to answer a question for a yes, or to refuse a form, also asks something.

    Args:
        doing: The intent of the form that waits: "can I change the address instead?" is no question about cancelling.
    """
    if ranking and wishes_another(ranking[0][0], doing):
        return False
    answers = _NO_QUESTIONS if context.asks == WAITS_FOR_YES else _REFUSALS if context.asks else frozenset()
    return bool(ranking) and ranking[0][0] in answers and asks_somewhere(text) and not _NUMBER.search(text)


def only_questions(ranking: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Keep of a ranking what is a question, if the first of them is sure enough; else nothing."""
    found = [(intent, sure) for intent, sure in ranking if intent not in _NO_QUESTIONS]
    return found if found and found[0][1] >= LEAST else []
