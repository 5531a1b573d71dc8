"""Reduce a classification to the binary problems that ROC and precision-recall curves need."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

MAX_SERIES = 8  # Labels with a curve or a name of their own; more would be unreadable.


class BinaryScores(NamedTuple):
    """The scores of one label against the rest."""

    label: str
    targets: np.ndarray  # [reviews], bool: has the label.
    scores: np.ndarray  # [reviews], probability of the label.

    @property
    def roc_auc(self) -> float:
        return float(roc_auc_score(self.targets, self.scores))

    @property
    def average_precision(self) -> float:
        return float(average_precision_score(self.targets, self.scores))


def one_vs_rest(
    probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> list[BinaryScores]:
    """Return the binary problems whose ROC and precision-recall curves are drawn.

    Args:
        probabilities: [reviews, num_labels].
        labels: label ids, [reviews].
        names: label names.

    Returns:
        The second label if there are two, the micro-average if there are more than `MAX_SERIES`,
        else each label. Empty if a label has no review, because its curves are undefined.
    """
    if len(np.unique(labels)) < len(names):
        return []
    targets = np.arange(len(names)) == labels[:, None]  # [reviews, num_labels]
    if len(names) > MAX_SERIES:
        return [BinaryScores(f"all {len(names)} labels", targets.ravel(), probabilities.ravel())]
    problems = [
        BinaryScores(name, targets[:, label], probabilities[:, label])
        for label, name in enumerate(names)
    ]
    return problems[1:] if len(names) == 2 else problems
