"""A bundle and a labelled split in, metrics out, each over reviews and never over batches."""

from dataclasses import asdict, dataclass
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
from sentiment.tokenizer import Tokenizer, tokenize_dataset

ECE_BINS = 15


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

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def evaluate(bundle: Bundle, split: Dataset, batch_size: int = 128) -> Metrics:
    """Measure `bundle` on the reviews of `split` (columns `text` and `label`)."""
    config = bundle.config.text
    tokenized = tokenize_dataset(split, Tokenizer(config.language, config.lowercase))
    reviews = [encode(tokens, bundle.vocab, config) for tokens in tokenized["tokens"]]
    logits = bundle.logits(reviews, batch_size)
    return measure(logits, torch.tensor(tokenized["label"]))


def measure(logits: Tensor, labels: Tensor) -> Metrics:
    """All metrics from `logits` [reviews, num_labels] and `labels` [reviews]."""
    probabilities = logits.softmax(dim=1)  # [reviews, num_labels]
    confidence, predicted = probabilities.max(dim=1)  # both [reviews]
    correct = predicted == labels
    interval = binomtest(int(correct.sum()), len(labels)).proportion_ci(method="wilson")
    num_labels = logits.shape[1]
    return Metrics(
        n=len(labels),
        accuracy=correct.double().mean().item(),
        accuracy_interval=(float(interval.low), float(interval.high)),
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
