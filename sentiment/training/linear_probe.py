"""Fit the classification head on features of a frozen encoder.

The gradients of a random head say nothing about the task, and change the pretrained weights for the
worse. So the head is fitted first, with the encoder frozen, which takes seconds (linear probing,
then fine-tuning: Kumar et al. 2022).
"""

import random
from collections.abc import Sequence

import torch
import torch.nn.functional as F

from sentiment.inference.batched import forward_in_batches
from sentiment.models.lstm import LSTMClassifier
from sentiment.text.batching import Example

MAX_REVIEWS = 8_000  # More improve little, because fine-tuning changes the encoder anyway.
WEIGHT_PENALTY = 0.05  # On the squared weights of standardized features.
MIN_DEVIATION = 1e-4


def fit_head(model: LSTMClassifier, examples: Sequence[Example], seed: int) -> None:
    """Fit the linear head of `model` by logistic regression. The other weights stay as they are.

    Args:
        model: has a pretrained encoder.
        examples: ids and label of each review.
        seed: selects `MAX_REVIEWS` of more examples.
    """
    some = random.Random(seed).sample(examples, min(len(examples), MAX_REVIEWS))
    reviews = [ids for ids, _ in some]
    features = forward_in_batches(model, model.features, model.linear.in_features, reviews)
    labels = torch.tensor([label for _, label in some])  # [reviews]; features [reviews, pooled]
    mean = features.mean(dim=0)  # [pooled]
    deviation = features.std(dim=0).nan_to_num().clamp(min=MIN_DEVIATION)  # [pooled]
    standardized = (features - mean) / deviation
    weight = torch.zeros(model.linear.weight.shape, requires_grad=True)  # [num_labels, pooled]
    bias = torch.zeros(len(weight), requires_grad=True)  # [num_labels]
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(F.linear(standardized, weight, bias), labels)
        loss = loss + WEIGHT_PENALTY * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        model.linear.weight.copy_(weight / deviation)
        model.linear.bias.copy_(bias - (weight / deviation) @ mean)
