"""The wishes in a message: "send the towel back, and do you ship to Alaska?" is two of them.

A message is cut where a sentence ends or another clause begins, and each part is read by the same model, after the
parts before it. Several wishes it has only where at least two parts ask or want something, each read with enough
confidence, and not about the same matter: "I'm angry and want my money", "cancel it and refund me" and a wish with its
reason are one. A message that begins with a no, or in which somebody is wanted, is never taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tandem.nlu.models.context import Context, Topics
from tandem.nlu.models.questions import asks

Read = Callable[[str, Context], Sequence[tuple[str, float]]]

_ASIDES = r"by the way|while (?:we're|we are|you're|i'm|im) at it|on top of that|in addition|besides"
_SENTENCES = re.compile(r"(?<=[.!?\u2026])\s+|\s*[\n;]\s*|\s+[-\u2013\u2014]+\s+|:\s+")
_JOINTS = re.compile(rf",?\s+(?=(?:and|plus|oh|btw|{_ASIDES})\b)|,\s+|\s(?=then\s)", re.IGNORECASE)
_LEADS = re.compile(
    rf"^(?:(?:(?:and|plus|also|oh|so|then|next|now|ok|okay|well|hi|hello|hey|please|pls|btw|too|{_ASIDES}|"
    r"(?:another|one more|the other|one other) (?:thing|question)(?: is)?|"
    r"(?:first(?:ly)?(?: of all)?|second(?:ly)?|third(?:ly)?|finally|lastly)(?! (?:order|one|item|thing)\b)|"
    r"(?:two|a couple of|a few|several|three) (?:things|questions|requests)(?: please)?)\b|[\s,.:;!&+\u2013\u2014-])"
    r"[\s,.:;!]*)+", re.IGNORECASE)
_WANTS = re.compile(
    r"(?:(?:can|could|would|will) (?:you|i|we)\b|(?:i|we)(?:'d| would)? (?:really |also |just |still )?"
    r"(?:want|need|like|love|wanna|have to|wish)\b|(?:i|we)(?:'m|'re| am| are) (?:sending|returning|going to)\b|"
    r"(?:tell|let|give|get|send|show|bring|mail|e-?mail) (?:me|us|my|it|the|that|this|them|back|a|an)\b|"
    r"(?:cancel|return|change|update|track|check|refund|exchange|swap|replace|subscribe|unsubscribe|close|delete|"
    r"order|reship|redirect|sign|take|put|remove|add|stop|find|resend|book|drop|make|set)\s+\w|"
    r"(?:what|how) about\b|any (?:news|idea|chance|word|discount)\b|my (?:new )?address (?:is|has|changed)\b)",
    re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:is|are|am|was|were|be|been|has|have|had|do|does|did|can|could|will|would|want|wants|need|needs|came|come|"
    r"comes|arrive[sd]?|got|get|broke|broken|missing|lost|damaged|defective|cracked|smashed|chipped|wrong|charged|"
    r"\w+n't|isnt|wasnt|doesnt|didnt|hasnt|havent|dont|cant|it's|its|they're|i'm|im|i've|ive|i'd|id)\b", re.IGNORECASE)
_REFUSES = re.compile(
    r"(?:no|nope|nah|not|never ?mind|keep|leave|forget|stop|wait|don'?t|do not|rather)\b"
    r"(?! (?:idea|problem|clue|getting))", re.IGNORECASE)
_NEGATES = re.compile(
    r"\b(?:nothing|none|neither|not|never|no|(?:do|does|did|wo|ca|is|are|was|were|has|have|had|would|should)n['\u2019]?t)\b"
    r"(?! (?:fit|like|want it|need it|work))", re.IGNORECASE)
_ANSWERED = re.compile(
    r"\W*(?:(?:yes|yeah|yep|yup|sure|ok|okay|right|correct|fine|no|nope|nah|go ahead|do it|please do(?: so)?)\b"
    r"[\s,.!;-]*(?:please\b[\s,.!;-]*)?)+(?=(?:and|also|plus|but|then|besides)\b)", re.IGNORECASE)
_INSTEAD = re.compile(r"\b(?:instead|rather)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,}|\d{4,}")
_EMPTY = frozenset("""the and for with from that this these those order orders item parcel package delivery one please
    you your our its was has had have are can may any other also too what when where which who how why does did will
    would could should tell know about then still there here them they want need like get got arrive arrives come
    comes due""".split())
_TAIL = re.compile(r"[\s,;:&]+(?:(?:and|plus|also|oh|or|but|then)\b[\s,;:&]*)*$", re.IGNORECASE)
_FEWEST = 2  # words of a part that is read by itself
_MOST = 5  # parts; a longer message is a story, and read as one


@dataclass(frozen=True)
class Wish:
    """A part of a message that asks or wants something, what it is read as, and how surely, 0..1.

    `is_act` tells that it begins something, where others are answered at once.
    """

    text: str
    intent: str
    confidence: float
    is_act: bool


@dataclass(frozen=True)
class WishRules:
    """What counts as a wish of its own, as config.yml says.

    Attributes:
        threshold: Confidence from which a part is a wish; above 1 no message is taken apart.
        asked: The same for a part that is a question by its first words or its mark.
        nothing: Intents that want nothing by themselves, or only say what a wish is about.
        whole: Intents for whose sake a message is not taken apart.
        reports: Intents that want something although they only tell it: "one mug is broken".
        acts: Intents that begin or offer something; what is answered at once comes before them.
        one_matter: Lists of intents that, side by side, are one wish.
    """

    threshold: float = 2.0
    asked: float = 2.0
    nothing: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    reports: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    one_matter: Sequence[frozenset[str]] = ()


def cut(text: str) -> list[str]:
    """Cut a message into clauses; what is none by itself ("and the towel") stays with its neighbour."""
    return [part for part in (_bare(text[start:end]) for start, end in _spans(text)) if part]


def _spans(text: str, after_an_answer: bool = False) -> list[tuple[int, int]]:
    """Return where the clauses of a message are; the first need be none in an answer: "too small. Also, cancel it"."""
    spans: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        before = bool(spans) and ((after_an_answer and len(spans) == 1) or _is_clause(text[slice(*spans[-1])]))
        if spans and not (before and _is_clause(text[start:end])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def read_wishes(text: str, context: Context, read: Read, topics: Topics, rules: WishRules) -> list[Wish]:
    """Read the wishes of a message, questions before acts; empty where it has but one or is answered as a whole.

    Args:
        read: Ranks the intents of a text in a context, best first.
    """
    parts = [] if context.asks else cut(text)
    if not 2 <= len(parts) <= _MOST or _REFUSES.match(parts[0]):
        return []
    wishes: list[Wish] = []
    place, before = context, ""
    for part in parts:
        # After what was said before it, and by itself: whichever says more.
        readings = [next(iter(read(part, at)), ("", 0.0)) for at in dict.fromkeys((place, context))]
        intent, confidence = max(readings, key=lambda reading: reading[1])
        if intent in rules.whole:
            return []
        place = place.after(intent, "", (), topics)
        wish = Wish(part, intent, confidence, intent in rules.acts)
        enough = min(rules.threshold, rules.asked) if asks(part) else rules.threshold
        if intent not in rules.nothing and confidence >= enough and _wants(wish, rules) and not any(
                _is_one_matter(wish, other, rules) for other in wishes):
            wishes.append(Wish(_joined(before, part), intent, confidence, wish.is_act))
            before = ""
        elif wishes:  # the reason or the data of the wish before it
            wishes[-1] = Wish(_joined(wishes[-1].text, part), wishes[-1].intent, wishes[-1].confidence,
                              wishes[-1].is_act)
        else:
            before = _joined(before, part)
    return sorted(wishes, key=lambda wish: wish.is_act) if len(wishes) > 1 else []


def read_wishes_in_form(
    text: str, context: Context, doing: str, read: Read, topics: Topics, rules: WishRules,
) -> list[Wish]:
    """Read what begins something new beside the answer to a form: the answer first, which is no wish, then the others.

    Args:
        doing: The intent of the form. What is much the same, or wished instead, is not beside it.

    Returns:
        Empty where there is nothing new, or no answer before it.
    """
    answered = _ANSWERED.match(text)
    begin = answered.end() if answered else next(iter(_spans(text, after_an_answer=True)), (0, 0))[1]
    parts = [text[:begin].strip(" ,.;"), *cut(text[begin:])]
    if not 2 <= len(parts) <= _MOST or _INSTEAD.search(text):
        return []
    answer, wishes = parts[0], list[Wish]()
    own = Wish(answer, doing, 1.0, is_act=True)
    for part in parts[1:]:
        intent, confidence = next(iter(read(part, Context())), ("", 0.0))
        if intent in rules.whole:
            return []
        wish = Wish(part, intent, confidence, is_act=True)
        is_sure = intent in rules.acts and confidence >= rules.threshold and _says_so(wish) and _wants(wish, rules)
        if is_sure and not any(_is_one_matter(wish, other, rules) for other in (own, *wishes)):
            wishes.append(wish)
        elif wishes:
            wishes[-1] = Wish(_joined(wishes[-1].text, part), wishes[-1].intent, wishes[-1].confidence, is_act=True)
        else:
            answer = _joined(answer, part)
    return [Wish(answer, "", 1.0, is_act=False), *wishes] if wishes else []


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for begin, end in sorted(found.span() for pattern in (_SENTENCES, _JOINTS) for found in pattern.finditer(text)):
        if begin > start and not _LEADS.fullmatch(text[start:begin]):
            yield start, begin
            start = end
    if text[start:].strip():
        yield start, len(text)


def _bare(part: str) -> str:
    """Cut off the words that only lead up to what a part says."""
    return _TAIL.sub("", _LEADS.sub("", part.strip(), count=1) + " ") or part.strip()


def _is_clause(text: str) -> bool:
    plain = _bare(text).replace("\u2019", "'")
    return len(plain.split()) >= _FEWEST and bool(asks(plain) or _WANTS.match(plain) or _VERB.search(plain))


def _wants(wish: Wish, rules: WishRules) -> bool:
    """Check whether a part asks or wants something, or reports what something is to be done about."""
    if _REFUSES.match(wish.text) or (wish.is_act and wish.intent not in rules.reports and _NEGATES.search(wish.text)):
        return False
    return wish.intent in rules.reports or wish.is_act or _says_so(wish)


def _says_so(wish: Wish) -> bool:
    return asks(wish.text) or bool(_WANTS.match(wish.text.replace("\u2019", "'")))


def _is_one_matter(one: Wish, other: Wish, rules: WishRules) -> bool:
    alike = one.intent == other.intent or any(one.intent in group and other.intent in group
                                              for group in rules.one_matter)
    if not alike or (one.intent != other.intent and (one.is_act or other.is_act)):
        return alike
    # "where's the pan, and where's the rug?": the same is asked, or done, of different things.
    apart = _things(one) - _things(other) and _things(other) - _things(one)
    return not (apart and _says_so(one) and _says_so(other))


def _things(wish: Wish) -> set[str]:
    return {word.lower() for word in _WORD.findall(wish.text)} - _EMPTY


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
