"""Write tandem/nlu/weights/smoothing.npz from the published weights: python scripts/calibrate_encoder.py WEIGHTS

Done once for all machines; again only for other weights or another architecture. Prints the digests to be pinned in
tandem/nlu/weights/mpnet.py, and how near the rounded encoder comes to the published one.
"""
from __future__ import annotations

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from safetensors import safe_open

from tandem.evaluation.examples import read_intents, read_moods
from tandem.nlu.weights import mpnet
from tandem.nlu.weights.fetch import digest
from tandem.nlu.weights.graph import build

ALPHA = 0.8  # how much of the unevenness goes into the weights: of 0 to .9 the nearest to the published encoder
TEXTS = 160
CHECKED = (
    "where is my order", "I want my money back, this is the third time I ask!", "hello", "can I change the address?",
    "Your driver left the parcel in the rain and now the books are ruined.", "TD-10421", "yes please", "No.",
    "do you ship to Norway and what does it cost", "the left one hums and gets hot after ten minutes or so",
    "I'd like to talk to a person", "thanks, that was quick",
)


def main() -> None:
    """Calibrate, write and report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("weights", type=Path)
    root = Path(__file__).parents[1]
    with safe_open(str(arguments.parse_args().weights), framework="numpy") as tensors:
        exact = build(tensors.get_tensor, None)
    # In an order that depends on the texts alone.
    texts = sorted({one.text for one in read_intents(root / "data" / "nlu", root)}
                   | {one.labelled.text for one in read_moods(root / "data" / "mood", root)},
                   key=lambda text: hashlib.sha256(text.encode()).digest())[:TEXTS]
    powers = exponents(exact, texts)
    session = mpnet.open_session(exact.SerializeToString())
    vectors = np.stack([mpnet.vector_of(session, text) for text in CHECKED]).astype(np.float16)
    np.savez_compressed(mpnet.SMOOTHING, texts=np.array(CHECKED), vectors=vectors,
                        **{f"power.{name}": power for name, power in powers.items()})
    with tempfile.TemporaryDirectory() as folder:
        for name in ("mpnet-8bit.onnx", "mpnet-7bit.onnx"):
            made = mpnet.write(arguments.parse_args().weights, Path(folder) / name)
            rounded = mpnet.open_session(made)
            near = [float(mpnet.vector_of(rounded, text) @ vector) for text, vector in zip(CHECKED, vectors)]
            print(f'    "{name}": "{digest(made)}",  # cosine {np.mean(near):.4f}, at least {min(near):.4f}')


def exponents(exact: onnx.ModelProto, texts: list[str]) -> dict[str, Any]:
    """Powers of two for each input of each linear layer, from the largest value that it takes in these texts."""
    layers = [node for node in exact.graph.node if node.op_type == "MatMul"]
    inputs = {node.name.removesuffix(".product"): node.input[0] for node in layers}
    weights = {one.name: one for one in exact.graph.initializer}
    probe = onnx.ModelProto()
    probe.CopyFrom(exact)
    del probe.graph.output[:]
    probe.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in inputs.values())
    session = _Watched(mpnet.open_session(probe.SerializeToString()), list(inputs))
    for text in texts:
        mpnet.vector_of(session, text)
    found = {}
    for layer in inputs:
        largest = np.abs(onnx.numpy_helper.to_array(weights[f"{layer}.weight"])).max(axis=1)
        peaks, largest = (np.log2(np.maximum(one, 1e-5)) for one in (session.peaks[layer], largest))
        balance = ALPHA * peaks - (1 - ALPHA) * largest
        found[layer] = np.clip(np.rint(balance - balance.mean()), -12, 12).astype(np.int8)
    return found


class _Watched:
    """A session that keeps the largest values of the inputs of linear layers."""

    def __init__(self, session: Any, layers: list[str]) -> None:
        self._session, self._layers = session, layers
        self.peaks: dict[str, Any] = {}

    def run(self, outputs: list[str], feed: dict[str, Any]) -> Any:
        values = self._session.run(None, feed)
        for layer, value in zip(self._layers, values):
            peak = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
            self.peaks[layer] = np.maximum(self.peaks.get(layer, 0.0), peak)
        return [values[-1]]


if __name__ == "__main__":
    main()
