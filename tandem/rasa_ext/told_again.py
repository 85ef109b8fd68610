"""What is told once more: the part of an answer that a question is about, and the question in the customer's words."""
from __future__ import annotations

import re

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z])")  # before a capital
_CLAUSE = re.compile(r"(?<=[.!?;\n])\s*")
_FIGURE = re.compile(r"\d")
_NO_THING = ENGLISH_STOP_WORDS | {"order"}  # name nothing that an answer could be about
_SAME_WORDS = 0.6  # of all words of two messages, from which they are the same question
_MOST_SENTENCES = 2
_FEWEST_WORDS, _LONGEST = 3, 60  # words, and characters, of a question that is named


def gist(answer: str, question: str) -> str:
    """Return the sentences of an answer that speak of what a question is about, else one: the first with a figure."""
    sentences = _SENTENCE.split(answer.strip())
    if len(sentences) < 2:
        return answer
    about = [one for one in sentences if things(question) & things(one)]
    return " ".join(about[:_MOST_SENTENCES]) or next((one for one in sentences if _FIGURE.search(one)), sentences[0])


def question_in(text: str) -> str:
    """Return the last question of a message, else the only sentence; empty where that is too long to be named."""
    clauses = [part for one in _CLAUSE.split(text) if (part := one.strip(" ,.;!\n"))]
    questions = [one for one in clauses if one.endswith("?")] or (clauses if len(clauses) == 1 else [])
    if not questions:
        return ""
    words = _WORD.findall(questions[-1])
    fits = len(words) >= _FEWEST_WORDS and len(questions[-1]) <= _LONGEST and not questions[-1].isupper()
    return questions[-1] if fits else ""


def same_words(one: str, other: str) -> bool:
    """Check whether two messages say the same in mostly the same words."""
    first, second = ({word.lower() for word in _WORD.findall(text)} for text in (one, other))
    return bool(first | second) and len(first & second) >= _SAME_WORDS * len(first | second)


def things(text: str | None) -> set[str]:
    """Return the words of a text that may name something, one form for singular and plural."""
    words = {word.lower() for word in _WORD.findall(str(text or "")) if len(word) > 2}
    return {word.rstrip("s") for word in words - _NO_THING} - _NO_THING
