"""Sentences that stand in the data twice, word by word or nearly: within it, and between it and test sentences."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tandem.evaluation.examples import Example
from tandem.evaluation.findings import ERROR, WARNING, Finding, QuotedExample

Vectors = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

NEAR = 0.92  # cosine from which two sentences say the same in nearly the same words
TELLING = 4  # words from which a sentence found in a test set is an error, be it chance: a test must be of new words
_BLOCK = 1024


def exact_duplicates(examples: Sequence[Example]) -> list[Finding]:
    """Find sentences that stand under several intents (an error: no model can learn both), or twice under one."""
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.plain].append(example)
    findings = []
    for same in groups.values():
        labels = sorted({example.label for example in same})
        lines = tuple(map(QuotedExample.of, same))
        if len(labels) > 1:
            findings.append(Finding(ERROR, "duplicate", f"the same sentence under {' and '.join(labels)}", lines))
        elif len(same) > 1 and len({example.text for example in same}) < len(same):
            findings.append(Finding(WARNING, "duplicate", f"the same sentence twice under {labels[0]}", lines))
    return findings


def near_duplicates(examples: Sequence[Example], encode: Encode, near: float = NEAR) -> list[Finding]:
    """Find pairs under different intents that can hardly be told apart; exact copies are left to `exact_duplicates`."""
    vectors = encode([example.text for example in examples])
    findings = []
    for left, right, likeness in _pairs(vectors, vectors, near):
        one, other = examples[left], examples[right]
        if left < right and one.label != other.label and one.plain != other.plain:
            message = f"{one.label} and {other.label} share nearly the same sentence ({likeness:.2f})"
            pair = (QuotedExample.of(one), QuotedExample.of(other))
            findings.append(Finding(WARNING, "near-duplicate", message, pair, likeness))
    return findings


def leaks(examples: Sequence[Example], tests: Sequence[Example]) -> list[Finding]:
    """Test sentences that are trained on, word by word: errors, but for short ones, which anybody might type."""
    known: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        known[example.plain].append(example)
    findings = []
    for test in tests:
        if test.plain in known:
            is_telling = len(test.plain.split()) >= TELLING
            message = "a test sentence is trained on" + ("" if is_telling else " (short: may be chance)")
            lines = (QuotedExample.of(test), *map(QuotedExample.of, known[test.plain]))
            findings.append(Finding(ERROR if is_telling else WARNING, "leak", message, lines))
    return findings


def near_leaks(
    examples: Sequence[Example], tests: Sequence[Example], encode: Encode, near: float = NEAR
) -> list[Finding]:
    """Find test sentences whose nearest training sentence says the same in nearly the same words."""
    if not examples or not tests:
        return []
    nearest: dict[int, tuple[float, int]] = {}
    asked, learnt = encode([test.text for test in tests]), encode([example.text for example in examples])
    for left, right, likeness in _pairs(asked, learnt, near):
        nearest[left] = max(nearest.get(left, (0.0, right)), (likeness, right))
    findings = []
    for number, (likeness, place) in nearest.items():
        test, example = tests[number], examples[place]
        if test.plain != example.plain and len(test.plain.split()) >= TELLING:
            message = f"nearly a test sentence is trained on ({likeness:.2f})"
            pair = (QuotedExample.of(test), QuotedExample.of(example))
            findings.append(Finding(WARNING, "near-leak", message, pair, likeness))
    return findings


def _pairs(left: Vectors, right: Vectors, near: float) -> Iterator[tuple[int, int, float]]:
    """Find row numbers whose cosine is `near` or more, a block of rows at a time to spare memory."""
    for start in range(0, len(left), _BLOCK):
        likeness = left[start:start + _BLOCK] @ right.T
        for row, column in zip(*np.nonzero(likeness >= near)):
            yield start + int(row), int(column), float(likeness[row, column])
