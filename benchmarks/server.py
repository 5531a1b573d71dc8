"""Measure the HTTP server under concurrent clients, against direct calls in the same run.

    python benchmarks/server.py
    python benchmarks/server.py --clients 50 --requests 10000 --dataset stanfordnlp/imdb

Starts `sentiment serve` on loopback. Each client has its own connection and sends one text after
another without a pause. Each answer is compared with that of the classifier in this process. Exit
code 1: a request failed, or an answer was that of another text.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sentiment import Classifier, Prediction, load_reviews
from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.data.synthetic.sample import sample_reviews

TOLERANCE = 1e-4  # Between a probability of the server and of this process.
SINGLE_CALLS = 200  # Direct calls with one text.


@contextmanager
def server(port: int, workers: int, model: str) -> Iterator[None]:
    """Run `sentiment serve`."""
    command = [sys.executable, "-m", "sentiment", "serve", "--port", str(port)]
    command += ["--workers", str(workers), "--model", model]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        if "Serving at" not in process.stdout.readline():
            raise SystemExit("The server did not start.")
        yield
        process.terminate()


class Client:
    """A connection that sends texts, with as little work as possible in this process."""

    def __init__(self, port: int, texts: Sequence[str], expected: Sequence[Prediction]) -> None:
        self.port = port
        self.texts = texts
        self.expected = expected
        self.seconds: list[float] = []
        self.failed = 0

    async def run(self, indices: Iterator[int]) -> None:
        """Send texts until `indices`, which clients share, are used up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for index in indices:
            body = json.dumps({"texts": self.texts[index]}).encode()
            started = time.perf_counter()
            writer.write(
                b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                b"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            answer = await reader.readexactly(int(length[1]) if length else 0)
            self.seconds.append(time.perf_counter() - started)
            self.failed += b" 200 " not in head or not self.is_correct(index, json.loads(answer))
        writer.close()

    def is_correct(self, index: int, answer: Any) -> bool:
        """Return whether an answer is that of the text with this index."""
        best, expected = answer["results"][0]["predictions"][0], self.expected[index]
        return bool(
            best["label"] == expected["label"]
            and abs(best["score"] - expected["score"]) < TOLERANCE
        )


async def run_clients(clients: list[Client], requests: int) -> float:
    """Send `requests` texts from all clients together, and return the seconds."""
    numbers = (number % len(clients[0].texts) for number in range(requests))
    started = time.perf_counter()
    await asyncio.gather(*(client.run(numbers) for client in clients))
    return time.perf_counter() - started


def read_texts(dataset: str, count: int) -> list[str]:
    """Return texts: built-in reviews, or the first ones of a dataset's test split."""
    if dataset == "sample":
        return [text for text, _ in sample_reviews("test")][:count]
    rows = load_reviews(dataset)["test"].shuffle(seed=0)
    return list(rows["text"][:count])


def add_row(table: Table, name: str, rate: float, direct: float, seconds: Sequence[float]) -> None:
    """Add a line of results."""
    middle, slow = np.quantile(seconds, [0.5, 0.99]) * 1000
    table.add_row(name, f"{rate:.0f}", f"{rate / direct:.0%}", f"{middle:.1f}", f"{slow:.1f}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--requests", type=int, default=2000, help="per number of clients")
    parser.add_argument("--texts", type=int, default=1000, help="distinct texts")
    parser.add_argument("--dataset", default="sample")
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--port", type=int, default=7898)
    arguments = parser.parse_args()
    texts = read_texts(arguments.dataset, arguments.texts)
    classifier = Classifier.from_pretrained(arguments.model, backend="auto")
    classifier(texts[:128])  # Fills the cache of the tokenizer in part.
    started = time.perf_counter()
    expected = classifier(texts)
    direct = len(texts) / (time.perf_counter() - started)
    single = []
    for text in texts[:SINGLE_CALLS]:
        started = time.perf_counter()
        classifier(text)
        single.append(time.perf_counter() - started)
    table = Table(title=f"{len(texts)} texts of {np.mean([len(text) for text in texts]):.0f} chars")
    for heading in ("", "texts/s", "of direct", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="right" if heading else "left")
    add_row(table, "direct, all texts at once", direct, direct, [0.0])
    add_row(table, "direct, one by one", len(single) / sum(single), direct, single)
    failed = 0
    with server(arguments.port, arguments.workers, arguments.model):
        asyncio.run(run_clients([Client(arguments.port, texts, expected)], 200))  # Warm-up.
        for count in arguments.clients:
            clients = [Client(arguments.port, texts, expected) for _ in range(count)]
            seconds = asyncio.run(run_clients(clients, arguments.requests))
            latencies = [value for client in clients for value in client.seconds]
            assert len(latencies) == arguments.requests
            failed += sum(client.failed for client in clients)
            rate = arguments.requests / seconds
            add_row(table, f"server, {count} clients", rate, direct, latencies)
    Console().print(table)
    print(f"{failed} failed or wrong answers")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
