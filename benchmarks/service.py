"""Whether a process that predicts for a long time grows, and whether threads may share it.

    python benchmarks/service.py
    python benchmarks/service.py --predictions 5000 --settled 1000

Each text is a prediction of its own and holds words that no other text has; every fourth holds
nothing else, so that the classifier warns of it. The resident memory is read when the process has
settled, and at the end. Then threads predict and explain on the same classifier, and their answers
are compared with those of one. Exit code 1: it grew by more than `MOST_GROWTH`, or they differ.
"""

import argparse
import itertools
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from stream import mebibytes, texts

from sentiment import Classifier
from sentiment.inference.classifier import UnknownWordsWarning
from sentiment.inference.explain import explain
from sentiment.runtime.malloc import resident_memory

MOST_GROWTH = 0.05


def new_words() -> Iterator[str]:
    """Short texts without end, the same each time, none of whose words are all known."""
    for number, text in enumerate(texts()):
        strange = f"x{number}y z{number}-{number}, (q{number})"
        yield strange if number % 4 == 0 else f"{text} {strange}"


def growth(classifier: Classifier, predictions: int, settled: int) -> float:
    """The part by which the resident memory grows from `settled` predictions to `predictions`."""
    started, before, now = time.perf_counter(), 0, 0
    for number, text in enumerate(itertools.islice(new_words(), predictions), 1):
        classifier(text)
        if number == settled or number % max(1, predictions // 10) == 0:
            now = resident_memory() or 0
            before = before or (now if number >= settled else 0)
            print(f"{number:>9,} predictions: {mebibytes(now)} MiB", flush=True)
    print(f"{1000 * (time.perf_counter() - started) / predictions:.1f} ms a prediction")
    return now / before - 1 if before else 0.0


def answers(classifier: Classifier, some: Sequence[str], explained: int) -> list[Any]:
    """What the classifier says of each text, and why it says so of the first."""
    said: list[Any] = [classifier(text, top_k=None) for text in some]
    return said + [explain(classifier, text) for text in some[:explained]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--predictions", type=int, default=200_000)
    parser.add_argument("--settled", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--texts", type=int, default=200, help="for each thread")
    parser.add_argument("--explained", type=int, default=8, help="of these")
    args = parser.parse_args()
    warnings.simplefilter("default", UnknownWordsWarning)  # As in a program that sets nothing,
    warnings.showwarning = lambda *_, **__: None  # its log left out.
    classifier = Classifier.from_pretrained()
    grown = growth(classifier, args.predictions, args.settled)
    print(f"grown by {grown:.1%} since the first {args.settled:,}")
    some = list(itertools.islice(new_words(), args.texts))
    alone = answers(classifier, some, args.explained)
    with ThreadPoolExecutor(args.threads) as pool:
        jobs = [pool.submit(answers, classifier, some, args.explained) for _ in range(args.threads)]
        differing = sum(job.result() != alone for job in jobs)
    print(
        f"{args.threads} threads, {args.texts} texts each, {args.explained} of them explained: "
        f"{differing} answer otherwise than one"
    )
    sys.exit(grown > MOST_GROWTH or differing > 0)


if __name__ == "__main__":
    main()
