"""Settings of glibc's memory allocator for training on a CPU, and memory use of this process."""

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

keeps_freed_memory = False


def keep_freed_memory() -> None:
    """Make glibc reuse the memory that PyTorch frees instead of returning it to the system.

    Batches differ in length, so each training step allocates tensors of new sizes. Getting their
    pages from the system each time costs up to half of a step on a CPU (`benchmarks/lstm.py`).

    The setting applies to the whole process and cannot be undone, so the library never calls this
    function: the command line does for `train`, `pretrain` and `tune`. It has no effect with
    another C library than glibc.
    """
    global keeps_freed_memory
    if (library := glibc()) is not None:
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        library.mallopt(M_TOP_PAD, 2**26)
        keeps_freed_memory = True


def release_freed_memory() -> None:
    """Return free memory to the system if `keep_freed_memory` was called in this process.

    Without a regular call, gaps between allocations of different sizes add up: gigabytes in 100
    training steps.
    """
    if keeps_freed_memory and (library := glibc()) is not None:
        library.malloc_trim(0)


def glibc() -> ctypes.CDLL | None:
    """Return the C library of this process if it is glibc, otherwise None."""
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        return ctypes.CDLL(None)
    return None


def resident_memory() -> int | None:
    """Return the resident memory of this process in bytes, or None on other systems than Linux."""
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_memory() -> int | None:
    """Return the peak resident memory of this process in bytes, or None on Windows."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
