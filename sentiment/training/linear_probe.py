"""Labelled reviews and a pretrained encoder in, the Linear on top of it out.

A Linear that starts at random tells the encoder nonsense until it has learned something, and the
encoder's weights go astray meanwhile. So the Linear is fitted first, to an encoder that stands
still, which takes seconds (linear probing, then fine-tuning: Kumar et al. 2022).
"""

import random
from collections.abc import Sequence

import torch
import torch.nn.functional as F

from sentiment.inference.batched import forward_in_batches
from sentiment.models.lstm import LSTMClassifier

REVIEWS = 8_000  # More of them bring little: the encoder is about to change.
PENALTY = 0.05  # On the squared weights, each dimension of the features scaled to a deviation of 1.
SMALLEST_DEVIATION = 1e-4


def fit_linear(
    model: LSTMClassifier, examples: Sequence[tuple[Sequence[int], int]], seed: int
) -> None:
    """Fit the Linear of `model`, and nothing below it, by logistic regression on `examples`.

    Args:
        model: its encoder is pretrained.
        examples: ids and label of each review.
        seed: decides which `REVIEWS` of more examples are taken.
    """
    some = random.Random(seed).sample(examples, min(len(examples), REVIEWS))
    reviews = [ids for ids, _ in some]
    features = forward_in_batches(model, model.features, model.linear.in_features, reviews)
    labels = torch.tensor([label for _, label in some])  # [reviews]; features [reviews, pooled]
    mean = features.mean(dim=0)  # [pooled]
    deviation = features.std(dim=0).nan_to_num().clamp(min=SMALLEST_DEVIATION)  # [pooled]
    scaled = (features - mean) / deviation
    weight = torch.zeros(model.linear.weight.shape, requires_grad=True)  # [num_labels, pooled]
    bias = torch.zeros(len(weight), requires_grad=True)  # [num_labels]
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(F.linear(scaled, weight, bias), labels)
        loss = loss + PENALTY * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        model.linear.weight.copy_(weight / deviation)
        model.linear.bias.copy_(bias - (weight / deviation) @ mean)
