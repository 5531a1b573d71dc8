"""`sentiment eval`."""

import json
from typing import TYPE_CHECKING, Any

from sentiment.cli.data import DATASET_SETTINGS, Split, read_split
from sentiment.cli.flags import AsJson, Backend, Device, Model, save_result, with_settings
from sentiment.cli.formatting import metric_rows, new_table, percent, print_tables
from sentiment.cli.messages import print_line
from sentiment.config import SHIPPED_CLASSIFIER, DataConfig, TrainConfig

if TYPE_CHECKING:
    from rich.table import Table

MAX_CONFUSION_LABELS = 12  # With more labels the confusion matrix is too wide to read.


@with_settings(DataConfig, only=DATASET_SETTINGS, show_default="that of the model")
def evaluate(
    settings: dict[str, Any],
    model: Model = None,
    split: Split = None,
    device: Device = TrainConfig.device,
    backend: Backend = "auto",
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on a labelled split.

    Writes metrics-<split>.json into the folder given by --model.
    """
    from sentiment.inference.classifier import Classifier

    classifier = Classifier.from_pretrained(
        model or SHIPPED_CLASSIFIER, device=device, backend=backend
    )
    dataset, name, reviews, train = read_split(classifier, settings, split)
    metrics = classifier.evaluate(reviews, train)
    result = {
        "dataset": dataset,
        "split": name,
        "labels": classifier.labels,
        **metrics.to_dict(),
    }
    if as_json:
        print_line(json.dumps(result))
    else:
        print_metrics(result)
    save_result(model, f"metrics-{name}.json", result)


def print_metrics(result: dict[str, Any]) -> None:
    """Print the metrics of a split, by label and by length, and its reliability."""
    tables = [metrics_table(result), label_table(result)]
    if len(result["labels"]) <= MAX_CONFUSION_LABELS:
        tables.append(confusion_table(result))
    tables += [slice_table(result), reliability_table(result)]
    print_tables(*tables)


def metrics_table(result: dict[str, Any]) -> "Table":
    """Return the metrics of all reviews."""
    temperature = result["temperature"]
    table = new_table(f"{result['dataset']}, {result['split']}", "metric", "value")
    table.add_row("reviews", f"{result['n']:,}")
    for name, value in metric_rows(result).items():
        table.add_row(name, value)
    table.add_row("uncalibrated", f"{result['ece_uncalibrated']:.4f}")
    table.add_row("temperature", "not calibrated" if temperature == 1 else f"{temperature:.4f}")
    table.add_row("loss", f"{result['loss']:.4f}")
    return table


def label_table(result: dict[str, Any]) -> "Table":
    """Return precision, recall and F1 of each label."""
    table = new_table("By label", "label", "reviews", "precision", "recall", "F1")
    for metrics in result["by_label"]:
        cells = (f"{metrics[name]:.2%}" for name in ("precision", "recall", "f1"))
        table.add_row(result["labels"][metrics["label"]], f"{metrics['n']:,}", *cells)
    return table


def confusion_table(result: dict[str, Any]) -> "Table":
    """Return the number of reviews for each true and predicted label."""
    table = new_table("Confusion matrix", "true \\ predicted", *result["labels"])
    for label, counts in zip(result["labels"], result["confusion"], strict=True):
        table.add_row(label, *(f"{count:,}" for count in counts))
    return table


def slice_table(result: dict[str, Any]) -> "Table":
    """Return accuracy and calibration error of reviews of similar length."""
    headings = ("reviews", "accuracy", "95% interval", "ECE", "uncalibrated")
    table = new_table("By length", "length", *headings)
    for part in result["slices"]:
        low, high = part["accuracy_interval"]
        table.add_row(
            part["name"],
            f"{part['n']:,}",
            f"{part['accuracy']:.2%}",
            f"{low:.2%} to {high:.2%}",
            f"{part['ece']:.4f}",
            f"{part['ece_uncalibrated']:.4f}",
        )
    return table


def reliability_table(result: dict[str, Any]) -> "Table":
    """Return mean score and accuracy of reviews of similar score, calibrated and uncalibrated."""
    headings = ("reviews", "mean score", "accuracy")
    uncalibrated = (f"uncalibrated: {headings[0]}", *headings[1:])
    table = new_table("Reliability", "score", *headings, *uncalibrated)
    for bins in zip(result["reliability"], result["reliability_uncalibrated"], strict=True):
        if any(bin["n"] for bin in bins):
            cells = [
                cell
                for bin in bins
                for cell in (f"{bin['n']:,}", percent(bin["confidence"]), percent(bin["accuracy"]))
            ]
            table.add_row(f"{bins[0]['low']:.0%} to {bins[0]['high']:.0%}", *cells)
    return table
