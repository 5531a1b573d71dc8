"""Measure the demo page under concurrent clients: wrong and failed responses, and latency.

    python benchmarks/demo.py --clients 10 --seconds 30

Starts `sentiment demo` on loopback. Each client has its own connection and does without a pause
what an open page does: it sends a review, waits for the prediction, then for the attributions. Each
prediction is compared with that of the classifier in this process. A response that takes longer
than `TIMEOUT` counts as lost.
"""

import argparse
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import TimeoutError
from contextlib import contextmanager
from html import unescape
from typing import Any

import numpy as np
from gradio_client import Client
from rich.console import Console
from rich.table import Table

from sentiment import Classifier, Prediction
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.text.tokenizer import clean

TIMEOUT = 120  # Seconds.
TOLERANCE = 1e-4  # Between a probability of the page and of this process.
REVIEWS = [clean(text) for text, _ in sample_reviews("test")[::25]]
EVENTS = ("predict", "explain")
OUTCOMES = ("sent", "correct", "wrong", "errors", "lost")


@contextmanager
def demo_server(port: int) -> Iterator[str]:
    """Run `sentiment demo` and yield its address."""
    command = [sys.executable, "-m", "sentiment", "demo", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        if address is None:
            raise SystemExit("The demo did not start.")
        yield address[0]
        process.terminate()


class Visitor(threading.Thread):
    """A client that sends the reviews from index `start` on until `deadline`.

    Args:
        client: the connection to the page.
        start: index of the first review.
        expected: the prediction of each review.
    """

    def __init__(self, client: Client, start: int, expected: list[Prediction]) -> None:
        super().__init__()
        self.client, self.index, self.expected = client, start, expected
        self.deadline = 0.0
        self.counts: Counter[str] = Counter()
        self.seconds: dict[str, list[float]] = {event: [] for event in EVENTS}

    def run(self) -> None:
        while time.monotonic() < self.deadline:
            self.index = (self.index + 1) % len(REVIEWS)
            for event in EVENTS:
                self.send(event)

    def send(self, event: str) -> None:
        """Send the current review to an event of the page and count the outcome."""
        self.counts["sent"] += 1
        started = time.perf_counter()
        try:
            job = self.client.submit(REVIEWS[self.index], api_name=f"/{event}")
            response = job.result(TIMEOUT)
        except TimeoutError:
            self.counts["lost"] += 1
        except Exception as error:  # Every failure counts, whatever its class.
            self.counts["errors"] += 1
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        else:
            self.seconds[event].append(time.perf_counter() - started)
            self.counts["correct" if self.is_correct(event, response) else "wrong"] += 1

    def is_correct(self, event: str, response: Any) -> bool:
        """Return whether a response belongs to the current review."""
        if event == "explain":
            return REVIEWS[self.index] in unescape(re.sub(r"<[^>]+>", "", str(response)))
        best = response[0]["confidences"][0]
        expected = self.expected[self.index]
        return bool(
            best["label"] == expected["label"]
            and abs(best["confidence"] - expected["score"]) < TOLERANCE
        )


def run_visitors(visitors: list[Visitor], seconds: float) -> None:
    """Run all visitors at the same time for `seconds`."""
    for visitor in visitors:
        visitor.deadline = time.monotonic() + seconds
        visitor.start()
    for visitor in visitors:
        visitor.join()


def print_results(visitors: list[Visitor], counts: Counter[str]) -> None:
    """Print the outcomes and a table of latencies."""
    print(", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES))
    table = Table(title=f"{len(visitors)} concurrent clients, seconds to a response")
    for heading in ("", "responses", "median", "95%", "slowest"):
        table.add_column(heading, justify="right" if heading else "left")
    for event in EVENTS:
        seconds = np.array([time for visitor in visitors for time in visitor.seconds[event]])
        quantiles = (f"{value:.2f}" for value in np.quantile(seconds, [0.5, 0.95, 1]))
        table.add_row(event, str(len(seconds)), *quantiles)
    Console().print(table)


def main() -> None:
    """Run the benchmark; the exit code is 1 if a response was not correct."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--port", type=int, default=7899)
    arguments = parser.parse_args()
    expected = Classifier.from_pretrained()(REVIEWS)
    with demo_server(arguments.port) as address:
        visitors = [
            Visitor(
                Client(address, verbose=False, analytics_enabled=False, download_files=False),
                start,
                expected,
            )
            for start in range(arguments.clients)
        ]
        run_visitors(visitors, arguments.seconds)
    counts: Counter[str] = sum((visitor.counts for visitor in visitors), Counter())
    print_results(visitors, counts)
    sys.exit(counts["sent"] != counts["correct"])


if __name__ == "__main__":
    main()
