"""Measure test accuracy by number of labelled reviews for four kinds of training.

    python benchmarks/learning_curve.py runs/curve.jsonl
    python benchmarks/learning_curve.py runs/curve.jsonl --only encoder
    python benchmarks/learning_curve.py runs/curve.jsonl --plot docs/learning-curve.png

For each size, five stratified samples of the training split are used, the same for all kinds. The
size includes a random validation tenth; TF-IDF needs no validation and is trained on all of it.
"synthetic" starts from a classifier that was trained on the synthetic sentences only, for up to
1,000 labels. The other kinds use no synthetic sentences. Each result on the whole test split is
appended to the file as one line. Results already in the file are not measured again, so the
benchmark can be interrupted.
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

from sentiment import Classifier, load_reviews, train
from sentiment.config import SHIPPED_ENCODER
from sentiment.models.bag_of_words import tf_idf

SIZES = (50, 100, 500, 2_000, 10_000)
SAMPLES = 5
FEW_SHOT_SIZE = 1_000  # Largest number of labels that uses the few-shot preset.
KINDS = {
    "synthetic": "synthetic sentences first",
    "encoder": "from the shipped encoder",
    "tf-idf": "TF-IDF, logistic regression",
    "scratch": "from scratch",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="JSON Lines file, created or continued")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--only", choices=KINDS, action="append", help="measure only this kind")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="numbers of labelled reviews"
    )
    parser.add_argument(
        "--plot", type=Path, help="plot the results into this file without measuring"
    )
    arguments = parser.parse_args()
    if arguments.plot is None:
        kinds = arguments.only or list(KINDS)
        measure_all(arguments.results, arguments.dataset, kinds, arguments.sizes)
    results = [json.loads(line) for line in arguments.results.open()]
    print_table(results)
    if arguments.plot is not None:
        plot(results, arguments.plot)


def measure_all(file: Path, dataset: str, kinds: list[str], sizes: list[int]) -> None:
    """Append a line to `file` for each kind, size and sample that is not in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    done = set()
    if file.exists():
        lines = [json.loads(line) for line in file.open()]
        done = {(line["kind"], line["labels"], line["sample"]) for line in lines}
    splits = load_reviews(dataset)
    synthetic = file.with_suffix(".synthetic")
    if "synthetic" in kinds and not (synthetic / "summary.json").exists():
        train("synthetic", synthetic, init=SHIPPED_ENCODER)
    if "synthetic" in kinds and ("synthetic", 0, 0) not in done:
        accuracy = Classifier.from_pretrained(synthetic).evaluate(splits["test"]).accuracy
        append(file, {"kind": "synthetic", "labels": 0, "sample": 0, "accuracy": accuracy})
    for kind in kinds:
        for size in sizes:
            if kind == "synthetic" and size > FEW_SHOT_SIZE:
                continue
            for number, reviews in enumerate(stratified_samples(splits["train"], size)):
                if (kind, size, number) in done:
                    continue
                init = str(synthetic) if kind == "synthetic" else SHIPPED_ENCODER
                figures = measure(kind, reviews, splits["test"], number, init)
                append(file, {"kind": kind, "labels": size, "sample": number, **figures})


def append(file: Path, line: dict[str, Any]) -> None:
    """Append a result to `file`."""
    with file.open("a") as results:
        results.write(json.dumps(line) + "\n")


def stratified_samples(train: Dataset, size: int) -> Iterator[Dataset]:
    """Yield `SAMPLES` stratified samples of `size` reviews."""
    labels = np.array(train["label"])
    for number in range(SAMPLES):
        generator = np.random.default_rng([size, number])
        rows = [generator.choice((labels == y).nonzero()[0], size // 2, False) for y in (0, 1)]
        yield train.select(np.concatenate(rows))


def measure(kind: str, reviews: Dataset, test: Dataset, seed: int, init: str) -> dict[str, Any]:
    """Train on `reviews` and return the metrics on `test`.

    Args:
        kind: one of `KINDS`.
        reviews: labelled training reviews, including those held out for validation.
        test: the test split.
        seed: random seed, also the number of the sample.
        init: the model to start from, except for the kinds `scratch` and `tf-idf`.
    """
    if kind == "tf-idf":
        pipeline = tf_idf().fit(list(reviews["text"]), list(reviews["label"]))
        correct = pipeline.predict(list(test["text"])) == np.array(test["label"])
        return {"accuracy": float(correct.mean())}
    few_shot = len(reviews) <= FEW_SHOT_SIZE
    preset = "from-scratch" if kind == "scratch" else "few-shot" if few_shot else "default"
    settings: dict[str, Any] = {"test_fraction": 0.0, "synthetic_sentences": 0, "seed": seed}
    if kind != "scratch":
        settings["init"] = init
    with TemporaryDirectory() as folder:
        data = str(Path(folder) / "reviews.parquet")
        reviews.to_parquet(data)
        classifier = train(data, Path(folder) / "run", preset=preset, **settings)
    metrics = classifier.evaluate(test)
    return {
        "accuracy": metrics.accuracy,
        "ece": metrics.ece,
        "seconds": classifier.metadata["metrics"]["seconds"],
        "threads": torch.get_num_threads(),
    }


def accuracies(results: list[dict[str, Any]], kind: str, size: int) -> np.ndarray:
    """Return the accuracy of each sample in percent: [samples]."""
    values = [one["accuracy"] for one in results if (one["kind"], one["labels"]) == (kind, size)]
    return 100 * np.array(values)


def print_table(results: list[dict[str, Any]]) -> None:
    """Print the mean and the standard deviation over the samples."""
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
    """Plot accuracy by number of labels: the mean as a line, each sample as a point."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for (kind, name), color, marker in zip(
        KINDS.items(), ("#009e73", "#0072b2", "#d55e00", "#555555"), "Dos^", strict=True
    ):
        found = {size: accuracies(results, kind, size) for size in SIZES}
        found = {size: values for size, values in found.items() if len(values)}
        means = [values.mean() for values in found.values()]
        axes.plot(list(found), means, color=color, marker=marker, label=name)
        for size, values in found.items():
            axes.plot([size] * len(values), values, marker, color=color, alpha=0.35, markersize=4)
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
