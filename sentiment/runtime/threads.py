"""The OpenMP threads that PyTorch computes with on a CPU: number, waiting, use after a fork."""

import os
from collections.abc import MutableMapping
from pathlib import Path, PurePosixPath

# Checks of a waiting thread for work before it sleeps. GNU OpenMP's default, 300,000, takes the CPU
# from the thread that is waited for if other processes are busy. Forward and backward pass of an
# LSTM, two threads on two CPUs: 0.08 s alone; with four other busy processes 0.55 to 4.64 s by
# default and 0.27 to 0.32 s with this count. `benchmarks/contention.py` compares both.
SPIN_COUNT = 10_000
# If one of them is set, the user has chosen how threads wait.
WAIT_VARIABLES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME", "KMP_LIBRARY")

CGROUPS = Path("/proc/self/cgroup")
CGROUP_ROOT = Path("/sys/fs/cgroup")

# A process with another id was forked after this import.
importing_process = os.getpid()


def configure_openmp(environment: MutableMapping[str, str]) -> None:
    """Set environment variables of OpenMP, unless the user has set them.

    OpenMP reads them when it is loaded, so this has no effect after PyTorch was imported. The
    library never calls this function; the command line does.
    """
    if not any(name in environment for name in WAIT_VARIABLES):
        environment["GOMP_SPINCOUNT"] = str(SPIN_COUNT)
    # OpenMP itself respects the CPU affinity.
    if (cpus := usable_cpus()) < cpus_of_affinity():
        environment.setdefault("OMP_NUM_THREADS", str(cpus))


def usable_cpus() -> int:
    """Return the number of CPUs that the affinity and the cgroups of this process allow it to use.

    A fraction of a CPU is not counted: with a thread for it, the system stops all threads in each
    period when the quota is used up, and steps differ twofold in time. The minimum is 1.
    """
    return max(1, int(min([cpus_of_affinity(), *cgroup_quotas()])))


def cpus_of_affinity() -> int:
    """Return the number of CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cgroup_quotas() -> list[float]:
    """Return the limits in CPUs that the cgroups of this process set, version 1 or 2.

    The limits of all parent groups apply. In a container, the groups above its own are hidden.
    """
    try:
        lines = CGROUPS.read_text().splitlines()
    except OSError:  # Not Linux.
        return []
    quotas = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        path = PurePosixPath(group).relative_to("/")
        for ancestor in (path, *path.parents):
            if not controllers:
                quotas.append(read_quota(CGROUP_ROOT / ancestor, "cpu.max"))
            elif "cpu" in controllers.split(","):
                folder = CGROUP_ROOT / "cpu" / ancestor
                quotas.append(read_quota(folder, "cpu.cfs_quota_us", "cpu.cfs_period_us"))
    return [quota for quota in quotas if quota is not None]


def read_quota(folder: Path, *names: str) -> float | None:
    """Return the limit in the files `names`, which have microseconds of CPU time and of the period.

    Returns None without a limit: the files have `max` or -1, or do not exist.
    """
    try:
        quota, period = " ".join((folder / name).read_text() for name in names).split()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):
        return None


def use_one_thread_after_fork() -> None:
    """Limit PyTorch to one thread, if this process was forked after the import of this module.

    A fork does not copy the parent's OpenMP threads, and a computation that is divided among them
    never ends. PyTorch's own data loaders set the same limit in their processes. It is a setting of
    each thread of a process, so this function is called before each computation.
    """
    if os.getpid() == importing_process:
        return
    import torch  # Neither the command line nor ONNX Runtime needs it here.

    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)
