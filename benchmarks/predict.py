"""Time from process start to the first prediction, compared with the imports it needs.

    python benchmarks/predict.py
    python benchmarks/predict.py --python light/bin/python    # an environment without PyTorch

Runs `sentiment predict` and `python -c "import torch, spacy"` alternately and compares the medians.
The goal is a ratio of at most 1.3.
"""

import argparse
import statistics
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from sentiment.config import SHIPPED_CLASSIFIER

TEXT = "The story takes its time, but I would not have missed a minute of it."


def measure_seconds(command: list[str]) -> float:
    """Return the wall time of a process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER)
    parser.add_argument("--python", default=sys.executable, help="runs `sentiment predict`")
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    commands = {
        "import torch, spacy": [sys.executable, "-c", "import torch, spacy"],
        "sentiment predict": [
            *(arguments.python, "-m", "sentiment", "predict", TEXT),
            *("--model", str(arguments.model)),
        ],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        measure_seconds(command)  # Fills the disk cache.
    for _ in range(arguments.repeats):
        for name, command in commands.items():
            times[name].append(measure_seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    baseline = medians["import torch, spacy"]
    table = Table(title=f"From process start to label, {arguments.repeats} alternating runs")
    for heading in ("", "median s", "fastest s", "ratio of medians"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, median in medians.items():
        table.add_row(name, f"{median:.2f}", f"{min(times[name]):.2f}", f"{median / baseline:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
