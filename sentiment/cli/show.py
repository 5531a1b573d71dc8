"""Figures and predictions in, what people and programs read of them out."""

import json
import os
import shlex
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sentiment.cli.flags import as_flags, as_words
from sentiment.data.labels import negative_positive_ids

if TYPE_CHECKING:
    from rich.table import Table

    from sentiment.evaluation.metrics import Metrics
    from sentiment.inference.explain import Explanation
    from sentiment.training.trainer import Summary
    from sentiment.training.tuning import Search, Trial

BAR_WIDTH = 20
MOST_CONFUSED = 12  # Labels, of which the confusion still is a table that can be read.

STRONGEST = 8  # Words whose contributions are printed.
FAINT, STRONG = 0.1, 0.5  # Parts of the full strength of a word: below, no colour; above, bold.
BLACK, BLUE, ORANGE = 16, (153, 75), (223, 214)  # Of 256 colours; (pale, strong). On any theme.


def show_warnings(*kinds: type[Warning]) -> None:
    """From now on print warnings of these `kinds` on stderr, a line each."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        word = "Note" if category.__name__ == "Notice" else "Warning"
        print(f"{word}: {message}", file=sys.stderr)

    for kind in kinds:
        warnings.simplefilter("always", kind)
    warnings.showwarning = show


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


def print_vectors(facts: dict[str, Any]) -> None:
    """How much of the vocabulary and of the training reviews a file of vectors covers."""
    covered = (
        f"{facts[f'{name}_found']:,} of {facts[name]:,} {what} "
        f"({facts[f'{name}_found'] / max(1, facts[name]):.1%})"
        for name, what in (("words", "words of the vocabulary"), ("tokens", "training tokens"))
    )
    print(f"Vectors of {facts['width']} numbers for {', '.join(covered)}.", flush=True)


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


def print_trial(trial: "Trial") -> None:
    """A line for a trial that has ended."""
    figures = "" if trial.loss is None else f"validation loss {trial.loss:.4f}, "
    ending = {"complete": "", "pruned": ", ended early", "diverged": ", diverged"}[trial.state]
    print(f"{figures}{clock(trial.seconds)}{ending}: {as_flags(trial.settings)}", flush=True)


def print_search(search: "Search", out: Path) -> None:
    """The trials of a search, and what to run next."""
    from rich.console import Console

    trials = table(f"Trials in {out}", "rank", "validation loss", "accuracy", "epochs", "time")
    trials.add_column("settings", ratio=1)
    for place, trial in enumerate(search.trials, 1):
        trials.add_row(
            str(place) if trial.state == "complete" else trial.state,
            "–" if trial.loss is None else f"{trial.loss:.4f}",
            "–" if trial.accuracy is None else f"{trial.accuracy:.2%}",
            count(trial.epochs),
            clock(trial.seconds),
            as_flags(trial.settings),
        )
    if search.trials:
        Console().print(trials)
    if search.best is not None:
        start = ["--from-scratch"] if search.from_scratch else []
        words = ["sentiment", "train", *start, *as_words(search.best), "--out", "runs/best"]
        print(f"The best: {shlex.join(words)}")
    if search.stopped:
        print(f"Stopped. Go on with: sentiment tune --resume --out {shlex.quote(str(out))}")


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


def print_metrics(result: dict[str, Any]) -> None:
    """The metrics as a table, then labels, confusion counts, slices and reliability."""
    from rich.console import Console

    labels, temperature = result["labels"], result["temperature"]
    metrics = table(f"{result['dataset']}, {result['split']}", "metric", "value")
    metrics.add_row("reviews", f"{result['n']:,}")
    for name, value in figures(result).items():
        metrics.add_row(name, value)
    metrics.add_row("before the temperature", f"{result['ece_uncalibrated']:.4f}")
    metrics.add_row("temperature", "never calibrated" if temperature == 1 else f"{temperature:.4f}")
    metrics.add_row("loss", f"{result['loss']:.4f}")
    by_label = table("By label", "label", "reviews", "precision", "recall", "F1")
    for one in result["by_label"]:
        parts = (f"{one[name]:.2%}" for name in ("precision", "recall", "f1"))
        by_label.add_row(labels[one["label"]], f"{one['n']:,}", *parts)
    confusion = table("Confusion", "true \\ predicted", *labels)
    for label, counts in zip(labels, result["confusion"], strict=True):
        confusion.add_row(label, *(f"{count:,}" for count in counts))
    slices = table(
        "By length", "reviews of", "reviews", "accuracy", "95% interval", "ECE", "before"
    )
    for part in result["slices"]:
        low, high = part["accuracy_interval"]
        slices.add_row(
            part["name"],
            f"{part['n']:,}",
            f"{part['accuracy']:.2%}",
            f"{low:.2%} to {high:.2%}",
            f"{part['ece']:.4f}",
            f"{part['ece_uncalibrated']:.4f}",
        )
    console = Console()
    shown = [metrics, by_label, confusion, slices, reliability_table(result)]
    if len(labels) > MOST_CONFUSED:
        shown.remove(confusion)
    for one in shown:
        console.print(one)


def reliability_table(result: dict[str, Any]) -> "Table":
    """How often a label is right that is scored so high, with the temperature and before it."""
    headings = ("score", "reviews", "mean", "right", "before: reviews", "mean", "right")
    bins = table("Reliability", *headings)
    for pair in zip(result["reliability"], result["reliability_uncalibrated"], strict=True):
        if any(bin["n"] for bin in pair):
            cells = [
                cell
                for bin in pair
                for cell in (f"{bin['n']:,}", percent(bin["confidence"]), percent(bin["accuracy"]))
            ]
            bins.add_row(f"{pair[0]['low']:.0%} to {pair[0]['high']:.0%}", *cells)
    return bins


def print_calibration(before: "Metrics", after: "Metrics", title: str) -> None:
    """What another temperature changes."""
    from rich.console import Console

    both = (before, after)
    changes = table(title, "metric", "before", "after")
    changes.add_row("temperature", *(f"{metrics.temperature:.4f}" for metrics in both))
    changes.add_row("loss", *(f"{metrics.loss:.4f}" for metrics in both))
    changes.add_row("calibration error", *(f"{metrics.ece:.4f}" for metrics in both))
    Console().print(changes)


def print_baselines(comparison: dict[str, Any]) -> None:
    """A model and the baselines side by side, and what they have learned from."""
    from rich.console import Console

    classifiers, model = comparison["classifiers"], comparison["model"]
    names = [one["name"] for one in classifiers]
    beside = table(f"{comparison['dataset']}, {comparison['split']}", "", *names)
    columns = [
        {
            **figures(one["metrics"]),
            "labelled reviews": count(one["learned_from"]),
            "training": "–" if one["train_seconds"] is None else clock(one["train_seconds"]),
            f"prediction of {one['metrics']['n']:,}": clock(one["predict_seconds"]),
            "MB on disk": f"{one['size'] / 1e6:.1f}",
            f"{names[0]} alone right": count(one["mcnemar"] and one["mcnemar"]["only_first"]),
            "baseline alone right": count(one["mcnemar"] and one["mcnemar"]["only_second"]),
            "McNemar's p": f"{one['mcnemar']['p']:.2g}" if one["mcnemar"] else "–",
        }
        for one in classifiers
    ]
    for name in columns[0]:
        beside.add_row(name, *(column[name] for column in columns))
    Console().print(beside)
    print(f"The baselines learn from all of train; {names[0]} has learned from {model['dataset']}.")
    if model["init"] is not None:
        print("Its training time leaves out that of its encoder, which has read without labels.")


def figures(metrics: dict[str, Any]) -> dict[str, str]:
    """The metrics by which classifiers are compared, by name."""
    low, high = metrics["accuracy_interval"]
    roc_auc = metrics["roc_auc"]
    return {
        "accuracy": f"{metrics['accuracy']:.2%}",
        "95% interval": f"{low:.2%} to {high:.2%}",
        **({"F1": f"{metrics['f1']:.4f}"} if len(metrics["by_label"]) == 2 else {}),
        "macro-F1": f"{metrics['macro_f1']:.4f}",
        "ROC-AUC": "only one label" if roc_auc is None else f"{roc_auc:.4f}",
        "calibration error": f"{metrics['ece']:.4f}",
    }


def table(title: str, first: str, *headings: str) -> "Table":
    """An empty table whose columns after the first hold figures."""
    from rich.table import Table

    empty = Table(first, title=title, title_justify="left")
    for heading in headings:
        empty.add_column(heading, justify="right")
    return empty


def count(number: int | None) -> str:
    """25000 as `25,000`; a dash where there is none."""
    return "–" if number is None else f"{number:,}"


def percent(part: float | None) -> str:
    """0.932 as `93.2%`; a dash where there is none."""
    return "–" if part is None else f"{part:.1%}"


def print_jsonl(texts: list[str], predictions: list[dict[str, Any]], all_scores: bool) -> None:
    """One JSON object a line."""
    for prediction in predictions:
        if not all_scores:
            del prediction["scores"]
        print(json.dumps(prediction, ensure_ascii=False))


def print_human(texts: list[str], predictions: list[dict[str, Any]], all_scores: bool) -> None:
    """Label, score, a bar and the text, in colour where a terminal can show it."""
    from sentiment.text.tokenizer import clean

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
            line = typer.style(line, fg=colour_of(label, list(scores)))
        print(f"{line}  {shown}" if label == prediction["label"] else line)


def colour_of(label: str, labels: list[str]) -> str:
    """Red for the negative label, green for the positive one, of any others the same for all."""
    sides = negative_positive_ids(labels)
    if sides is None:
        return "cyan"
    return ("red", "green")[sides.index(labels.index(label))]


def in_colour() -> bool:
    """Whether what is printed shows colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def print_explanations(
    explanations: Iterable["Explanation"], output_format: str, all_scores: bool
) -> None:
    """Verdicts with what each word contributes; a page all at once, the rest as they come."""
    if output_format == "html":
        from sentiment.inference.explanation_html import page

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
    from sentiment.text.tokenizer import clean

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
