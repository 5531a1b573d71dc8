"""Check that a file is the ONNX model of its settings before ONNX Runtime reads it."""

from math import prod

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

from sentiment.config import ModelConfig
from sentiment.models.onnx_graph import Quantization, build_model
from sentiment.models.sizes import weight_shapes


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
