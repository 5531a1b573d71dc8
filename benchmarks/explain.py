"""How long an explanation takes, how many steps it needs, and how well its words add up.

    python benchmarks/explain.py

Explains the first 300 words of reviews of the training split, and predicts each of these texts as
well, on one core. The times are CPU time: what it takes at most on a machine at rest. Imports and
the loading of the model are not counted.
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
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER, help="without: the shipped one")
    parser.add_argument("--reviews", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    classifier = Classifier.from_pretrained(arguments.model)
    train = datasets.load_dataset(arguments.dataset, split="train")["text"]
    long = [" ".join(words[:WORDS]) for text in train if len(words := text.split()) >= WORDS]
    texts = random.Random(0).sample(long, arguments.reviews)
    explain(classifier, texts[0])  # Imports Captum.

    explanations, seconds, of_prediction = [], [], []
    for text in texts:
        explanation, taken = timed(explain, classifier, text)
        explanations.append(explanation)
        seconds.append(taken)
        of_prediction.append(timed(Classifier.__call__, classifier, text)[1])
    table = Table(title=f"{len(texts)} texts of {WORDS} words, one core")
    for heading in ("", "median s", "slowest s"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, times in (("explanation", seconds), ("prediction", of_prediction)):
        table.add_row(name, f"{statistics.median(times):.3f}", f"{max(times):.3f}")
    Console().print(table)
    steps = [explanation.steps for explanation in explanations]
    print("steps: texts", {count: steps.count(count) for count in sorted(set(steps))})
    errors = [abs(e.residual / (e.log_odds - e.baseline)) for e in explanations]
    residuals = [abs(explanation.residual) for explanation in explanations]
    print(
        f"off the logit difference by: median {statistics.median(residuals):.4f} "
        f"({statistics.median(errors):.2%}), largest {max(residuals):.4f} ({max(errors):.2%})"
    )


def timed(
    function: Callable[[Classifier, str], Any], classifier: Classifier, text: str
) -> tuple[Any, float]:
    """What `function` gives, and its CPU time."""
    started = time.process_time()
    result = function(classifier, text)
    return result, time.process_time() - started


if __name__ == "__main__":
    main()
