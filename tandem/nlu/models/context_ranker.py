"""Which of the likely intents a message has, by its place in the conversation.

The message alone leaves several intents likely: "is it free?" may be about a return, a delivery or a gift wrap. A
conditional logit model (McFadden, 1974) weighs the score of each candidate with what the context says of it: the same
topic, offered by a button, an answer to the question that is open, what customers mostly say next. The weights are
learnt from the dialogues of `data/dialogues`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from tandem.nlu.models.context import Context, Topics

Floats = npt.NDArray[np.float64]

CANDIDATES = 12
"""How many of the likeliest intents are weighed against each other."""
PENALTY = 1.0
"""Of the weights, squared: what the context says must be seen a few times before it counts."""
_SHORT = 4  # words
_LEAD = r"(?:(?:and|so|but|ok|okay|oh|well|also|then|hm+|thanks|cool|great|alright|right)\b[\s,.!]*)*"
_QUESTION = re.compile(
    rf"^{_LEAD}(?:is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|might|has|have|had|how|what|when"
    r"|where|which|who|whom|whose|why|until|till)\b", re.IGNORECASE)
_POINTS_BACK = re.compile(r"\b(?:it|its|it's|that|that's|this|these|those|they|them|there|then|one|ones|same)\b",
                          re.IGNORECASE)
_GOES_ON = re.compile(r"^(?:and|also|or|plus|what about|how about)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Instance:
    """A message with the scores of all intents for it, its context, and the intent that it has."""

    text: str
    scores: npt.NDArray[np.float32]
    context: Context
    intent: int


@dataclass(frozen=True)
class ContextRanker:
    """The weights of what a context says, by the name of the feature; `score` weighs the message's own scores."""

    intents: tuple[str, ...]
    topics: Topics
    score: float
    weights: Mapping[str, float]

    @classmethod
    def fit(cls, intents: Sequence[str], topics: Topics, instances: Sequence[Instance], score: float) -> ContextRanker:
        """Learn from messages in their context; those without a context teach nothing.

        Args:
            score: The weight to start from, that of a message without context.
        """
        told = [one for one in instances if not one.context.empty]
        ranker = cls(tuple(intents), topics, score, {})
        if not told:
            return ranker
        rows: list[tuple[float, list[str]]] = []
        starts, truths = [], []
        for one in told:
            likely = _likely(one.scores)
            if one.intent not in likely:
                likely[-1] = one.intent
            starts.append(len(rows))
            truths.append(len(rows) + likely.index(one.intent))
            signs = _signs(one.text)
            rows.extend((float(one.scores[at]), list(ranker._features(signs, one.context, intents[at])))
                        for at in likely)
        names = sorted({name for _, features in rows for name in features})
        found = _fit_weights(rows, names, np.array(starts), np.array(truths), score)
        return cls(tuple(intents), topics, float(found[0]), dict(zip(names, map(float, found[1:]))))

    def rank(self, text: str, scores: npt.NDArray[np.float32], context: Context) -> list[tuple[int, float]]:
        """Rank the likeliest intents, by place, with the share 0..1 that each has among them, best first."""
        likely = _likely(scores)
        signs = _signs(text)
        sums = np.array([self.score * scores[at] + self._said(signs, context, self.intents[at]) for at in likely])
        shares = np.exp(sums - sums.max())
        shares /= shares.sum()
        return sorted(zip(likely, map(float, shares)), key=lambda found: -found[1])

    def reasons(self, text: str, context: Context, intent: str) -> list[tuple[str, float]]:
        """Tell what in the context speaks for (> 0) or against an intent, the weightiest first."""
        said = [(name, self.weights.get(name, 0.0)) for name in self._features(_signs(text), context, intent)]
        return sorted((one for one in said if one[1]), key=lambda one: -abs(one[1]))

    def _said(self, signs: Sequence[str], context: Context, intent: str) -> float:
        return sum(self.weights.get(name, 0.0) for name in self._features(signs, context, intent))

    def _features(self, signs: Sequence[str], context: Context, intent: str) -> Iterable[str]:
        if context.empty:
            return
        topic = self.topics[intent]
        kind = "answer" if "/" in intent else "flow" if topic else intent
        relations = [f"kind {kind}"]
        if topic:
            relations.append("same topic" if topic == context.topic else "other topic" if context.topic else "topic")
        if intent == context.answered:
            relations.append("same again")
        if intent in context.offers:
            relations.append("offered")
        elif context.offers:
            relations.append("not offered")
        for relation in relations:
            yield relation
            yield from (f"{relation}, {sign}" for sign in signs)
        if context.asks:
            yield f"asked for {context.asks}: {kind}"
            yield from (f"asked, {sign}: {kind}" for sign in signs)
        yield f"after {context.latest}: {intent}"
        if context.topic:
            yield f"in {context.topic}: {intent}"
            if topic:
                yield f"in {context.topic}: topic {topic}"

    def save(self) -> npt.NDArray[np.uint8]:
        """Bytes for `numpy.savez`; see `load`."""
        state = {"intents": self.intents, "topics": dict(self.topics.named), "score": self.score,
                 "weights": dict(self.weights)}
        return np.frombuffer(json.dumps(state).encode(), dtype=np.uint8)

    @classmethod
    def load(cls, saved: npt.NDArray[np.uint8]) -> ContextRanker:
        """Restore what `save` gave."""
        state = json.loads(bytes(saved))
        return cls(tuple(state["intents"]), Topics(state["topics"]), state["score"], state["weights"])


def _likely(scores: npt.NDArray[np.float32]) -> list[int]:
    return [int(at) for at in np.argsort(-scores, kind="stable")[:CANDIDATES]]


def _signs(text: str) -> list[str]:
    """Tell what the wording alone says of how a message stands to what was said before."""
    plain = text.strip().replace("’", "'")
    found = ["question"] if plain.endswith("?") or _QUESTION.search(plain) else ["statement"]
    if len(plain.split()) <= _SHORT:
        found.append("short")
    if _POINTS_BACK.search(plain):
        found.append("points back")
    if _GOES_ON.search(plain):
        found.append("goes on")
    return found


def _fit_weights(
    rows: Sequence[tuple[float, Sequence[str]]], names: Sequence[str], starts: npt.NDArray[np.intp],
    truths: npt.NDArray[np.intp], score: float,
) -> Floats:
    place = {name: at for at, name in enumerate(names, 1)}
    indices = [at for _, features in rows for at in (0, *(place[name] for name in features))]
    data = [value for own, features in rows for value in (own, *([1.0] * len(features)))]
    ends = np.cumsum([0, *(1 + len(features) for _, features in rows)])
    matrix = csr_matrix((data, indices, ends), shape=(len(rows), len(names) + 1))
    group = np.repeat(np.arange(len(starts)), np.diff([*starts, len(rows)]))
    begin = np.zeros(len(names) + 1)
    begin[0] = score
    free = np.ones(len(begin))
    free[0] = 0.0
    target = np.zeros(len(rows))
    target[truths] = 1.0

    def loss(weights: Floats) -> tuple[float, Floats]:
        sums = matrix @ weights
        sums -= np.maximum.reduceat(sums, starts)[group]
        shares = np.exp(sums)
        totals = np.add.reduceat(shares, starts)
        value = float(np.log(totals).sum() - sums[truths].sum() + PENALTY / 2 * (free * weights) @ weights)
        gradient = matrix.T @ (shares / totals[group] - target) + PENALTY * free * weights
        return value, gradient

    found: Floats = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return found
