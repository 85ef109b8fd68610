"""Which of the likely intents a message has, by its place in the conversation.

The message alone leaves several intents likely: "is it free?" may be about a return, a delivery or a gift wrap. A
conditional logit model (McFadden, 1974) weighs the score of each candidate with what the context says of it: the same
topic, offered by a button, an answer to the question that is open, what customers mostly say next. The weights are
learnt from the dialogues of `data/dialogues`. So is how often a choice is right, by its score and its share among the
candidates: a message that the context makes plain is read surely although its words alone leave much open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from tandem.nlu.models.context import Context, Topics

Floats = npt.NDArray[np.float64]

CANDIDATES = 12
"""How many of the likeliest intents are weighed against each other."""
PENALTY = 1.0
"""Of the weights, squared: what the context says must be seen a few times before it counts."""
STRANGERS = 1 / 3
"""Share of messages without an intent of ours for which confidence is calibrated."""
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
    """A message with the scores of all intents for it, its context, and the intent that it has; -1 for none of ours."""

    text: str
    scores: npt.NDArray[np.float32]
    context: Context
    intent: int


@dataclass(frozen=True)
class ContextRanker:
    """The weights of what a context says, by the name of the feature; `score` weighs the message's own scores.

    Attributes:
        calibration: What the score of the best, the logarithm of its share, and 1 count for the logit of being right.
    """

    intents: tuple[str, ...]
    topics: Topics
    score: float
    weights: Mapping[str, float]
    calibration: tuple[float, float, float]

    @classmethod
    def fit(
        cls, intents: Sequence[str], topics: Topics, instances: Sequence[Instance], score: float,
        calibration: tuple[float, float],
    ) -> ContextRanker:
        """Learn from messages in their context; those without a context teach nothing.

        Args:
            instances: Those of one dialogue stand together.
            score: The weight to start from, that of a message without context.
            calibration: (slope, intercept) of the score alone, for as long as no messages in their context tell.
        """
        told = [one for one in instances if not one.context.empty]
        own, strangers = [one for one in told if one.intent >= 0], [one for one in told if one.intent < 0]
        blank = cls(tuple(intents), topics, score, {}, (calibration[0], 0.0, calibration[1]))
        if not own:
            return blank
        parts = own[: len(own) // 2], own[len(own) // 2:]
        ranker = blank._taught(own)
        judged = [*zip(parts[0], blank._taught(parts[1])._best(parts[0])),
                  *zip(parts[1], blank._taught(parts[0])._best(parts[1])), *zip(strangers, ranker._best(strangers))]
        return replace(ranker, calibration=_calibrate(judged) or blank.calibration)

    def _taught(self, instances: Sequence[Instance]) -> ContextRanker:
        if not instances:
            return self
        rows: list[tuple[float, list[str]]] = []
        starts, truths = [], []
        for one in instances:
            likely = _likely(one.scores)
            if one.intent not in likely:
                likely[-1] = one.intent
            starts.append(len(rows))
            truths.append(len(rows) + likely.index(one.intent))
            signs = _signs(one.text)
            rows.extend((float(one.scores[at]), list(self._features(signs, one.context, self.intents[at])))
                        for at in likely)
        names = sorted({name for _, features in rows for name in features})
        found = _fit_weights(rows, names, np.array(starts), np.array(truths), self.score)
        return replace(self, score=float(found[0]), weights=dict(zip(names, map(float, found[1:]))))

    def _best(self, instances: Sequence[Instance]) -> list[tuple[int, float]]:
        return [self.rank(one.text, one.scores, one.context)[0] for one in instances]

    def confidence(self, score: float, share: float) -> float:
        """Return the probability 0..1 that the best intent is right, by its score and its share among the likeliest."""
        by_score, by_share, intercept = self.calibration
        logit = by_score * score + by_share * np.log(max(share, 1e-9)) + intercept
        return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))

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

    def save(self) -> npt.NDArray[np.uint8]:
        """Bytes for `numpy.savez`; see `load`."""
        state = {"intents": self.intents, "topics": dict(self.topics.named), "score": self.score,
                 "weights": dict(self.weights), "calibration": self.calibration}
        return np.frombuffer(json.dumps(state).encode(), dtype=np.uint8)

    @classmethod
    def load(cls, saved: npt.NDArray[np.uint8]) -> ContextRanker:
        """Restore what `save` gave."""
        state = json.loads(bytes(saved))
        return cls(tuple(state["intents"]), Topics(state["topics"]), state["score"], state["weights"],
                   tuple(state["calibration"]))


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


def _calibrate(judged: Sequence[tuple[Instance, tuple[int, float]]]) -> tuple[float, float, float] | None:
    """Fit how often the best intent is right, by its score and share; None where it always or never is."""
    seen = np.array([(one.scores[best], np.log(max(share, 1e-9))) for one, (best, share) in judged])
    is_right = np.array([best == one.intent for one, (best, _) in judged])
    is_strange = np.array([one.intent < 0 for one, _ in judged])
    if is_right.all() or not is_right.any():
        return None
    importance = np.where(is_strange, STRANGERS / max(is_strange.sum(), 1),
                          (1 - STRANGERS) / max((~is_strange).sum(), 1)) * len(judged)
    fitted = LogisticRegression(C=100, max_iter=1000).fit(seen, is_right, sample_weight=importance)
    return float(fitted.coef_[0, 0]), float(fitted.coef_[0, 1]), float(fitted.intercept_[0])


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
