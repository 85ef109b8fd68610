"""Messages that name a thing and say nothing of it: "and the towel?", "no, the other order", "just the lamp".

What is wanted of it was said before; so such a message is about the same again.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Set

from actions.base.choices import content_words

_PHRASES = re.compile(
    r"\b(?:(?:what|how) (?:about|of)|same (?:for|with)|back to|as well|i (?:only |just )?mean(?:t)?|i'm talking about|"
    r"(?:in|with|on|from) (?:it|that|there|that order|the same order)|from (?:before|earlier)|not (?:only|just))\b",
    re.IGNORECASE)
_AROUND = frozenset("""and or but no nope not yes yeah oh ok okay sorry hm hmm um uh wait hang hold on actually
    well so then now also too please thanks just only i i'm me my mine the a an this that these those it it's
    its is are was were one ones both all other another first second third last latter former previous older
    newer for of from with to order orders item items parcel parcels thing things instead rather before earlier
    same again 1st 2nd 3rd""".split())
_POINTS = frozenset("other another first second third last latter former previous older newer both 1st 2nd 3rd".split())
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NUMBER = re.compile(r"(?<!\w)#?(?:[a-z]{1,4}-?)?\d{4,}(?!\w)", re.IGNORECASE)
_LONGEST = 10  # words


def only_names(text: str, things: Iterable[str], beside: Set[str] = frozenset()) -> bool:
    """Check whether a text names one of these things, or an order by number or place, and says nothing else.

    Args:
        beside: Words that may stand with it.
    """
    names_number = bool(_NUMBER.search(text))
    words = [word.lower().replace("’", "'") for word in _WORD.findall(_PHRASES.sub(" ", _NUMBER.sub(" ", text)))]
    if len(words) > _LONGEST:
        return False
    known = set[str]().union(*map(content_words, things))
    around = _AROUND | beside
    named = [word for word in words if word not in around and content_words(word) & known]
    left = [word for word in words if word not in around and word not in named]
    return not left and bool(named or names_number or _POINTS & set(words))
