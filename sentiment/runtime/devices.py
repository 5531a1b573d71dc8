"""The device to compute on, and the precision of its matrix products."""

import torch

from sentiment.errors import InputError


def choose_device(name: str) -> torch.device:
    """The named device; `auto` takes a GPU where there is one. Raises `InputError` if it is not."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((gpu for gpu, here in available.items() if here), "cpu"))
    if not available.get(name, name == "cpu"):
        raise InputError(f"There is no device '{name}' here; use --device auto.")
    return torch.device(name)


def autocast(device: torch.device, precision: str = "auto") -> torch.autocast:
    """Products of matrices in bfloat16 where `precision` asks for it; `auto`: where it is faster.

    That is on GPUs that have it, and on CPUs with instructions for it (AVX512-BF16, AMX), where a
    step takes about half the time. Weights and gradients stay float32.
    """
    if precision == "auto":
        capable = {
            "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
            "cpu": lambda: any(
                torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16")
            ),
        }
        enabled = capable.get(device.type, bool)()
    else:
        enabled = precision == "bfloat16"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
