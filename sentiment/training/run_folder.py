"""The folder of a training run.

    config.json, vocab.txt, model.safetensors   the model of the best epoch so far
    metrics.jsonl                               one line for each epoch
    summary.json                                once the run is finished
    checkpoint-<step>-<epoch>/                  the newest checkpoint, until then

The file `.lock` locks the folder while a process trains in it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch

from sentiment.artifacts.checksums import (
    CHECKSUMS,
    CONFIG_FILE,
    VOCAB_FILE,
    WEIGHTS_FILE,
    check_checksums,
    check_files,
    read_json,
    write_with_checksums,
)
from sentiment.errors import ConfigError, TrainingError
from sentiment.runtime.atomic_io import atomic_folder, discard
from sentiment.runtime.distributed import Processes
from sentiment.runtime.locks import locked, storage_errors
from sentiment.runtime.paths import user_path

METRICS_FILE, SUMMARY_FILE = "metrics.jsonl", "summary.json"
RUN_FILES = (CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE, METRICS_FILE, SUMMARY_FILE)

CHECKPOINT = re.compile("checkpoint-([0-9]{7,18})-([0-9]{1,18})")

EpochMetrics = dict[str, float]  # A line of `metrics.jsonl`.


@dataclass(frozen=True)
class Summary:
    """The result of a training run."""

    finished: bool  # False if a signal stopped it; it can be resumed.
    epochs: int
    best_epoch: int
    validation: EpochMetrics  # Of the best epoch; empty before the first one has ended.
    seconds: float  # Wall time of training, interruptions excluded.
    peak_memory: int | None  # Bytes of this process; None where the system does not report it.


class Run(NamedTuple):
    """An open run folder."""

    folder: Path
    resume: bool
    overwrite: bool
    summary: Summary | None  # Of a finished run that was asked to resume: nothing is left to do.
    temporary: bool = False  # The folder is deleted after training: there are no checkpoints.
    processes: Processes = Processes()  # The first of them writes into the folder.

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint to resume from; None for a new run."""
        return checkpoints(self.folder)[-1] if self.resume else None


@contextmanager
def open_run(
    folder: Path,
    resume: bool = False,
    overwrite: bool = False,
    temporary: bool = False,
    processes: Processes = Processes(),  # noqa: B008
) -> Iterator[Run]:
    """Lock a run folder for training. Of several processes, the first one holds the lock.

    The state of PyTorch's random generators is restored when the block ends, so that training
    does not change the random numbers of the calling program.

    Args:
        folder: created if it does not exist.
        resume: continue the run in the folder.
        overwrite: replace the run in the folder, once the first checkpoint of the new run exists.
        temporary: write no checkpoints, and keep no tokens in the cache of `datasets`. The run
            cannot be resumed.
        processes: the processes that train together, from `join_processes`.

    Raises:
        ConfigError: `resume` and `overwrite` are both given, or `folder` is a file or a path that
            cannot be used, see `user_path`.
        TrainingError: the folder has a run and neither was given, or none to resume.
        ModelError: the summary of a finished run is damaged.
        StorageError: another process trains in the folder, or it cannot be written to.
    """
    folder = user_path(folder)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"'{folder}' is a file; the output of training is a folder.")
    lock = locked(folder) if processes.is_first else nullcontext()
    with lock, torch.random.fork_rng(range(torch.cuda.device_count())):
        with processes.first_one_first():  # The others read what no one changes any more.
            check_run_folder(folder, resume, overwrite)
        summary = None
        if resume and is_finished(folder):
            summary = read_summary(folder)
        yield Run(folder, resume, overwrite, summary, temporary, processes)


def check_run_folder(folder: Path, resume: bool, overwrite: bool) -> None:
    """Raise an error if a run would be lost, or if there is none to resume."""
    if resume and overwrite:
        raise ConfigError("resume and overwrite exclude each other.")
    has_run = bool(checkpoints(folder)) or (folder / SUMMARY_FILE).exists()
    if resume and not has_run:
        raise TrainingError(
            f"There is no run in '{folder}' to resume: it has no checkpoint. Start one without "
            "resume."
        )
    if not (resume or overwrite) and run_files(folder):
        options = "Resume it, overwrite it" if has_run else "Overwrite it"
        raise TrainingError(
            f"'{folder}' has a run already. {options}, or choose another output folder."
        )


def checkpoint_name(step: int, epoch: int) -> str:
    """Return the name of a checkpoint: with the epoch, which ends on the step of its last batch."""
    return f"checkpoint-{step:07d}-{epoch}"


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in a run folder, oldest first; not what others named alike."""
    found = {}
    for path in folder.glob("checkpoint-*"):
        if match := CHECKPOINT.fullmatch(path.name):
            position = int(match[1]), int(match[2])
            if path.name == checkpoint_name(*position) and path.is_dir():
                found[position] = path
    return [found[position] for position in sorted(found)]


def is_finished(folder: Path) -> bool:
    """Return whether the run in `folder` is finished and its last checkpoint deleted."""
    return (folder / SUMMARY_FILE).exists() and not checkpoints(folder)


def read_summary(folder: Path) -> Summary:
    """Return the summary of a finished run.

    Raises:
        ModelError: the file is damaged.
        TrainingError: it is not a summary of this version.
    """
    path = folder / SUMMARY_FILE
    content = read_json(path)
    check_checksums(path, content, names=())
    del content[CHECKSUMS]
    try:
        summary = Summary(**content)
    except TypeError as error:
        raise TrainingError(f"'{path}' is not a summary of this version: {error}.") from error
    if summary.finished is not True:
        raise TrainingError(f"'{path}' is the summary of a run that is not finished.")
    return summary


def finish(folder: Path, summary: Summary) -> None:
    """Write `summary.json` and delete the checkpoints.

    Raises:
        ModelError: the model in the folder is damaged. The checkpoints are kept.
    """
    check_files(folder, read_json(folder / CONFIG_FILE))
    with atomic_folder(folder) as stage:
        write_with_checksums(stage / SUMMARY_FILE, asdict(summary), {})
    for checkpoint in checkpoints(folder):
        discard(checkpoint)


def write_history(folder: Path, history: Sequence[EpochMetrics]) -> None:
    """Write `metrics.jsonl`."""
    with atomic_folder(folder) as stage:
        lines = "".join(json.dumps(metrics) + "\n" for metrics in history)
        (stage / METRICS_FILE).write_text(lines, encoding="utf-8", newline="\n")


def run_files(folder: Path) -> list[Path]:
    """Return the files and folders that a run has written into its folder."""
    return [folder / name for name in RUN_FILES if (folder / name).exists()] + checkpoints(folder)


def clear_run_folder(folder: Path) -> None:
    """Delete the files of a run from its folder, and nothing else."""
    with storage_errors(folder):
        for path in reversed(run_files(folder)):  # The model last.
            discard(path) if path.is_dir() else path.unlink()
