"""The schedule of a run: stages of epochs, the learning rate, the moving average of the weights."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sentiment.config import TrainConfig
from sentiment.text.batching import BucketSampler, Example


@dataclass(frozen=True)
class Stage:
    """Consecutive epochs over the same examples."""

    name: str
    examples: Sequence[Example]
    sampler: BucketSampler
    epochs: int


def make_stage(
    name: str,
    examples: Sequence[Example],
    epochs: int,
    batch_size: int,
    settings: TrainConfig,
    min_steps: int = 0,
    min_epoch_steps: int = 0,
) -> Stage:
    """Return a stage of at least `min_steps` steps, `min_epoch_steps` in each epoch.

    An epoch of few examples goes through them several times, and epochs are added.
    """
    lengths = [len(ids) for ids, _ in examples]
    limits = batch_size, settings.max_tokens, settings.seed
    steps = BucketSampler(lengths, *limits).num_batches(0)
    passes = max(1, math.ceil(min_epoch_steps / steps))
    sampler = BucketSampler(lengths, *limits, passes=passes)
    return Stage(
        name, examples, sampler, max(epochs, math.ceil(min_steps / sampler.num_batches(0)))
    )


def learning_rate(step: int, total_steps: int, settings: TrainConfig) -> float:
    """Return the learning rate of a step: linear warm-up, then linear decay to 0."""
    warmup_steps = settings.warmup_ratio * total_steps
    if step < warmup_steps:
        return settings.learning_rate * (step + 1) / (warmup_steps + 1)
    return settings.learning_rate * (total_steps - step) / (total_steps - warmup_steps)


def moving_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Return an update rule for `AveragedModel`: an exponential moving average.

    In the first steps the decay is lower, so that the initial weights soon have little weight.
    """

    @torch.no_grad()
    def update(average: list[Tensor], weights: list[Tensor], updates: Tensor) -> None:
        steps = int(updates)
        torch._foreach_lerp_(average, weights, 1 - min(decay, steps / (steps + 10)))

    return update
