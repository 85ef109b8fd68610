"""How alike two messages are, as a kernel over sentence vectors, n-grams and signals, and regression on it.

Kernel ridge regression (Saunders, Gammerman and Vovk, ICML 1998): few examples suffice, the solution is closed, and a
message unlike every example gets the mean, so that low scores mean "never seen the like".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from tandem.nlu.models.embedding import current, encode
from tandem.nlu.models.emoji import in_words
from tandem.nlu.models.encoders import Vectors, require
from tandem.nlu.models.ngrams import Ngrams

Floats = npt.NDArray[np.float32]

WIDTH = 2.0


class ModelOutdated(RuntimeError):
    """A trained model was written by a version that cannot be read any more."""


def spare_cores() -> None:
    """Let linear algebra run on one core.

    One message is too little to share out: the other cores would wait for it busily, in the time of other messages.
    """
    threadpool_limits(limits=1, user_api="blas")


@dataclass(frozen=True)
class Features:
    """What is known of n messages: sentence vectors (n, d), n-grams (n, v), signals (n, s; s may be 0)."""

    sentence: Vectors
    ngrams: csr_matrix
    signals: Floats

    def __len__(self) -> int:
        return len(self.sentence)

    def take(self, rows: npt.NDArray[np.intp]) -> Features:
        """Return the features of some of the messages."""
        return Features(self.sentence[rows], self.ngrams[rows], self.signals[rows])


@dataclass(frozen=True)
class Space:
    """The coordinates in which messages are compared, fitted once to the training texts.

    Sentence vectors are turned onto their main axes, which keeps reading fast: a message is compared with every
    training example.
    """

    encoder: str
    axes: Vectors
    ngrams: Ngrams
    ngram_share: float

    @classmethod
    def fit(cls, texts: Sequence[str], rank: int, ngram_share: float) -> Space:
        """Fit `rank` axes, and n-grams whose cosine weighs `ngram_share` beside the sentence kernel's 1.

        The space remembers the encoder that the process reads with now, and is read with no other.
        """
        encoder = current()
        vectors = encode(texts, encoder)
        _, axes = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
        ngrams = Ngrams.fit([in_words(text) for text in texts])
        return cls(encoder, axes[:, -rank:].astype(np.float32), ngrams, ngram_share)

    def features(self, texts: Sequence[str], signals: Floats | None = None) -> Features:
        """Read texts; `signals` (n, s) are taken as they are."""
        empty = np.zeros((len(texts), 0), dtype=np.float32)
        grams = self.ngrams.transform([in_words(text) for text in texts])
        return Features(encode(texts, self.encoder) @ self.axes, grams, empty if signals is None else signals)

    def kernel(self, left: Features, right: Features) -> Floats:
        """Measure how alike each left and right message are, shape (len(left), len(right)); strangers get about 0.1."""
        out: Floats = near(left.sentence, right.sentence)
        out += self.ngram_share * (left.ngrams @ right.ngrams.T).toarray()
        out += left.signals @ right.signals.T
        return out

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return arrays for `numpy.savez`; see `from_state`."""
        own = {"encoder": np.array(self.encoder), "axes": self.axes, "ngram_share": np.array(self.ngram_share)}
        return {**own, **self.ngrams.state()}

    @classmethod
    def from_state(cls, arrays: Any) -> Space:
        """Restore what `state` gave. Raises ModelOutdated, or EncoderMissing where it cannot be read with."""
        if "encoder" not in arrays:
            raise ModelOutdated("this model is of an older version, with other sentence vectors; run `tandem train`")
        encoder = str(arrays["encoder"])
        require(encoder)
        return cls(encoder, arrays["axes"], Ngrams.from_state(arrays), float(arrays["ngram_share"]))


def near(left: Vectors, right: Vectors) -> Floats:
    """Return exp(WIDTH * (cosine - 1)): a Gaussian of the distance between sentence vectors."""
    out: Floats = left @ right.T
    out -= 1
    out *= WIDTH
    return np.exp(out, out=out)


def solve(kernel: Floats, targets: Floats, ridge: float, weights: Floats) -> tuple[Floats, Floats]:
    """Return the dual coefficients (n, k) and means (k,) of kernel ridge regression.

    Args:
        kernel: (n, n), symmetric.
        targets: (n, k).
        ridge: > 0; more is smoother.
        weights: (n,), how much each example counts.
    """
    mean = (weights @ targets / weights.sum()).astype(np.float32)
    system = kernel + np.diag(ridge / weights).astype(np.float32)
    factor = cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
    return cho_solve(factor, targets - mean, check_finite=False).astype(np.float32), mean


@dataclass(frozen=True)
class KernelRegression:
    """A fitted regression: dual coefficients over the examples' sentences, plain weights for n-grams and signals."""

    space: Space
    examples: Vectors
    dual: Floats
    ngram_weights: Floats
    signal_weights: Floats
    mean: Floats

    @classmethod
    def fit(cls, space: Space, features: Features, dual: Floats, mean: Floats) -> KernelRegression:
        """Fold the parts of the kernel that are linear into one weight a feature."""
        return cls(
            space,
            features.sentence,
            dual,
            np.asarray(space.ngram_share * (features.ngrams.T @ dual), dtype=np.float32),
            np.asarray(features.signals.T @ dual, dtype=np.float32),
            mean,
        )

    def scores(self, features: Features) -> Floats:
        """Predict the targets, shape (len(features), k)."""
        out: Floats = near(features.sentence, self.examples) @ self.dual
        out += features.ngrams @ self.ngram_weights
        out += features.signals @ self.signal_weights
        out += self.mean
        return out

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return arrays for `numpy.savez`; see `from_state`."""
        own = {name: getattr(self, name) for name in ("examples", "dual", "ngram_weights", "signal_weights", "mean")}
        return {**own, **self.space.state()}

    @classmethod
    def from_state(cls, arrays: Any) -> KernelRegression:
        """Restore what `state` gave."""
        names = ("examples", "dual", "ngram_weights", "signal_weights", "mean")
        return cls(Space.from_state(arrays), *(arrays[name] for name in names))
