"""Kill training runs at random times and compare their final weights with an uninterrupted run.

    python benchmarks/kills.py --kills 50

Each run on the built-in reviews is killed (SIGKILL) and resumed until it is finished. The phase to
kill in, its occurrence and the delay are random; a kill counts for the phase that it hit. Fails if
a run ends with other weights, or leaves other files. Needs `os.fork`: Linux or macOS.
"""

import argparse
import mmap
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

import sentiment.training.trainer
from sentiment.artifacts.checksums import FILES
from sentiment.artifacts.model_folder import load_model
from sentiment.cli import main as sentiment_command
from sentiment.errors import SentimentError
from sentiment.training.classification import ClassificationTrainer
from sentiment.training.run_folder import METRICS_FILE, SUMMARY_FILE, checkpoints, run_files

# A small model, so that a large part of the time is spent between the steps.
COMMAND = [
    *("train", "--from-scratch", "--dataset", "sample", "--device", "cpu"),
    *("--adversarial-norm", "0", "--epochs", "3", "--min-steps", "0", "--batch-size", "128"),
    *("--max-length", "40", "--embedding-dim", "16", "--hidden-size", "16"),
    *("--checkpoint-steps", "10"),
]
PHASES = ("start", "step", "validation", "checkpoint", "model", "end")
MAX_OCCURRENCE = {"start": 1, "step": 40, "validation": 2, "checkpoint": 6, "model": 2, "end": 1}
MAX_DELAY = {  # Seconds from the start of the phase.
    "start": 1.5,
    "step": 0.01,
    "validation": 0.08,
    "checkpoint": 0.015,
    "model": 0.015,
    "end": 0.005,
}


class PhaseMonitor:
    """The current phase of a run, in memory that is shared with the process that kills it."""

    def __init__(self) -> None:
        self.bytes = mmap.mmap(-1, 1 + len(PHASES))

    def clear(self) -> None:
        """Reset to the first phase."""
        self.bytes[:] = bytes(len(self.bytes))

    @property
    def phase(self) -> str:
        """The current phase."""
        return PHASES[self.bytes[0]]

    def count(self, phase: str) -> int:
        """Return how often `phase` has started."""
        return self.bytes[1 + PHASES.index(phase)]

    def watch(self, owner: Any, name: str, phase: str) -> None:
        """Record calls of the function `name` of a class or module as `phase`."""
        original: Callable[..., Any] = getattr(owner, name)
        number = PHASES.index(phase)

        def recorded(*arguments: Any) -> Any:
            before, self.bytes[0] = self.bytes[0], number
            self.bytes[1 + number] = min(255, self.bytes[1 + number] + 1)
            result = original(*arguments)
            if phase != "end":
                self.bytes[0] = before
            return result

        setattr(owner, name, recorded)


def start(out: Path, monitor: PhaseMonitor) -> int:
    """Start or resume the run in `out` in a process, and return its id."""
    has_started = bool(checkpoints(out)) or (out / SUMMARY_FILE).exists()
    if not has_started and run_files(out):
        sys.exit(f"A killed run left {run_files(out)} and nothing to resume.")
    monitor.clear()
    process = os.fork()
    if process:
        return process
    command = ["train", "--resume"] if has_started else COMMAND
    sys.argv = ["sentiment", *command, "--out", str(out)]
    log = os.open(out.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        sentiment_command()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def has_ended(process: int, out: Path) -> bool:
    """Return whether the process has ended; exit if it failed."""
    found, status = os.waitpid(process, os.WNOHANG)
    if found and status:
        log = out.with_suffix(".log").read_text()[-2000:]
        sys.exit(f"The run failed with status {status}:\n{log}")
    return bool(found)


def wait(process: int, out: Path) -> None:
    """Wait for the end of the process."""
    while not has_ended(process, out):
        time.sleep(0.01)


def kill(
    process: int, out: Path, phase: str, monitor: PhaseMonitor, rng: random.Random
) -> str | None:
    """Kill the process in or soon after `phase`.

    Returns:
        The phase that it was killed in, or None if it ended before.
    """
    occurrence = rng.randint(1, MAX_OCCURRENCE[phase]) if phase != "start" else 0
    while monitor.phase != phase or monitor.count(phase) < occurrence:
        if has_ended(process, out):
            return None
        time.sleep(0.0002)
    time.sleep(rng.uniform(0, MAX_DELAY[phase]))
    if has_ended(process, out):
        return None
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return monitor.phase


def finished_weights(out: Path) -> dict[str, bytes]:
    """Return the weights of a finished run; exit if it left other files than it should."""
    left = {path.name for path in out.iterdir()}
    if left != {*FILES, METRICS_FILE, SUMMARY_FILE}:
        sys.exit(f"The run left {sorted(left)}.")
    state = load_model(out).model.state_dict()
    return {name: tensor.numpy().tobytes() for name, tensor in state.items()}


def model_in(out: Path) -> str:
    """Return the state of the best model so far after a kill."""
    if not any((out / name).exists() for name in FILES):
        return "none yet"
    try:
        load_model(out)
    except SentimentError:
        return "refused"
    return "loads"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    monitor, rng = PhaseMonitor(), random.Random(arguments.seed)
    monitor.watch(ClassificationTrainer, "step", "step")
    monitor.watch(ClassificationTrainer, "save_checkpoint", "checkpoint")
    monitor.watch(ClassificationTrainer, "validate", "validation")
    monitor.watch(ClassificationTrainer, "save_model", "model")
    monitor.watch(sentiment.training.trainer, "finish", "end")
    killed: Counter[str] = Counter()
    models: Counter[str] = Counter()
    runs, equal = 0, 0
    plan = [PHASES[number % len(PHASES)] for number in range(arguments.kills)]
    rng.shuffle(plan)
    with TemporaryDirectory() as folder:
        out = Path(folder) / "uninterrupted"
        wait(start(out, monitor), out)
        expected = finished_weights(out)
        while plan:
            out = Path(folder) / f"run-{runs}"
            process = start(out, monitor)
            while plan and (phase := kill(process, out, plan[-1], monitor, rng)) is not None:
                plan.pop()
                killed[phase] += 1
                models[model_in(out)] += 1
                print(f"kill {killed.total()}: {phase}", file=sys.stderr)
                process = start(out, monitor)
            if not plan:
                wait(process, out)
            runs += 1
            equal += finished_weights(out) == expected
            print(f"{equal} of {runs} runs have equal weights", file=sys.stderr)
    table = Table(title=f"{killed.total()} kills, seed {arguments.seed}", title_justify="left")
    table.add_column("phase")
    table.add_column("kills", justify="right")
    for name in PHASES:
        table.add_row(name, str(killed[name]))
    console = Console()
    console.print(table)
    console.print(f"The best model so far, after a kill: {dict(models)}")
    console.print(f"{equal} of {runs} runs ended with the weights of an uninterrupted run.")
    if equal < runs:
        sys.exit(1)


if __name__ == "__main__":
    main()
