"""Plain numbers in, matplotlib figures out.

The colours are Okabe and Ito's, which people with any colour vision tell apart, and nothing is said
by colour alone. A figure is about as wide as the page on a phone, so that its letters are about as
large there as the page's.
"""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sentiment.apps.report.curves import MOST_CURVES, Curve, LabelCurves
from sentiment.evaluation.metrics import ReliabilityBin, Slice

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
WIDTH, HEIGHT = 4.8, 3.4  # Inches.
SCORE_BINS = 40
SERIES = cycler(color=[BLUE, ORANGE, GREEN, PURPLE], linestyle=["-", "--", "-.", ":"])

styled = rc_context(
    {
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.prop_cycle": SERIES,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "grid.alpha": 0.35,
        "legend.frameon": False,
        "text.parse_math": False,  # A `$` in a label is a dollar.
    }
)


def panels(*heights: float) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each of `heights`, in inches, one above the other."""
    figure = Figure((WIDTH, sum(heights)), dpi=200, layout="constrained")
    axes = figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)
    return figure, list(axes[:, 0])


def count_axis(panel: Axes) -> None:
    """The y-axis for counts of reviews from none to many thousands: logarithmic from 1 on."""
    panel.set_yscale("symlog", linthresh=1)
    panel.set_ylim(bottom=0)
    panel.yaxis.set_major_formatter("{x:,.0f}")
    panel.set_ylabel("reviews")


@styled
def learning_curves(history: Sequence[Mapping[str, float]], kept: float | None) -> Figure:
    """Loss and accuracy by epoch; `history` is of `metrics.jsonl`, `kept` the model's epoch."""
    figure, (loss, accuracy) = panels(2.3, 2.3)
    epochs = [line["epoch"] for line in history]
    for panel, name in ((loss, "loss"), (accuracy, "accuracy")):
        for split, marker in (("train", "o"), ("validation", "s")):
            values = [line[f"{split}_{name}"] for line in history]
            panel.plot(epochs, values, marker=marker, label=split)
        if kept is not None:
            panel.axvline(kept, color=GREY, linestyle=":", label="kept")
        panel.set_ylabel(name)
    loss.legend()
    accuracy.set_xlabel("epoch")
    accuracy.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    accuracy.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    accuracy.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


@styled
def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> Figure:
    """Reviews by true label (row) and predicted label (column), with their part of the row."""
    figure, (panel,) = panels(HEIGHT)
    table = np.array(counts)  # [true, predicted]
    parts = table / table.sum(axis=1, keepdims=True).clip(1)
    panel.imshow(parts, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    panel.set_xlabel("predicted")
    panel.set_ylabel("true")
    panel.grid(False)
    if len(labels) > MOST_CURVES:  # No number and no name would be readable.
        return figure
    for (true, predicted), part in np.ndenumerate(parts):
        panel.text(
            predicted,
            true,
            f"{table[true, predicted]:,}\n{part:.1%}",
            ha="center",
            va="center",
            color="white" if part > 0.5 else "black",
        )
    panel.set_xticks(range(len(labels)), labels)
    panel.set_yticks(range(len(labels)), labels)
    return figure


def lines(curves: Mapping[str, Curve], x: str, y: str) -> tuple[Figure, Axes]:
    """A curve for each label, with the names of the axes."""
    figure, (panel,) = panels(HEIGHT)
    for label, curve in curves.items():
        panel.plot(*curve, label=label)
    panel.set_xlabel(x)
    panel.set_ylabel(y)
    return figure, panel


@styled
def roc(curves: Sequence[LabelCurves]) -> Figure:
    """The true positive rate against the false positive rate, a curve a label."""
    points = {curve.label: curve.roc for curve in curves}
    figure, panel = lines(points, "false positive rate", "true positive rate")
    panel.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="by chance")
    panel.legend(loc="lower right")
    return figure


@styled
def precision_recall(curves: Sequence[LabelCurves]) -> Figure:
    """Precision against recall, a curve a label."""
    points = {curve.label: curve.precision_recall for curve in curves}
    figure, panel = lines(points, "recall", "precision")
    panel.set_ylim(0, 1.02)
    panel.legend(loc="lower left")
    return figure


@styled
def reliability(before: Sequence[ReliabilityBin], after: Sequence[ReliabilityBin]) -> Figure:
    """How often a label is right against how sure it is, and how many reviews are how sure."""
    figure, (panel, counts) = panels(2.8, 1.2)
    looks = ("before", before, ORANGE, "s", "--"), ("after", after, BLUE, "o", "-")
    for name, bins, color, marker, linestyle in looks:
        panel.plot(
            np.array([part.confidence for part in bins], dtype=float),  # nan where there is none
            np.array([part.accuracy for part in bins], dtype=float),
            color=color,
            marker=marker,
            linestyle=linestyle,
            label=name,
        )
        edges = [bins[0].low, *(part.high for part in bins)]
        counts.stairs([part.n for part in bins], edges, color=color, linestyle=linestyle)
    least = min(part.low for part in (*before, *after) if part.n)
    panel.plot([least, 1], [least, 1], color=GREY, linestyle=":", label="as sure as right")
    panel.set_xlim(least, 1)
    panel.set_ylabel("accuracy")
    panel.legend()
    count_axis(counts)
    counts.set_xlabel("probability of the predicted label")
    return figure


@styled
def by_length(slices: Sequence[Slice], accuracy: float) -> Figure:
    """The accuracy of each slice with its 95% interval, and a line at that of all reviews."""
    figure, (panel,) = panels(HEIGHT)
    for place, part in enumerate(slices):
        low, high = part.accuracy_interval
        panel.plot([place, place], [low, high], color=BLUE, linestyle="-", marker="_")
        panel.plot(place, part.accuracy, color=BLUE, marker="o")
    panel.axhline(accuracy, color=GREY, linestyle=":", label="all reviews")
    names = [short(part.name) for part in slices]
    panel.set_xticks(range(len(slices)), names, rotation=30, ha="right")
    panel.set_xlabel("tokens")
    panel.set_ylabel("accuracy")
    panel.yaxis.set_major_formatter(PercentFormatter(1))
    panel.legend()
    return figure


def short(name: str) -> str:
    """The name of a slice where there is little room: `100–199`, `1000+`."""
    return name.replace(" to ", "–").replace(" or more", "+").replace(" tokens", "")


@styled
def scores(probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Figure:
    """How many reviews of each true label [reviews] have which score.

    That is, of the `probabilities` [reviews, num_labels], that of the second label; where there are
    more than two, that of the predicted one; where more than `MOST_CURVES`, the reviews are told
    apart by whether that is right.
    """
    given = probabilities[:, 1] if len(names) == 2 else probabilities.max(axis=1)  # [reviews]
    figure, (panel,) = panels(HEIGHT)
    edges = np.linspace(0, 1, SCORE_BINS + 1)
    parts = {f"truly {name}": labels == label for label, name in enumerate(names)}
    if len(names) > MOST_CURVES:
        is_right = probabilities.argmax(axis=1) == labels
        parts = {"right": is_right, "wrong": ~is_right}
    for (name, rows), look in zip(parts.items(), SERIES(), strict=False):
        counts, _ = np.histogram(given[rows], edges)
        panel.stairs(counts, edges, label=name, linewidth=1.5, **look)
    count_axis(panel)
    panel.set_xlabel("score")
    panel.legend(loc="upper center")
    return figure


def png(figure: Figure) -> bytes:
    """The bytes of its PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
