"""Figures and predictions in, what people and programs read of them out."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from sentiment.trainer import Summary

BAR_WIDTH = 20


def print_epoch(metrics: dict[str, float]) -> None:
    """An epoch's line of `metrics.jsonl`, above the progress bar."""
    from tqdm import tqdm

    training = named(metrics, "train_")
    validation = named(metrics, "validation_")
    tqdm.write(
        f"epoch {metrics['epoch']}: training {training}; validation {validation}; "
        f"{clock(metrics['seconds'])}",
        file=sys.stdout,
    )


def print_summary(summary: "Summary", command: str, out: Path) -> None:
    """How a run ended; one that was stopped ends the program."""
    if not summary.finished:
        print(f"Stopped and saved. Go on with: sentiment {command} --resume --out {out}")
        sys.exit(130)
    memory = f", peak memory {summary.peak_memory / 2**30:.1f} GiB" if summary.peak_memory else ""
    print(
        f"The best of {summary.epochs} epochs is {summary.best_epoch}: validation "
        f"{named(summary.validation)}. {clock(summary.seconds)}{memory}."
    )


def named(metrics: dict[str, float], prefix: str = "") -> str:
    """The figures whose name begins with `prefix`: `loss 0.2854, accuracy 89.44%`."""
    return ", ".join(
        f"{name.removeprefix(prefix).replace('_', ' ')} "
        + (f"{figure:.2%}" if name.endswith("accuracy") else f"{figure:.4g}")
        for name, figure in metrics.items()
        if name.startswith(prefix)
    )


def clock(seconds: float) -> str:
    """12.3 as `12 s`, 754 as `12 min 34 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def print_metrics(result: dict[str, Any], labels: list[str]) -> None:
    """The metrics as a table, and the confusion counts as another."""
    from rich.console import Console
    from rich.table import Table

    low, high = result["accuracy_interval"]
    roc_auc = "only one label" if result["roc_auc"] is None else f"{result['roc_auc']:.4f}"
    metrics = Table(title=f"{result['dataset']}, {result['split']}", title_justify="left")
    metrics.add_column("metric")
    metrics.add_column("value", justify="right")
    metrics.add_row("reviews", f"{result['n']:,}")
    metrics.add_row("accuracy", f"{result['accuracy']:.2%}")
    metrics.add_row("95% interval", f"{low:.2%} to {high:.2%}")
    metrics.add_row("F1", f"{result['f1']:.4f}")
    metrics.add_row("ROC-AUC", roc_auc)
    metrics.add_row("loss", f"{result['loss']:.4f}")
    metrics.add_row("calibration error", f"{result['ece']:.4f}")
    confusion = Table(title="Confusion", title_justify="left")
    confusion.add_column("true \\ predicted")
    for label in labels:
        confusion.add_column(label, justify="right")
    for label, counts in zip(labels, result["confusion"], strict=True):
        confusion.add_row(label, *(f"{count:,}" for count in counts))
    slices = Table(title="By length", title_justify="left")
    slices.add_column("reviews of")
    for heading in ("reviews", "accuracy", "95% interval"):
        slices.add_column(heading, justify="right")
    for part in result["slices"]:
        low, high = part["accuracy_interval"]
        slices.add_row(
            part["name"], f"{part['n']:,}", f"{part['accuracy']:.2%}", f"{low:.2%} to {high:.2%}"
        )
    console = Console()
    for table in (metrics, confusion, slices):
        console.print(table)


def print_jsonl(texts: list[str], predictions: list[dict[str, Any]], all_scores: bool) -> None:
    """One JSON object a line."""
    for prediction in predictions:
        if not all_scores:
            del prediction["scores"]
        print(json.dumps(prediction, ensure_ascii=False))


def print_human(texts: list[str], predictions: list[dict[str, Any]], all_scores: bool) -> None:
    """Label, score, a bar and the text, in colour where a terminal can show it."""
    from sentiment.tokenizer import clean

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for text, prediction in zip(texts, predictions, strict=True):
        scores = prediction["scores"]
        shown = scores if all_scores else {prediction["label"]: prediction["score"]}
        for label, score in shown.items():
            bar = "█" * round(score * BAR_WIDTH)
            line = f"{label:>{max(map(len, scores))}} {score:6.1%} {bar:░<{BAR_WIDTH}}"
            if colour and label == prediction["label"]:
                line = typer.style(line, fg="red" if label == "neg" else "green")
            print(f"{line}  {clean(text)}" if label == prediction["label"] else line)
