"""A training run killed at random moments: does it end with the weights of an undisturbed one?

    python benchmarks/kills.py --kills 50

Each run on the built-in reviews is killed (SIGKILL) and resumed until it is through, as a user
would do it, and the next one begins. Which phase a kill is meant for is drawn, and how long after
its beginning; the phase that it has found is what is counted. Fails if one run ends with other
weights, or leaves anything behind. Needs a system that forks: Linux or macOS.
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

from sentiment.artifacts.checksums import FILES
from sentiment.artifacts.model_folder import load_model
from sentiment.cli import main as sentiment
from sentiment.errors import SentimentError
from sentiment.training.classification import ClassificationTrainer
from sentiment.training.run_folder import METRICS_FILE, SUMMARY_FILE, checkpoints, run_files
from sentiment.training.trainer import Trainer

# Small, so that the phases between the steps are met often enough.
COMMAND = [
    *("train", "--from-scratch", "--dataset", "sample", "--device", "cpu"),
    *("--epochs", "3", "--min-steps", "0", "--batch-size", "128", "--max-length", "40"),
    *("--embedding-dim", "16", "--hidden-size", "16", "--checkpoint-steps", "10"),
    *("--adversarial-norm", "0"),
]
PHASES = ("start", "step", "validation", "checkpoint", "model", "end")
OCCASIONS = {"start": 1, "step": 40, "validation": 2, "checkpoint": 6, "model": 2, "end": 1}
LONGEST = {  # Seconds from the beginning of a phase.
    "start": 1.5,
    "step": 0.01,
    "validation": 0.08,
    "checkpoint": 0.015,
    "model": 0.015,
    "end": 0.005,
}


class Marks:
    """What a run is doing, in memory that it shares with who kills it."""

    def __init__(self) -> None:
        self.bytes = mmap.mmap(-1, 1 + len(PHASES))

    def clear(self) -> None:
        self.bytes[:] = bytes(len(self.bytes))

    @property
    def phase(self) -> str:
        return PHASES[self.bytes[0]]

    def times(self, phase: str) -> int:
        """How often `phase` has begun."""
        return self.bytes[1 + PHASES.index(phase)]

    def watch(self, owner: Any, name: str, phase: str) -> None:
        """Make the method `name` of `owner` a phase."""
        real: Callable[..., Any] = getattr(owner, name)
        number = PHASES.index(phase)

        def marked(*arguments: Any) -> Any:
            before, self.bytes[0] = self.bytes[0], number
            self.bytes[1 + number] = min(255, self.bytes[1 + number] + 1)
            result = real(*arguments)
            if phase != "end":
                self.bytes[0] = before
            return result

        setattr(owner, name, marked)


def start(out: Path, marks: Marks) -> int:
    """Begin or resume the run in `out` in a process of its own, whose id is returned."""
    begun = bool(checkpoints(out)) or (out / SUMMARY_FILE).exists()
    if not begun and run_files(out):
        sys.exit(f"A kill has left {run_files(out)}, and nothing to resume.")
    marks.clear()
    process = os.fork()
    if process:
        return process
    sys.argv = ["sentiment", *(["train", "--resume"] if begun else COMMAND), "--out", str(out)]
    log = os.open(out.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        sentiment()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def ended(process: int) -> bool:
    """Whether the process is through. Fails if it has not done what it was to do."""
    found, status = os.waitpid(process, os.WNOHANG)
    if found and status:
        sys.exit(f"The run failed with status {status}; see its log.")
    return bool(found)


def kill(process: int, phase: str, marks: Marks, chance: random.Random) -> str | None:
    """Kill the process in `phase`, or thereabouts, and say in which; None if it ended before."""
    occasion = chance.randint(1, OCCASIONS[phase]) if phase != "start" else 0
    while marks.phase != phase or marks.times(phase) < occasion:
        if ended(process):
            return None
        time.sleep(0.0002)
    time.sleep(chance.uniform(0, LONGEST[phase]))
    if ended(process):
        return None
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return marks.phase


def weights(out: Path) -> dict[str, bytes]:
    """The weights of a run that is through, which has left what it should and nothing else."""
    left = {path.name for path in out.iterdir()}
    if left != {*FILES, METRICS_FILE, SUMMARY_FILE}:
        sys.exit(f"The run has left {sorted(left)}.")
    return {
        name: tensor.numpy().tobytes()
        for name, tensor in load_model(out).model.state_dict().items()
    }


def model_in(out: Path) -> str:
    """What a kill has left of the model of the best epoch so far."""
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
    marks, chance = Marks(), random.Random(arguments.seed)
    marks.watch(Trainer, "step", "step")
    marks.watch(Trainer, "save_checkpoint", "checkpoint")
    marks.watch(Trainer, "summary", "end")
    marks.watch(ClassificationTrainer, "validate", "validation")
    marks.watch(ClassificationTrainer, "save_model", "model")
    with TemporaryDirectory() as folder:
        out = Path(folder) / "undisturbed"
        process = start(out, marks)
        while not ended(process):
            time.sleep(0.01)
        expected = weights(out)
        killed: Counter[str] = Counter()
        models: Counter[str] = Counter()
        runs, equal = 0, 0
        plan = [PHASES[number % len(PHASES)] for number in range(arguments.kills)]
        chance.shuffle(plan)
        out = Path(folder) / "run-0"
        process = start(out, marks)
        while plan:
            phase = kill(process, plan[-1], marks, chance)
            if phase is not None:
                plan.pop()
                killed[phase] += 1
                models[model_in(out)] += 1
                print(f"kill {killed.total()}: {phase}", file=sys.stderr)
            if phase is None or not plan:
                if phase is not None:
                    process = start(out, marks)
                    while not ended(process):
                        time.sleep(0.01)
                runs += 1
                equal += weights(out) == expected
                print(f"{equal} of {runs} runs ended alike", file=sys.stderr)
                out = Path(folder) / f"run-{runs}"
            if plan:
                process = start(out, marks)
    table = Table(title=f"{killed.total()} kills, seed {arguments.seed}", title_justify="left")
    table.add_column("while at")
    table.add_column("kills", justify="right")
    for name in PHASES:
        table.add_row(name, str(killed[name]))
    console = Console()
    console.print(table)
    console.print(f"The model of the best epoch so far, after a kill: {dict(models)}")
    console.print(f"{equal} of {runs} runs ended with the weights of an undisturbed one.")
    if equal < runs:
        sys.exit(1)


if __name__ == "__main__":
    main()
