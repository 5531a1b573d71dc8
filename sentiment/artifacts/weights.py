"""Read and write weights as safetensors, a format without executable content.

Files with too large a header, other shapes or types than the model, or NaN and infinite numbers are
refused before they are used.
"""

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from sentiment.errors import ModelError

MAX_HEADER = 2**20  # Bytes.
MAX_WEIGHT = 65_504.0  # The largest 16-bit number; no sum of such numbers overflows 32 bits.
DTYPES = ("F16", "F32")


def load_weights(model: nn.Module, path: Path) -> None:
    """Fill `model` with the weights in a file.

    Raises:
        ModelError: the file is not a complete safetensors file, or does not fit the model.
    """
    expected = model.state_dict()
    with open_weights(path) as file:
        found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        for name in sorted(expected.keys() | found.keys()):
            shape = found[name].get_shape() if name in found else None
            expected_shape = list(expected[name].shape) if name in expected else None
            if shape != expected_shape:
                raise ModelError(
                    f"'{path}' does not fit the settings in config.json: {reprlib.repr(name)} has "
                    f"the shape {reprlib.repr(shape)}, expected {expected_shape}."
                )
            if (dtype := found[name].get_dtype()) not in DTYPES:
                raise ModelError(f"'{path}' has {name} as {dtype}, expected {' or '.join(DTYPES)}.")
        for name, weight in expected.items():
            weight.copy_(file.get_tensor(name))
            low, high = weight.aminmax()
            if not (low >= -MAX_WEIGHT and high <= MAX_WEIGHT):  # Also true for NaN.
                raise ModelError(
                    f"'{path}' has numbers from {low:g} to {high:g} in {name}; expected at most "
                    f"{MAX_WEIGHT:,.0f} in size. If the training diverged, lower the learning rate."
                )


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors in a safetensors file by name.

    Raises:
        ModelError: the file is not a complete safetensors file.
    """
    with open_weights(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def write_weights(
    path: Path, weights: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write tensors into a safetensors file.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        save_file(weights, path, metadata)
    except SafetensorError as error:  # Not an OSError, but the result of a full disk.
        raise OSError(str(error)) from error


@contextmanager
def open_weights(path: Path) -> Iterator[safe_open]:
    """Open a safetensors file and read its header.

    Raises:
        ModelError: the file is not a complete safetensors file.
    """
    try:
        with path.open("rb") as start:
            header = int.from_bytes(start.read(8), "little")
        if header > MAX_HEADER:
            raise SafetensorError(f"a header of {header:,} bytes")
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"'{path}' is not a whole safetensors file ({error}). "
            "It may be truncated: copy it again, or train again."
        ) from error
