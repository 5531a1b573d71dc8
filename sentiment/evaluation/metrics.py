"""Metrics of predictions: logits and labels in, accuracy, F1, calibration and slices out.

All of them are computed over reviews, never averaged over batches.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import binomtest
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)
from torch import Tensor

ECE_BINS = 15
LENGTH_EDGES = (0, 100, 200, 400, 600, 1000, math.inf)  # Tokens.


@dataclass(frozen=True)
class Slice:
    """Accuracy and calibration on a part of a split."""

    name: str
    n: int  # Reviews, at least one.
    accuracy: float
    accuracy_interval: tuple[float, float]  # 95%, Wilson score interval.
    ece: float  # Expected calibration error.
    ece_uncalibrated: float  # The same without the temperature.


@dataclass(frozen=True)
class LabelMetrics:
    """Precision, recall and F1 of one label against all others."""

    label: int  # Its id.
    n: int  # Reviews with this label.
    precision: float  # Fraction of the predictions of this label that are correct; 0 without any.
    recall: float  # Fraction of the reviews with this label that are predicted to have it.
    f1: float


@dataclass(frozen=True)
class ReliabilityBin:
    """A bin of a reliability diagram: reviews with a confidence in (low, high]."""

    low: float
    high: float
    n: int  # Reviews.
    confidence: float | None  # Mean probability of the predicted label; None where n is 0.
    accuracy: float | None  # None where n is 0.


@dataclass(frozen=True)
class Metrics:
    """What was measured on one split."""

    n: int  # Reviews.
    accuracy: float
    accuracy_interval: tuple[float, float]  # 95%, Wilson score interval.
    f1: float  # Of the label with id 1; with more than two labels the mean over labels.
    macro_f1: float  # Mean over the labels that occur, not weighted by their reviews.
    roc_auc: float | None  # None where a label does not occur.
    loss: float  # Cross-entropy in nats.
    temperature: float  # Divisor of the logits; 1: not calibrated.
    ece: float  # Expected calibration error.
    ece_uncalibrated: float  # The same without the temperature.
    reliability: list[ReliabilityBin]  # `ECE_BINS` bins of equal width, in order.
    reliability_uncalibrated: list[ReliabilityBin]
    confusion: list[list[int]]  # [true label][predicted label]
    by_label: list[LabelMetrics]
    slices: list[Slice] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class McNemar:
    """Exact McNemar test: do two classifiers make equally many errors? (McNemar 1947)."""

    only_first: int  # Reviews that only the first classifies correctly.
    only_second: int
    p: float  # Two-sided exact binomial p-value.


class Scored(NamedTuple):
    """Logits of each review of a split, with what metrics need."""

    logits: Tensor  # [reviews, num_labels], calibrated, on the CPU
    labels: Tensor  # [reviews]
    lengths: Tensor  # [reviews], tokens before truncation


def measure_slices(
    scored: Scored, temperature: float, in_train: Sequence[bool] | None = None
) -> Metrics:
    """Return all metrics, with slices by length.

    Args:
        scored: logits, labels and lengths.
        temperature: divisor that the logits already have.
        in_train: for each review whether it is in the training split too; adds a slice of these.
    """
    logits, labels, lengths = scored
    parts = {
        length_name(low, high): (low <= lengths) & (lengths < high)
        for low, high in pairwise(LENGTH_EDGES)
    }
    if in_train is not None:
        parts["also in train"] = torch.tensor(in_train)
    slices = [
        measure_slice(name, logits[rows], labels[rows], temperature)
        for name, rows in parts.items()
        if rows.any()
    ]
    return replace(measure(logits, labels, temperature), slices=slices)


def measure(logits: Tensor, labels: Tensor, temperature: float = 1.0) -> Metrics:
    """Return all metrics but slices.

    Args:
        logits: [reviews, num_labels].
        labels: [reviews].
        temperature: divisor that the logits already have, for the uncalibrated figures.
    """
    probabilities = logits.softmax(dim=1)  # [reviews, num_labels]
    predicted = probabilities.argmax(dim=1)  # [reviews]
    whole = measure_slice("all", logits, labels, temperature)
    num_labels = logits.shape[1]
    macro_f1 = float(f1_score(labels, predicted, average="macro", zero_division=0.0))
    return Metrics(
        n=whole.n,
        accuracy=whole.accuracy,
        accuracy_interval=whole.accuracy_interval,
        f1=macro_f1 if num_labels > 2 else float(f1_score(labels, predicted, zero_division=0.0)),
        macro_f1=macro_f1,
        roc_auc=roc_auc(probabilities.numpy(), labels.numpy()),
        loss=F.cross_entropy(logits.double(), labels).item(),
        temperature=temperature,
        ece=whole.ece,
        ece_uncalibrated=whole.ece_uncalibrated,
        reliability=reliability(logits, labels),
        reliability_uncalibrated=reliability(logits * temperature, labels),
        confusion=confusion_matrix(labels, predicted, labels=range(num_labels)).tolist(),
        by_label=measure_labels(labels, predicted, num_labels),
    )


def measure_labels(labels: Tensor, predicted: Tensor, num_labels: int) -> list[LabelMetrics]:
    """Return the metrics of each label; `labels` and `predicted` are [reviews]."""
    precision, recall, f1, n = precision_recall_fscore_support(
        labels, predicted, labels=range(num_labels), zero_division=0.0
    )
    columns = (n.tolist(), precision.tolist(), recall.tolist(), f1.tolist())
    return [LabelMetrics(label, *row) for label, row in enumerate(zip(*columns, strict=True))]


def length_name(low: float, high: float) -> str:
    """Return the name of a slice by length: `100 to 199 tokens`."""
    return f"{low} tokens or more" if high == math.inf else f"{low} to {high - 1} tokens"


def measure_slice(name: str, logits: Tensor, labels: Tensor, temperature: float) -> Slice:
    """Return accuracy and calibration of a part of a split; arguments as for `measure`."""
    n, correct = len(labels), int((logits.argmax(dim=1) == labels).sum())
    interval = binomtest(correct, n).proportion_ci(method="wilson")
    return Slice(
        name,
        n,
        correct / n,
        (float(interval.low), float(interval.high)),
        ece=expected_calibration_error(reliability(logits, labels)),
        ece_uncalibrated=expected_calibration_error(reliability(logits * temperature, labels)),
    )


def mcnemar(first: Tensor, second: Tensor) -> McNemar:
    """Compare two classifiers on the same reviews with the exact McNemar test.

    Args:
        first: [reviews], whether the first classifier is correct.
        second: the same for the second.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    p = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p)


def roc_auc(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Return the area under the ROC curve, None where a label does not occur.

    With more than two labels it is the mean over labels, each against the rest.

    Args:
        probabilities: [reviews, num_labels].
        labels: [reviews].
    """
    if len(np.unique(labels)) < probabilities.shape[1]:
        return None
    scores = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    return float(roc_auc_score(labels, scores, multi_class="ovr"))


def reliability(logits: Tensor, labels: Tensor, bins: int = ECE_BINS) -> list[ReliabilityBin]:
    """Return accuracy and mean confidence in `bins` bins of equal width.

    Arguments as for `measure`. A confidence on an edge belongs to the bin below it.
    """
    confidence, predicted = logits.double().softmax(dim=1).max(dim=1)  # both [reviews]
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.double)
    bin_of = torch.bucketize(confidence, edges[1:-1])  # [reviews]
    counts = bin_of.bincount(minlength=bins)  # [bins]
    confidences = bin_of.bincount(confidence, bins) / counts  # [bins], nan in an empty bin
    accuracies = bin_of.bincount((predicted == labels).double(), bins) / counts  # [bins]
    columns = (edges[:-1], edges[1:], counts, confidences, accuracies)
    return [
        ReliabilityBin(low, high, n, confidence if n else None, accuracy if n else None)
        for low, high, n, confidence, accuracy in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Return the mean of |accuracy - confidence| over `bins`, weighted by their reviews.

    Source: Naeini et al. 2015; Guo et al. 2017.
    """
    gaps = [
        bin.n * abs(bin.accuracy - bin.confidence)
        for bin in bins
        if bin.accuracy is not None and bin.confidence is not None
    ]
    return sum(gaps) / sum(bin.n for bin in bins)
