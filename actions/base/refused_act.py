"""Whether a message names an act only to refuse it: "no, not cancel", "I don't want to return it"."""
from __future__ import annotations

import re
from collections.abc import Mapping

from tandem.conversations.consent_reader import asks

_VERBS: Mapping[str, str] = {
    "cancel_order": r"cancel(?:led|ed|ling|ing|lation)?",
    "return_item": r"(?:return(?:ed|ing)?|send(?:ing)? (?:it |them )?back)",
}
_REFUSING = (r"(?:not|never|no|without|don'?t|do ?not|didn'?t|did not)"
             r"(?: (?:want|wanna|wish|need|ask(?:ed)?|say|said|about|for|to|you|a|the|any|no|be))*")


def refuses_act(text: str, act: str) -> bool:
    """Check whether each time that a message names the act it refuses it; a question refuses nothing."""
    verb = _VERBS.get(act)
    if verb is None or asks(text):
        return False
    plain = text.replace("’", "'")
    named = re.findall(rf"\b{verb}\b", plain, re.IGNORECASE)
    refused = re.findall(rf"(?<!why )\b{_REFUSING} {verb}\b", plain, re.IGNORECASE)
    return bool(named) and len(refused) == len(named)
