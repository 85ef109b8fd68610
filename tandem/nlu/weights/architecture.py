"""The sentence encoder that Tandem builds: all-mpnet-base-v2 (Song et al., 2020, arXiv:2004.09297), Apache-2.0.

12 layers of width 768. Where a token stands goes into it twice: as a vector added to the word, and as a bias on
attention that depends on the distance between two tokens.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

WIDTH = 768
LAYERS = 12
HEADS = 12
EPSILON = 1e-5
MAX_TOKENS = 128  # of the 512 it could read: a message is cut to so many (`wordpiece.py`)
FIRST_POSITION = 2  # the rows before belong to padding
_BUCKETS = 32
_FAR = 128


def distances(tokens: int) -> npt.NDArray[np.int64]:
    """Return the bucket, 0..31, of the distance from each token (row) to each token (column).

    Half of the buckets are for tokens behind, half for tokens ahead; in each half eight count single steps, and eight
    grow with the logarithm of the distance up to 128 steps.
    """
    steps = np.arange(tokens)[None, :] - np.arange(tokens)[:, None]
    half = _BUCKETS // 2
    single = half // 2
    far = np.abs(steps)
    growth = np.log(np.maximum(far, 1) / single) / math.log(_FAR / single)
    grown = np.minimum(single + (growth * (half - single)).astype(np.int64), half - 1)
    return np.where(steps > 0, half, 0) + np.where(far < single, far, grown)
