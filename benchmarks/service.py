"""Memory growth of a process that predicts for a long time, and predictions from threads.

    python benchmarks/service.py
    python benchmarks/service.py --predictions 5000 --warmup 1000

Each text is predicted alone and has words that no other text has; every fourth has only such words,
so that the classifier warns. Resident memory is measured after the warm-up and at the end. Then
threads predict and explain with one classifier, and their results are compared with those of a
single thread. Exit code 1: memory grew by more than `MAX_GROWTH`, or results differ.
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

MAX_GROWTH = 0.05  # Fraction.


def new_words() -> Iterator[str]:
    """Yield an unlimited, reproducible sequence of short texts that all have unknown words."""
    for number, text in enumerate(texts()):
        unknown = f"x{number}y z{number}-{number}, (q{number})"
        yield unknown if number % 4 == 0 else f"{text} {unknown}"


def memory_growth(classifier: Classifier, num_predictions: int, warmup: int) -> float:
    """Return the fraction by which resident memory grows after `warmup` predictions."""
    started, before, now = time.perf_counter(), 0, 0
    for number, text in enumerate(itertools.islice(new_words(), num_predictions), 1):
        classifier(text)
        if number == warmup or number % max(1, num_predictions // 10) == 0:
            now = resident_memory() or 0
            before = before or (now if number >= warmup else 0)
            print(f"{number:>9,} predictions: {mebibytes(now)} MiB", flush=True)
    milliseconds = 1000 * (time.perf_counter() - started) / num_predictions
    print(f"{milliseconds:.1f} ms per prediction")
    return now / before - 1 if before else 0.0


def results(classifier: Classifier, some: Sequence[str], num_explained: int) -> list[Any]:
    """Return the predictions for all texts and the explanations of the first ones."""
    predictions: list[Any] = [classifier(text, top_k=None) for text in some]
    return predictions + [explain(classifier, text) for text in some[:num_explained]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--predictions", type=int, default=200_000)
    parser.add_argument("--warmup", type=int, default=100_000, help="predictions before measuring")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--texts", type=int, default=200, help="per thread")
    parser.add_argument("--explained", type=int, default=8, help="texts to explain per thread")
    args = parser.parse_args()
    # Warnings are issued as in a program without filters, but not printed.
    warnings.simplefilter("default", UnknownWordsWarning)
    warnings.showwarning = lambda *_, **__: None
    classifier = Classifier.from_pretrained()
    growth = memory_growth(classifier, args.predictions, args.warmup)
    print(f"memory growth after {args.warmup:,} predictions: {growth:.1%}")
    some = list(itertools.islice(new_words(), args.texts))
    expected = results(classifier, some, args.explained)
    with ThreadPoolExecutor(args.threads) as pool:
        jobs = [pool.submit(results, classifier, some, args.explained) for _ in range(args.threads)]
        differing = sum(job.result() != expected for job in jobs)
    print(
        f"{args.threads} threads with {args.texts} texts each, {args.explained} of them explained: "
        f"{differing} have other results than a single thread"
    )
    sys.exit(growth > MAX_GROWTH or differing > 0)


if __name__ == "__main__":
    main()
