"""Difference between validation and test accuracy for both ways to hold out validation reviews.

    python benchmarks/validation_split.py --dataset stanfordnlp/imdb

Trains the recipe from scratch once with the contiguous and once with the random validation split,
and evaluates both on the test split. IMDB's training reviews are sorted by movie: a random split
puts reviews of one movie into both sets. A run that exists in --runs is evaluated, not repeated.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sentiment.data.reviews import load_reviews
from sentiment.data.splits import labelled_split
from sentiment.inference.classifier import Classifier
from sentiment.training.classification import train_classifier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the two runs")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    test = labelled_split(load_reviews(arguments.dataset), "test", arguments.dataset)
    table = Table(title="Accuracy by validation split", title_justify="left")
    for heading in ("held out", "validation", "test", "difference"):
        table.add_column(heading, justify="left" if heading == "held out" else "right")
    for method in ("contiguous", "random"):
        out = arguments.runs / f"validation-{method}-{arguments.seed}"
        settings = {
            "dataset": arguments.dataset,
            "validation_split": method,
            "seed": arguments.seed,
        }
        resume = out.is_dir()
        summary = train_classifier(settings, out, preset="from-scratch", resume=resume)
        validation = summary.validation["accuracy"]
        accuracy = Classifier.from_pretrained(out).evaluate(test).accuracy
        points = 100 * (validation - accuracy)
        table.add_row(method, f"{validation:.2%}", f"{accuracy:.2%}", f"{points:+.2f} points")
    Console().print(table)


if __name__ == "__main__":
    main()
