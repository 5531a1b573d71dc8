"""The memory of a training process: how it is reused, and how much of it there was."""

import ctypes
import os
import platform
import sys
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such module.
    resource = None  # type: ignore[assignment]

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # glibc's malloc.h


def keep_freed_memory() -> None:
    """Tell glibc to reuse the memory that PyTorch frees instead of giving it back to the system.

    Every batch has a length of its own, so every step asks for tensors of new sizes; fetched from
    the system each time, their pages cost up to half of a training step on a CPU
    (`benchmarks/lstm.py`). Other C libraries have no such switch, and are left alone.
    """
    if (library := glibc()) is not None:
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        library.mallopt(M_TOP_PAD, 2**26)


def release_freed_memory() -> None:
    """Give the system what is free now: every so often, or the holes between the sizes add up."""
    if (library := glibc()) is not None:
        library.malloc_trim(0)


def glibc() -> ctypes.CDLL | None:
    """The C library of this process, if it is glibc."""
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        return ctypes.CDLL(None)
    return None


def resident_memory() -> int | None:
    """Bytes of memory that this process holds now, or None where it is not Linux that counts."""
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_memory() -> int | None:
    """Bytes of memory that this process has held at most, or None on Windows."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
