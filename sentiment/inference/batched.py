"""The forward pass over many texts: batches by length, results in the order of the texts."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sentiment.models.lstm import LSTMClassifier
from sentiment.runtime.devices import autocast
from sentiment.text.batching import BucketSampler, collate

# oneDNN keeps megabytes for each batch length it has seen, and a service sees all of them.
LENGTH_MULTIPLE = 16


def predict_logits(
    model: LSTMClassifier, reviews: Sequence[Sequence[int]], batch_size: int = 64
) -> Tensor:
    """Return the uncalibrated logits of `reviews`, each a list of ids.

    Returns:
        [reviews, num_labels], in order, float32 on the CPU.
    """
    return forward_in_batches(model, model, model.linear.out_features, reviews, batch_size)


@torch.inference_mode()
def forward_in_batches(
    model: LSTMClassifier,
    compute: Callable[[Tensor, Tensor], Tensor],
    width: int,
    reviews: Sequence[Sequence[int]],
    batch_size: int = 64,
) -> Tensor:
    """Apply `compute` to all `reviews`, with dropout switched off.

    Reviews of similar length share a batch. This affects the speed and not the result: a review's
    result does not depend on the others in its batch. Where the device has instructions for
    bfloat16 the LSTMs use it, which halves the time and changes no label in 1,000.

    Args:
        model: its parameters' device is used.
        compute: the model or a part of it: input ids [batch, seq] and lengths [batch] to
            [batch, width].
        width: columns of the result.
        reviews: ids of each review.
        batch_size: reviews in a batch.

    Returns:
        [reviews, width], in order, float32 on the CPU.
    """
    was_training = model.training
    model.eval()
    device = model.linear.weight.device
    rows = torch.empty(len(reviews), width)
    for indices in BucketSampler([len(ids) for ids in reviews], batch_size).in_order_of_length():
        batch = collate([(reviews[index], -1) for index in indices], LENGTH_MULTIPLE).to(device)
        with autocast(device):
            rows[indices] = compute(batch.input_ids, batch.lengths).float().cpu()
    model.train(was_training)
    return rows
