"""What of a message's mood can be pointed at: cue words, capitals, punctuation, emoji, lexicon scores.

The lexicon scores are VADER's (Hutto and Gilbert, ICWSM 2014) from the package `vaderSentiment`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tandem.nlu.models.mood_lexicon import cues
from tandem.nlu.models.readable_text import readable

STYLE: dict[str, str] = {
    "capitals": "writes in capitals",
    "exclamation": "uses exclamation marks",
    "interrobang": "mixes ! and ?",
    "question_mark": "asks",
    "ellipsis": "trails off...",
    "elongation": "stretches words",
    "glad_emoji": "uses glad emoji",
    "upset_emoji": "uses upset emoji",
    "length": "writes at length",
    "one_word": "says hardly anything",
    "lexicon_positive": "positive words (lexicon)",
    "lexicon_negative": "negative words (lexicon)",
    "lexicon_compound": "overall lexicon score",
    "lexicon_worst": "most negative sentence (lexicon)",
    "lexicon_best": "most positive sentence (lexicon)",
    "lexicon_last": "last sentence (lexicon)",
    "praise_of_trouble": "praise beside trouble: sarcasm, or relief",
    "thanks_only": "thanks, and no trouble named",
}

_ACRONYMS = frozenset(
    "USPS UPS DHL DPD GLS TNT USA UK EU US PIN PDF FAQ VIP SMS EMI OK TV PC ID TD VAT IBAN CVV URL APP FYI PS RE ETA "
    "OTP IOS USD GBP EUR CAD XS XL XXL LED LCD HDMI USB DIY ASOS CEO COD AM PM".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ELONGATED = re.compile(r"([a-z])\1{2,}", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_GLAD = re.compile(
    "[😀😁😂🤣😃😄😆😊☺😍🥰😘🤗🤩🎉🥳❤💕💖💜💙💚🧡💛👍🙌👏🙏✨🔥💯😎😋🌟⭐😻]|(?<!\\w)(?:[:;=]-?[)D]|<3|xx?)(?!\\w)"
)
_UPSET = re.compile(
    "[😠😡🤬😤😒🙄😑😐😩😫😢😭😞😔😟😕☹🙁😣😖👎🤦🤷💔😱😨😰🤡💩🖕😾🤮🤢🥺]|(?<!\\w)(?::-?[(/|]|:'\\(|>:\\(|-_-)"
)
_TROUBLE = ("waiting", "repetition", "fault", "disappointment")


def names() -> tuple[str, ...]:
    """Return the names of the signals, in the order of the columns of `signals`."""
    return (*(cue.name for cue in cues()), *STYLE)


def shows(name: str) -> str:
    """Return the sentence that says what a signal shows."""
    return STYLE.get(name) or next(cue.shows for cue in cues() if cue.name == name)


@lru_cache(maxsize=1)
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def signals(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Measure texts.

    Returns:
        float32 array of shape (len(texts), len(names())); counts are capped and compressed, so that all values lie
        within -1..3.
    """
    columns = names()
    out = np.zeros((len(texts), len(columns)), dtype=np.float32)
    for row, text in enumerate(texts):
        measured = measure(text)
        out[row] = [measured[name] for name in columns]
    return out


def measure(text: str) -> dict[str, float]:
    """Measure one text; see `signals`."""
    read = readable(text).replace("’", "'")
    lower = read.lower()
    found = {cue.name: math.log2(1 + len(cue.matches(lower))) for cue in cues()}
    found.update(_style(read))
    found.update(_lexicon(read))
    trouble = max(found.get(name, 0.0) for name in _TROUBLE)
    found["praise_of_trouble"] = min(1.0, found.get("praise", 0.0)) * min(1.0, trouble)
    found["thanks_only"] = float(found.get("thanks", 0.0) > 0 and trouble == 0 and found["lexicon_negative"] == 0)
    return found


def evidence(text: str, name: str) -> list[str]:
    """Return the words of `text` that a cue matched; empty for signals of style and lexicon."""
    lower = readable(text).replace("’", "'").lower()
    for cue in cues():
        if cue.name == name:
            return cue.matches(lower)
    return []


def _style(text: str) -> dict[str, float]:
    words = _WORD.findall(text)
    loud = [word for word in words if len(word) > 2 and word.isupper() and word not in _ACRONYMS]
    long_words = [word for word in words if len(word) > 2]
    return {
        "capitals": len(loud) / len(long_words) if len(loud) > 1 or (loud and len(words) < 4) else 0.3 * bool(loud),
        "exclamation": math.log2(1 + min(text.count("!"), 7)),
        "interrobang": float("?!" in text or "!?" in text),
        "question_mark": math.log2(1 + min(text.count("?"), 7)),
        "ellipsis": math.log2(1 + min(text.count("...") + text.count("…"), 3)),
        "elongation": float(bool(_ELONGATED.search(text))),
        "glad_emoji": math.log2(1 + min(len(_GLAD.findall(text)), 3)),
        "upset_emoji": math.log2(1 + min(len(_UPSET.findall(text)), 3)),
        "length": math.log2(1 + min(len(words), 120)) / 3,
        "one_word": float(len(words) < 3),
    }


def _lexicon(text: str) -> dict[str, float]:
    whole = _vader().polarity_scores(text)
    parts = [part for part in _SENTENCE_END.split(text) if part.strip()]
    compounds = [whole["compound"]]
    if len(parts) > 1:
        compounds = [_vader().polarity_scores(part)["compound"] for part in parts]
    return {
        "lexicon_positive": whole["pos"],
        "lexicon_negative": whole["neg"],
        "lexicon_compound": whole["compound"],
        "lexicon_worst": min(compounds),
        "lexicon_best": max(compounds),
        "lexicon_last": compounds[-1],
    }
