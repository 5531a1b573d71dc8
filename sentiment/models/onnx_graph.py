"""The classifier as an ONNX model: the steps of `LSTMClassifier.forward`, built without PyTorch.

One LSTM node reads both directions of a layer, with the length of each review, so padding has no
effect. Dropout has no effect in prediction and is left out. With int8, word vectors and LSTM
weights are integers, each row or column with its own scale, and all other weights stay float32.

The nodes depend on the settings only, and the sizes of the weights on the settings, the number of
words and the number of labels. A model file is therefore checked against the model that its
`config.json` describes (`check_model`).
"""

from collections.abc import Mapping
from math import prod
from typing import Any, Literal

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from sentiment.config import ModelConfig
from sentiment.models.sizes import directions, weight_shapes

Quantization = Literal["int8"]
Weights = Mapping[str, np.ndarray]  # By their names in `model.safetensors`, float32.

INPUT_IDS, LENGTHS, LOGITS = "input_ids", "lengths", "logits"
OPSET, IR_VERSION = 17, 8  # Of 2022, so that older runtimes read the model too.
# ONNX Runtime's own operators; DynamicQuantizeLSTM is one of them.
MICROSOFT = "com.microsoft"

MAX_INT8 = 127
# CPUs without instructions for int8 add pairs of products in 16 bits: 2 * 255 * 63 fits, and
# 2 * 255 * 127 does not.
MAX_LSTM_INT8 = 63


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
    states = embed(graph, weights, quantize)  # [length, batch, embedding_dim]
    for layer in range(config.num_layers):
        states, final = lstm_layer(graph, states, layer, config, weights, quantize)
    states = graph.add("Transpose", states, perm=[1, 0, 2])  # [batch, length, state_size]
    pooled = pool(graph, states, final, config.pooling, weights)
    uncalibrated = linear(graph, pooled, "linear", weights)  # [batch, num_labels]
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
    rows, scales = to_int8(table, axis=1, largest=MAX_INT8)  # Scales: [vocab_size, 1]
    integers = graph.add("Gather", graph.weight("embedding", rows), ids)
    scale = graph.add("Gather", graph.weight("embedding_scale", scales), ids)  # [length, batch, 1]
    return graph.add("Mul", graph.add("Cast", integers, to=TensorProto.FLOAT), scale)


def lstm_layer(
    graph: Graph,
    states: str,
    layer: int,
    config: ModelConfig,
    weights: Weights,
    quantize: Quantization | None,
) -> tuple[str, str]:
    """Add one layer of the LSTM, all directions in one node.

    Args:
        graph: the graph to extend.
        states: [length, batch, embedding_dim], or of a higher layer [length, batch, state_size].
        layer: its number.
        config: the settings of the model.
        weights: all weights.
        quantize: `int8`, or None for float32.

    Returns:
        The states [length, batch, state_size], and the final state of each direction
        [batch, state_size].
    """
    inputs, recurrent, biases = [], [], []
    for number, direction in enumerate(directions(config)):
        weight_ih, weight_hh, bias_ih, bias_hh = (
            in_onnx_order(weights[f"encoder.{direction}_lstm.{name}_l{layer}"])
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        if layer:  # The node passes the states of all directions on; a stack reads its own only.
            columns = [np.zeros_like(weight_ih)] * len(directions(config))
            columns[number] = weight_ih
            weight_ih = np.concatenate(columns, axis=1)  # [4 * hidden_size, state_size]
        inputs.append(weight_ih)
        recurrent.append(weight_hh)
        biases.append(np.concatenate([bias_ih, bias_hh]))
    lengths = graph.add("Cast", LENGTHS, to=TensorProto.INT32)
    bias = graph.weight(f"lstm_{layer}_bias", np.stack(biases))  # [directions, 8 * hidden_size]
    # Each [directions, 4 * hidden_size, width].
    weight_of_inputs, weight_of_states = np.stack(inputs), np.stack(recurrent)
    if quantize is None:
        operator, domain = "LSTM", ""
        w = graph.weight(f"lstm_{layer}_input", weight_of_inputs)
        r = graph.weight(f"lstm_{layer}_recurrent", weight_of_states)
        names = [states, w, r, bias, lengths]
    else:
        operator, domain = "DynamicQuantizeLSTM", MICROSOFT
        w, *scale_w = int8_weight(graph, f"lstm_{layer}_input", weight_of_inputs)
        r, *scale_r = int8_weight(graph, f"lstm_{layer}_recurrent", weight_of_states)
        initial = ["", "", ""]  # Zero states, and no peepholes.
        names = [states, w, r, bias, lengths, *initial, *scale_w, *scale_r]
    # [length, directions, batch, hidden_size] and [directions, batch, hidden_size]
    by_direction, final = graph.add_many(
        operator,
        2,
        *names,
        domain=domain,
        hidden_size=config.hidden_size,
        direction="bidirectional" if config.bidirectional else "forward",
    )
    by_token = graph.add("Transpose", by_direction, perm=[0, 2, 1, 3])
    by_review = graph.add("Transpose", final, perm=[1, 0, 2])
    return (
        graph.add("Reshape", by_token, graph.integers(0, 0, -1)),
        graph.add("Reshape", by_review, graph.integers(0, -1)),
    )


def in_onnx_order(weight: np.ndarray) -> np.ndarray:
    """Return a weight of PyTorch's gates (input, forget, cell, output) in ONNX's order."""
    input_gate, forget_gate, cell, output_gate = np.split(weight, 4)
    return np.concatenate([input_gate, output_gate, forget_gate, cell])


def int8_weight(graph: Graph, name: str, weight: np.ndarray) -> tuple[str, str, str]:
    """Add an LSTM weight as int8.

    Args:
        graph: the graph to extend.
        name: the name of the weight.
        weight: [directions, 4 * hidden_size, width].

    Returns:
        The names of the weight, of its scales and of its zero points.
    """
    transposed = weight.transpose(0, 2, 1)  # [directions, width, 4 * hidden_size]
    integers, scales = to_int8(transposed, axis=1, largest=MAX_LSTM_INT8)
    scales = scales[:, 0]  # [directions, 4 * hidden_size]
    zeros = numpy_helper.from_array(np.zeros(scales.shape, np.int8))
    return (
        graph.weight(name, integers),
        graph.weight(f"{name}_scale", scales),
        graph.add("Constant", value=zeros),  # A file cannot change it: others are refused.
    )


def to_int8(weight: np.ndarray, axis: int, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `weight` as int8 from `-largest` to `largest`, and the scales, with `axis` kept."""
    most = np.abs(weight).max(axis=axis, keepdims=True)
    scales = np.where(most > 0, most / np.float32(largest), np.float32(1))
    return np.round(weight / scales).astype(np.int8), scales


def pool(graph: Graph, states: str, final: str, pooling: str, weights: Weights) -> str:
    """Add the reduction of the states of all tokens to one vector.

    Args:
        graph: the graph to extend.
        states: [batch, length, state_size].
        final: [batch, state_size], the final state of each direction.
        pooling: `last`, `mean`, `max`, `attention`, or several joined by `+`.
        weights: all weights.

    Returns:
        [batch, len(pooled_parts(pooling)) * state_size].
    """
    padding = padding_mask(graph)  # [batch, length, 1]
    pooled = []
    for kind in pooling.split("+"):
        if kind == "max":
            known = graph.add("Where", padding, graph.number(-np.inf), states)
            pooled.append(graph.add("ReduceMax", known, axes=[1], keepdims=0))
        elif kind == "mean":
            known = graph.add("Where", padding, graph.number(0.0), states)
            total = graph.add("ReduceSum", known, graph.integers(1), keepdims=0)
            lengths = graph.add("Cast", LENGTHS, to=TensorProto.FLOAT)
            count = graph.add("Unsqueeze", lengths, graph.integers(1))  # [batch, 1]
            pooled.append(graph.add("Div", total, count))
        elif kind == "attention":
            pooled.append(attention(graph, states, padding, weights))
        else:  # last
            pooled.append(final)
    return graph.add("Concat", *pooled, axis=1)


def padding_mask(graph: Graph) -> str:
    """Add the mask of padded positions: [batch, length, 1]."""
    size = graph.add("Shape", INPUT_IDS, start=1, end=2)  # [1]
    length = graph.add("Squeeze", size, graph.integers(0))
    positions = graph.add("Range", graph.integer(0), length, graph.integer(1))  # [length]
    lengths = graph.add("Unsqueeze", LENGTHS, graph.integers(1))  # [batch, 1]
    is_padding = graph.add("GreaterOrEqual", positions, lengths)  # [batch, length]
    return graph.add("Unsqueeze", is_padding, graph.integers(2))


def attention(graph: Graph, states: str, padding: str, weights: Weights) -> str:
    """Add the weighted means of all heads: [batch, heads * state_size]."""
    keys = graph.add("Tanh", linear(graph, states, "attention.key", weights))
    scores = linear(graph, keys, "attention.query", weights)  # [batch, length, heads]
    known = graph.add("Where", padding, graph.number(-np.inf), scores)
    shares = graph.add("Softmax", known, axis=1)
    by_head = graph.add("Transpose", shares, perm=[0, 2, 1])  # [batch, heads, length]
    return graph.add("Flatten", graph.add("MatMul", by_head, states), axis=1)


def linear(graph: Graph, features: str, name: str, weights: Weights) -> str:
    """Add a linear layer: [..., features] to [..., outputs]."""
    weight = graph.weight(f"{name}.weight", weights[f"{name}.weight"].T)  # [features, outputs]
    product = graph.add("MatMul", features, weight)
    if f"{name}.bias" not in weights:
        return product
    return graph.add("Add", product, graph.weight(f"{name}.bias", weights[f"{name}.bias"]))


class InvalidOnnxModelError(ValueError):
    """A file that is not the ONNX model that its settings describe."""


def check_model(
    content: bytes,
    config: ModelConfig,
    vocab_size: int,
    num_labels: int,
    temperature: float,
    quantize: Quantization | None,
    max_weight: float,
) -> None:
    """Check that an ONNX model is what `build_model` makes.

    Only the values of the weights may differ. So no file is read that the model names, nothing
    else is computed, and memory is allocated for the sizes of the settings only.

    Args:
        content: the file.
        config: the settings of the model.
        vocab_size: number of words.
        num_labels: number of labels.
        temperature: divisor of the logits.
        quantize: `int8`, or None for float32.
        max_weight: largest size of a number among the weights.

    Raises:
        InvalidOnnxModelError: the file is another model or none, or has a number that is too
            large or not a number.
        ConfigError: the model would have too many parameters.
    """
    shapes = weight_shapes(config, vocab_size, num_labels)
    zeros = {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}
    expected = build_model(config, zeros, temperature, quantize, with_values=False)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise InvalidOnnxModelError("it is not an ONNX model") from error
    # Another parser might know a field that this one does not, or choose another of two values.
    model.DiscardUnknownFields()
    is_plain = model.ByteSize() == len(content)
    values = {}
    for tensor in model.graph.initializer:
        values[tensor.name] = len(tensor.raw_data), largest(tensor)
        tensor.ClearField("raw_data")
    if not is_plain or model != expected:
        raise InvalidOnnxModelError("it is not the model that the settings describe")
    for tensor in model.graph.initializer:
        size, number = values[tensor.name]
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
        if size != prod(tensor.dims) * dtype.itemsize:
            raise InvalidOnnxModelError(f"{tensor.name} is incomplete")
        if not number <= max_weight:  # Also true for NaN.
            raise InvalidOnnxModelError(f"{tensor.name} has numbers over {max_weight:,.0f}")


def largest(tensor: TensorProto) -> float:
    """Return the largest size of a float32 number in a tensor; NaN if one is not a number."""
    if tensor.data_type != TensorProto.FLOAT:
        return 0.0
    usable = len(tensor.raw_data) // 4 * 4
    numbers = np.frombuffer(tensor.raw_data[:usable], np.float32)
    return float(np.maximum(numbers.max(initial=0), -numbers.min(initial=0)))
