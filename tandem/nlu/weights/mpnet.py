"""The sentence encoder's file: made once for an environment, checked, and kept in it.

It stands with the environment's packages, since it belongs to their versions, under `share/tandem`. `python -m
tandem.nlu.weights` makes it, and so does the first training.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tandem.nlu.models.wordpiece import token_ids
from tandem.nlu.weights.architecture import distances
from tandem.nlu.weights.fetch import WeightsMissing, digest, fetch

FOLDER = Path(sys.prefix) / "share" / "tandem"
SMOOTHING = Path(__file__).with_name("smoothing.npz")
LEAST_MEMORY = 2000  # megabytes of the machine: below, what the encoder needs is lacking elsewhere
LEAST_LIKENESS = 0.95
_PINNED = {
    "mpnet-8bit.onnx": "2a11819977d4c628b5070bf7b3760b984db4997c4c8abdc08c051fdbae743070",
    "mpnet-7bit.onnx": "7e12ed82e6e182b285b6350f2d39a594dcf3a6576cff59938eb8bcbf9e42c1a6",
}
_SHIFT = 4  # BERT's word pieces stand four rows further in this encoder's table
_START, _END = 0, 2


def file_name() -> str:
    """Name the file that suits the processor.

    Without instructions for 8-bit dot products (VNNI), x86 adds pairs of products in 16 bits, and they overflow; with
    weights of 7 bits they cannot.
    """
    return "mpnet-8bit.onnx" if _adds_in_32_bits() else "mpnet-7bit.onnx"


def path() -> Path:
    """Return where the encoder's file is, or would be."""
    return FOLDER / file_name()


def is_made() -> bool:
    """Tell whether the file is there."""
    return path().is_file()


def make(say: Callable[[str], None]) -> Path:
    """Make the file unless it is there; its path. Of two at once the second waits for the first.

    Args:
        say: Told what happens, a line at a time.

    Raises:
        WeightsMissing: It cannot be made here; the message says why.
    """
    if is_made():
        return path()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    if memory < LEAST_MEMORY:
        raise WeightsMissing(f"this machine has {memory} MB of memory, and {LEAST_MEMORY} MB are needed")
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with _alone(FOLDER / ".making"):
            if not is_made():
                with tempfile.TemporaryDirectory(prefix="mpnet-", dir=FOLDER) as workshop:
                    weights = fetch(Path(workshop), say)
                    say("rounding them to 8 bits")
                    made = write(weights, Path(workshop) / file_name())
                    check(made)
                    shutil.move(made, path())
                say(f"the sentence encoder is made: {path()}")
    except OSError as error:
        raise WeightsMissing(f"{FOLDER} cannot be written: {error}") from error
    return path()


def write(weights: Path, target: Path) -> Path:
    """Round published weights into the file `target`, whose name says to how many bits. Needs some 600 MB of memory."""
    import onnx
    import safetensors

    from tandem.nlu.weights.graph import Rounding, build

    published: Any = safetensors  # its types are of no use here
    with np.load(SMOOTHING) as pinned, published.safe_open(str(weights), framework="numpy") as tensors:
        exponents = {name.removeprefix("power."): pinned[name] for name in pinned.files if name.startswith("power.")}
        most = 127 if "8bit" in target.name else 63
        onnx.save(build(tensors.get_tensor, Rounding(exponents, most)), str(target))
    return target


def check(made: Path) -> None:
    """Check a file against its digest, and what this machine reads with it against what the published weights read.

    Raises:
        WeightsMissing: It is another file, or its vectors are wrong on this processor.
    """
    if digest(made) != _PINNED[made.name]:
        raise WeightsMissing(f"{made.name} came out otherwise than it should; install the pinned requirements again")
    with np.load(SMOOTHING) as pinned:
        texts, wanted = pinned["texts"].tolist(), pinned["vectors"].astype(np.float32)
    session = open_session(made)
    likeness = min(float(vector_of(session, text) @ row / np.linalg.norm(row)) for text, row in zip(texts, wanted))
    if likeness < LEAST_LIKENESS:
        raise WeightsMissing(f"{made.name} reads wrongly on this processor (cosine {likeness:.2f})")


def vector_of(session: Any, text: str) -> npt.NDArray[np.float32]:
    """Return the sentence vector of a text, of length 1, shape (768,).

    Texts are read one by one: activations are rounded for all texts that are read together, so that a text's vector
    would depend on its neighbours.
    """
    tokens = np.array([[_START, *(piece + _SHIFT for piece in token_ids(text)[1:-1]), _END]], dtype=np.int64)
    positions, steps = _places(tokens.shape[1])
    vectors: npt.NDArray[np.float32]
    [vectors] = session.run(["vectors"], {"tokens": tokens, "positions": positions, "distances": steps})
    return vectors[0]


@lru_cache(maxsize=256)
def _places(tokens: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return np.arange(tokens, dtype=np.int64), distances(tokens)


def open_session(file: Path | bytes) -> Any:
    """Open an encoder's file with ONNX Runtime, on one core: the other one is for other messages."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # 40 MB less, and no slower for one sentence
    return onnxruntime.InferenceSession(file if isinstance(file, bytes) else str(file), options,
                                        providers=["CPUExecutionProvider"])


def state() -> str:
    """Return what the vectors depend on, for fingerprints of what is trained on them; "missing" without a file."""
    pinned = hashlib.sha256(SMOOTHING.read_bytes()).hexdigest()[:12]
    return f"{file_name()} {pinned}" if is_made() else "missing"


def _adds_in_32_bits() -> bool:
    if platform.machine().lower() not in ("x86_64", "amd64", "i686", "x86"):
        return True
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(name in flags for name in ("avx512_vnni", "avx_vnni", "amx_int8"))


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
