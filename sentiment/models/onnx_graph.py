"""The classifier as an ONNX model: the steps of `LSTMClassifier.forward`, built without PyTorch.

One LSTM node reads both directions of a layer, with the length of each review, so padding has no
effect. Dropout has no effect in prediction and is left out.

With int8, word vectors are integers with one scale, the weights of the LSTM and of the attention
keys are integers with a scale for each column, and all other weights stay float32. ONNX Runtime
quantizes the inputs and the states of the LSTM by their range within a batch, so the logits of a
review would depend on the others. Two constant entries, the anchors, are therefore appended to each
word vector and to each state: with them, every batch has the same range. All weights of the anchors
are 0.

The nodes depend on the settings only, and the sizes of the weights on the settings, the number of
words and the number of labels. A model file is therefore checked against the model that its
`config.json` describes (`onnx_check.py`).
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sentiment.config import ModelConfig
from sentiment.models.sizes import directions

Quantization = Literal["int8"]
Weights = Mapping[str, np.ndarray]  # By their names in `model.safetensors`, float32.

INPUT_IDS, LENGTHS, LOGITS = "input_ids", "lengths", "logits"
OPSET, IR_VERSION = 17, 8  # Of 2022, so that older runtimes read the model too.
# ONNX Runtime's own operators; DynamicQuantizeLSTM is one of them.
MICROSOFT = "com.microsoft"

MAX_INT8 = 127
# Factors of 8-bit activations. CPUs without instructions for int8 add pairs of products in 16 bits:
# 2 * 255 * 63 fits, and 2 * 255 * 127 does not.
MAX_FACTOR_INT8 = 63

# The largest and the smallest value of a state. Their scale in ONNX Runtime is 2 / 255.
STATE_ANCHORS = np.array([1.0, -1.0], np.float32)
# With these, the scale of the inputs in ONNX Runtime is that of the word vectors, without rounding.
VECTOR_ANCHORS = np.array([MAX_INT8, -MAX_INT8 - 1], np.int8)
# The sigmoid of it is 1 to eight digits: a gate with this bias is open. Its tanh is 1 likewise.
OPEN = 20.0
# States to 8-bit integers for the attention keys: from -1 to 1 in steps of 1 / 127, 0 is 128.
STATE_SCALE, STATE_ZERO = np.float32(1 / 127), np.uint8(128)


class Graph:
    """The nodes and weights of a model under construction."""

    def __init__(self, with_values: bool) -> None:
        self.with_values = with_values
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[TensorProto] = []

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the name of the output."""
        return self.add_many(operator, 1, *inputs, domain=domain, **attributes)[0]

    def add_many(
        self, operator: str, num_outputs: int, *inputs: str, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node and return the names of its outputs."""
        name = f"{operator}_{len(self.nodes)}"
        outputs = [f"{name}_{number}" for number in range(num_outputs)]
        self.nodes.append(
            helper.make_node(operator, inputs, outputs, name, domain=domain, **attributes)
        )
        return outputs

    def weight(self, name: str, array: np.ndarray) -> str:
        """Add a weight and return its name."""
        data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        tensor = TensorProto(name=name, dims=array.shape, data_type=data_type)
        if self.with_values:
            tensor.raw_data = array.tobytes()
        self.initializers.append(tensor)
        return name

    def integer(self, value: int) -> str:
        """Add an integer constant and return its name."""
        return self.add("Constant", value_int=value)

    def integers(self, *values: int) -> str:
        """Add a constant vector of integers and return its name."""
        return self.add("Constant", value_ints=values)

    def number(self, value: float) -> str:
        """Add a floating-point constant and return its name."""
        return self.add("Constant", value_float=value)

    def constant(self, value: np.ndarray | np.generic) -> str:
        """Add a constant of any shape and return its name."""
        return self.add("Constant", value=numpy_helper.from_array(np.asarray(value)))


def build_model(
    config: ModelConfig,
    weights: Weights,
    temperature: float,
    quantize: Quantization | None = None,
    with_values: bool = True,
) -> onnx.ModelProto:
    """Return a classifier as an ONNX model.

    Its inputs are `input_ids` [batch, length] and `lengths` [batch], both int64; padding has any
    id. Its output is `logits` [batch, num_labels], divided by the temperature.

    Args:
        config: the settings of the model.
        weights: all weights of an `LSTMClassifier`.
        temperature: divisor of the logits.
        quantize: `int8`, or None for float32.
        with_values: whether to store the numbers of the weights, not only their shapes.
    """
    graph = Graph(with_values)
    inputs = embed(graph, weights, quantize)  # [length, batch, embedding_dim]
    states, final = lstm_layer(graph, inputs, 0, config, weights, quantize)
    for layer in range(1, config.num_layers):
        by_token = graph.add("Transpose", states, perm=[0, 2, 1, 3])
        inputs = graph.add("Reshape", by_token, graph.integers(0, 0, -1))
        states, final = lstm_layer(graph, inputs, layer, config, weights, quantize)
    by_review = graph.add("Transpose", states, perm=[2, 0, 1, 3])
    states = graph.add("Reshape", by_review, graph.integers(0, 0, -1))
    # [batch, length, state_size]
    pooled = pool(graph, states, final, config, weights, quantize)
    uncalibrated = linear(graph, pooled, "linear", weights, config, quantize)
    # [batch, num_labels]
    graph.nodes.append(
        helper.make_node("Div", [uncalibrated, graph.number(temperature)], [LOGITS], LOGITS)
    )
    num_labels = len(weights["linear.bias"])
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "sentiment-lstm",
            [
                helper.make_tensor_value_info(INPUT_IDS, TensorProto.INT64, ["batch", "length"]),
                helper.make_tensor_value_info(LENGTHS, TensorProto.INT64, ["batch"]),
            ],
            [helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["batch", num_labels])],
            graph.initializers,
        ),
        producer_name="sentiment-lstm",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
    )


def embed(graph: Graph, weights: Weights, quantize: Quantization | None) -> str:
    """Add the lookup of word vectors: [batch, length] to [length, batch, embedding_dim]."""
    table = weights["encoder.embedding.weight"]  # [vocab_size, embedding_dim]
    ids = graph.add("Transpose", INPUT_IDS, perm=[1, 0])  # [length, batch]
    if quantize is None:
        return graph.add("Gather", graph.weight("embedding", table), ids)
    rows, scale = to_int8(table, axis=(0, 1), largest=MAX_INT8)
    anchors = np.broadcast_to(VECTOR_ANCHORS, (len(rows), len(VECTOR_ANCHORS)))
    rows = np.concatenate([rows, anchors], axis=1)  # [vocab_size, embedding_dim + 2]
    integers = graph.add("Gather", graph.weight("embedding", rows), ids)
    vectors = graph.add("Cast", integers, to=TensorProto.FLOAT)
    return graph.add("Mul", vectors, graph.weight("embedding_scale", scale))


def lstm_layer(
    graph: Graph,
    inputs: str,
    layer: int,
    config: ModelConfig,
    weights: Weights,
    quantize: Quantization | None,
) -> tuple[str, str]:
    """Add one layer of the LSTM, all directions in one node.

    Args:
        graph: the graph to extend.
        inputs: [length, batch, embedding_dim], or of a higher layer [length, batch, state_size].
        layer: its number.
        config: the settings of the model.
        weights: all weights.
        quantize: `int8`, or None for float32.

    Returns:
        The states [length, directions, batch, hidden_size], which are 0 after the end of a review,
        and the final state of each direction [directions, batch, hidden_size].
    """
    names = directions(config)
    by_direction = []
    for number, direction in enumerate(names):
        lstm = LstmWeights(
            *(
                weights[f"encoder.{direction}_lstm.{name}_l{layer}"]
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
        )
        if layer:  # The node passes the states of all directions on; a stack reads its own only.
            lstm = lstm.of_all_directions(number, len(names))
        by_direction.append(lstm.with_anchors(layer) if quantize else lstm)
    weight_ih, weight_hh, bias_ih, bias_hh = (
        np.stack([in_onnx_order(weight) for weight in parts])
        for parts in zip(*by_direction, strict=True)
    )
    bias = graph.weight(f"lstm_{layer}_bias", np.concatenate([bias_ih, bias_hh], axis=1))
    lengths = graph.add("Cast", LENGTHS, to=TensorProto.INT32)
    hidden_size = weight_hh.shape[2]
    if quantize is None:
        operator, domain = "LSTM", ""
        w = graph.weight(f"lstm_{layer}_input", weight_ih)
        r = graph.weight(f"lstm_{layer}_recurrent", weight_hh)
        arguments = [inputs, w, r, bias, lengths]
    else:
        operator, domain = "DynamicQuantizeLSTM", MICROSOFT
        w, *scale_w = int8_weight(graph, f"lstm_{layer}_input", weight_ih)
        r, *scale_r = int8_weight(graph, f"lstm_{layer}_recurrent", weight_hh)
        initial = initial_states(graph, len(names), hidden_size)
        no_peepholes = ""
        arguments = [inputs, w, r, bias, lengths, *initial, no_peepholes, *scale_w, *scale_r]
    states, final = graph.add_many(
        operator,
        2,
        *arguments,
        domain=domain,
        hidden_size=hidden_size,
        direction="bidirectional" if config.bidirectional else "forward",
    )
    return states, final


class LstmWeights(NamedTuple):
    """The weights of one layer and direction, with PyTorch's names and order of gates."""

    weight_ih: np.ndarray  # [4 * hidden_size, width of the inputs]
    weight_hh: np.ndarray  # [4 * hidden_size, hidden_size]
    bias_ih: np.ndarray  # [4 * hidden_size]
    bias_hh: np.ndarray  # [4 * hidden_size]

    def of_all_directions(self, number: int, count: int) -> "LstmWeights":
        """Return weights that read the states of all directions, and use those of one."""
        columns = [np.zeros_like(self.weight_ih)] * count
        columns[number] = self.weight_ih
        return self._replace(weight_ih=np.concatenate(columns, axis=1))

    def with_anchors(self, layer: int) -> "LstmWeights":
        """Return weights of a layer whose inputs and states have anchors.

        The cells of the anchors keep their initial values, because the forget gates are open.
        """
        hidden_size = self.weight_hh.shape[1]
        width = hidden_size if layer else self.weight_ih.shape[1]  # After it comes an anchor.
        open_gates = np.zeros((4, hidden_size + len(STATE_ANCHORS)), np.float32)
        open_gates[[1, 3], hidden_size:] = OPEN  # Forget and output gate; input 0, cell 2.
        return LstmWeights(
            with_anchors(with_anchors(self.weight_ih, width), hidden_size, axis=0),
            with_anchors(with_anchors(self.weight_hh, hidden_size), hidden_size, axis=0),
            with_anchors(self.bias_ih, hidden_size) + open_gates.ravel(),
            with_anchors(self.bias_hh, hidden_size),
        )


def with_anchors(weight: np.ndarray, width: int, axis: int = -1) -> np.ndarray:
    """Return a weight with zeros for the anchors, after each `width` entries of `axis`."""
    moved = np.moveaxis(weight, axis, -1)
    parts = moved.reshape(*moved.shape[:-1], -1, width)
    around = [(0, 0)] * (parts.ndim - 1)
    padded = np.pad(parts, [*around, (0, len(STATE_ANCHORS))])
    return np.moveaxis(padded.reshape(*moved.shape[:-1], -1), -1, axis)


def initial_states(graph: Graph, num_directions: int, hidden_size: int) -> tuple[str, str]:
    """Add the initial states and cells of a layer: 0, and the values of the anchors.

    Args:
        graph: the graph to extend.
        num_directions: 1 or 2.
        hidden_size: anchors included.

    Returns:
        Each [directions, batch, hidden_size].
    """
    states = np.zeros((num_directions, 1, hidden_size), np.float32)
    states[:, :, -len(STATE_ANCHORS) :] = STATE_ANCHORS
    batch = graph.add("Shape", INPUT_IDS, start=0, end=1)  # [1]
    shape = graph.add("Concat", graph.integers(1), batch, graph.integers(1), axis=0)
    return (
        graph.add("Expand", graph.constant(states), shape),
        graph.add("Expand", graph.constant(states * np.float32(OPEN)), shape),
    )


def in_onnx_order(weight: np.ndarray) -> np.ndarray:
    """Return a weight of PyTorch's gates (input, forget, cell, output) in ONNX's order."""
    input_gate, forget_gate, cell, output_gate = np.split(weight, 4)
    return np.concatenate([input_gate, output_gate, forget_gate, cell])


def int8_weight(graph: Graph, name: str, weight: np.ndarray) -> tuple[str, str, str]:
    """Add the weight of an 8-bit product as int8.

    Args:
        graph: the graph to extend.
        name: the name of the weight.
        weight: [..., outputs, width].

    Returns:
        The names of the weight [..., width, outputs], and of its scales and zero points, both
        [..., outputs].
    """
    transposed = np.ascontiguousarray(weight.swapaxes(-1, -2))
    integers, scales = to_int8(transposed, axis=-2, largest=MAX_FACTOR_INT8)
    scales = scales.squeeze(axis=-2)
    return (
        graph.weight(name, integers),
        graph.weight(f"{name}_scale", scales),
        # A constant, so that a file cannot change it: others are refused.
        graph.constant(np.zeros(scales.shape, np.int8)),
    )


def to_int8(
    weight: np.ndarray, axis: int | tuple[int, ...], largest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return `weight` as int8 from `-largest` to `largest`, and the scales, with `axis` kept."""
    most = np.abs(weight).max(axis=axis, keepdims=True)
    scales = np.where(most > 0, most / np.float32(largest), np.float32(1))
    return np.round(weight / scales).astype(np.int8), scales


def pool(
    graph: Graph,
    states: str,
    final: str,
    config: ModelConfig,
    weights: Weights,
    quantize: Quantization | None,
) -> str:
    """Add the reduction of the states of all tokens to one vector.

    Args:
        graph: the graph to extend.
        states: [batch, length, state_size], 0 at padding.
        final: [directions, batch, hidden_size], the final state of each direction.
        config: the settings of the model.
        weights: all weights.
        quantize: `int8`, or None for float32.

    Returns:
        [batch, len(pooled_parts(pooling)) * state_size].
    """
    padding = padding_mask(graph)  # [batch, length, 1]
    pooled = []
    for kind in config.pooling.split("+"):
        if kind == "max":
            known = graph.add("Where", padding, graph.number(-np.inf), states)
            pooled.append(graph.add("ReduceMax", known, axes=[1], keepdims=0))
        elif kind == "mean":
            total = graph.add("ReduceSum", states, graph.integers(1), keepdims=0)
            lengths = graph.add("Cast", LENGTHS, to=TensorProto.FLOAT)
            count = graph.add("Unsqueeze", lengths, graph.integers(1))  # [batch, 1]
            pooled.append(graph.add("Div", total, count))
        elif kind == "attention":
            pooled.append(attention(graph, states, padding, weights, config, quantize))
        else:  # last
            by_review = graph.add("Transpose", final, perm=[1, 0, 2])
            pooled.append(graph.add("Reshape", by_review, graph.integers(0, -1)))
    return graph.add("Concat", *pooled, axis=1)


def padding_mask(graph: Graph) -> str:
    """Add the mask of padded positions: [batch, length, 1]."""
    size = graph.add("Shape", INPUT_IDS, start=1, end=2)  # [1]
    length = graph.add("Squeeze", size, graph.integers(0))
    positions = graph.add("Range", graph.integer(0), length, graph.integer(1))  # [length]
    lengths = graph.add("Unsqueeze", LENGTHS, graph.integers(1))  # [batch, 1]
    is_padding = graph.add("GreaterOrEqual", positions, lengths)  # [batch, length]
    return graph.add("Unsqueeze", is_padding, graph.integers(2))


def attention(
    graph: Graph,
    states: str,
    padding: str,
    weights: Weights,
    config: ModelConfig,
    quantize: Quantization | None,
) -> str:
    """Add the weighted means of all heads: [batch, heads * state_size]."""
    if quantize is None:
        keys = linear(graph, states, "attention.key", weights, config, quantize)
    else:
        keys = int8_keys(graph, states, weights, config)
    # [batch, length, heads]
    scores = linear(graph, graph.add("Tanh", keys), "attention.query", weights, config, None)
    known = graph.add("Where", padding, graph.number(-np.inf), scores)
    shares = graph.add("Softmax", known, axis=1)
    by_head = graph.add("Transpose", shares, perm=[0, 2, 1])  # [batch, heads, length]
    return graph.add("Flatten", graph.add("MatMul", by_head, states), axis=1)


def int8_keys(graph: Graph, states: str, weights: Weights, config: ModelConfig) -> str:
    """Add the attention keys as a product of 8-bit integers: [batch, length, key_size]."""
    scale, zero = graph.constant(STATE_SCALE), graph.constant(STATE_ZERO)
    integers = graph.add("QuantizeLinear", states, scale, zero)
    padded = with_anchors(weights["attention.key.weight"], config.hidden_size)
    w, w_scale, w_zero = int8_weight(graph, "attention.key.weight", padded)
    bias = graph.weight("attention.key.bias", weights["attention.key.bias"])
    return graph.add(
        "MatMulIntegerToFloat",
        *(integers, w, scale, w_scale, zero, w_zero, bias),
        domain=MICROSOFT,
    )


def linear(
    graph: Graph,
    features: str,
    name: str,
    weights: Weights,
    config: ModelConfig,
    quantize: Quantization | None,
) -> str:
    """Add a linear layer: [..., features] to [..., outputs].

    With `quantize`, the features are states with anchors.
    """
    weight = weights[f"{name}.weight"]  # [outputs, features]
    if quantize:
        weight = with_anchors(weight, config.hidden_size)
    transposed = np.ascontiguousarray(weight.T)
    product = graph.add("MatMul", features, graph.weight(f"{name}.weight", transposed))
    if f"{name}.bias" not in weights:
        return product
    return graph.add("Add", product, graph.weight(f"{name}.bias", weights[f"{name}.bias"]))
