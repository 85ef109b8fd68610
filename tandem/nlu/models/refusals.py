"""What a customer says is not wanted, or not so: "I don't need a refund, I need the other shoe"; "nothing is broken".

Sentence vectors hardly see a "not", and the refused thing is mostly the one named outright. So the clause with the
refusal, turned into the wish that it refuses, is parted from the rest, for `IntentModel` to read each by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_NOT = r"(?:(?:do|did|does|have)[ ]?n[o']?t|wo[ ]?n'?t[ ]be|will[ ]not[ ]be|never|not)"
_WISH = (
    r"(?:want(?:ing)?|wanna|wish|need(?:ing)?|ask(?:ed|ing)?|said|say(?:ing)?|look(?:ing)?|after|trying|going|gonna"
    r"|interested|request(?:ed|ing)?|intend(?:ing)?|plan(?:ning)?|mean(?:t)?(?=[ ]to\b))"
)
_START = r"(?:^|(?<=please[ ])|(?<=pls[ ])|(?<=kindly[ ])|(?<=just[ ])|(?<=but[ ])|(?<=and[ ]))"
_IDIOMS = r"(?:you|we|they|i|tell|make|know|think|worry|bother|mind|get[ ]me|give[ ]me)\b"
_STATE = (
    r"(?:broken|damaged?|defects?|defective|faulty?|cracked|smashed|shattered|torn|dented|scratched|bent|wrong|missing"
    r"|incomplete|stolen)\b"
)
_DENIES = re.compile(
    rf"""
    (?<!\w)nothing(?:'s|[ ](?:is|was|has[ ]been|came|arrived))?(?![ ]wrong[ ]with)(?=[ ]{_STATE})
    | (?:(?<=\w)(?:'s|'re|[ ](?:is|are|was|were)))[ ]not(?=[ ](?:(?:at[ ]all|really|even|actually)[ ])?{_STATE})
    | [ ](?:is|are|was|were)[ ]?n'?t(?=[ ](?:(?:at[ ]all|really|even|actually)[ ])?{_STATE})
    | (?:^|(?<=\s))no(?=[ ](?:a[ ])?{_STATE})
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PERSON = (
    r"(?:human|person|people|agent|operator|representative|rep|colleague|advisor|employee|staff|somebody|someone)s?"
)
_REFUSES = re.compile(
    rf"""
    (?<!\w)(?:(?:i|we)(?:'m|m|'ve|[ ]am|'re|[ ]are|[ ]was)?[ ])?(?:(?:really|just|also)[ ])?
        {_NOT}[ ](?:(?:really|even|yet)[ ])?{_WISH}(?:[ ](?:to|for|in|that|you[ ]to|any|no))*(?!\w)
    | (?<!\w)(?:there(?:'s|s|[ ]is)[ ])?no[ ]need[ ](?:to|for)(?!\w)
    | (?<!\w)(?:(?:this|it|that)[ ])?(?:is[ ]?n'?t|(?:'s[ ]|is[ ])?not)[ ]about(?!\w)
    | (?<!\w)(?:(?:there's|there[ ]is)[ ])?nothing[ ]wrong[ ]with(?!\w)
    | (?<!\w)(?:never[ ]?mind|forget)(?=[ ](?:the|my|that|this)\b)
    | (?<!\w)(?:(?:we|i)[ ])?decided[ ]against(?!\w)
    | (?<!\w)(?:nobody|no[ ]one)[ ](?:asked|told|wanted|said)(?:[ ]you)?(?:[ ](?:to|for))?(?!\w)
    | (?<!\w)(?:nobody|no[ ]one)[ ](?:needs?|has|have)[ ]to(?!\w)
    | (?:^|(?<=\s))no(?=[ ](?:real[ ])?{_PERSON}(?:[ ](?:needed|necessary|required|thanks?|thank[ ]you))*[\s.,;!]*$)
    | (?<!\w)(?:i|we)[ ](?:need|want|wish[ ]for)[ ]no(?=[ ](?:real[ ])?{_PERSON}\b)
    | {_START}(?:rather[ ]than|instead[ ]of)(?!\w)
    | {_START}(?:(?:i'm|we're)[ ])?not[ ](?=\w+ing\b)
    | {_START}(?:do[ ]not|don'?t)(?=[ ](?!{_IDIOMS})\w)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ENDS = re.compile(r"(?<!\w)(?:any ?more|any longer|no longer|again)(?!\w)", re.IGNORECASE)
_FILLER = re.compile(
    r"\b(?:please|pls|kindly|hey|hi|hello|ok|okay|sorry|thanks|thank you|well|oh|so|and|but|lol)\b|\W+", re.IGNORECASE
)
_RELUCTANT = re.compile(r"but (?:i|you|we|it|they|there)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"""
    [.!?;:,\n]+\s* | \s+[-–—]+\s+
    | \s+(?=(?:but|please|pls|(?:can|could)[ ](?:you|i|we)
        |(?:i|we)(?:'d|[ ]would)?[ ](?:(?:just|only|do)[ ])?(?:want|need|like|wanna)
        |(?:it|they)(?:'s|'re|[ ]is|[ ]are|[ ]has|[ ]have)?[ ](?:just|only|simply))\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Refusal:
    """`refused`: what is not wanted or not so, as if it were; `rest`: all else, "" if that says nothing.

    `denied`: it is a state of things that is said not to be so ("nothing is broken").
    """

    refused: str
    rest: str
    denied: bool = False


def find(text: str) -> Refusal | None:
    """Part `text` in what it refuses and all else; None if it refuses nothing.

    What shall stop ("I don't want mails any more") is a request and no refusal, and neither is what is done reluctantly
    ("I don't want to complain but I must").
    """
    refused: list[str] = []
    rest: list[str] = []
    denied = False
    clauses = _clauses(text.replace("’", "'"))
    for clause, following in zip(clauses, [*clauses[1:], ""]):
        if _DENIES.search(clause) and not clause.rstrip().endswith("?"):
            refused.append(" ".join(_DENIES.sub("", clause, count=1).split()))
            denied = True
        elif _ENDS.search(clause) or _RELUCTANT.match(following) or not _REFUSES.search(clause):
            rest.append(clause)
        else:
            refused.append(" ".join(_REFUSES.sub("", clause, count=1).split()))
    if not any(refused):
        return None
    said = " ".join(rest)
    return Refusal(" ".join(refused), said if _FILLER.sub("", said) else "", denied)


def _clauses(text: str) -> list[str]:
    cuts = [0, *(found.end() for found in _CLAUSE.finditer(text)), len(text)]
    return [part for start, end in pairwise(cuts) if re.search(r"\w", part := text[start:end].strip())]
