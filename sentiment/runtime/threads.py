"""The OpenMP threads that PyTorch computes with on a CPU: their use after a fork."""

import os

# A process with another id was forked after this import.
importing_process = os.getpid()


def use_one_thread_after_fork() -> None:
    """Limit PyTorch to one thread, if this process was forked after the import of this module.

    A fork does not copy the parent's OpenMP threads, and a computation that is divided among them
    never ends. PyTorch's own data loaders set the same limit in their processes. It is a setting of
    each thread of a process, so this function is called before each computation.
    """
    if os.getpid() == importing_process:
        return
    import torch

    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)
