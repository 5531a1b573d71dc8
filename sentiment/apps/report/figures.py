"""Draw the figures of a report.

The colors are those of Okabe and Ito (2008), which readers with color vision deficiency can
distinguish. Series also differ in line style or marker. A figure is about as wide as a phone shows
it, so that its text is as large as the text around it.
"""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
)

from sentiment.apps.report.one_vs_rest import MAX_SERIES, BinaryScores
from sentiment.evaluation.metrics import ReliabilityBin, Slice

SCORE_BINS = 40
WIDTH, HEIGHT = 4.8, 3.6  # Inches.
BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
SERIES = cycler(color=[BLUE, ORANGE, GREEN, PURPLE], linestyle=["-", "--", "-.", ":"])


def learning_curves(history: Sequence[Mapping[str, float]], best_epoch: float | None) -> Figure:
    """Draw loss and accuracy by epoch.

    Args:
        history: the lines of `metrics.jsonl`.
        best_epoch: the epoch whose weights the model has, if known.
    """
    figure, (loss, accuracy) = new_figure(2.3, 2.3)
    epochs = [line["epoch"] for line in history]
    for panel, metric in ((loss, "loss"), (accuracy, "accuracy")):
        for split, marker in (("train", "o"), ("validation", "s")):
            values = [line[f"{split}_{metric}"] for line in history]
            panel.plot(epochs, values, marker=marker, label=split)
        if best_epoch is not None:
            panel.axvline(best_epoch, color=GRAY, linestyle=":", label="best epoch")
        panel.set_ylabel(metric)
    loss.legend(frameon=False)
    accuracy.set_xlabel("epoch")
    accuracy.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    accuracy.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    accuracy.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def confusion_matrix(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> Figure:
    """Draw review counts by true label (row) and predicted label (column).

    The color, and the percentage below a count, is the fraction of the row.
    """
    figure, (panel,) = new_figure(HEIGHT)
    table = np.array(counts)  # [true, predicted]
    fractions = table / table.sum(axis=1, keepdims=True).clip(1)
    display = ConfusionMatrixDisplay(fractions, display_labels=[literal(name) for name in labels])
    display.plot(
        ax=panel,
        cmap="Blues",
        colorbar=False,
        include_values=len(labels) <= MAX_SERIES,
        im_kw={"vmin": 0, "vmax": 1, "aspect": "auto"},
    )
    panel.grid(False)
    panel.set(xlabel="predicted label", ylabel="true label")
    if display.text_ is None:
        panel.set(xticks=[], yticks=[])
        return figure
    for cell, text in np.ndenumerate(display.text_):
        text.set_text(f"{table[cell]:,}\n{fractions[cell]:.1%}")
        text.set_color("white" if fractions[cell] > 0.6 else "black")
    return figure


def score_distribution(
    probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> Figure:
    """Draw a histogram of the scores for each true label.

    The score is the probability of the second label if there are two, else that of the predicted
    label. With more than `MAX_SERIES` labels the reviews are split into correct and incorrect.

    Args:
        probabilities: [reviews, num_labels].
        labels: label ids, [reviews].
        names: label names.
    """
    scores = probabilities[:, 1] if len(names) == 2 else probabilities.max(axis=1)  # [reviews]
    groups = {f"true label {name}": labels == label for label, name in enumerate(names)}
    if len(names) > MAX_SERIES:
        correct = probabilities.argmax(axis=1) == labels
        groups = {"classified correctly": correct, "misclassified": ~correct}
    figure, (panel,) = new_figure(HEIGHT)
    edges = np.linspace(0, 1, SCORE_BINS + 1)
    for (name, rows), style in zip(groups.items(), SERIES(), strict=False):
        counts, _ = np.histogram(scores[rows], edges)
        panel.stairs(counts, edges, label=literal(name), linewidth=1.5, **style)
    use_count_axis(panel)
    panel.set_xlabel("score")
    panel.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    return figure


def roc_curve(problems: Sequence[BinaryScores]) -> Figure:
    """Draw the ROC curve of each binary problem."""
    figure, (panel,) = new_figure(HEIGHT)
    for problem in problems:
        RocCurveDisplay.from_predictions(
            problem.targets,
            problem.scores,
            name=literal(problem.label),
            ax=panel,
            plot_chance_level=problem is problems[-1],
            chance_level_kw={"color": GRAY, "linestyle": ":"},
        )
    panel.set(xlabel="false positive rate", ylabel="true positive rate")
    panel.legend(loc="lower right", frameon=False)
    return figure


def precision_recall_curve(problems: Sequence[BinaryScores]) -> Figure:
    """Draw the precision-recall curve of each binary problem."""
    figure, (panel,) = new_figure(HEIGHT)
    for problem in problems:
        PrecisionRecallDisplay.from_predictions(
            problem.targets,
            problem.scores,
            drop_intermediate=True,
            name=literal(problem.label),
            ax=panel,
        )
    panel.set(xlabel="recall", ylabel="precision")
    panel.legend(loc="lower left", frameon=False)
    return figure


def reliability_diagram(
    uncalibrated: Sequence[ReliabilityBin], calibrated: Sequence[ReliabilityBin]
) -> Figure:
    """Draw accuracy against predicted probability, with the number of reviews in each bin.

    Args:
        uncalibrated: the bins before temperature scaling.
        calibrated: the bins after it.
    """
    figure, (panel, counts) = new_figure(2.8, 1.2)
    lowest = min(bin.low for bin in (*uncalibrated, *calibrated) if bin.n)
    for name, bins, color, marker, linestyle in (
        ("before temperature scaling", uncalibrated, ORANGE, "s", "--"),
        ("after temperature scaling", calibrated, BLUE, "o", "-"),
    ):
        # An empty bin has None, which becomes nan: a gap in the line.
        accuracies = np.array([bin.accuracy for bin in bins], dtype=float)
        confidences = np.array([bin.confidence for bin in bins], dtype=float)
        CalibrationDisplay(accuracies, confidences, confidences).plot(
            ax=panel, name=name, color=color, marker=marker, linestyle=linestyle
        )
        edges = [bins[0].low, *(bin.high for bin in bins)]
        counts.stairs([bin.n for bin in bins], edges, color=color, linestyle=linestyle)
    panel.set(xlim=(lowest, 1), xlabel="", ylabel="accuracy")
    panel.legend(loc="lower right", frameon=False)
    use_count_axis(counts)
    counts.set_xlabel("probability of the predicted label")
    return figure


def accuracy_by_length(slices: Sequence[Slice], accuracy: float) -> Figure:
    """Draw the accuracy of each slice with its 95% interval, and the accuracy on all reviews."""
    figure, (panel,) = new_figure(HEIGHT)
    values = np.array([part.accuracy for part in slices])
    intervals = np.array([part.accuracy_interval for part in slices])  # [slices, 2]
    panel.errorbar(
        range(len(slices)),
        values,
        yerr=abs(intervals - values[:, None]).T,
        color=BLUE,
        linestyle="",
        marker="o",
        capsize=3,
    )
    panel.axhline(accuracy, color=GRAY, linestyle=":", label="all reviews")
    names = [short_name(part.name) for part in slices]
    panel.set_xticks(range(len(slices)), names, rotation=30, ha="right")
    panel.set(xlim=(-0.5, len(slices) - 0.5), xlabel="tokens", ylabel="accuracy")
    panel.yaxis.set_major_formatter(PercentFormatter(1))
    panel.legend(frameon=False)
    return figure


def short_name(slice_name: str) -> str:
    """Shorten the name of a slice: `100–199`, `1000+`."""
    return slice_name.replace(" to ", "–").replace(" or more", "+").replace(" tokens", "")


def new_figure(*heights: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with one panel for each of `heights` (inches), one below the other."""
    figure = Figure((WIDTH, sum(heights)), dpi=200, layout="constrained")
    grid = figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)
    panels = list(grid[:, 0])
    for panel in panels:
        panel.set_prop_cycle(SERIES)
        panel.set_axisbelow(True)
        panel.grid(alpha=0.35)
        panel.spines[["right", "top"]].set_visible(False)
    return figure, panels


def use_count_axis(panel: Axes) -> None:
    """Make the y-axis one of review counts: linear up to 1, then logarithmic."""
    panel.set_yscale("symlog", linthresh=1)
    panel.set_ylim(bottom=0)
    panel.yaxis.set_major_formatter("{x:,.0f}")
    panel.set_ylabel("reviews")


def literal(label: str) -> str:
    """Escape `$`, which matplotlib would read as the start of a formula."""
    return label.replace("$", r"\$")


def to_png(figure: Figure) -> bytes:
    """Return `figure` as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
