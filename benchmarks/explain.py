"""Time, integration steps and residual of explanations.

    python benchmarks/explain.py

Explains the first 300 words of reviews of the training split and predicts the same texts, on one
core. Times are CPU times; imports and loading the model are not included.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import datasets
import torch
from rich.console import Console
from rich.table import Table

from sentiment import Classifier
from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.inference.explain import explain

WORDS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER)
    parser.add_argument("--reviews", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    classifier = Classifier.from_pretrained(arguments.model, device="cpu")
    train = datasets.load_dataset(arguments.dataset, split="train")["text"]
    long = [" ".join(words[:WORDS]) for text in train if len(words := text.split()) >= WORDS]
    texts = random.Random(0).sample(long, arguments.reviews)
    explain(classifier, texts[0])  # Imports Captum.

    explanations, explain_seconds, predict_seconds = [], [], []
    for text in texts:
        explanation, seconds = timed(explain, classifier, text)
        explanations.append(explanation)
        explain_seconds.append(seconds)
        predict_seconds.append(timed(Classifier.__call__, classifier, text)[1])
    table = Table(title=f"{len(texts)} texts of {WORDS} words, one core")
    for heading in ("", "median s", "slowest s"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, times in (("explanation", explain_seconds), ("prediction", predict_seconds)):
        table.add_row(name, f"{statistics.median(times):.3f}", f"{max(times):.3f}")
    Console().print(table)
    steps = [explanation.steps for explanation in explanations]
    print("texts by steps:", {count: steps.count(count) for count in sorted(set(steps))})
    residuals = [abs(explanation.residual) for explanation in explanations]
    relative = [abs(e.residual / (e.log_odds - e.baseline)) for e in explanations]
    print(
        f"residual: median {statistics.median(residuals):.4f} "
        f"({statistics.median(relative):.2%} of the difference of log-odds), largest "
        f"{max(residuals):.4f} ({max(relative):.2%})"
    )


def timed(
    function: Callable[[Classifier, str], Any], classifier: Classifier, text: str
) -> tuple[Any, float]:
    """Return the result of a function and its CPU time."""
    started = time.process_time()
    result = function(classifier, text)
    return result, time.process_time() - started


if __name__ == "__main__":
    main()
