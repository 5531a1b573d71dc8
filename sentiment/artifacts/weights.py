"""Read and write weights as safetensors, a format without executable content.

Files with too large a header, other shapes or types than the model, or NaN and infinite numbers are
refused before they are used.
"""

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from safetensors import SafetensorError, safe_open

from sentiment.errors import ModelError

if TYPE_CHECKING:  # Predictions with ONNX do not need PyTorch.
    from torch import Tensor, nn

MAX_HEADER = 2**20  # Bytes.
MAX_WEIGHT = 65_504.0  # The largest 16-bit number; no sum of such numbers overflows 32 bits.
DTYPES = ("F16", "F32")


def load_weights(model: "nn.Module", path: Path) -> None:
    """Fill `model` with the weights in a file.

    Raises:
        ModelError: the file is not a complete safetensors file, or does not fit the model.
    """
    expected = model.state_dict()
    with open_weights(path) as file:
        check_header(path, file, {name: weight.shape for name, weight in expected.items()})
        for name, weight in expected.items():
            weight.copy_(file.get_tensor(name))
            check_range(path, name, *weight.aminmax())


def load_arrays(path: Path, shapes: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
    """Return the weights in a file as float32 arrays, without PyTorch.

    Raises:
        ModelError: the file is not a complete safetensors file, or has other weights than `shapes`.
    """
    with open_weights(path, "np") as file:
        check_header(path, file, shapes)
        arrays = {name: file.get_tensor(name).astype(np.float32) for name in shapes}
    for name, array in arrays.items():
        check_range(path, name, array.min(), array.max())
    return arrays


def check_header(path: Path, file: safe_open, shapes: Mapping[str, Sequence[int]]) -> None:
    """Raise `ModelError` unless a file has weights of these shapes, of a type in `DTYPES`."""
    found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
    for name in sorted(shapes.keys() | found.keys()):
        shape = found[name].get_shape() if name in found else None
        expected = list(shapes[name]) if name in shapes else None
        check_shape(path, name, shape, expected)
        if (dtype := found[name].get_dtype()) not in DTYPES:
            raise ModelError(f"'{path}' has {name} as {dtype}, expected {' or '.join(DTYPES)}.")


def check_range(path: Path, name: str, low: Any, high: Any) -> None:
    """Raise `ModelError` if the weights from `low` to `high` are too large or not numbers."""
    if not (low >= -MAX_WEIGHT and high <= MAX_WEIGHT):  # Also true for NaN.
        raise ModelError(
            f"'{path}' has numbers from {low:g} to {high:g} in {name}; expected at most "
            f"{MAX_WEIGHT:,.0f} in size. If the training diverged, lower the learning rate."
        )


def read_weights(path: Path, expected: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Return those tensors in a safetensors file whose names are `expected`.

    Raises:
        ModelError: the file is not a complete safetensors file, or a tensor has another shape or
            type than the expected one of its name.
    """
    found = {}
    with open_weights(path) as file:
        for name in sorted(expected.keys() & set(file.keys())):
            check_shape(path, name, file.get_slice(name).get_shape(), list(expected[name].shape))
            # A copy: the tensor is a part of the mapped file, which Windows could not delete.
            found[name] = file.get_tensor(name).clone()
            if found[name].dtype != expected[name].dtype:
                raise ModelError(
                    f"'{path}' has {name} as {found[name].dtype}, expected {expected[name].dtype}."
                )
    return found


def check_shape(path: Path, name: str, shape: list[int] | None, expected: list[int] | None) -> None:
    """Raise `ModelError` if a tensor in the file `path` has another shape; None if it is absent."""
    if shape != expected:
        raise ModelError(
            f"'{path}' does not fit the settings it was saved with: {reprlib.repr(name)} has the "
            f"shape {reprlib.repr(shape)}, expected {expected}."
        )


def write_weights(
    path: Path, weights: "dict[str, Tensor]", metadata: dict[str, str] | None = None
) -> None:
    """Write tensors into a safetensors file.

    Raises:
        OSError: the file cannot be written.
    """
    from safetensors.torch import save_file

    try:
        save_file(weights, path, metadata)
    except SafetensorError as error:  # Not an OSError, but the result of a full disk.
        raise OSError(str(error)) from error


@contextmanager
def open_weights(path: Path, framework: Literal["pt", "np"] = "pt") -> Iterator[safe_open]:
    """Open a safetensors file and read its header.

    Raises:
        ModelError: the file is not a complete safetensors file.
    """
    try:
        with path.open("rb") as start:
            header = int.from_bytes(start.read(8), "little")
        if header > MAX_HEADER:
            raise SafetensorError(f"a header of {header:,} bytes")
        with safe_open(path, framework) as file:
            yield file
    # RuntimeError: PyTorch opens the file again, and finds a shorter one.
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(
            f"'{path}' is not a whole safetensors file ({error}). "
            "It may be truncated: copy it again, or train again."
        ) from error
