"""A safetensors file in, tensors or the weights of a model out; and tensors in, a file out.

The format holds numbers and nothing that is executed. A header that claims too much, weights of
another shape or type and numbers that compute nothing are refused before they are read or used.
"""

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from sentiment.errors import InputError

MAX_HEADER = 2**20  # Bytes of a file that are not weights.
MAX_WEIGHT = 65_504.0  # The largest number of 16 bits: no sum of these overflows.
TYPES = ("F16", "F32")


def load_weights(model: nn.Module, path: Path) -> None:
    """Fill `model` with the weights in the file `path`.

    Raises:
        InputError: it is not a whole safetensors file, or not one of such a model.
    """
    wanted = model.state_dict()
    with opened(path) as file:
        there = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        for name in sorted(wanted.keys() | there.keys()):
            found = there[name].get_shape() if name in there else None
            expected = list(wanted[name].shape) if name in wanted else None
            if found != expected:
                raise InputError(
                    f"'{path}' does not fit the settings beside it: it has {reprlib.repr(name)} in "
                    f"the shape {reprlib.repr(found)}, not {expected}."
                )
            if (type_ := there[name].get_dtype()) not in TYPES:
                raise InputError(f"'{path}' has {name} as {type_}, not as {' or '.join(TYPES)}.")
        for name, weight in wanted.items():
            weight.copy_(file.get_tensor(name))
            low, high = weight.aminmax()
            if not (low >= -MAX_WEIGHT and high <= MAX_WEIGHT):  # Nor is NaN.
                raise InputError(
                    f"'{path}' has numbers from {low:g} to {high:g} in {name}, which compute "
                    "nothing. If its training went astray, lower the learning rate."
                )


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name from a safetensors file. Raises `InputError` if it is not a whole one."""
    with opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def write_weights(
    path: Path, weights: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Tensors by name into a safetensors file. Raises `OSError` if it cannot be written."""
    try:
        save_file(weights, path, metadata)
    except SafetensorError as error:  # Which is none, and what a full disk makes it raise.
        raise OSError(str(error)) from error


@contextmanager
def opened(path: Path) -> Iterator[safe_open]:
    """A safetensors file with its header read. Raises `InputError` if it is not a whole one."""
    try:
        with path.open("rb") as start:
            header = int.from_bytes(start.read(8), "little")
        if header > MAX_HEADER:
            raise SafetensorError(f"a header of {header:,} bytes")
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"'{path}' is not a whole safetensors file ({error}). "
            "It may be truncated: copy it again, or train again."
        ) from error
