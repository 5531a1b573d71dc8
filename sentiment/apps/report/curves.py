"""Probabilities and true labels in, the curves over all thresholds out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

MOST_CURVES = 8  # Labels that have one each; of more of them there is one for all.

Curve = tuple[np.ndarray, np.ndarray]  # The x and the y of its points.


@dataclass(frozen=True)
class LabelCurves:
    """How well the probability of `label` tells its reviews from the others."""

    label: str
    roc: Curve  # True positive rate over false positive rate.
    roc_auc: float
    precision_recall: Curve  # Precision over recall.
    average_precision: float


def curves_of(
    probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> list[LabelCurves]:
    """Of two labels the curves of the second, of more those of each against the rest.

    Of more than `MOST_CURVES` it is one: whether any review has any label (the micro-average).

    Args:
        probabilities: [reviews, num_labels].
        labels: [reviews].
        names: of the labels.

    Returns:
        Nothing where some label has no review: its curves are not defined.
    """
    if len(np.unique(labels)) < len(names):
        return []
    is_of = np.arange(len(names)) == labels[:, None]  # [reviews, num_labels]
    series = {name: (is_of[:, label], probabilities[:, label]) for label, name in enumerate(names)}
    if len(names) == 2:
        del series[names[0]]
    if len(names) > MOST_CURVES:
        series = {f"all {len(names)} labels": (is_of.ravel(), probabilities.ravel())}
    curves = []
    for name, (is_label, scores) in series.items():
        false_positive_rate, true_positive_rate, _ = roc_curve(is_label, scores)
        precision, recall, _ = precision_recall_curve(is_label, scores, drop_intermediate=True)
        curves.append(
            LabelCurves(
                name,
                (false_positive_rate, true_positive_rate),
                float(roc_auc_score(is_label, scores)),
                (recall, precision),
                float(average_precision_score(is_label, scores)),
            )
        )
    return curves
