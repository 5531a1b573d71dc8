import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import sentiment.models.lstm
from sentiment.config import ModelConfig
from sentiment.errors import ConfigError
from sentiment.inference.batched import forward_in_batches, uncalibrated_logits
from sentiment.models.lstm import (
    ATTENTION_HEADS,
    Attention,
    Encoder,
    LSTMClassifier,
    pool,
    pooled_parts,
    reverse,
    reverse_index,
)
from sentiment.text.batching import collate
from sentiment.text.vocab import PAD_ID, UNK_ID

LENGTHS = [9, 1, 4, 7]
NO_DROPOUT = {
    "word_dropout": 0.0,
    "embedding_dropout": 0.0,
    "lstm_dropout": 0.0,
    "output_dropout": 0.0,
}


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return collate(
        [(torch.randint(2, 50, (n,), generator=generator).tolist(), n % 2) for n in LENGTHS]
    )


def config(**changes):
    return ModelConfig(**{"embedding_dim": 6, "hidden_size": 5, **NO_DROPOUT, **changes})


def encoder(**changes):
    torch.manual_seed(0)
    return Encoder(config(**changes), vocab_size=50)


def test_reversing_keeps_padding_in_place_and_is_its_own_inverse():
    sequence = torch.tensor([[1, 2, 3, 0], [4, 0, 0, 0]]).unsqueeze(-1)
    index = reverse_index(torch.tensor([3, 1]), 4)
    reversed_ = reverse(sequence, index)
    assert reversed_.squeeze(-1).tolist() == [[3, 2, 1, 0], [4, 0, 0, 0]]
    assert torch.equal(reverse(reversed_, index), sequence)


def packed(lstm, embedded, lengths):
    """Return the output of PyTorch's packed LSTM, with zeros as padding: [batch, seq, features]."""
    sequence = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(lstm(sequence)[0], batch_first=True)[0]


def assert_close_without_padding(actual, expected, atol=1e-6):
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(actual[row, :length], expected[row, :length], atol=atol, rtol=0)


def test_outputs_and_gradients_equal_those_of_a_packed_bidirectional_lstm(batch):
    ours = encoder()
    theirs = nn.LSTM(6, 5, batch_first=True, bidirectional=True)
    weights = dict(ours.forward_lstm.state_dict())
    weights |= {f"{name}_reverse": w for name, w in ours.backward_lstm.state_dict().items()}
    theirs.load_state_dict(weights)

    embedding = ours.embedding(batch.input_ids).detach().requires_grad_()
    expected = packed(theirs, embedding, batch.lengths)
    actual = ours(batch.input_ids, batch.lengths)
    assert_close_without_padding(actual, expected)

    mask = (torch.arange(max(LENGTHS)) < batch.lengths.unsqueeze(1)).unsqueeze(-1)
    (actual * mask).square().sum().backward()
    expected.square().sum().backward()
    for name, parameter in ours.forward_lstm.named_parameters():
        torch.testing.assert_close(parameter.grad, getattr(theirs, name).grad, atol=1e-5, rtol=1e-4)
    for name, parameter in ours.backward_lstm.named_parameters():
        theirs_grad = getattr(theirs, f"{name}_reverse").grad
        torch.testing.assert_close(parameter.grad, theirs_grad, atol=1e-5, rtol=1e-4)


def test_weights_of_a_bidirectional_lstm_can_be_loaded(batch):
    theirs = nn.LSTM(6, 5, batch_first=True, bidirectional=True)
    ours = encoder()
    state = theirs.state_dict()
    backward = {n.removesuffix("_reverse"): w for n, w in state.items() if n.endswith("_reverse")}
    ours.forward_lstm.load_state_dict({n: state[n] for n in backward})
    ours.backward_lstm.load_state_dict(backward)
    expected = packed(theirs, ours.embedding(batch.input_ids), batch.lengths)
    actual = ours(batch.input_ids, batch.lengths)
    assert_close_without_padding(actual, expected)


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_each_direction_equals_a_packed_lstm(batch, num_layers):
    ours = encoder(num_layers=num_layers)
    embedded = ours.embedding(batch.input_ids)
    index = reverse_index(batch.lengths, max(LENGTHS))
    states = ours(batch.input_ids, batch.lengths)
    forward = packed(ours.forward_lstm, embedded, batch.lengths)
    backward = reverse(packed(ours.backward_lstm, reverse(embedded, index), batch.lengths), index)
    expected = torch.cat([forward, backward], dim=-1)
    assert_close_without_padding(states, expected, atol=1e-5)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", "last+mean+max"])
def test_logits_do_not_depend_on_padding_or_the_rest_of_the_batch(batch, pooling, bidirectional):
    torch.manual_seed(0)
    model = LSTMClassifier(config(pooling=pooling, bidirectional=bidirectional), 50, 3).eval()
    if model.attention is not None:
        nn.init.normal_(model.attention.query.weight)  # Attention that is not close to a mean.
    together = model(batch.input_ids, batch.lengths)
    assert together.shape == (4, 3)
    padded = torch.nn.functional.pad(batch.input_ids, (0, 6), value=PAD_ID)
    torch.testing.assert_close(model(padded, batch.lengths), together, atol=1e-5, rtol=0)
    for row, length in enumerate(LENGTHS):
        alone = model(batch.input_ids[row : row + 1, :length], batch.lengths[row : row + 1])
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=0)


def test_pooling_ignores_padding():
    # A forward and a backward state at two tokens and one padded position.
    states = torch.tensor([[[1.0, -6.0], [3.0, -2.0], [9.0, 9.0]]])
    lengths = torch.tensor([2])
    assert pool(states, lengths, "last", 1).tolist() == [[3.0, -6.0]]
    assert pool(states, lengths, "mean", 1).tolist() == [[2.0, -4.0]]
    assert pool(states, lengths, "max", 1).tolist() == [[3.0, -2.0]]
    assert pool(states, lengths, "max+last", 1).tolist() == [[3.0, -2.0, 3.0, -6.0]]


def test_attention_is_the_mean_until_its_weights_differ_between_tokens():
    torch.manual_seed(0)
    states, lengths = torch.randn(1, 4, 2), torch.tensor([3])
    attention = Attention(2)
    nn.init.zeros_(attention.query.weight)
    mean = pool(states, lengths, "mean", 1)
    pooled = pool(states, lengths, "attention", 1, attention)
    torch.testing.assert_close(pooled, mean.repeat(1, ATTENTION_HEADS))
    nn.init.constant_(attention.key.weight, 0.1)
    nn.init.constant_(attention.key.bias, 0.0)
    nn.init.constant_(attention.query.weight[0], 1e5)  # Selects the token with the largest sum.
    largest = states[0, states[0, :3].sum(dim=1).argmax()]
    pooled = pool(states, lengths, "attention", 1, attention)
    torch.testing.assert_close(pooled[0, :2], largest)
    torch.testing.assert_close(pooled[0, 2:4], mean[0])
    padding = (torch.arange(4) >= lengths).view(1, 4, 1)
    weights = attention.weights(states, padding)  # [1, 4, heads]
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(1, ATTENTION_HEADS))
    assert not weights[0, 3].any()  # Padding has no weight.


def test_word_dropout_replaces_words_by_unk_in_training_only(batch):
    ours = encoder(word_dropout=1.0)
    everything_unk = batch.input_ids.masked_fill(batch.input_ids != PAD_ID, UNK_ID)
    ours.train()
    dropped = ours(batch.input_ids, batch.lengths)
    ours.eval()
    torch.testing.assert_close(dropped, ours(everything_unk, batch.lengths))
    assert not torch.allclose(dropped, ours(batch.input_ids, batch.lengths))


def test_uncalibrated_logits_keeps_the_order_of_reviews_and_the_mode_of_the_model():
    torch.manual_seed(0)
    model = LSTMClassifier(config(word_dropout=0.5), 50, 2).train()
    reviews = [[2, 3, 4], [5], [], [6, 7, 8, 9, 10]]
    together = uncalibrated_logits(model, reviews, batch_size=2)
    for review, logits in zip(reviews, together, strict=True):
        torch.testing.assert_close(
            uncalibrated_logits(model, [review])[0], logits, atol=1e-5, rtol=0
        )
    assert model.training
    assert uncalibrated_logits(model, []).shape == (0, 2)


def test_forward_in_batches_computes_a_part_of_the_model():
    torch.manual_seed(0)
    model = LSTMClassifier(config(pooling="max+attention"), 50, 2).eval()
    width = len(pooled_parts("max+attention")) * 2 * 5
    assert model.linear.in_features == width
    features = forward_in_batches(model, model.features, width, [[2, 3], [4], [5, 6, 7]], 2)
    assert features.shape == (3, width)
    expected = uncalibrated_logits(model, [[2, 3], [4], [5, 6, 7]])
    with torch.inference_mode():
        logits = model.linear(features)
    torch.testing.assert_close(logits, expected, atol=1e-2, rtol=0)


@pytest.mark.parametrize("name", ["embedding_dim", "hidden_size", "vocab_size"])
def test_encoder_over_the_parameter_limit_is_refused_before_it_is_allocated(name):
    sizes = {"embedding_dim": 8, "hidden_size": 8, "vocab_size": 8, name: 10**9}
    vocab_size = sizes.pop("vocab_size")
    with pytest.raises(ConfigError, match="parameters with .* words; the limit is 67,108,864"):
        Encoder(ModelConfig(**sizes), vocab_size)


def test_counted_parameters_are_those_that_are_allocated(monkeypatch):
    config = ModelConfig(embedding_dim=5, hidden_size=3, num_layers=3, bidirectional=True)
    count = sum(weight.numel() for weight in Encoder(config, 7).parameters())
    monkeypatch.setattr(sentiment.models.sizes, "MAX_PARAMETERS", count)
    Encoder(config, 7)
    monkeypatch.setattr(sentiment.models.sizes, "MAX_PARAMETERS", count - 1)
    with pytest.raises(ConfigError, match=f"{count:,} parameters"):
        Encoder(config, 7)
