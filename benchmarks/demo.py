"""Whether the page answers everybody at once, and how long an answer takes.

    python benchmarks/demo.py --clients 10 --seconds 30

Starts `sentiment demo` on loopback and lets clients, each with a connection of its own, do what an
open page does without a pause: send a review, wait for the verdict, wait for its coloured words.
Each verdict is compared with the classifier's own. An answer that has not come after `PATIENCE`
seconds is lost.
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

import numpy as np
from gradio_client import Client
from rich.console import Console
from rich.table import Table

from sentiment import Classifier
from sentiment.apps.demo.page import show_scores
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.text.tokenizer import clean

PATIENCE = 120
REVIEWS = [clean(text) for text, _ in sample_reviews("test")[::25]]
EVENTS = ("judge", "colour")


@contextmanager
def served(port: int) -> Iterator[str]:
    """The page's address, as long as the block runs."""
    command = [sys.executable, "-m", "sentiment", "demo", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = re.search(r"http://\S+", process.stdout.readline())
        if said is None:
            raise SystemExit("The page could not be served.")
        yield said[0]
        process.terminate()


class Visitor(threading.Thread):
    """A client that goes through the reviews from `first` on until `deadline` has passed."""

    def __init__(self, client: Client, first: int, expected: list[str]) -> None:
        super().__init__()
        self.client, self.first, self.expected = client, first, expected
        self.deadline = 0.0
        self.counts: Counter[str] = Counter()
        self.seconds: dict[str, list[float]] = {event: [] for event in EVENTS}

    def run(self) -> None:
        number = self.first
        while time.monotonic() < self.deadline:
            number = (number + 1) % len(REVIEWS)
            for event in EVENTS:
                self.ask(event, number)

    def ask(self, event: str, number: int) -> None:
        """Send a review to an `event`, and note what becomes of it."""
        self.counts["asked"] += 1
        started = time.perf_counter()
        try:
            answer = self.client.submit(REVIEWS[number], api_name=f"/{event}").result(PATIENCE)
        except TimeoutError:
            self.counts["lost"] += 1
        except Exception as error:  # Whatever it is, it is counted.
            self.counts["errors"] += 1
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        else:
            self.seconds[event].append(time.perf_counter() - started)
            self.counts["right" if self.fits(event, number, answer) else "wrong"] += 1

    def fits(self, event: str, number: int, answer: str | tuple[str, str]) -> bool:
        """Whether an answer is that to its own review."""
        if event == "judge":
            return answer[0] == self.expected[number]
        return REVIEWS[number] in unescape(re.sub(r"<[^>]+>", "", str(answer)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--port", type=int, default=7899)
    arguments = parser.parse_args()
    classifier = Classifier.from_pretrained()
    expected = [
        show_scores(dict(zip(classifier.labels, row, strict=True)))
        for row in classifier.predict_proba(REVIEWS, batch_size=1).tolist()
    ]
    with served(arguments.port) as address:
        visitors = [
            Visitor(
                Client(address, verbose=False, analytics_enabled=False, download_files=False),
                number,
                expected,
            )
            for number in range(arguments.clients)
        ]
        for visitor in visitors:
            visitor.deadline = time.monotonic() + arguments.seconds
            visitor.start()
        for visitor in visitors:
            visitor.join()
    counts: Counter[str] = sum((visitor.counts for visitor in visitors), Counter())
    print(
        ", ".join(
            f"{counts[name]} {name}" for name in ("asked", "right", "wrong", "errors", "lost")
        )
    )
    table = Table(title=f"{arguments.clients} clients at once, seconds to an answer")
    for heading in ("", "answers", "median", "95%", "slowest"):
        table.add_column(heading, justify="right" if heading else "left")
    for event in EVENTS:
        seconds = np.array([time for visitor in visitors for time in visitor.seconds[event]])
        quantiles = (f"{figure:.2f}" for figure in np.quantile(seconds, [0.5, 0.95, 1]))
        table.add_row(event, str(len(seconds)), *quantiles)
    Console().print(table)
    sys.exit(counts["asked"] != counts["right"])


if __name__ == "__main__":
    main()
