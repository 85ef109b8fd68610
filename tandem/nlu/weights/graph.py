"""Write the sentence encoder as an ONNX graph whose linear layers multiply 8-bit integers.

Weights are rounded to 8 bits with one scale an output; activations are rounded when they are known, with one scale a
sentence. A few activations of such encoders are a hundred times as large as the rest and would leave the rest no bits.
So each input of a linear layer is first divided by a power of two of its own, by which its weights are multiplied
(SmoothQuant: Xiao et al., ICML 2023, arXiv:2211.10438). The powers are pinned, in `smoothing.npz`: the same weights
give the same file on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tandem.nlu.weights import architecture as mpnet

Array = npt.NDArray[Any]
Tensors = Callable[[str], Array]
"""Gives a tensor of the published weights by its name."""

_MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators: one where ONNX needs five
_OPSET, _MICROSOFT_OPSET, _IR = 18, 1, 9


@dataclass(frozen=True)
class Rounding:
    """How linear layers are rounded.

    Attributes:
        exponents: by a layer's name, of each of its inputs: the input is divided by 2 to that power.
        most: the largest rounded weight: 127, or 63 for processors whose sums of 8-bit products overflow.
    """

    exponents: Mapping[str, npt.NDArray[np.int8]]
    most: int = 127


def rounded_columns(weight: Array, most: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round each column to whole numbers of at most `most`; returns the scales that undo it too."""
    weight = weight.astype(np.float32)
    scale = np.maximum(np.abs(weight).max(axis=0), np.float32(1e-12)) / np.float32(most)
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)


def build(get: Tensors, rounding: Rounding | None) -> onnx.ModelProto:
    """Write the encoder as an ONNX model; in 32-bit floats without a rounding.

    Its inputs are `tokens` (texts, n), `positions` (n) and `distances` (n, n); its output is `vectors` (texts, 768):
    the mean over the tokens, of length 1.
    """
    graph = _Graph(rounding)
    positions = get("embeddings.position_embeddings.weight")[mpnet.FIRST_POSITION :][: mpnet.MAX_TOKENS]
    words = graph.rows("words", get("embeddings.word_embeddings.weight"), "tokens")
    places = graph.add("Gather", [graph.constant("places.table", positions.astype(np.float32)), "positions"], "places")
    x = graph.normalize("embedded", words, places, get, "embeddings.LayerNorm")
    table = graph.constant("bias.table", get("encoder.relative_attention_bias.weight").astype(np.float32))
    far = graph.add("Gather", [table, "distances"], "bias.far")
    by_head = graph.add("Transpose", [far], "bias.by_head", perm=[2, 0, 1])
    bias = graph.add("Unsqueeze", [by_head, graph.constant("first_axis", np.array([0], dtype=np.int64))], "bias")
    for number in range(mpnet.LAYERS):
        x = _layer(graph, get, number, x, bias)
    mean = graph.add("ReduceMean", [x, graph.constant("token_axis", np.array([1], dtype=np.int64))], "mean", keepdims=0)
    graph.add("LpNormalization", [mean], "vectors", axis=-1, p=2)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape)
              for name, shape in (("tokens", ["texts", "n"]), ("positions", ["n"]), ("distances", ["n", "n"]))]
    output = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", mpnet.WIDTH])
    made = helper.make_graph(graph.nodes, "mpnet", inputs, [output], graph.constants)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, _MICROSOFT_OPSET)]
    return helper.make_model(made, producer_name="tandem", opset_imports=opsets, ir_version=_IR)


def _layer(graph: _Graph, get: Tensors, number: int, x: str, bias: str) -> str:
    """Add attention, and the two linear layers after it."""
    here = f"encoder.layer.{number}."
    parts = [f"{here}attention.attn.{part}" for part in "qkv"]
    joined = graph.linear(f"attention{number}", x, np.hstack([get(f"{part}.weight").T for part in parts]),
                          np.concatenate([get(f"{part}.bias") for part in parts]))
    split = [f"{kind}{number}" for kind in ("query", "key", "value")]
    graph.nodes.append(helper.make_node("Split", [joined], split, name=f"split{number}", axis=-1, num_outputs=3))
    seen = graph.add("MultiHeadAttention", [*split, "", "", bias], f"seen{number}", _MICROSOFT, num_heads=mpnet.HEADS)
    out = graph.linear(f"out{number}", seen, *_weights(get, f"{here}attention.attn.o"))
    attended = graph.normalize(f"attended{number}", out, x, get, f"{here}attention.LayerNorm")
    wide = graph.linear(f"wide{number}", attended, *_weights(get, f"{here}intermediate.dense"))
    narrow = graph.linear(f"narrow{number}", graph.add("Gelu", [wide], f"gelu{number}", _MICROSOFT),
                          *_weights(get, f"{here}output.dense"))
    return graph.normalize(f"layer{number}", narrow, attended, get, f"{here}output.LayerNorm")


def _weights(get: Tensors, name: str) -> tuple[Array, Array]:
    return get(f"{name}.weight").T, get(f"{name}.bias")


@dataclass
class _Graph:
    """Nodes and constants, as they are added; every method returns the name of what it made."""

    rounding: Rounding | None
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: Array) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, inputs: list[str], name: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def linear(self, name: str, x: str, weight: Array, bias: Array) -> str:
        """Add x @ weight + bias."""
        offset = self.constant(f"{name}.bias", bias.astype(np.float32))
        if self.rounding is None:
            whole = self.constant(f"{name}.weight", weight.astype(np.float32))
            return self.add("Add", [self.add("MatMul", [x, whole], f"{name}.product"), offset], name)
        powers = np.ldexp(np.float32(1), self.rounding.exponents[name].astype(np.int32)).astype(np.float32)
        smooth = self.add("Mul", [x, self.constant(f"{name}.divisor", 1 / powers)], f"{name}.smooth")
        rounded, scale = rounded_columns(weight * powers[:, None], self.rounding.most)
        inputs = [smooth, self.constant(f"{name}.weight", rounded), self.constant(f"{name}.scale", scale), "", offset]
        return self.add("DynamicQuantizeMatMul", inputs, name, _MICROSOFT)

    def rows(self, name: str, table: Array, numbers: str) -> str:
        """Look up rows of a table."""
        if self.rounding is None:
            return self.add("Gather", [self.constant(f"{name}.table", table.astype(np.float32)), numbers], name)
        rounded, scale = rounded_columns(table.T, 127)
        whole = self.add("Gather", [self.constant(f"{name}.table", rounded.T), numbers], f"{name}.rounded")
        scales = self.add("Gather", [self.constant(f"{name}.scale", scale[:, None]), numbers], f"{name}.scales")
        return self.add("Mul", [self.add("Cast", [whole], f"{name}.float", to=TensorProto.FLOAT), scales], name)

    def normalize(self, name: str, left: str, right: str, get: Tensors, weights: str) -> str:
        """Add the layer normalization of left + right."""
        inputs = [self.add("Add", [left, right], f"{name}.sum"),
                  self.constant(f"{name}.gain", get(f"{weights}.weight").astype(np.float32)),
                  self.constant(f"{name}.bias", get(f"{weights}.bias").astype(np.float32))]
        return self.add("LayerNormalization", inputs, name, axis=-1, epsilon=mpnet.EPSILON)
