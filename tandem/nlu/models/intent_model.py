"""Which intent a message has, by itself and by its place in the conversation, and how sure that is.

Kernel ridge regression on one column an intent (`kernel.py`); messages said about the same topic count as nearer. What
the conversation says of the likeliest intents is weighed by `context_ranker.py`. Scores are no probabilities: a
logistic model, fitted to held-out folds in which some intents were left out altogether, says how often a top score like
this one is right, for messages of which a part has no intent of ours at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from tandem.nlu.models import refusals
from tandem.nlu.models.context import Context, Topics
from tandem.nlu.models.context_ranker import STRANGERS, ContextRanker, Instance
from tandem.nlu.models.encoders import Vectors, unit
from tandem.nlu.models.kernel import Floats, KernelRegression, Space, near, solve
from tandem.nlu.models.spelling import Spelling

Labels = npt.NDArray[np.intp]
Ranking = list[tuple[str, float]]

MODEL_FILE = "intents.npz"
RANK = 384
NGRAM_SHARE = 0.1
TOPIC_SHARE = 1.0
"""How much nearer two messages are that were said about the same topic, in likenesses of their sentences."""
RIDGE = 0.15
PROTOTYPE_SHARE = 0.25
"""How much likeness to the mean of an intent's examples adds to its score; what resembles several of them a little, and
none of them much, is read better for it, and what resembles nothing is told better."""
FOLDS = 5
ALIKE = 0.9
"""How sure, for each of the whole message's confidence, a refused wish must be read to be what misled the reading."""
WEAKLY = 0.5
"""The same for a state that is denied: one of its topic's answers may have been read in its place."""
_TEMPERATURES = np.geomspace(0.02, 0.5, 15)
_NOWHERE = Context()
NO_TOPICS = Topics({})


@dataclass(frozen=True)
class Examples:
    """What is learnt from: texts with their intents, and for those of a dialogue their context and which it is."""

    texts: Sequence[str]
    intents: Sequence[str]
    contexts: Sequence[Context]
    dialogues: Sequence[str]  # empty for a sentence that stands alone

    @classmethod
    def alone(cls, texts: Sequence[str], intents: Sequence[str]) -> Examples:
        """Take sentences without a conversation."""
        return cls(texts, intents, [_NOWHERE] * len(texts), [""] * len(texts))

    def __add__(self, other: Examples) -> Examples:
        return Examples([*self.texts, *other.texts], [*self.intents, *other.intents],
                        [*self.contexts, *other.contexts], [*self.dialogues, *other.dialogues])


@dataclass(frozen=True)
class IntentModel:
    """A trained classifier.

    Attributes:
        topics: The topic under which each example was said, by its place in `topic_names`; -1 for none.
        calibration: (slope, intercept) from the best score to the logit of being right.
    """

    intents: tuple[str, ...]
    reader: KernelRegression
    topics: Labels
    topic_names: tuple[str, ...]
    ranker: ContextRanker
    prototypes: Floats
    calibration: Floats
    temperature: float

    @classmethod
    def train(cls, texts: Sequence[str], intents: Sequence[str]) -> IntentModel:
        """Learn from sentences that stand alone; see `learn`."""
        return cls.learn(Examples.alone(texts, intents))

    @classmethod
    def learn(cls, examples: Examples, topics: Topics = NO_TOPICS) -> IntentModel:
        """Learn from examples. Raises ValueError for fewer than two intents or no words at all."""
        names = tuple(sorted(set(examples.intents)))
        if len(names) < 2:
            raise ValueError("at least two intents are needed to tell them apart")
        labels = np.searchsorted(names, examples.intents)
        space = Space.fit(examples.texts, RANK, NGRAM_SHARE)
        features = space.features(examples.texts)
        kernel = space.kernel(features, features)
        topic_names = tuple(sorted({context.topic for context in examples.contexts} - {""}))
        said_about = np.array([_place(context.topic, topic_names) for context in examples.contexts])
        for topic in range(len(topic_names)):
            rows = np.flatnonzero(said_about == topic)
            kernel[np.ix_(rows, rows)] += TOPIC_SHARE * near(features.sentence[rows], features.sentence[rows])
        weights = _weights(labels)
        targets = np.eye(len(names), dtype=np.float32)[labels]
        held_out = _HeldOut.of(kernel, features.sentence, labels, weights, targets, examples.dialogues)
        calibration, temperature = held_out.calibrate(labels)
        instances = [Instance(examples.texts[row], scores, examples.contexts[row], -1 if strange else int(labels[row]))
                     for row, scores, strange in zip(held_out.rows, held_out.scores, held_out.strange)]
        ranker = ContextRanker.fit(names, topics, instances, 1 / temperature,
                                   (float(calibration[0]), float(calibration[1])))
        dual, mean = solve(kernel, targets, RIDGE, weights)
        reader = KernelRegression.fit(space, features, dual, mean)
        prototypes = _prototypes(features.sentence, targets)
        return cls(names, reader, said_about, topic_names, ranker, prototypes, calibration, temperature)

    def rank(self, texts: Sequence[str]) -> list[Ranking]:
        """Rank all intents of each text by itself, read without its misspellings and refusals, best first.

        The best one's confidence is the estimated probability, 0..1, that it is right; the others' stand to it as
        their likelihoods do.
        """
        spelt = [self._spelling.correct(text) for text in texts]
        return [self._without_refusal(text, scores, _NOWHERE)
                for text, scores in zip(spelt, self._scores(spelt, _NOWHERE))]

    def read(self, text: str, context: Context) -> Ranking:
        """Rank the likeliest intents of a message in its conversation, best first."""
        spelt = self._spelling.correct(text)
        return self._without_refusal(spelt, self._scores([spelt], context)[0], context)

    def reasons(self, text: str, context: Context, intent: str) -> list[tuple[str, float]]:
        """Tell what in the context spoke for an intent (> 0) or against it, the weightiest first."""
        return self.ranker.reasons(text, context, intent)

    def _without_refusal(self, text: str, whole: Floats, context: Context) -> Ranking:
        """Rank by `whole`, the scores of a text, unless what it refuses, as a wish, reads the same and about as sure:
        then what is wanted is in the rest, or else it is another intent."""
        refusal = refusals.find(text)
        if refusal is None:
            return self._ranking(text, whole, context)
        wish, rest = self._scores([refusal.refused, refusal.rest], context)
        (intent, sure), meant = self._ranking(text, whole, context)[0], self._ranking(refusal.refused, wish, context)[0]
        is_about = self.ranker.topics[meant[0]] or meant[0]
        misled = meant[0] == intent or (refusal.denied and is_about == self.ranker.topics[intent])
        if not misled or meant[1] < (WEAKLY if refusal.denied else ALIKE) * sure:
            return self._ranking(text, whole, context)
        if refusal.rest and refusal.denied:  # and with it the topic that the conversation had
            return self._ranking(refusal.rest, self._scores([refusal.rest], _NOWHERE)[0], _NOWHERE)
        if refusal.rest:
            return self._ranking(refusal.rest, rest, context)
        others = whole.copy()
        others[self.intents.index(intent)] = -np.inf
        return self._ranking(text, others, context)

    def _scores(self, texts: Sequence[str], context: Context) -> Floats:
        features = self.reader.space.features(texts)
        scores = self.reader.scores(features) + features.sentence @ self.prototypes.T
        rows = self._said_about.get(context.topic)
        if rows is not None:
            scores += TOPIC_SHARE * near(features.sentence, self.reader.examples[rows]) @ self.reader.dual[rows]
        return scores

    def _ranking(self, text: str, scores: Floats, context: Context) -> Ranking:
        if context.empty:
            slope, intercept = self.calibration
            sure = _sigmoid(slope * scores.max() + intercept)
            confidence = sure * np.exp((scores - scores.max()) / self.temperature)
            return [(self.intents[at], float(confidence[at])) for at in np.argsort(-scores, kind="stable")]
        ranked = self.ranker.rank(text, scores, context)
        (best, share), *_ = ranked
        times = self.ranker.confidence(float(scores[best]), share) / share
        return [(self.intents[at], times * own) for at, own in ranked]

    @cached_property
    def _said_about(self) -> dict[str, Labels]:
        return {name: np.flatnonzero(self.topics == at) for at, name in enumerate(self.topic_names)}

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(self.reader.space.ngrams.shares())

    def save(self, path: Path) -> None:
        """Write one .npz file."""
        np.savez(path, intents=_bytes(self.intents), topics=self.topics, topic_names=_bytes(self.topic_names),
                 ranker=self.ranker.save(), prototypes=self.prototypes, calibration=self.calibration,
                 temperature=np.array(self.temperature),
                 **self.reader.state())

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Read what `save` wrote. Raises OSError or ValueError if it is no such file."""
        with np.load(path, allow_pickle=False) as arrays:
            intents, topic_names = (tuple(json.loads(bytes(arrays[name]))) for name in ("intents", "topic_names"))
            return cls(intents, KernelRegression.from_state(arrays), arrays["topics"], topic_names,
                       ContextRanker.load(arrays["ranker"]), arrays["prototypes"], arrays["calibration"],
                       float(arrays["temperature"]))


def _bytes(names: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(json.dumps(names).encode(), dtype=np.uint8)


def _place(topic: str, names: Sequence[str]) -> int:
    return names.index(topic) if topic else -1


def _weights(labels: Labels) -> Floats:
    """Weigh examples of rare intents more, by the root of their rarity; the mean is 1."""
    rarity = np.sqrt(1.0 / np.bincount(labels)[labels])
    return (rarity / rarity.mean()).astype(np.float32)


def _prototypes(sentences: Vectors, targets: Floats) -> Floats:
    """Return the mean direction of each intent's examples, times its share, (k, d); zeros for one without examples."""
    return PROTOTYPE_SHARE * unit(targets.T @ sentences)


@dataclass(frozen=True)
class _HeldOut:
    """Scores of examples by models that have not seen them.

    In each fold a fifth of the examples and a fifth of the intents are held out: the examples stand for new messages,
    the intents for messages of strangers. Examples of one dialogue are held out together.

    Attributes:
        rows: The examples, (m,); one is a stranger in one fold and a new message in another.
        scores: (m, intents).
        strange: (m,), whether the example's own intent was unknown.
    """

    rows: Labels
    scores: Floats
    strange: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, kernel: Floats, sentences: Vectors, labels: Labels, weights: Floats, targets: Floats,
        dialogues: Sequence[str],
    ) -> _HeldOut:
        """Train `FOLDS` times without a part of the examples."""
        rng = np.random.RandomState(7)
        fold = _spread(labels, rng)
        number_of = {name: at % FOLDS for at, name in enumerate(sorted(set(dialogues) - {""}))}
        fold = np.array([number_of.get(name, own) for name, own in zip(dialogues, fold)])
        group = _spread(np.zeros(targets.shape[1], dtype=np.intp), rng)[labels]
        if targets.shape[1] < FOLDS:
            group = np.full(len(labels), -1)
        rows, scores, strange = [], [], []
        for number in range(FOLDS):
            known = np.flatnonzero((fold != number) & (group != number))
            unseen = np.flatnonzero((fold == number) | (group == number))
            if not len(known) or not len(unseen):
                continue
            dual, mean = solve(kernel[np.ix_(known, known)], targets[known], RIDGE, weights[known])
            rows.append(unseen)
            beside = sentences[unseen] @ _prototypes(sentences[known], targets[known]).T
            scores.append(kernel[np.ix_(unseen, known)] @ dual + mean + beside)
            strange.append(group[unseen] == number)
        return cls(np.concatenate(rows), np.vstack(scores), np.concatenate(strange))

    def calibrate(self, labels: Labels) -> tuple[Floats, float]:
        """Fit (slope, intercept) of the confidence, and the temperature of the likelihoods."""
        best, strange = self.scores.max(axis=1), self.strange
        correct = self.scores.argmax(axis=1) == labels[self.rows]
        importance = np.where(strange, STRANGERS / max(strange.sum(), 1), (1 - STRANGERS) / max((~strange).sum(), 1))
        if correct.all() or not correct.any():
            return np.array([10.0, -4.0], dtype=np.float32), 0.1
        fitted = LogisticRegression(C=1e4, max_iter=1000)
        fitted.fit(best[:, None], correct, sample_weight=importance * len(best))
        own = np.flatnonzero(~strange)
        leads = self.scores[own] - self.scores[own, labels[self.rows[own]]][:, None]
        losses = [float(np.log(np.exp(np.clip(leads / t, -60, 60)).sum(axis=1)).mean()) for t in _TEMPERATURES]
        calibration = np.array([fitted.coef_[0, 0], fitted.intercept_[0]], dtype=np.float32)
        return calibration, float(_TEMPERATURES[int(np.argmin(losses))])


def _spread(labels: Labels, rng: np.random.RandomState) -> Labels:
    """Deal the members of each class to FOLDS folds in turn."""
    out = np.empty(len(labels), dtype=np.intp)
    offset = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        out[members] = (np.arange(len(members)) + offset) % FOLDS
        offset += len(members)
    return out


def _sigmoid(logits: Floats) -> Floats:
    out: Floats = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return out
