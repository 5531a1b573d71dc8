"""Batches of padded ids, grouped by length.

A batch is as long as its longest review, so reviews of similar length are batched together: the
sampler shuffles, sorts within chunks, and cuts the chunks into batches. On IMDB this leaves 2% of
padding; plain shuffling leaves 42%.
"""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sentiment.config import TextConfig
from sentiment.text.vocab import PAD_ID, UNK_ID, Vocab

if TYPE_CHECKING:  # Predictions with ONNX do not need PyTorch.
    import torch
    from torch import Tensor

BATCHES_PER_CHUNK = 50  # Sorting larger chunks pads less but mixes the examples less.

Example = tuple[Sequence[int], int]  # Ids and label id of a review or a part of one.


class Batch(NamedTuple):
    """Padded reviews."""

    input_ids: "Tensor"  # [batch, seq], int64, padded on the right with `PAD_ID`
    lengths: "Tensor"  # [batch], int64, number of tokens before padding, at least 1
    labels: "Tensor"  # [batch], int64, -1 where the label is unknown

    def to(self, device: "torch.device") -> "Batch":
        """Return the batch on `device`."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))

    def rows(self, rows: slice) -> "Batch":
        """Return some rows of the batch, with no more padding than they need."""
        lengths = self.lengths[rows]
        return Batch(self.input_ids[rows, : int(lengths.max())], lengths, self.labels[rows])


def encode(tokens: Sequence[str], vocab: Vocab, config: TextConfig) -> list[int]:
    """Return the ids of a review, truncated to `config.max_length`."""
    return truncate(vocab.encode(tokens), config.max_length, config.head_fraction)


def truncate(ids: list[int], max_length: int, head_fraction: float) -> list[int]:
    """Keep the head and the tail of a review that is longer than `max_length` tokens.

    The overall opinion is often at the end of a review (Sun et al. 2019, section 5.3.1).

    Args:
        ids: the ids of a review.
        max_length: maximum number of ids to keep.
        head_fraction: fraction of `max_length` taken from the start; the rest is from the end.
    """
    if len(ids) <= max_length:
        return ids
    head = round(max_length * head_fraction)
    return ids[:head] + ids[len(ids) - (max_length - head) :]


def pad(reviews: Sequence[Sequence[int]], multiple: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Pad reviews to the same length.

    Args:
        reviews: ids; a review without tokens becomes a single `<unk>`.
        multiple: `seq`, the length of the longest review, is rounded up to a multiple of it.

    Returns:
        The ids [batch, seq], padded on the right with `PAD_ID`, and the number of tokens of each
        review [batch], both int64.
    """
    rows = [ids if len(ids) else [UNK_ID] for ids in reviews]
    lengths = np.array([len(ids) for ids in rows], np.int64)
    longest = int(lengths.max())
    input_ids = np.full((len(rows), longest + -longest % multiple), PAD_ID, np.int64)
    for row, ids in zip(input_ids, rows, strict=True):
        row[: len(ids)] = ids
    return input_ids, lengths


def collate(examples: Sequence[Example], multiple: int = 1) -> Batch:
    """Pad examples, each the ids and the label id of a review, into a batch; see `pad`."""
    import torch

    input_ids, lengths = pad([ids for ids, _ in examples], multiple)
    return Batch(
        input_ids=torch.from_numpy(input_ids),  # [batch, seq]
        lengths=torch.from_numpy(lengths),  # [batch]
        labels=torch.tensor([label for _, label in examples]),  # [batch]
    )


class BucketSampler:
    """Batches of indices of examples with similar length, shuffled reproducibly.

    The longest batch comes first, so that a lack of memory shows at the first step.

    Args:
        lengths: number of tokens of each example.
        batch_size: maximum number of examples per batch.
        max_tokens: maximum number of tokens per batch, padding included; None: no limit. A longer
            example is a batch of its own.
        seed: decides the order, together with the epoch.
        passes: number of passes over the examples per epoch.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        max_tokens: int | None = None,
        seed: int = 0,
        passes: int = 1,
    ) -> None:
        self.lengths = [max(1, length) for length in lengths]
        self.batch_size = batch_size
        self.max_tokens = max_tokens
        self.seed = seed
        self.passes = passes

    def epoch(self, epoch: int) -> list[list[int]]:
        """Return the batches of an epoch; every example is in exactly `passes` of them."""
        return [batch for number in self.pass_numbers(epoch) for batch in self.one_pass(number)]

    def num_batches(self, epoch: int) -> int:
        """Return the number of batches of an epoch, `len(self.epoch(epoch))`.

        Without a binding `max_tokens` it is computed from the number of examples alone. With one it
        depends on the shuffle: the examples are ordered and cut, but no batch is kept.
        """
        widest = max(self.lengths, default=0) * self.batch_size
        if self.max_tokens is None or widest <= self.max_tokens:
            # Chunks, except the last, are a whole number of batches.
            return self.passes * math.ceil(len(self.lengths) / self.batch_size)
        return sum(
            1
            for number in self.pass_numbers(epoch)
            for _ in self.cut_chunks(self.generator(number))
        )

    def pass_numbers(self, epoch: int) -> range:
        """Return the numbers of an epoch's passes, counted over all epochs."""
        return range(epoch * self.passes, (epoch + 1) * self.passes)

    def one_pass(self, number: int) -> list[list[int]]:
        """Return the batches of one pass; every example is in exactly one."""
        generator = self.generator(number)
        batches = list(self.cut_chunks(generator))
        generator.shuffle(batches)
        longest = max(range(len(batches)), key=lambda batch: self.lengths[batches[batch][0]])
        batches[0], batches[longest] = batches[longest], batches[0]
        return batches

    def generator(self, number: int) -> random.Random:
        """Return the random generator of a pass."""
        return random.Random(f"{self.seed} {number}")

    def cut_chunks(self, generator: random.Random) -> Iterator[list[int]]:
        """Shuffle the examples and yield the batches of each chunk."""
        order = generator.sample(range(len(self.lengths)), len(self.lengths))
        chunk_size = self.batch_size * BATCHES_PER_CHUNK
        for start in range(0, len(order), chunk_size):
            yield from self.cut(order[start : start + chunk_size])

    def in_order_of_length(self) -> list[list[int]]:
        """Return batches of all examples, longest first, with the least padding, for evaluation."""
        return list(self.cut(range(len(self.lengths))))

    def cut(self, indices: Iterable[int]) -> Iterator[list[int]]:
        """Sort examples by length, longest first, and cut them into batches within both limits."""
        batch: list[int] = []
        for index in sorted(indices, key=lambda index: -self.lengths[index]):
            # The first example of a batch is its longest: all others are padded to its length.
            width = self.lengths[batch[0]] if batch else 0
            if batch and (
                len(batch) == self.batch_size
                or (self.max_tokens is not None and width * (len(batch) + 1) > self.max_tokens)
            ):
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch
