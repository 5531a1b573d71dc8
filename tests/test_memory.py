import subprocess
import sys

import pytest
import torch

from sentiment.runtime.malloc import glibc, peak_memory

SCRIPT = """
from pathlib import Path
import torch
from sentiment.runtime.malloc import keep_freed_memory, release_freed_memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

keep_freed_memory()
torch.ones(1 << 20)
before = held()
tensors = [torch.ones(1 << 20) for _ in range(100)]
del tensors
freed = held()
release_freed_memory()
print(freed - before, held() - before)
"""


@pytest.mark.skipif(glibc() is None, reason="only glibc has these switches")
def test_freed_memory_is_kept_until_released():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    kept, left = map(int, result.stdout.split())  # MiB
    assert kept > 350
    assert left < 50


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such count")
def test_the_peak_counts_what_was_held_once():
    before = peak_memory()
    tensor = torch.ones(1 << 28)
    assert tensor.sum() > 0
    del tensor
    assert peak_memory() >= max(before, 1 << 30)
