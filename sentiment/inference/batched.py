"""The forward pass over many texts: batches by length, results in the order of the texts."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sentiment.data.labels import UNLABELLED
from sentiment.models.lstm import LSTMClassifier
from sentiment.runtime.devices import autocast
from sentiment.runtime.threads import use_one_thread_after_fork
from sentiment.text.batching import BucketSampler, collate

# oneDNN caches megabytes for each sequence length. Rounded up to a multiple of 16, few occur.
LENGTH_MULTIPLE = 16


def uncalibrated_logits(
    model: LSTMClassifier,
    reviews: Sequence[Sequence[int]],
    batch_size: int = 64,
    precision: str = "auto",
) -> Tensor:
    """Return the logits of reviews, before the division by the temperature.

    Args:
        model: its device is used.
        reviews: ids of each review.
        batch_size: reviews in a batch.
        precision: as for `forward_in_batches`.

    Returns:
        [reviews, num_labels], in order, float32 on the CPU.
    """
    num_labels = model.linear.out_features
    return forward_in_batches(model, model, num_labels, reviews, batch_size, precision)


@torch.inference_mode()
def forward_in_batches(
    model: LSTMClassifier,
    compute: Callable[[Tensor, Tensor], Tensor],
    width: int,
    reviews: Sequence[Sequence[int]],
    batch_size: int = 64,
    precision: str = "auto",
) -> Tensor:
    """Apply a model, or a part of it, to all `reviews` in evaluation mode.

    Reviews of similar length share a batch. This affects the speed and not the result: a review's
    result does not depend on the others in its batch.

    Args:
        model: its parameters' device is used.
        compute: the model or a part of it: input ids [batch, seq] and lengths [batch] to
            [batch, width].
        width: columns of the result.
        reviews: ids of each review.
        batch_size: reviews in a batch.
        precision: of matrix products. auto: bfloat16 where the device has instructions for it,
            which halves the time and changes fewer than 1 label in 1,000; float32 elsewhere.

    Returns:
        [reviews, width], in order, float32 on the CPU.
    """
    use_one_thread_after_fork()
    was_training = model.training
    model.eval()
    device = model.linear.weight.device
    rows = torch.empty(len(reviews), width)
    for indices in BucketSampler([len(ids) for ids in reviews], batch_size).in_order_of_length():
        examples = [(reviews[index], UNLABELLED) for index in indices]
        batch = collate(examples, LENGTH_MULTIPLE).to(device)
        with autocast(device, precision):
            rows[indices] = compute(batch.input_ids, batch.lengths).float().cpu()
    model.train(was_training)
    return rows
