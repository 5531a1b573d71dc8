"""How many labelled reviews it takes: from nothing, from the shipped encoder, and with TF-IDF.

    python benchmarks/learning_curve.py runs/curve.jsonl
    python benchmarks/learning_curve.py runs/curve.jsonl --only encoder
    python benchmarks/learning_curve.py runs/curve.jsonl --plot docs/learning-curve.png

Each size has five draws from the training split, as many of either label, the same draws for all.
Validation reviews are among those that are counted: a tenth, held out at random; TF-IDF needs none
and learns from all. "lessons" starts from a classifier that has read the built-in lessons and no
review, up to 1,000 labels; the others are given no lessons, which are labelled too. Each result is
measured on the whole test split and appended to the file as a line; what stands there is not
measured again, so that it can be stopped.
"""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from rich.console import Console
from rich.table import Table

from sentiment.config import FEW_LABELS, FROM_SCRATCH, Config
from sentiment.data.reviews import load_reviews
from sentiment.inference.classifier import Classifier
from sentiment.models.bag_of_words import tf_idf
from sentiment.training.classification import train

SIZES = (50, 100, 500, 2_000, 10_000)
DRAWS = 5
FEW = 1_000  # Labels up to which the recipe is that for few of them.
KINDS = {
    "lessons": "encoder, then lessons",
    "encoder": "from the shipped encoder",
    "tf-idf": "TF-IDF, logistic regression",
    "scratch": "from scratch",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="a file of JSON Lines, made or gone on with")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--only", choices=KINDS, action="append", help="of these kinds alone")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="of these alone")
    parser.add_argument("--plot", type=Path, help="draw what is there, and measure nothing")
    arguments = parser.parse_args()
    if arguments.plot is None:
        kinds = arguments.only or list(KINDS)
        measure_all(arguments.results, arguments.dataset, kinds, arguments.sizes)
    results = [json.loads(line) for line in arguments.results.open()]
    print_table(results)
    if arguments.plot is not None:
        plot(results, arguments.plot)


def measure_all(file: Path, dataset: str, kinds: list[str], sizes: list[int]) -> None:
    """Append a line to `file` for each kind, size and draw that has none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    done = set()
    if file.exists():
        lines = [json.loads(line) for line in file.open()]
        done = {(line["kind"], line["labels"], line["draw"]) for line in lines}
    corpus = load_reviews(dataset)
    lessons = file.with_suffix(".lessons")
    if "lessons" in kinds and not (lessons / "summary.json").exists():
        train(Config.from_flat(dataset="lessons"), lessons)
    if "lessons" in kinds and ("lessons", 0, 0) not in done:
        accuracy = Classifier.from_pretrained(lessons).evaluate(corpus["test"]).accuracy
        append(file, {"kind": "lessons", "labels": 0, "draw": 0, "accuracy": accuracy})
    for kind in kinds:
        for size in sizes:
            if kind == "lessons" and size > FEW:
                continue
            for draw, reviews in enumerate(draws(corpus["train"], size)):
                if (kind, size, draw) in done:
                    continue
                init = str(lessons) if kind == "lessons" else None
                figures = measure(kind, reviews, corpus["test"], draw, init)
                append(file, {"kind": kind, "labels": size, "draw": draw, **figures})


def append(file: Path, line: dict[str, Any]) -> None:
    """Keep a result."""
    with file.open("a") as results:
        results.write(json.dumps(line) + "\n")


def draws(train: Dataset, size: int) -> Iterator[Dataset]:
    """Five times `size` reviews of `train`, half of them of each label."""
    labels = np.array(train["label"])
    for draw in range(DRAWS):
        generator = np.random.default_rng([size, draw])
        rows = [generator.choice((labels == own).nonzero()[0], size // 2, False) for own in (0, 1)]
        yield train.select(np.concatenate(rows))


def measure(
    kind: str, reviews: Dataset, test: Dataset, draw: int, init: str | None
) -> dict[str, Any]:
    """Learn from `reviews`; accuracy on `test`, and for a network its calibration and time.

    `init` is what to start from, if it is not what the recipe starts from.
    """
    if kind == "tf-idf":
        words = tf_idf().fit(list(reviews["text"]), list(reviews["label"]))
        right = words.predict(list(test["text"])) == np.array(test["label"])
        return {"accuracy": float(right.mean())}
    recipe = FROM_SCRATCH if kind == "scratch" else FEW_LABELS if len(reviews) <= FEW else {}
    with TemporaryDirectory() as folder:
        data = Path(folder) / "reviews.parquet"
        reviews.to_parquet(data)
        own = {"dataset": str(data), "test_fraction": 0.0, "lessons": 0, "seed": draw}
        own |= {"init": init} if init else {}
        summary = train(Config.from_flat(**{**recipe, **own}), Path(folder) / "run")
        metrics = Classifier.from_pretrained(Path(folder) / "run").evaluate(test)
    return {
        "accuracy": metrics.accuracy,
        "ece": metrics.ece,
        "seconds": summary.seconds,
        "threads": torch.get_num_threads(),
    }


def accuracies(results: list[dict[str, Any]], kind: str, size: int) -> np.ndarray:
    """In percent, of each draw."""
    found = [one["accuracy"] for one in results if (one["kind"], one["labels"]) == (kind, size)]
    return 100 * np.array(found)


def print_table(results: list[dict[str, Any]]) -> None:
    """The mean and the standard deviation over the draws."""
    table = Table("labelled reviews", *KINDS.values(), title="Test accuracy", title_justify="left")
    for size in SIZES:
        cells = []
        for kind in KINDS:
            found = accuracies(results, kind, size)
            spread = f" ± {found.std(ddof=1):.2f}" if len(found) > 1 else ""
            cells.append(f"{found.mean():.2f}%{spread}" if len(found) else "–")
        table.add_row(f"{size:,}", *cells)
    Console().print(table)


def plot(results: list[dict[str, Any]], file: Path) -> None:
    """Accuracy by number of labels: the mean of the draws as a line, each draw as a point."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for (kind, name), colour, marker in zip(
        KINDS.items(), ("#009e73", "#0072b2", "#d55e00", "#555555"), "Dos^", strict=True
    ):
        found = {size: accuracies(results, kind, size) for size in SIZES}
        found = {size: own for size, own in found.items() if len(own)}
        means = [own.mean() for own in found.values()]
        axes.plot(list(found), means, color=colour, marker=marker, label=name)
        for size, own in found.items():
            axes.plot([size] * len(own), own, marker, color=colour, alpha=0.35, markersize=4)
    axes.set_xscale("log")
    axes.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
    axes.minorticks_off()
    axes.set_xlabel("labelled reviews")
    axes.set_ylabel("test accuracy (%)")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)


if __name__ == "__main__":
    main()
