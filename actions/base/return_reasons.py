"""Why something goes back, in a customer's own words; what says nothing of these is read as another reason."""
from __future__ import annotations

import re
from collections.abc import Mapping

from tandem.conversations.consent_reader import asks
from tandem.orders.model import ReturnReason

_NOT = r"(?:n['o]?t|\bnot|\bno longer)"
_WORDS: Mapping[ReturnReason, tuple[str, ...]] = {
    ReturnReason.DOES_NOT_FIT: (
        rf"{_NOT} (?:really |quite |even )?fit\b", r"\bwrong size\b",
        r"\btoo (?:\w+ )?(?:small|big|large|tight|loose|long|short|wide|narrow|tall|deep|bulky)\b"),
    ReturnReason.NOT_AS_DESCRIBED: (
        rf"(?:{_NOT}|\bnothing) (?:really |at all )?(?:as|like|what|how) (?:\w+ ){{0,3}}"
        r"(?:describ|pictur|photo|advertis|shown|show|look|expect|promis)",
        r"\b(?:looks?|looked|smaller|bigger|darker|lighter|different(?:ly)?) (?:\w+ ){0,3}(?:online|in real life|"
        r"in the (?:picture|photo)s?|on the (?:web)?(?:site|page)|(?:than|from) (?:the )?(?:picture|photo|descri)\w*)"),
    ReturnReason.CHANGED_MIND: (
        r"\bchang(?:e|ed|ing) (?:my|our) minds?\b", rf"{_NOT} (?:really |actually )?(?:like|want|need|love)\b",
        rf"{_NOT} (?:really |quite )?(?:my|our) (?:taste|style|thing|colou?r)",
        r"\b(?:bought|got|found|have) (?:it|one|another|something) (?:cheaper|better|elsewhere|already)"),
    ReturnReason.DAMAGED: (
        r"\b(?:broken?|damaged?|torn|ripped|crack(?:s|ed)?|chip(?:s|ped)?|scratch(?:es|ed)?|faulty|defect(?:s|ive)?|"
        r"stain(?:s|ed)?|leak(?:s|ing)?|dent(?:s|ed)?|holes?|smashed|shattered)\b",),
    ReturnReason.WRONG_ITEM: (
        r"\b(?:wrong|different|another) (?:item|one|thing|product|colou?r|model|version)\b",),
    ReturnReason.OTHER: (
        r"\b(?:stinks?|smells?|smelly|stank|itch(?:es|y)|scratchy|uncomfortable|ugly|flimsy|too (?:heavy|thin|rough|"
        r"hard|soft|late)|(?:poor|bad|low|cheap) quality|cheaply made|(?:already|now) (?:have|got|own) (?:one|two|"
        r"another)|(?:have|got|was given) two of)\b",),
}
_PARTS = re.compile(r"(?<=[.!?;\n])\s+|,?\s+(?:and|but|so)\s+|"
                    r",\s+(?=(?:is|are|do|does|can|could|will|who|what|when|how)\s)",
                    re.IGNORECASE)
_PATTERNS = {reason: re.compile("|".join(words), re.IGNORECASE) for reason, words in _WORDS.items()}
_DENIABLE = frozenset({ReturnReason.DAMAGED, ReturnReason.WRONG_ITEM})  # the others deny something themselves
_DENIED = re.compile(r"(?:\bnot\b|n['o]?t\b|\bnever\b|\bnothing\b|\bno\b)[^.,;!?]{0,30}$", re.IGNORECASE)


def read_reason(text: str) -> ReturnReason | None:
    """Read a reason; None where the words tell none. "It's not broken" tells none."""
    plain = text.replace("’", "'")
    return next((reason for reason, pattern in _PATTERNS.items()
                 if any(not _is_denied(reason, plain, found) for found in pattern.finditer(plain))), None)


def read_told_reason(text: str) -> ReturnReason | None:
    """Read a reason out of what a message tells; what it asks beside that is none: "too big. and is it free?"."""
    told = [part for part in _PARTS.split(text) if part and not asks(part)]
    return next((reason for reason in map(read_reason, told) if reason), None)


def denies(text: str, reason: str) -> bool:
    """Check whether a text says that this is not the reason: "I didn't say it's damaged"."""
    plain = text.replace("’", "'")
    known = next((one for one in _DENIABLE if one.value == reason), None)
    found = list(_PATTERNS[known].finditer(plain)) if known else []
    return bool(found) and known is not None and all(_is_denied(known, plain, one) for one in found)


def _is_denied(reason: ReturnReason, text: str, match: re.Match[str]) -> bool:
    return reason in _DENIABLE and bool(_DENIED.search(text[:match.start()]))
