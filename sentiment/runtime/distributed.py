"""Several processes that train one model together, started by `torchrun`.

    torchrun --nproc-per-node 2 -m sentiment train --dataset reviews.csv

Each process computes its part of each batch. The first one, of rank 0, alone writes files.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from sentiment.errors import ConfigError, DataError, OtherProcessError, TrainingError

# The others wait while the first process tokenizes. The end of a process ends the wait at once.
TIMEOUT = timedelta(days=1)
FAILURES = "sentiment-failures"  # Key in the store that all processes share.


@dataclass(frozen=True)
class Processes:
    """The processes of a run; a single one unless `join_processes` found several.

    Their communication on the CPU uses gloo, that of gradients on GPUs uses NCCL, or
    gloo where PyTorch has no NCCL, as on Windows.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes files and prints."""
        return self.rank == 0

    def sum_(self, values: Tensor) -> Tensor:
        """Replace `values`, on the CPU, by their sum over all processes, and return them."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def sum(self, values: Sequence[float]) -> list[float]:
        """Return the sum of each value over all processes."""
        sums: list[float] = self.sum_(torch.tensor(values, dtype=torch.float64)).tolist()
        return sums

    def any(self, flag: bool) -> bool:
        """Return whether `flag` is True in any process."""
        return self.sum([float(flag)]) != [0.0]

    def wait(self) -> None:
        """Wait until all processes have come here."""
        self.sum([0.0])

    @contextmanager
    def first_one_first(self) -> Iterator[None]:
        """Run the block in the first process, then in the others, which find its files."""
        if not self.is_first:
            self.wait()
        yield
        if self.is_first:
            self.wait()

    def check_same(self, what: str, content: str) -> None:
        """Raise `DataError` in all processes if `content` is not the same in all of them."""
        number = int.from_bytes(blake2b(content.encode(), digest_size=6).digest())
        numbers = self.sum([number * (rank == self.rank) for rank in range(self.count)])
        if len(set(numbers)) > 1:
            raise DataError(
                f"The processes of this run have different {what}. Give all of them the same files."
            )

    def data_parallel(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Return a model whose backward pass averages the gradients over all processes.

        The weights of the first process are copied to the others.

        Raises:
            ConfigError: there are more processes than GPUs, or PyTorch cannot use several processes
                on this device.
        """
        if self.count == 1:
            return model
        if device.type == "cuda" and local_rank() >= torch.cuda.device_count():
            raise ConfigError(
                f"Each process needs a GPU of its own, and this machine has "
                f"{torch.cuda.device_count()}. Start fewer processes, or set device to cpu."
            )
        if device.type not in ("cpu", "cuda"):
            raise ConfigError(
                f"Several processes cannot train on '{device.type}'. Set device to cpu."
            )
        return DistributedDataParallel(model)


@contextmanager
def join_processes() -> Iterator[Processes]:
    """Join the processes that `torchrun` started, and yield them; without it, this one alone.

    If one of them fails, the others fail too. One of them raises what happened.

    Raises:
        ConfigError: the environment variables of `torchrun` are wrong.
        TrainingError: another process was killed.
        OtherProcessError: another process reports an error.
    """
    if world_size() == 1:
        yield Processes()
        return
    has_nccl = torch.cuda.is_available() and dist.is_nccl_available()
    backend = "cpu:gloo,cuda:nccl" if has_nccl else "gloo"
    store, rank, count = next(rendezvous("env://", timeout=TIMEOUT))
    dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=TIMEOUT)
    has_gpu = local_rank() < torch.cuda.device_count()
    try:
        with torch.cuda.device(local_rank()) if has_gpu else nullcontext():
            yield Processes(rank, count)
    except Exception as error:
        # Before the connections are closed, which the other processes notice.
        if not is_first_failure(store):
            raise OtherProcessError("Another process of this run has failed.") from error
        if is_lost_connection(error):
            raise TrainingError(
                "Another process of this run was killed, so this one ends too. Resume the run from "
                "its last checkpoint."
            ) from error
        raise
    finally:
        dist.destroy_process_group()


def is_first_failure(store: Any) -> bool:
    """Count a failure, and return whether it is the first one of the run."""
    try:
        return int(store.add(FAILURES, 1)) == 1
    except dist.DistNetworkError:  # The process that has the store has failed and ended.
        return False


def world_size() -> int:
    """Return the number of processes that `torchrun` started on all machines; 1 without it."""
    return environment_number("WORLD_SIZE", 1)


def local_rank() -> int:
    """Return the number of this process among those of this machine."""
    return environment_number("LOCAL_RANK", 0)


def environment_number(name: str, default: int) -> int:
    """Return the number in an environment variable of `torchrun`."""
    value = os.environ.get(name, str(default))
    if not value.isdecimal():
        raise ConfigError(f"The environment variable {name} is not a number: {value!r}.")
    return int(value)


def is_lost_connection(error: Exception) -> bool:
    """Return whether an error of PyTorch is that another process has closed its connection."""
    is_gloo = type(error) is RuntimeError and "gloo" in str(error)
    return isinstance(error, dist.DistError) or is_gloo
