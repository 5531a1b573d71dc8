"""Figures and predictions in, what people and programs read of them out."""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from sentiment.explain import Explanation
    from sentiment.trainer import Summary

BAR_WIDTH = 20

STRONGEST = 8  # Words whose contributions are printed.
FAINT, STRONG = 0.1, 0.5  # Parts of the full strength of a word: below, no colour; above, bold.
BLACK, BLUE, ORANGE = 16, (153, 75), (223, 214)  # Of 256 colours; (pale, strong). On any theme.


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

    for text, prediction in zip(texts, predictions, strict=True):
        print_verdict(clean(text), prediction, all_scores)


def print_verdict(shown: str, prediction: dict[str, Any], all_scores: bool) -> None:
    """Label, score and a bar, and the text as it is to be `shown`."""
    scores = prediction["scores"]
    listed = scores if all_scores else {prediction["label"]: prediction["score"]}
    for label, score in listed.items():
        bar = "█" * round(score * BAR_WIDTH)
        line = f"{label:>{max(map(len, scores))}} {score:6.1%} {bar:░<{BAR_WIDTH}}"
        if in_colour() and label == prediction["label"]:
            line = typer.style(line, fg="red" if label == "neg" else "green")
        print(f"{line}  {shown}" if label == prediction["label"] else line)


def in_colour() -> bool:
    """Whether what is printed shows colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def print_explanations(
    explanations: Iterable["Explanation"], output_format: str, all_scores: bool
) -> None:
    """Verdicts with what each word contributes; a page all at once, the rest as they come."""
    if output_format == "html":
        from sentiment.markup import page

        # Character references, because a console or a pipe may have any encoding.
        print(page(explanations).encode("ascii", "xmlcharrefreplace").decode())
        return
    for explanation in explanations:
        prediction: dict[str, Any] = {"label": explanation.label, "score": explanation.score}
        if all_scores or output_format == "human":
            prediction["scores"] = explanation.scores
        if output_format == "human":
            print_explanation(explanation, prediction, all_scores)
        else:
            prediction["words"] = [word._asdict() for word in explanation.words]
            print(json.dumps(prediction))  # In ASCII: a word may hold what UTF-8 cannot.


def print_explanation(
    explanation: "Explanation", prediction: dict[str, Any], all_scores: bool
) -> None:
    """The verdict, its words in colour where a terminal can show it, and the strongest of them."""
    from sentiment.tokenizer import clean

    def shown(text: str, contribution: float) -> str:
        strength = explanation.strength(contribution) if in_colour() else 0.0
        return highlighted(clean(text), strength)

    text = "".join(shown(*piece) for piece in explanation.pieces())
    print_verdict(text, prediction, all_scores)
    strongest = [
        f"{word.contribution:+.2f} {shown(word.text, word.contribution)}"
        for word in explanation.strongest(STRONGEST)
    ]
    if strongest:
        print(f"{'':{max(map(len, explanation.scores))}} {' · '.join(strongest)}")


def highlighted(text: str, strength: float) -> str:
    """Text on blue if it speaks for the label, on orange if against it; bold if strong."""
    if abs(strength) < FAINT:
        return text
    strong = abs(strength) >= STRONG
    return typer.style(text, fg=BLACK, bg=(BLUE if strength > 0 else ORANGE)[strong], bold=strong)
