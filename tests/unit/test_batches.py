"""Batches: padding, truncation, and the order in which the sampler cuts them."""

import hashlib
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sentiment.config import TextConfig
from sentiment.text.batching import BucketSampler, collate, encode, truncate
from sentiment.text.vocab import PAD_ID, UNK_ID, Vocab

GENERATOR = random.Random(7)
LENGTHS = [min(400, int(GENERATOR.lognormvariate(5, 0.7))) for _ in range(8000)]
ORDER_WITHOUT_LIMIT = [[5, 6], [1], [0, 2], [3, 4]]
ORDER_WITH_LIMIT = [[5], [6], [0, 2, 1], [3, 4]]
ORDER_DIGEST = "3890b32821b53ae8fbf7421c48f23aa903ad7f3df8dfdef02c3f39ef75f9c804"


def test_collate_pads_on_the_right_and_keeps_lengths_and_labels():
    batch = collate([([5, 6, 7], 1), ([8], 0)])
    assert batch.input_ids.tolist() == [[5, 6, 7], [8, PAD_ID, PAD_ID]]
    assert batch.lengths.tolist() == [3, 1]
    assert batch.labels.tolist() == [1, 0]
    assert {tensor.dtype for tensor in batch} == {torch.int64}


def test_batch_can_be_padded_to_a_multiple():
    batch = collate([([5, 6, 7], 1), ([8], 0)], multiple=4)
    assert batch.input_ids.tolist() == [[5, 6, 7, PAD_ID], [8, PAD_ID, PAD_ID, PAD_ID]]
    assert batch.lengths.tolist() == [3, 1]
    assert collate([([5] * 8, 1)], multiple=4).input_ids.shape == (1, 8)


def test_review_without_tokens_becomes_one_unk():
    batch = collate([([], 0), ([], 1)])
    assert batch.input_ids.tolist() == [[UNK_ID], [UNK_ID]]
    assert batch.lengths.tolist() == [1, 1]


@given(
    ids=st.lists(st.integers(), max_size=40),
    max_length=st.integers(1, 30),
    head_fraction=st.floats(0, 1),
)
def test_truncate_keeps_a_head_and_a_tail(ids, max_length, head_fraction):
    kept = truncate(ids, max_length, head_fraction)
    assert len(kept) == min(len(ids), max_length)
    head = round(max_length * head_fraction)
    if len(ids) > max_length:
        assert kept[:head] == ids[:head]
        assert kept[head:] == ids[len(ids) - (max_length - head) :]
    else:
        assert kept == ids


def test_encode_looks_up_and_truncates():
    vocab = Vocab.build([["a", "b", "c"]], min_freq=1)
    config = TextConfig(max_length=2, head_fraction=0.5)
    assert encode(["a", "b", "nope"], vocab, config) == [vocab.encode(["a"])[0], UNK_ID]


@pytest.mark.parametrize("max_tokens", [None, 5000])
def test_every_example_is_in_exactly_one_batch(max_tokens):
    batches = BucketSampler(LENGTHS, 32, max_tokens).epoch(0)
    assert sorted(index for batch in batches for index in batch) == list(range(len(LENGTHS)))
    assert max(map(len, batches)) <= 32


def test_order_is_reproducible_and_differs_between_epochs_and_seeds():
    sampler = BucketSampler(LENGTHS, 32, seed=3)
    assert sampler.epoch(1) == BucketSampler(LENGTHS, 32, seed=3).epoch(1)
    assert sampler.epoch(1) != sampler.epoch(2)
    assert sampler.epoch(1) != BucketSampler(LENGTHS, 32, seed=4).epoch(1)


def test_the_longest_batch_comes_first():
    for epoch in range(5):
        widths = [
            max(LENGTHS[i] for i in batch) for batch in BucketSampler(LENGTHS, 32).epoch(epoch)
        ]
        assert widths[0] == max(LENGTHS)
    assert widths[1:] != sorted(widths[1:], reverse=True)


def test_batches_hold_at_most_max_tokens_unless_one_example_is_longer():
    for batch in BucketSampler(LENGTHS, 64, max_tokens=2000).epoch(0):
        width = max(LENGTHS[index] for index in batch)
        assert width * len(batch) <= 2000 or len(batch) == 1


@pytest.mark.parametrize("passes", [1, 3])
@pytest.mark.parametrize("max_tokens", [None, 2000, 5000, 10**6])
@pytest.mark.parametrize("size", [1, 31, 32, 33, 1600, 1601, 8000])
def test_num_batches_is_the_length_of_the_epoch(size, max_tokens, passes):
    sampler = BucketSampler(LENGTHS[:size], 32, max_tokens, passes=passes)
    for epoch in (0, 5):
        assert sampler.num_batches(epoch) == len(sampler.epoch(epoch))


def test_num_batches_without_max_tokens_orders_nothing(monkeypatch):
    sampler = BucketSampler(LENGTHS, 32)
    monkeypatch.setattr(sampler, "cut", None)
    assert sampler.num_batches(0) == 250


def test_order_is_that_of_earlier_versions():
    """Checkpoints refer to positions in this order."""
    assert BucketSampler([3, 1, 2, 5, 4, 9, 7], 2, seed=1).epoch(2) == ORDER_WITHOUT_LIMIT
    assert BucketSampler([3, 1, 2, 5, 4, 9, 7], 3, 10, seed=1).epoch(0) == ORDER_WITH_LIMIT
    digest = hashlib.sha256(repr(BucketSampler(LENGTHS, 32, 5000, seed=7).epoch(3)).encode())
    assert digest.hexdigest() == ORDER_DIGEST


def padding(lengths, batches):
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in batches)
    return 1 - sum(lengths) / padded


def test_buckets_leave_little_padding():
    assert padding(LENGTHS, BucketSampler(LENGTHS, 32).epoch(0)) < 0.05


def test_imdb_has_at_most_five_percent_padding(imdb):
    text = TextConfig()
    lengths = [min(len(review.split()), text.max_length) for review in imdb["train"]["text"]]
    assert padding(lengths, BucketSampler(lengths, 64).epoch(0)) <= 0.05
