"""How long an explanation takes, how many steps it needs, and how well its words add up.

    python benchmarks/explain.py

Explains the first 300 words of reviews of the training split, and predicts each of these texts as
well: what else the machine does slows down both. Imports, and the loading of the model, come first
and are not counted. The README claims less than 2 s of CPU time each.
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
from captum.attr import LayerIntegratedGradients  # noqa: F401  # Imported before the clock starts.
from rich.console import Console
from rich.table import Table

from sentiment import Classifier
from sentiment.bundle import SHIPPED_CLASSIFIER
from sentiment.explain import explain

WORDS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER, help="without: the shipped one")
    parser.add_argument("--reviews", type=int, default=100)
    arguments = parser.parse_args()
    classifier = Classifier.from_pretrained(arguments.model)
    train = datasets.load_dataset(arguments.dataset, split="train")["text"]
    long = [" ".join(words[:WORDS]) for text in train if len(words := text.split()) >= WORDS]
    texts = random.Random(0).sample(long, arguments.reviews)
    explain(classifier, texts[0])  # The first backward pass of a process sets itself up.

    rows: dict[str, list[tuple[float, float]]] = {"explanation": [], "prediction": []}
    explanations = []
    for text in texts:
        explanations.append(timed(explain, classifier, text, rows["explanation"]))
        timed(Classifier.__call__, classifier, text, rows["prediction"])
    table = Table(title=f"{len(texts)} texts of {WORDS} words, {torch.get_num_threads()} threads")
    for heading in ("", "median s", "slowest s", "median CPU s", "slowest CPU s"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, times in rows.items():
        table.add_row(
            name,
            *(
                f"{of(column):.3f}"
                for column in zip(*times, strict=True)
                for of in (statistics.median, max)
            ),
        )
    Console().print(table)
    ratio = statistics.median(
        ours / theirs
        for (ours, _), (theirs, _) in zip(rows["explanation"], rows["prediction"], strict=True)
    )
    print(f"median ratio of the two {ratio:.0f}")
    steps = [explanation.steps for explanation in explanations]
    print("steps", {count: steps.count(count) for count in sorted(set(steps))})
    residuals = [abs(explanation.residual) for explanation in explanations]
    print(f"residual: median {statistics.median(residuals):.4f}, largest {max(residuals):.4f}")


def timed(
    function: Callable[[Classifier, str], Any],
    classifier: Classifier,
    text: str,
    times: list[tuple[float, float]],
) -> Any:
    """What `function` gives; its wall time and its CPU time are added to `times`."""
    started = time.perf_counter(), time.process_time()
    result = function(classifier, text)
    times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    return result


if __name__ == "__main__":
    main()
