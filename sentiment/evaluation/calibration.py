"""Temperature scaling: calibrated probabilities from logits.

Of the reviews predicted with a probability of 0.9, nine in ten should be classified correctly. A
network trained to the end is overconfident. Dividing its logits by one number, the temperature,
corrects most of that and changes no label (Guo et al. 2017, section 4.2).
"""

import math

import torch.nn.functional as F
from scipy.optimize import minimize_scalar
from torch import Tensor

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.1, 10.0


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature that gives the lowest cross-entropy.

    Args:
        logits: [reviews, num_labels], of reviews that the model was not trained on.
        labels: [reviews].

    Returns:
        A number from 0.1 to 10. Where every label is correct, the unbounded optimum would be 0.
    """

    def loss(log_temperature: float) -> float:
        return F.cross_entropy(logits.double() / math.exp(log_temperature), labels).item()

    bounds = (math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE))
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)
