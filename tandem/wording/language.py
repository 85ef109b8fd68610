"""In which language a customer writes: for the rules that choose a live-agent channel, and for agents to see.

The customer's own words decide where they are clear, else what the channel says (`language` in a message's metadata,
the page's language in the web chat, the app's in Telegram). Not a translator's matter: it need only tell enough to send
a customer to people who can read them, and says nothing rather than a wrong thing.
"""
from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from babel import Locale

from tandem.conversations.model import Author, Message

LANGUAGE = "language"  # the key in a message's data under which the channel's word stands
LANGUAGES = Path("data/languages.yml")
LATEST = 10  # messages of the customer that are looked at
_ENGLISH = Locale("en")
_LEAST = 2  # different words of a language that must be found
_CLEAR = 1.5  # times as many as of the next best
_LETTERS = 3  # of a script of its own
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True)
class _Language:
    words: frozenset[str]
    script: str
    signs: frozenset[str]


def tag_of(value: object) -> str:
    """Read a language tag (BCP 47, such as `de` or `pt-br`) in lower case; empty if the value is none."""
    return value.replace("_", "-").lower() if isinstance(value, str) and _TAG.fullmatch(value) else ""


def fits(language: str, wanted: str) -> bool:
    """Check whether a language is the one that is wanted: `pt-br` is `pt`, but `pt` is not `pt-br`."""
    return language == wanted or language.startswith(f"{wanted}-")


def language_of(transcript: Sequence[Message]) -> str:
    """Return the language of the customer of this conversation as a tag; empty if nothing tells."""
    said = [message for message in transcript if message.author is Author.CUSTOMER][-LATEST:]
    told = next((tag for message in reversed(said) if (tag := tag_of(message.data.get(LANGUAGE)))), "")
    # A button's title is the bot's wording, not the customer's.
    found = detect([message.text for message in said if not message.data.get("payload")])
    return told if not found or fits(told, found) else found


def detect(texts: Sequence[str]) -> str:
    """Return the language that these texts are written in; empty if they do not tell clearly."""
    joined = unicodedata.normalize("NFC", "\n".join(texts)).lower().replace("\u2019", "'")
    return _by_script(joined) or _by_words(joined)


def name_of(tag: str) -> str:
    """Return the language's English name, or the tag itself."""
    return str(_ENGLISH.languages.get(tag.partition("-")[0], tag))


def _by_script(text: str) -> str:
    letters = [sign for sign in text if sign.isalpha()]
    scripts = Counter(unicodedata.name(sign, "").partition(" ")[0] for sign in letters)
    # Japanese is written with Chinese signs too, and hardly a sentence is without its own.
    kana = scripts["HIRAGANA"] + scripts["KATAKANA"]
    if kana:
        scripts["HIRAGANA"], scripts["KATAKANA"] = kana + scripts.pop("CJK", 0), 0
    script, count = max(scripts.items(), key=lambda item: item[1], default=("", 0))
    least = 2 if script in ("CJK", "HIRAGANA", "HANGUL") else _LETTERS
    if count < least or count * 2 <= len(letters):
        return ""
    of_script = {tag: one for tag, one in _languages().items() if one.script == script}
    marked = next((tag for tag, one in of_script.items() if one.signs & set(text)), "")
    return marked or next((tag for tag, one in of_script.items() if not one.signs), "")


def _by_words(text: str) -> str:
    words = frozenset(_WORD.findall(text))
    scores = Counter({tag: len(words & one.words) for tag, one in _languages().items() if one.words})
    (best, most), (_, second) = scores.most_common(2)
    return best if most >= _LEAST and most >= _CLEAR * second else ""


@lru_cache(maxsize=1)
def _languages() -> Mapping[str, _Language]:
    content = yaml.safe_load(LANGUAGES.read_text(encoding="utf-8"))
    return {
        # YAML reads the Norwegian `no` as false; a tag is a text whatever it looks like.
        str(tag): _Language(frozenset(str(one.get("words", "")).split()), one.get("script", ""),
                            frozenset(one.get("signs", "")))
        for tag, one in content.items()
    }
