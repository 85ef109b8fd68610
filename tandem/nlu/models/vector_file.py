"""Sentence vectors of training texts, kept on disk from one training to the next.

Reading all examples takes a minute; most of them were there the last time. Texts stand in the file as their digests.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tandem.nlu.models import embedding
from tandem.nlu.models.encoders import Vectors, versions

FOLDER = Path(".rasa") / "vectors"  # beside Rasa's own cache of trainings
_BLOCK = 512  # texts between two words of progress
_MOST_GONE = 3

logger = logging.getLogger(__name__)


def read_ahead(texts: Sequence[str], kind: str, say: Callable[[str], None], folder: Path = FOLDER) -> None:
    """Let `encode` know the vectors of training texts, from disk as far as they are there, and keep the rest.

    Args:
        kind: What texts these are, "intents" for instance: a file each, which forgets the texts that are gone when they
            are most of it.
        say: Told what happens if it takes long, a line at a time.
    """
    reads = [read for read in dict.fromkeys(map(embedding.as_read, texts)) if read]
    embedding.hold(len(reads))
    file, made_by = folder / f"{kind}.npz", f"{embedding.current()} {versions()}"
    kept = _load(file, made_by)
    digests = [hashlib.sha256(read.encode()).digest() for read in reads]
    missing = []
    for read, digest in zip(reads, digests):
        if digest in kept:
            embedding.remember(read, kept[digest])
        else:
            missing.append(read)
    for start in range(0, len(missing), _BLOCK):
        if len(missing) > _BLOCK:
            say(f"reading {kind}: {start:,} of {len(missing):,} texts that are new")
        embedding.encode(missing[start : start + _BLOCK])
    if missing:
        new = dict(zip(digests, embedding.encode(reads)))
        _save(file, made_by, new if len(kept) > _MOST_GONE * len(new) else {**kept, **new})


def _load(file: Path, made_by: str) -> dict[bytes, Vectors]:
    """Read what is kept of this encoder; nothing if the file is not there or not readable."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            if str(arrays["made_by"]) != made_by:
                return {}
            return {digest.tobytes(): vector for digest, vector in zip(arrays["digests"], arrays["vectors"])}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _save(file: Path, made_by: str, vectors: dict[bytes, Vectors]) -> None:
    beside = file.with_name(f".{file.name}")
    digests = np.frombuffer(b"".join(vectors), dtype=np.uint8).reshape(len(vectors), -1)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as out:
            np.savez(out, made_by=np.array(made_by), digests=digests, vectors=np.stack(list(vectors.values())))
        beside.replace(file)
    except OSError as error:
        logger.warning("Sentence vectors cannot be kept for the next training: %s", error)
