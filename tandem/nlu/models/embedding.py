"""Sentence embeddings: one cache a process, shared by the pipeline, the mood reader and the dialogue policy."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from tandem.nlu.models.bounded_reading import readable
from tandem.nlu.models.emoji import in_words
from tandem.nlu.models.encoders import MINILM_DIMENSION, UNIVERSAL_DIMENSION, MiniLm, Vectors, universal

DIMENSION = UNIVERSAL_DIMENSION + MINILM_DIMENSION
CACHE_SIZE = 8192


class _Cache:
    """Least recently used vectors by text; 3.6 kB each, so 30 MB when full."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Vectors | None:
        with self._lock:
            vector = self._vectors.get(text)
            if vector is not None:
                self._vectors.move_to_end(text)
            return vector

    def put(self, text: str, vector: Vectors) -> None:
        with self._lock:
            self._vectors[text] = vector
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)


_cache = _Cache(CACHE_SIZE)


def encode(texts: Sequence[str]) -> Vectors:
    """Embed texts; the rows have length 1, so that the dot product of two rows is their cosine similarity.

    Args:
        texts: any strings; what is read of each is bounded by `reading.readable`, and emoji are read as words.

    Returns:
        float32 array of shape (len(texts), 896): both encoders' vectors side by side, each with half the say. An empty
        text is the zero vector, similar to nothing.
    """
    out = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    missing: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        read = in_words(readable(text))
        if not read:
            continue
        known = _cache.get(read)
        if known is None:
            missing.setdefault(read, []).append(row)
        else:
            out[row] = known
    if missing:
        reads = list(missing)
        vectors = np.hstack(_both(reads)) * np.float32(np.sqrt(0.5))
        for (read, rows), vector in zip(missing.items(), vectors):
            _cache.put(read, vector.copy())
            out[rows] = vector
    return out


def _both(texts: list[str]) -> tuple[Vectors, Vectors]:
    other = MiniLm(texts)
    beside = _beside(os.getpid()).submit(other.work)
    first = universal(texts)
    other.work()  # what is left of it, when there are many texts
    beside.result()
    return first, other.vectors()


@lru_cache(maxsize=1)
def _beside(process: int) -> ThreadPoolExecutor:
    """Make a thread for the second encoder, on another core; each process needs its own, for forks bring no threads."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")


def similarity(left: str, right: str) -> float:
    """Return the cosine similarity of two texts, -1..1; 0.0 if either is empty."""
    first, second = encode([left, right])
    return float(first @ second)
