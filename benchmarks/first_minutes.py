"""Take the first steps of the README in a fresh clone, and print the time of each.

    python benchmarks/first_minutes.py
    python benchmarks/first_minutes.py --venv .venv    # does not install: uses this environment

Clones the commit that is checked out. A step ends when its command ends, that of the demo when its
page is served. Fails if a command fails.
"""

import argparse
import csv
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from sentiment.data.synthetic.sentences import short_opinions

ROOT = Path(__file__).resolve().parents[1]
TEXT = "TEXT=A warm, funny film with a cast that could not be better."
SAMPLE = ("DATASET=sample", "OUT=runs/sample")
STEPS = {
    "predict, installation included": ("predict", TEXT),
    "train on built-in reviews": ("train", *SAMPLE),
    "evaluate": ("eval", *SAMPLE),
    "predict with the trained model": ("predict", TEXT, *SAMPLE),
    "train on a CSV file of 600 sentences": ("train", "DATASET=reviews.csv"),
    "explain": ("predict", TEXT, "ARGS=--explain", *SAMPLE),
}
INSTALLED = ("", "-explain", "-tune", "-demo", "-dev")
MAX_SECONDS_OF_DEMO = 600


class Seconds(NamedTuple):
    """What a step took."""

    wall: float
    cpu: float  # Of all its processes.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--venv", type=Path, help="environment to use instead of installing one")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        times = {"clone": measure(["git", "clone", "--quiet", str(ROOT), str(clone)], ROOT)}
        write_csv(clone / "reviews.csv")
        make = make_command(clone, arguments.venv)
        for name, words in STEPS.items():
            times[name] = measure([*make, *words], clone)
        times["demo, until its page is served"] = measure_demo(make, clone)
        times["tests"] = measure([*make, "test"], clone)
        metrics = json.loads((clone / "runs/sample/metrics-test.json").read_text(encoding="utf-8"))
    print_times(times, metrics["accuracy"])


def write_csv(path: Path) -> None:
    """Write sentences with the labels `neg` and `pos`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        rows = random.Random(0).sample(short_opinions(), 600)
        writer.writerows((text, ("neg", "pos")[label]) for text, label in rows)


def make_command(clone: Path, venv: Path | None) -> list[str]:
    """Return the words of `make`, which installs nothing if there is a `venv`."""
    if venv is None:
        return ["make"]
    (clone / ".venv").symlink_to(venv.absolute())
    return ["make", *(f"--old-file=.venv/installed{part}" for part in INSTALLED)]


def measure(command: Sequence[str], folder: Path) -> Seconds:
    """Run a command in `folder` and return its time."""
    started, cpu = time.perf_counter(), cpu_seconds()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return Seconds(time.perf_counter() - started, cpu_seconds() - cpu)


def measure_demo(make: Sequence[str], clone: Path) -> Seconds:
    """Start the demo, return the time until its page is served, and stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started, cpu = time.perf_counter(), cpu_seconds()
    command = [*make, "demo", *SAMPLE, f"ARGS=--port {port}"]
    with subprocess.Popen(
        command, cwd=clone, stdout=subprocess.DEVNULL, start_new_session=True
    ) as demo:
        try:
            wait_for_page(f"http://127.0.0.1:{port}", demo)
            wall = time.perf_counter() - started
        finally:
            if demo.poll() is None:
                os.killpg(demo.pid, signal.SIGTERM)  # A background job ignores SIGINT.
    return Seconds(wall, cpu_seconds() - cpu)


def wait_for_page(address: str, server: "subprocess.Popen[bytes]") -> None:
    """Return when `address` answers. Fails if the server ends or takes too long."""
    deadline = time.perf_counter() + MAX_SECONDS_OF_DEMO
    while time.perf_counter() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=60):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit("The demo did not serve its page.")


def cpu_seconds() -> float:
    """Return the CPU time of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def print_times(times: dict[str, Seconds], accuracy: float) -> None:
    """Print the time of each step, and the accuracy of the trained model."""
    table = Table(title=f"The first steps of the README; test accuracy {accuracy:.1%}")
    table.add_column("step")
    for heading in ("seconds", "CPU seconds"):
        table.add_column(heading, justify="right")
    for name, seconds in times.items():
        table.add_row(name, f"{seconds.wall:.1f}", f"{seconds.cpu:.1f}")
    total = [sum(values) for values in zip(*times.values(), strict=True)]
    table.add_section()
    table.add_row("all", *(f"{seconds:.1f}" for seconds in total))
    Console().print(table)


if __name__ == "__main__":
    main()
