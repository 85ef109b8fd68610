"""Which of several things a message means: by its place, by a word of its name, by "both", "neither" or "the other".

Settled by the record of what was offered, never by likeness: what is not plain is no choice, and is asked about.
"""
from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_CARDINALS = ("one", "two", "three", "four", "five", "six")
_SHORT = ("1st", "2nd", "3rd", "4th", "5th", "6th")
_PLACES = {word: place for words in (_ORDINALS, _CARDINALS, _SHORT, "123456") for place, word in enumerate(words)}
_ORDINAL = "|".join((*_ORDINALS, *_SHORT, "former", "latter", "last"))
_THING = r"(?:one|order|item|option|parcel|choice|thing|of (?:them|those|these|the two))"
# "the second", "second one", "option two", "number 2"; "2" and "first" only where nothing else is said.
_BY_PLACE = re.compile(
    rf"\b(?:the (?:very )?(?P<named>{_ORDINAL})\b(?!\s+(?:time|day|week|try|name|of (?!them|those|these|the two)))"
    rf"|(?P<thing>{_ORDINAL}) {_THING}\b"
    rf"|(?:option|choice)\s*(?:no\.?\s*|number\s*)?(?P<option>[1-6]\b|{'|'.join(_CARDINALS)})"
    rf"|number (?P<number>[1-6](?![\d.,])|{'|'.join(_CARDINALS)})\b)", re.IGNORECASE)
_ONLY_PLACE = re.compile(rf"\W*(?:(?:ok|okay|please|um|just|and|now|then|no|yes)\W+)*"
                         rf"(?P<place>{_ORDINAL}|[1-6])(?:\W+(?:please|then|thanks))*\W*", re.IGNORECASE)
_NEITHER = re.compile(r"\b(?:neither|none of (?:them|those|these|the (?:two|above))|"
                      r"not (?:any|either) of (?:them|those)|nothing of (?:that|those))\b", re.IGNORECASE)
_EVERYTHING = r"\b(?:all|both|everything|the (?:whole|entire|complete) (?:lot|order|thing))\b"
_ALL = re.compile(rf"(?<!\bat )(?<!\bthat's )(?<!\bthats ){_EVERYTHING}", re.IGNORECASE)
_ALL_BUT = re.compile(
    rf"{_EVERYTHING}[^.!?]*?(?:\bbut\b(?! also)|\bexcept(?:ing)?\b|\bapart from\b|\bbesides\b|\bother than\b|"
    r"\bwithout\b|\bminus\b|\bnot\b)", re.IGNORECASE)
_THE_OTHER = re.compile(r"\b(?:other|another)\b", re.IGNORECASE)
_OTHER_USE = re.compile(r"\b(?:other|another) (?:question|thing|day|time|way|address|reason|person|e-?mail)s?\b|"
                        r"\beach other\b|\bother than\b", re.IGNORECASE)
# What stands right before a thing that is not meant.
_NOT_THIS = re.compile(
    r"(?:\bnot|n't|\bdont|\bexcept(?: for)?|\bwithout|\binstead of|\brather than|\bother than|\bkeep(?:ing)?|"
    r"\bleav(?:e|ing))\s+(?:(?:want to|wanna|the|my|that|this|those|these|a|an|for|about|mean|meant|with|it's|"
    r"return|returning|send|sending|back|cancel|cancelling|change|changing)\s+)*(?:\w+\s+)?$", re.IGNORECASE)
# What stands right after one: "the mugs stay", "the lamp can stay here", "the bag is fine".
_STAYS = re.compile(
    r"\s+(?:(?:can|could|should|will|may|do|does|to|all|just|that)\s+)*"
    r"(?:stays?|staying|remains?|(?:is|are) (?:all right|alright|fine|ok|okay|good)|"
    r"(?:fine|ok|okay)(?= (?:but|though)\b))\b", re.IGNORECASE)
_ALSO = re.compile(r"\bnot (?:only|just|merely)\b", re.IGNORECASE)
# "I'm not sure about the lamp" and "I don't want the lamp" do not take the lamp out.
_NO_NEGATION = re.compile(
    r"\b(?:want(?! to (?:return|send|cancel|change|give))|need|like|sure|happy|satisfied|working|fit|love)\s+"
    r"(?:\w+\s+){0,3}$", re.IGNORECASE)
_AND = re.compile(r"\W*(?:(?:or|nor|and)\s+)?(?:(?:the|my|that|this|those|these)\s+)?", re.IGNORECASE)
_JOINED = re.compile(r"\b(?:or|nor|and)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_EMPTY = frozenset("""the and for with from that this these those order item one two three four five six set pair pack
    piece please not but yes you your our his her its was has had have are can may all both any other per inch day
    large small where when what which who how why""".split())
_LONGEST = 12  # words; "the first" in a longer message is about something else


def read_choice(text: str, options: Sequence[str], current: int | None = None) -> tuple[int, ...] | None:
    """Read which of the options a text chooses.

    Args:
        options: What was offered, each by its words, in the order in which it was offered.
        current: The place of what was talked about, from which "the other" is told.

    Returns:
        The places; all of them for "both", none for "neither"; None where the text does not choose.
    """
    if not options:
        return None
    if _NEITHER.search(text):
        return ()
    everything = tuple(range(len(options)))
    but = _ALL_BUT.search(text)
    if but:
        left_out = {mention.option for mention in _mentions(text[but.end():], options)}
        if left_out and None not in left_out:
            return tuple(place for place in everything if place not in left_out)
    named = named_in(text, options)
    if named is not None:
        return named
    place = place_in(text, len(options))
    if place is not None:
        return (place,)
    if _ALL.search(text) and len(options) > 1:
        return everything
    if current is not None and len(options) == 2 and means_the_other(text):
        return (1 - current,)
    return None


def place_in(text: str, count: int) -> int | None:
    """Read a place among so many: "the second one" is 1, "the latter" the last of them. None if it names none."""
    if count < 2 or len(text.split()) > _LONGEST:
        return None
    found = _ONLY_PLACE.fullmatch(text) or _BY_PLACE.search(text)
    if found is None:
        return None
    word = next(group for group in found.groups() if group).lower()
    if word in ("last", "latter"):
        return count - 1
    place = 0 if word == "former" else _PLACES[word]
    return place if place < count else None


def means_all(text: str) -> bool:
    """Check whether a text means all that there are: "cancel both", "everything"."""
    return bool(_ALL.search(text)) and not _ALL_BUT.search(text)


def means_the_other(text: str) -> bool:
    """Check whether a text asks for another than was talked about: "no, the other one"."""
    return bool(_THE_OTHER.search(_OTHER_USE.sub("", text)))


@dataclass(frozen=True)
class _Mention:
    """A thing that a text names; `option` is None where its words fit several. `meant` is False after "not"."""

    option: int | None
    meant: bool
    words: frozenset[str]


def named_in(text: str, options: Sequence[str]) -> tuple[int, ...] | None:
    """Read which of the options a text names by words of their own; "not the lamp" leaves the lamp out."""
    mentions = _mentions(text, options)
    meant = {mention.option for mention in mentions if mention.meant}
    if None in meant:
        meant.discard(None)
        if not meant:
            return None
    # "the bag is black, not navy" leaves no bag out: what is denied is a word of its own.
    excluded = {one.option for one in mentions if not one.meant and not any(
        other.meant and other.option == one.option and not other.words & one.words for other in mentions)} - {None}
    chosen = tuple(sorted(place for place in meant - excluded if place is not None))
    if chosen:
        return chosen
    # "not the lamp": of two things the other.
    return tuple(place for place in (0, 1) if place not in excluded) if excluded and len(options) == 2 else None


def mentioned_in(text: str, options: Sequence[str]) -> tuple[int, ...]:
    """Read which of the options a text names by words of their own, meant or not."""
    return tuple(sorted({one.option for one in _mentions(text, options) if one.option is not None}))


def _mentions(text: str, options: Sequence[str]) -> list[_Mention]:
    words = [content_words(option) for option in options]
    shared = set.intersection(*words) if len(words) > 1 else set()
    own = [one - shared for one in words]
    plain = _ALSO.sub(" ", text.replace("’", "'"))
    found: list[_Mention] = []
    end = -1
    run: list[re.Match[str]] = []
    for word in [*_WORD.finditer(plain), None]:
        known = word is not None and any(_stem(word.group()) in one for one in own)
        if known and word is not None and (not run or plain[run[-1].end():word.start()].strip() == ""):
            run.append(word)
            continue
        if run:
            before = plain[max(0, end):run[0].start()]
            goes_on = bool(found) and bool(_AND.fullmatch(before)) and bool(_JOINED.search(before))
            negated = bool(_NOT_THIS.search(before)) and not _NO_NEGATION.search(before)
            negated = negated or bool(_STAYS.match(plain, run[-1].end()))
            meant = found[-1].meant if goes_on and not negated else not negated
            said = frozenset(_stem(one.group()) for one in run)
            found.append(_Mention(_best(said, own), meant, said))
            end = run[-1].end()
        run = [word] if known and word is not None else []
    return found


def _best(words: Set[str], own: Sequence[set[str]]) -> int | None:
    scores = [len(one & words) for one in own]
    best = max(scores)
    return scores.index(best) if scores.count(best) == 1 else None


def content_words(text: str) -> set[str]:
    """Return the words of a name that tell it from others, in the singular."""
    return {_stem(word) for found in _WORD.findall(text) for word in (found, *found.split("-"))
            if len(word) > 2 and word.lower() not in _EMPTY}


def _stem(word: str) -> str:
    plain = word.lower()
    return plain if len(plain) < 4 else plain.rstrip("s")
