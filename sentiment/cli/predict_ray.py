"""`sentiment predict --engine ray`: many files become a folder of labelled files."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tqdm import tqdm

from sentiment.cli.messages import print_line, with_flags
from sentiment.cli.predict_file import print_above
from sentiment.config import SHIPPED_CLASSIFIER, ReaderConfig
from sentiment.errors import ClusterError, ConfigError, describe, missing_packages
from sentiment.runtime.threads import usable_cpus

CONNECT_SECONDS = 10.0

if TYPE_CHECKING:
    from sentiment.inference.label_parts import Entry, Job, LabelledPart, Part
    from sentiment.inference.worker_model import WorkerModel


def predict_on_ray(
    pattern: str,
    output: str,
    reader: ReaderConfig,
    *,
    model: Path | None,
    backend: Literal["auto", "torch", "onnx", "onnx-int8"],
    device: Literal["auto", "cpu", "cuda", "mps"],
    prefix: str,
    all_scores: bool,
    address: str | None,
    workers: int | None,
) -> None:
    """Label the files that a pattern matches on a Ray cluster, or on this machine.

    Raises:
        SentimentError: the first error of a worker; parts that are complete stay.
    """
    if find_spec("ray") is None:
        raise missing_packages("--engine ray", ["'ray[data]'"], extra="ray")
    if device == "mps":
        raise ConfigError("--engine ray computes on cpu or cuda: set device to one of them.")
    from sentiment.inference.label_parts import MANIFEST, Job, begin_job, find_parts
    from sentiment.inference.worker_model import read_worker_model
    from sentiment.runtime.stores import OutputFolder

    parts = find_parts(pattern, output)
    worker_model = read_worker_model(
        model or SHIPPED_CLASSIFIER, backend, "cuda" if device == "cuda" else "cpu"
    )
    folder = OutputFolder(output)
    job = Job(folder.url, reader, prefix, all_scores)
    with folder.locked(MANIFEST):
        folder.remove_leftovers()
        missing, complete = begin_job(job, worker_model.identity(), parts)
        if missing:
            try:
                with ray_cluster(address, workers) as cpus:
                    complete += label_missing(job, worker_model, missing, workers or cpus)
            finally:
                folder.remove_leftovers()
    print_totals(complete, len(missing))


def label_missing(
    job: "Job", model: "WorkerModel", missing: "list[Part]", workers: int
) -> "list[Entry]":
    """Label the parts that are not complete, with a progress bar on stderr."""
    from sentiment.inference.ray import label_parts

    entries = []
    reported: set[object] = set()
    steps = label_parts(job, model, missing, workers)
    interval = 0.1 if sys.stderr.isatty() else 10.0
    bar: tqdm[None] = tqdm(total=len(missing), unit=" files", mininterval=interval, delay=interval)
    with closing(steps), bar:
        for labelled in steps:
            for line in lines_of(labelled, reported):
                print_above(bar, line)
            bar.update()
            entries.append(labelled.entry)
    return entries


def lines_of(labelled: "LabelledPart", reported: set[object]) -> list[str]:
    """Return lines on what was read and detected, and on the rows that were skipped.

    Args:
        labelled: a part.
        reported: what was printed for other parts and is not printed again.
    """
    entry = labelled.entry
    columns = ",".join(entry.text_columns)
    lines = [f"Note: {with_flags(notice)}" for notice in labelled.notices]
    if (entry.format, columns) not in reported:
        reported.add((entry.format, columns))
        lines.append(f"Note: '{entry.input}': read as {entry.format}; texts from {columns!r}.")
    return lines + [f"Skipped: {message}" for message in labelled.messages]


def print_totals(entries: "list[Entry]", labelled_now: int) -> None:
    """Print the numbers of files and rows on stderr."""
    labelled = sum(entry.labelled for entry in entries)
    before = len(entries) - labelled_now
    done = f", of which {before:,} were labelled before" if before else ""
    print_line(f"Labelled {labelled:,} rows of {len(entries):,} files{done}.", file=sys.stderr)
    for entry in entries:
        if entry.skipped:
            print_line(
                f"Skipped {entry.skipped:,} rows of '{entry.input}' ({entry.skipped_kinds}).",
                file=sys.stderr,
            )
    unknown = sum(entry.mostly_unknown for entry in entries)
    if unknown:
        print_line(
            f"Warning: {unknown:,} of {labelled:,} predictions are unreliable: the vocabulary has "
            "at most half of the words of these texts.",
            file=sys.stderr,
        )


@contextmanager
def ray_cluster(address: str | None, workers: int | None) -> Iterator[int]:
    """Connect to a Ray cluster, or start one on this machine, and yield its number of CPUs.

    Ray sends no usage statistics, and no dashboard is started.

    Args:
        address: as of `ray.init`; None: the one in the environment variable RAY_ADDRESS, which Ray
            sets for its jobs, or else this machine.
        workers: the workers to have room for on this machine.

    Raises:
        ClusterError: there is no cluster at this address, or it has no CPU.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    check_reachable(address)
    import ray

    started: dict[str, Any] = {"num_cpus": workers or usable_cpus(), "include_dashboard": False}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        try:
            ray.init(
                address,
                logging_level=logging.ERROR,
                log_to_driver=False,
                **(started if address == "local" else {}),
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ClusterError(f"Could not use Ray at {address!r}: {describe(error)}") from error
        finally:  # Ray's handler of SIGTERM would end this process before it stops the workers.
            for number, handler in handlers.items():
                signal.signal(number, handler)
        available: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        cpus = int(available.get("CPU", 0))
        if not cpus:
            raise ClusterError(f"The Ray cluster at {address!r} has no CPU: start a node.")
        yield cpus
    finally:
        with suppress(KeyboardInterrupt):  # A second Ctrl-C must not leave processes.
            ray.shutdown()


def check_reachable(address: str) -> None:
    """Check that something listens at an address with a port; Ray would wait for many minutes.

    Raises:
        ClusterError: nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():  # "auto" or "local".
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(f"Could not use Ray at {address!r}: {describe(error)}.") from error
