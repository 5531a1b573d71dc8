"""Reuse of freed memory and the measured memory use of a process."""

import subprocess
import sys

import pytest
from support.small_models import SMALL

from sentiment import cli
from sentiment.runtime import malloc
from sentiment.runtime.malloc import glibc
from sentiment.training.classification import train

ALLOCATE_AND_FREE = """
import torch
from sentiment.runtime.malloc import keep_freed_memory, release_freed_memory, resident_memory

keep_freed_memory()
torch.ones(1 << 20)
before = resident_memory()
tensors = [torch.ones(1 << 20) for _ in range(100)]
del tensors
freed = resident_memory()
release_freed_memory()
print(freed - before >> 20, resident_memory() - before >> 20)
"""


@pytest.mark.skipif(glibc() is None, reason="only glibc has these settings")
def test_freed_memory_is_kept_until_released():
    """Resident MiB above the start: after freeing 400 MiB, and after `release_freed_memory`."""
    result = subprocess.run(
        [sys.executable, "-c", ALLOCATE_AND_FREE], capture_output=True, check=True
    )
    freed, released = map(int, result.stdout.split())
    assert freed > 350
    assert released < 50


PEAK = """
import torch
from sentiment.runtime.malloc import peak_memory, resident_memory

torch.ones(1)
before = resident_memory() or 0  # None on macOS.
tensor = torch.ones(1 << 28)
del tensor
print((resident_memory() or 0) - before >> 20, peak_memory() - before >> 20)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="not measured on Windows")
def test_peak_memory_includes_freed_memory():
    """MiB above the start, after 1 GiB was allocated and freed: now, and at the peak."""
    result = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, check=True)
    now, peak = map(int, result.stdout.split())
    assert now < 100
    assert peak > 900


@pytest.fixture
def allocator_calls(monkeypatch):
    """The calls that would change the allocator of this process."""
    calls = []
    monkeypatch.setattr(malloc, "glibc", lambda: calls.append("glibc"))
    return calls


@pytest.mark.parametrize("command", ["train", "pretrain", "tune"])
def test_training_commands_keep_freed_memory(command, allocator_calls, tmp_path, monkeypatch):
    words = ["sentiment", command, "--dataset", str(tmp_path / "missing.csv"), "--out", "run"]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main()
    assert allocator_calls


def test_training_from_python_leaves_the_allocator_alone(
    allocator_calls, few_reviews, tmp_path, monkeypatch
):
    monkeypatch.setattr(malloc, "keeps_freed_memory", False)
    settings = {**SMALL, "embedding_dim": 4, "hidden_size": 4}
    train(out=tmp_path / "run", preset="from-scratch", **settings)
    assert allocator_calls == []
