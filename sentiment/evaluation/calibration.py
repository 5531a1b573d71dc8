"""Scores that mean what they say: of all reviews scored 0.9, nine in ten should be labelled right.

A network trained to the end is surer than it is right. Dividing its logits by one number, the
temperature, mends most of that and changes no label (Guo et al. 2017, section 4.2).
"""

import math

import torch.nn.functional as F
from scipy.optimize import minimize_scalar
from torch import Tensor

LEAST, MOST = 0.1, 10.0


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature with the lowest cross-entropy of `logits` divided by it.

    Args:
        logits: [reviews, num_labels], of reviews that were not trained on.
        labels: [reviews].

    Returns:
        A number from 0.1 (where every label is right, no bound would be the best) to 10.
    """

    def loss(log_temperature: float) -> float:
        return F.cross_entropy(logits.double() / math.exp(log_temperature), labels).item()

    bounds = (math.log(LEAST), math.log(MOST))
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)
