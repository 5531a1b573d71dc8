import re

import pytest
import torch

from sentiment.errors import ConfigError
from sentiment.runtime.devices import autocast, choose_device

CPU = torch.device("cpu")


@pytest.fixture
def available(monkeypatch):
    """Set which kinds of GPU this machine seems to have."""

    def set_available(*names):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in names)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in names)

    return set_available


def test_auto_is_a_gpu_if_there_is_one(available):
    for names, expected in (((), "cpu"), (("mps",), "mps"), (("cuda", "mps"), "cuda")):
        available(*names)
        assert choose_device("auto") == torch.device(expected)


def test_a_device_is_accepted_by_name_and_as_an_object(available):
    available("cuda")
    assert choose_device("cpu") == choose_device(CPU) == CPU
    assert choose_device("cuda:0") == torch.device("cuda", 0)


@pytest.mark.parametrize("name", ["cuda", "mps", "cuda:1", "meta"])
def test_missing_device_is_named(available, name):
    available()
    message = f"device '{name}' is not available on this machine; use 'auto'."
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        choose_device(name)
    with pytest.raises(ValueError, match=re.escape(message)):
        choose_device(torch.device(name))


@pytest.mark.parametrize("name", ["", "gpu", "CUDA", "cuda:x"])
def test_unknown_device_is_named_with_what_is_known(name):
    message = f"device must be auto, cpu, cuda or mps, not '{name}'."
    with pytest.raises(ConfigError, match=f"^{message}$"):
        choose_device(name)


def test_autocast_computes_in_the_precision_asked_for():
    product = torch.ones(2, 2)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with autocast(CPU, precision):
            assert (product @ product).dtype == dtype


@pytest.mark.parametrize("capability", ["avx512_bf16", "amx_bf16", None])
def test_autocast_is_on_by_default_where_the_cpu_has_instructions_for_it(monkeypatch, capability):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, capability: True})
    with autocast(CPU):
        expected = torch.float32 if capability is None else torch.bfloat16
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == expected
