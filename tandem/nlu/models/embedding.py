"""Sentence embeddings: one cache a process, shared by the pipeline, the mood reader and the dialogue policy."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from tandem.nlu.models.emoji import in_words
from tandem.nlu.models.encoders import ENCODERS, PARTNER_SHARE, QUALITY, Partner, Vectors, dimension, universal
from tandem.nlu.models.order_mask import masked
from tandem.nlu.models.readable_text import readable

CACHE_SIZE = 8192
_MOST_BEGUN = 32
_Key = tuple[str, str]  # encoder, text as it is read


class _Cache:
    """Least recently used vectors by encoder and text; 5 kB each, so 42 MB when full."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[_Key, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> Vectors | None:
        with self._lock:
            vector = self._vectors.get(key)
            if vector is not None:
                self._vectors.move_to_end(key)
            return vector

    def put(self, key: _Key, vector: Vectors) -> None:
        with self._lock:
            self._vectors[key] = vector
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)

    def hold(self, texts: int) -> None:
        with self._lock:
            self._size = max(self._size, 2 * texts)


_cache = _Cache(CACHE_SIZE)
_begun: OrderedDict[_Key, tuple[Partner, Future[None]]] = OrderedDict()
_current: list[str] = []


def current() -> str:
    """Return the encoder that this process reads with unless told otherwise: that of the model it has loaded."""
    return _current[0] if _current else QUALITY


def use(encoder: str) -> None:
    """Read with this encoder from now on. Raises ValueError if there is none of that name."""
    if encoder not in ENCODERS:
        raise ValueError(f"there is no sentence encoder {encoder!r}; there are {', '.join(ENCODERS)}")
    _current[:] = [encoder]


def remember(read: str, vector: Vectors) -> None:
    """Take a vector of the `current` encoder that was worked out before; `read` as `as_read` gives it."""
    _cache.put((current(), read), vector)


def hold(texts: int) -> None:
    """Remember at least so many texts, and as many others."""
    _cache.hold(texts)


def begin(text: str) -> None:
    """Let the slower encoder begin to read a message on another core, for an `encode` that comes soon.

    Nothing begins before `use` has said with which encoder this process reads.
    """
    key = (current(), as_read(text))
    if not _current or not key[1] or key in _begun or _cache.get(key) is not None:
        return
    partner = Partner([key[1]], key[0])
    _begun[key] = partner, _beside(os.getpid()).submit(partner.work)
    while len(_begun) > _MOST_BEGUN:
        _begun.popitem(last=False)


def as_read(text: str) -> str:
    """Return what of a text the encoders are given: a bounded part, with emoji in words and order numbers masked."""
    return in_words(masked(readable(text)))


def encode(texts: Sequence[str], encoder: str | None = None) -> Vectors:
    """Embed texts; the rows have length 1, so that the dot product of two rows is their cosine similarity.

    Args:
        texts: any strings; what is read of each tells `as_read`.
        encoder: one of `encoders.ENCODERS`; the `current` one if not given. Vectors of different encoders cannot be
            compared.

    Returns:
        float32 array of shape (len(texts), `encoders.dimension(encoder)`): both encoders' vectors side by side,
        weighted as `PARTNER_SHARE` says. An empty text is the zero vector, similar to nothing.
    """
    encoder = encoder or current()
    out = np.zeros((len(texts), dimension(encoder)), dtype=np.float32)
    missing: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        read = as_read(text)
        if not read:
            continue
        known = _cache.get((encoder, read))
        if known is None:
            missing.setdefault(read, []).append(row)
        else:
            out[row] = known
    if missing:
        share = np.float32(PARTNER_SHARE[encoder])
        first, partner = _both(list(missing), encoder)
        vectors = np.hstack([np.sqrt(1 - share) * first, np.sqrt(share) * partner])
        for (read, rows), vector in zip(missing.items(), vectors):
            _cache.put((encoder, read), vector.copy())
            out[rows] = vector
    return out


def _both(texts: list[str], encoder: str) -> tuple[Vectors, Vectors]:
    begun = _begun.pop((encoder, texts[0]), None) if len(texts) == 1 else None
    if begun is None:
        partner = Partner(texts, encoder)
        begun = partner, _beside(os.getpid()).submit(partner.work)
    partner, beside = begun
    first = universal(texts)
    partner.work()  # what is left of it, when there are many texts
    beside.result()
    return first, partner.vectors()


@lru_cache(maxsize=1)
def _beside(process: int) -> ThreadPoolExecutor:
    """Make a thread for the second encoder, on another core; each process needs its own, for forks bring no threads."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")


def similarity(left: str, right: str) -> float:
    """Return the cosine similarity of two texts, -1..1; 0.0 if either is empty."""
    first, second = encode([left, right])
    return float(first @ second)
