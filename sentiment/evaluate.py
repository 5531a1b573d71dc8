"""A bundle and a labelled split in, metrics out, each over reviews and never over batches."""

import math
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from datasets import Dataset
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score, roc_auc_score
from torch import Tensor

from sentiment.batches import encode
from sentiment.bundle import Bundle
from sentiment.corpus import stand_in
from sentiment.tokenizer import Tokenizer, tokenize_dataset

ECE_BINS = 15
EDGES = (0, 100, 200, 400, 600, 1000, math.inf)  # Tokens.


@dataclass(frozen=True)
class Slice:
    """Accuracy on a part of a split."""

    name: str
    n: int
    accuracy: float
    accuracy_interval: tuple[float, float]  # 95%, Wilson's score interval.


@dataclass(frozen=True)
class Metrics:
    """What was measured on one split."""

    n: int  # Reviews.
    accuracy: float
    accuracy_interval: tuple[float, float]  # 95%, Wilson's score interval.
    f1: float  # Of the label with id 1; with more than two labels the mean over labels.
    roc_auc: float | None  # None where the split holds one label only.
    loss: float  # Cross-entropy in nats.
    ece: float  # Expected calibration error.
    confusion: list[list[int]]  # [true label][predicted label]
    slices: list[Slice] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def evaluate(
    bundle: Bundle, split: Dataset, train: Dataset | None = None, batch_size: int = 64
) -> Metrics:
    """Measure `bundle` on the reviews of `split` (columns `text` and `label`).

    Slices are by length in tokens, all of a review counted, and, with the split `train`, of the
    reviews that stand in it too.
    """
    config = bundle.config.text
    tokenized = tokenize_dataset(split, Tokenizer(config.language, config.lowercase))
    reviews = [encode(tokens, bundle.vocab, config) for tokens in tokenized["tokens"]]
    logits = bundle.logits(reviews, batch_size)
    labels = torch.tensor(tokenized["label"])
    correct = logits.argmax(dim=1) == labels
    lengths = torch.tensor([len(tokens) for tokens in tokenized["tokens"]])
    slices = [
        measure_slice(length_name(low, high), correct[(low <= lengths) & (lengths < high)])
        for low, high in pairwise(EDGES)
    ]
    if train is not None:
        slices.append(
            measure_slice("also in train", correct[torch.tensor(stand_in(split, [train]))])
        )
    return replace(measure(logits, labels), slices=[part for part in slices if part.n])


def measure(logits: Tensor, labels: Tensor) -> Metrics:
    """All metrics from `logits` [reviews, num_labels] and `labels` [reviews]."""
    probabilities = logits.softmax(dim=1)  # [reviews, num_labels]
    confidence, predicted = probabilities.max(dim=1)  # both [reviews]
    correct = predicted == labels
    whole = measure_slice("all", correct)
    num_labels = logits.shape[1]
    return Metrics(
        n=whole.n,
        accuracy=whole.accuracy,
        accuracy_interval=whole.accuracy_interval,
        f1=float(
            f1_score(
                labels,
                predicted,
                average="binary" if num_labels == 2 else "macro",
                zero_division=0.0,
            )
        ),
        roc_auc=roc_auc(probabilities.numpy(), labels.numpy()),
        loss=F.cross_entropy(logits.double(), labels).item(),
        ece=expected_calibration_error(confidence, correct),
        confusion=confusion_matrix(labels, predicted, labels=range(num_labels)).tolist(),
    )


def length_name(low: float, high: float) -> str:
    """`100 to 199 tokens`."""
    return f"{low} tokens or more" if high == math.inf else f"{low} to {high - 1} tokens"


def measure_slice(name: str, correct: Tensor) -> Slice:
    """Accuracy with its interval from `correct` [reviews], whether each was told right."""
    n, right = len(correct), int(correct.sum())
    if n == 0:
        return Slice(name, 0, 0.0, (0.0, 1.0))
    interval = binomtest(right, n).proportion_ci(method="wilson")
    return Slice(name, n, right / n, (float(interval.low), float(interval.high)))


def roc_auc(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Area under the ROC curve; with more than two labels the mean of each against the rest."""
    if len(np.unique(labels)) < probabilities.shape[1]:
        return None
    scores = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    return float(roc_auc_score(labels, scores, multi_class="ovr"))


def expected_calibration_error(confidence: Tensor, correct: Tensor, bins: int = ECE_BINS) -> float:
    """How far the probability of the predicted label is from how often it is right.

    The mean, over equal-width bins of `confidence` and weighted by their reviews, of
    |accuracy - mean confidence| (Naeini et al. 2015; Guo et al. 2017). Both arguments are
    [reviews]; a value on an edge belongs to the bin below it.
    """
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.double)[1:-1]
    bin_of = torch.bucketize(confidence.double(), edges)  # [reviews]
    gap = torch.zeros(bins, dtype=torch.double)
    gap.index_add_(0, bin_of, correct.double() - confidence.double())
    return (gap.abs().sum() / len(confidence)).item()
