"""Training and prediction alone and while other processes are busy, before and after a setting.

    python benchmarks/contention.py
    python benchmarks/contention.py --rounds 1 --calls 5

"before" has OpenMP's default spin count, "after" the variables that the command line sets
(`runtime/threads.py`). Both run in turn, each in a new process, because OpenMP reads the variables
when it is loaded. Such a process first works alone, and then while other processes are busy, which
it starts itself: each of them is a loop in Python.

The table has the median time of a call, the times that 10% and 90% of the calls do not exceed, and
the ratio of the medians. Goals: alone, "after" has at least 0.97 of the speed of "before"; while
four processes are busy on two CPUs it takes at most 4 times as long as alone. Its fair share of the
CPUs makes that 3 times.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from sentiment.data.synthetic.sample import sample_reviews
from sentiment.runtime.threads import WAIT_VARIABLES, configure_openmp, usable_cpus

BATCH_SIZE = 32
MIN_CALLS = 3

Samples = dict[tuple[str, str, str], list[float]]  # Task, variant, condition: seconds of each call.


def labelled_texts() -> list[tuple[str, int]]:
    """Return a batch of built-in reviews, half of them of each label."""
    reviews = sample_reviews("test")
    return reviews[: BATCH_SIZE // 2] + reviews[-BATCH_SIZE // 2 :]


@contextmanager
def prediction() -> Iterator[Callable[[], object]]:
    """Yield a function that predicts a batch of texts with the shipped classifier."""
    from sentiment import Classifier

    classifier = Classifier.from_pretrained(device="cpu")
    texts = [text for text, _ in labelled_texts()]
    yield lambda: classifier.predict_proba(texts)


@contextmanager
def training() -> Iterator[Callable[[], object]]:
    """Yield a function that runs one training step with the default settings on short texts."""
    from sentiment.data.review_splits import from_reviews
    from sentiment.runtime.malloc import keep_freed_memory
    from sentiment.text.batching import collate
    from sentiment.training.classification import trainer_of_splits
    from sentiment.training.classification_data import Splits
    from sentiment.training.run_folder import open_run

    keep_freed_memory()  # As the command line does.
    reviews = from_reviews({"train": labelled_texts()})["train"]
    settings = {"dataset": "sample", "device": "cpu", "max_length": 128}
    with (
        tempfile.TemporaryDirectory() as folder,
        open_run(Path(folder) / "run", temporary=True) as run,
    ):
        trainer = trainer_of_splits(run, Splits(reviews, reviews), settings, "default")
        [stage] = trainer.stages
        batch = collate(stage.examples)
        yield lambda: trainer.step(batch, stage)


TASKS = {"training": training, "prediction": prediction}


def seconds_of_calls(function: Callable[[], object], calls: int, limit: float) -> list[float]:
    """Return the wall time of each call: `calls` of them, or fewer if they take `limit` seconds."""
    times: list[float] = []
    while len(times) < calls and (len(times) < MIN_CALLS or sum(times) < limit):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return times


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep `count` processes busy within a `with` block."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(1)  # Until they have started.
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(task: str, busy: int, calls: int, limit: float) -> dict[str, list[float]]:
    """Return the seconds of each call of a task, alone and while other processes are busy."""
    with TASKS[task]() as function:
        function()  # The first call allocates memory.
        alone = seconds_of_calls(function, calls, limit)
        with busy_processes(busy):
            return {"alone": alone, "busy": seconds_of_calls(function, calls, limit)}


def variants() -> dict[str, dict[str, str]]:
    """Return the environment of each variant."""
    before = {name: value for name, value in os.environ.items() if name not in WAIT_VARIABLES}
    after = dict(before)
    configure_openmp(after)
    return {"before": before, "after": after}


def measure_all(arguments: argparse.Namespace) -> Samples:
    """Measure each task with each variant, in turn, in new processes."""
    samples: Samples = defaultdict(list)
    options = [f"--{name}={getattr(arguments, name)}" for name in ("busy", "calls", "limit")]
    for round in range(arguments.rounds):
        for task in TASKS:
            for variant, environment in variants().items():
                print(f"round {round + 1}: {task}, {variant}", file=sys.stderr)
                command = [sys.executable, __file__, "--measure", task, *options]
                result = subprocess.run(
                    command, env=environment, stdout=subprocess.PIPE, check=True
                )
                for condition, times in json.loads(result.stdout).items():
                    samples[task, variant, condition] += times
    return samples


def print_samples(samples: Samples, busy: int) -> None:
    """Print a table of the times, with the ratios that have goals."""
    table = Table(title=f"Batches of {BATCH_SIZE} texts, {usable_cpus()} CPUs")
    table.add_column("", no_wrap=True)
    for heading in ("median s", "10% to 90%", "before / after", "busy / alone"):
        table.add_column(heading, justify="right")
    medians = {key: float(np.median(times)) for key, times in samples.items()}
    for (task, variant, condition), times in samples.items():
        median = medians[task, variant, condition]
        low, high = np.quantile(times, [0.1, 0.9])
        speed = medians[task, "before", condition] / median
        slowdown = median / medians[task, variant, "alone"]
        table.add_row(
            f"{task}, {variant}, " + ("alone" if condition == "alone" else f"{busy} busy"),
            f"{median:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{speed:.2f}" if variant == "after" else "",
            f"{slowdown:.1f}" if condition == "busy" else "",
        )
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--busy", type=int, default=4, help="busy processes")
    parser.add_argument("--calls", type=int, default=20, help="timed calls in a round")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of calls in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=TASKS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        options = arguments.busy, arguments.calls, arguments.limit
        print(json.dumps(measure(arguments.measure, *options)))
    else:
        print_samples(measure_all(arguments), arguments.busy)


if __name__ == "__main__":
    main()
