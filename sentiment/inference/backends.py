"""The library that computes the logits of a model: PyTorch or ONNX Runtime."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from sentiment.artifacts.checksums import is_export
from sentiment.errors import ConfigError, DependencyError

if TYPE_CHECKING:
    import torch

Backend = Literal["torch", "onnx", "onnx-int8", "auto"]
ONNX_PACKAGES = ("onnx", "onnxruntime")


def choose_backend(
    backend: Backend, device: "torch.device | str", folder: Path
) -> Literal["torch", "onnx", "onnx-int8"]:
    """Return the backend for a model.

    Args:
        backend: `torch`, `onnx`, `onnx-int8`, or `auto`: `onnx` for an export, `onnx-int8` where
            ONNX Runtime is installed and no GPU is used, else `torch`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        folder: the folder of the model.

    Raises:
        ConfigError: an unknown backend, or a GPU for ONNX Runtime.
        DependencyError: PyTorch is not installed.
    """
    if backend not in get_args(Backend):
        raise ConfigError(f"backend must be one of {', '.join(get_args(Backend))}, not {backend!r}")
    is_cpu = str(device) in ("auto", "cpu")
    if backend == "auto":
        if is_export(folder):
            backend = "onnx"
        elif is_cpu and has_onnx_runtime() and (str(device) == "cpu" or not has_gpu()):
            backend = "onnx-int8"
        else:
            backend = "torch"
    if backend != "torch" and not is_cpu:
        raise ConfigError(
            f"backend '{backend}' computes on the CPU: device must be auto or cpu, not '{device}'."
        )
    if backend == "torch" and not has_torch():
        raise DependencyError(
            "backend 'torch' needs PyTorch: pip install torch. Or set backend to 'onnx', which "
            f"needs {' and '.join(ONNX_PACKAGES)}."
        )
    return backend


def has_onnx_runtime() -> bool:
    """Return whether the packages that the backend `onnx` needs are installed."""
    return all(find_spec(package) is not None for package in ONNX_PACKAGES)


def has_torch() -> bool:
    """Return whether PyTorch is installed."""
    return find_spec("torch") is not None


def has_gpu() -> bool:
    """Return whether PyTorch is installed and finds a GPU."""
    if not has_torch():
        return False
    from sentiment.runtime.devices import choose_device

    return choose_device("auto").type != "cpu"
