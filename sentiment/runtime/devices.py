"""The device to compute on, and the precision of its matrix products."""

import torch

from sentiment.errors import ConfigError


def choose_device(name: torch.device | str) -> torch.device:
    """Return the device called `name`; for `auto` a GPU if there is one, else the CPU.

    Raises:
        ConfigError: this machine does not have the device, or PyTorch does not know the name.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((gpu for gpu, found in available.items() if found), "cpu"))
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device must be auto, cpu, cuda or mps, not {name!r}.") from error
    if not available.get(device.type, device.type == "cpu"):
        raise ConfigError(f"device '{name}' is not available on this machine; use 'auto'.")
    return device


def autocast(device: torch.device, precision: str = "auto") -> torch.autocast:
    """Return a context in which matrix products use bfloat16. Weights and gradients stay float32.

    Args:
        device: where the products are computed.
        precision: `bfloat16`; `float32`: no change; `auto`: bfloat16 where it is faster. That is on
            GPUs that support it, and on CPUs with instructions for it (AVX512-BF16, AMX), where a
            training step takes about half the time.
    """
    enabled = uses_bfloat16(device, precision)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)


def uses_bfloat16(device: torch.device, precision: str) -> bool:
    """Return whether matrix products use bfloat16; arguments as for `autocast`."""
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))
    return False
