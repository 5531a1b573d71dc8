"""A bundle and a labelled split in, metrics out, each over reviews and never over batches."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from datasets import Dataset
from scipy.stats import binomtest
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)
from torch import Tensor

from sentiment.artifacts.bundle import Bundle
from sentiment.data.reviews import stand_in
from sentiment.evaluation.calibration import fit_temperature
from sentiment.text.batching import encode
from sentiment.text.tokenizer import Tokenizer, tokenize_dataset

ECE_BINS = 15
EDGES = (0, 100, 200, 400, 600, 1000, math.inf)  # Tokens.


@dataclass(frozen=True)
class Slice:
    """Accuracy and calibration on a part of a split."""

    name: str
    n: int  # Reviews, at least one.
    accuracy: float
    accuracy_interval: tuple[float, float]  # 95%, Wilson's score interval.
    ece: float  # Expected calibration error.
    ece_uncalibrated: float  # Of the logits before they were divided by the temperature.


@dataclass(frozen=True)
class LabelMetrics:
    """How well one label is told from the others."""

    label: int  # Its id.
    n: int  # Reviews that have it.
    precision: float  # Part of the reviews predicted to have it that do; 0 where there are none.
    recall: float  # Part of the reviews that have it that are predicted to.
    f1: float


@dataclass(frozen=True)
class Bin:
    """Of a reliability diagram: the reviews whose `confidence` lies in (low, high]."""

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
    accuracy_interval: tuple[float, float]  # 95%, Wilson's score interval.
    f1: float  # Of the label with id 1; with more than two labels the mean over labels.
    macro_f1: float  # The mean over the labels that occur, however many reviews each has.
    roc_auc: float | None  # None where the split holds one label only.
    loss: float  # Cross-entropy in nats.
    temperature: float  # What the logits were divided by; 1 is not at all.
    ece: float  # Expected calibration error.
    ece_uncalibrated: float  # Of the logits before they were divided by the temperature.
    reliability: list[Bin]  # `ECE_BINS` of equal width, in order; `ece` is their mean gap.
    reliability_uncalibrated: list[Bin]
    confusion: list[list[int]]  # [true label][predicted label]
    by_label: list[LabelMetrics]
    slices: list[Slice] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class McNemar:
    """Whether two classifiers err equally often on the same reviews (McNemar 1947)."""

    only_first: int  # Reviews that the first alone tells right.
    only_second: int
    p: float  # Of a split as uneven as this or more, were it left to a coin.


class Scored(NamedTuple):
    """What a bundle makes of each review of a split."""

    logits: Tensor  # [reviews, num_labels], calibrated, on the CPU
    labels: Tensor  # [reviews]
    lengths: Tensor  # [reviews], tokens, all of a review counted


def evaluate(
    bundle: Bundle, split: Dataset, train: Dataset | None = None, batch_size: int = 64
) -> Metrics:
    """Measure `bundle` on the reviews of `split` (columns `text` and `label`).

    Slices are by length in tokens, all of a review counted, and, with the split `train`, of the
    reviews that stand in it too.
    """
    shared = None if train is None else stand_in(split, [train])
    return measure_slices(score(bundle, split, batch_size), bundle.temperature, shared)


def score(bundle: Bundle, split: Dataset, batch_size: int = 64) -> Scored:
    """What `bundle` makes of each review of `split`."""
    config = bundle.config.text
    tokenized = tokenize_dataset(split, Tokenizer(config.language, config.lowercase))
    reviews = [encode(tokens, bundle.vocab, config) for tokens in tokenized["tokens"]]
    return Scored(
        logits=bundle.logits(reviews, batch_size),
        labels=torch.tensor(tokenized["label"]),
        lengths=torch.tensor([len(tokens) for tokens in tokenized["tokens"]]),
    )


def measure_slices(
    scored: Scored, temperature: float, shared: Sequence[bool] | None = None
) -> Metrics:
    """All metrics, with slices by length and of the `shared` reviews, those also in training."""
    logits, labels, lengths = scored
    parts = {
        length_name(low, high): (low <= lengths) & (lengths < high) for low, high in pairwise(EDGES)
    }
    if shared is not None:
        parts["also in train"] = torch.tensor(shared)
    slices = [
        measure_slice(name, logits[rows], labels[rows], temperature)
        for name, rows in parts.items()
        if rows.any()
    ]
    return replace(measure(logits, labels, temperature), slices=slices)


def calibrate(bundle: Bundle, validation: Dataset) -> tuple[Metrics, Metrics]:
    """Fit a temperature to reviews that `bundle` has not learned from: their metrics before, after.

    `bundle` keeps the temperature that it has; the new one is that of the metrics after.
    """
    logits, labels, _ = score(bundle, validation)
    before = measure(logits, labels, bundle.temperature)
    logits = logits * bundle.temperature
    temperature = fit_temperature(logits, labels)
    return before, measure(logits / temperature, labels, temperature)


def measure(logits: Tensor, labels: Tensor, temperature: float = 1.0) -> Metrics:
    """All metrics from `logits` [reviews, num_labels] and `labels` [reviews].

    `temperature` is what the logits have been divided by: it only tells what they were before.
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
    """Each label against all others; `labels` and `predicted` are [reviews]."""
    precision, recall, f1, n = precision_recall_fscore_support(
        labels, predicted, labels=range(num_labels), zero_division=0.0
    )
    columns = (n.tolist(), precision.tolist(), recall.tolist(), f1.tolist())
    return [LabelMetrics(label, *row) for label, row in enumerate(zip(*columns, strict=True))]


def length_name(low: float, high: float) -> str:
    """`100 to 199 tokens`."""
    return f"{low} tokens or more" if high == math.inf else f"{low} to {high - 1} tokens"


def measure_slice(name: str, logits: Tensor, labels: Tensor, temperature: float) -> Slice:
    """Accuracy with its interval, and calibration before and after; arguments as of `measure`."""
    n, right = len(labels), int((logits.argmax(dim=1) == labels).sum())
    interval = binomtest(right, n).proportion_ci(method="wilson")
    return Slice(
        name,
        n,
        right / n,
        (float(interval.low), float(interval.high)),
        ece=expected_calibration_error(reliability(logits, labels)),
        ece_uncalibrated=expected_calibration_error(reliability(logits * temperature, labels)),
    )


def mcnemar(first: Tensor, second: Tensor) -> McNemar:
    """McNemar's test, exact: do two classifiers share evenly what only one of them tells right?

    Both arguments are [reviews], whether the classifier tells the review right.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    p = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p)


def roc_auc(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Area under the ROC curve; with more than two labels the mean of each against the rest."""
    if len(np.unique(labels)) < probabilities.shape[1]:
        return None
    scores = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    return float(roc_auc_score(labels, scores, multi_class="ovr"))


def reliability(logits: Tensor, labels: Tensor, bins: int = ECE_BINS) -> list[Bin]:
    """How often the predicted label is right where its probability is so high, by equal-width bins.

    Arguments as of `measure`. A probability on an edge belongs to the bin below it.
    """
    confidence, predicted = logits.double().softmax(dim=1).max(dim=1)  # both [reviews]
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.double)
    bin_of = torch.bucketize(confidence, edges[1:-1])  # [reviews]
    counts = bin_of.bincount(minlength=bins)  # [bins], and so are these:
    confidences = bin_of.bincount(confidence, bins) / counts  # nan where there is no review
    accuracies = bin_of.bincount((predicted == labels).double(), bins) / counts
    columns = (edges[:-1], edges[1:], counts, confidences, accuracies)
    return [
        Bin(low, high, n, confidence if n else None, accuracy if n else None)
        for low, high, n, confidence, accuracy in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """How far the probability of the predicted label is from how often it is right.

    The mean of |accuracy - mean confidence| over `bins`, weighted by their reviews (Naeini et al.
    2015; Guo et al. 2017).
    """
    gaps = [
        bin.n * abs(bin.accuracy - bin.confidence)
        for bin in bins
        if bin.accuracy is not None and bin.confidence is not None
    ]
    return sum(gaps) / sum(bin.n for bin in bins)
