"""A batch in, logits out: Embedding -> LSTM -> pooling -> Linear.

The backward direction is a second LSTM over each review reversed within its own length. That gives
the numbers of a packed bidirectional `nn.LSTM` without packing, whose backward pass on CPU costs
time quadratic in length (pytorch issue 149194).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from sentiment.config import ModelConfig
from sentiment.errors import InputError
from sentiment.runtime.devices import autocast
from sentiment.text.batching import BucketSampler, collate
from sentiment.text.vocab import PAD_ID, UNK_ID

EMBEDDING_STD = 0.1
MAX_WEIGHTS = 2**26  # Of an encoder: 256 MiB, ten times the shipped one.
# For each length of a batch oneDNN keeps megabytes of its own, and a service sees them all.
LENGTHS = 16  # A multiple of it is a length.
ATTENTION_SIZE, ATTENTION_HEADS = 256, 4


def reverse_index(lengths: Tensor, seq: int) -> Tensor:
    """Where each position of a review goes when the review, not its padding, is reversed.

    `lengths` is [batch]; the result is [batch, seq]: position `t` of a review of `n` tokens maps to
    `n - 1 - t`, and padding to itself. Reversing twice gives back the original.
    """
    positions = torch.arange(seq, device=lengths.device).expand(len(lengths), seq)  # [batch, seq]
    mirrored = lengths.unsqueeze(1) - 1 - positions  # [batch, seq]
    return torch.where(mirrored >= 0, mirrored, positions)


def reverse(sequence: Tensor, index: Tensor) -> Tensor:
    """Reverse `sequence` [batch, seq, features] along time by an `index` of `reverse_index`."""
    return sequence.gather(1, index.unsqueeze(-1).expand_as(sequence))


class Encoder(nn.Module):
    """Embedding and LSTM: ids to one vector a token.

    With `bidirectional`, a forward and a backward stack, each a plain `nn.LSTM` of `num_layers`,
    are joined at the top only, so that a language model of either direction can pretrain its
    stack alone.

    Raises:
        InputError: that would be more than `MAX_WEIGHTS`.
    """

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        check_size(config, vocab_size)
        self.word_dropout = config.word_dropout
        self.embedding = nn.Embedding(vocab_size, config.embedding_dim, padding_idx=PAD_ID)
        # PyTorch's default, a deviation of 1, drowns what is learned of rare words in noise.
        nn.init.normal_(self.embedding.weight, std=EMBEDDING_STD)
        with torch.no_grad():
            self.embedding.weight[PAD_ID] = 0.0
        # nn.Dropout1d drops whole rows of [batch, embedding_dim, seq]: one mask for all positions
        # (Gal and Ghahramani 2016), which also costs less to draw than one for each.
        self.embedding_dropout = nn.Dropout1d(config.embedding_dropout)
        self.forward_lstm = self._stack(config)
        self.backward_lstm = self._stack(config) if config.bidirectional else None

    @staticmethod
    def _stack(config: ModelConfig) -> nn.LSTM:
        return nn.LSTM(
            input_size=config.embedding_dim,
            hidden_size=config.hidden_size,
            num_layers=config.num_layers,
            dropout=config.lstm_dropout if config.num_layers > 1 else 0.0,
            batch_first=True,
        )

    def forward(
        self, input_ids: Tensor, lengths: Tensor, perturbation: Tensor | None = None
    ) -> Tensor:
        """`input_ids` [batch, seq] and `lengths` [batch] to [batch, seq, directions * hidden].

        What stands at padded positions is meaningless: pooling must mask it. `perturbation`
        [batch, seq, embedding_dim], if given, is added to the word vectors.
        """
        if self.training and self.word_dropout > 0:
            dropped = torch.rand(input_ids.shape, device=input_ids.device) < self.word_dropout
            input_ids = input_ids.masked_fill(dropped & (input_ids != PAD_ID), UNK_ID)
        embedded = self.embedding(input_ids)  # [batch, seq, embedding_dim]
        if perturbation is not None:
            embedded = embedded + perturbation
        embedded = self.embedding_dropout(embedded.transpose(1, 2)).transpose(1, 2)
        forward, _ = self.forward_lstm(embedded)  # [batch, seq, hidden]
        if self.backward_lstm is None:
            return forward
        index = reverse_index(lengths, input_ids.shape[1])  # [batch, seq]
        backward, _ = self.backward_lstm(reverse(embedded, index))  # [batch, seq, hidden]
        return torch.cat([forward, reverse(backward, index)], dim=-1)  # [batch, seq, 2 * hidden]


def check_size(config: ModelConfig, vocab_size: int) -> None:
    """Raise `InputError` before memory is taken for more weights than an encoder may have."""
    width, hidden_size = config.embedding_dim, config.hidden_size
    layers = (width + hidden_size + 2) + (config.num_layers - 1) * (2 * hidden_size + 2)
    stacks = (2 if config.bidirectional else 1) * 4 * hidden_size * layers
    if (weights := vocab_size * width + stacks) > MAX_WEIGHTS:
        raise InputError(
            f"embedding_dim {width}, hidden_size {hidden_size} and num_layers {config.num_layers} "
            f"make {weights:,} weights with {vocab_size:,} words; {MAX_WEIGHTS:,} is the most. "
            "Choose a smaller one, or a lower max_vocab."
        )


class Attention(nn.Module):
    """Several means over the tokens, each of which weighs them by what stands there.

    A token's weight in one of them is the softmax, over the review, of `v . tanh(W state)`, where
    `v` is that mean's own (Lin et al. 2017, equations 6 to 8). They begin as nearly the plain mean,
    but each a little different: like ones would stay alike.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.key = nn.Linear(features, ATTENTION_SIZE)
        self.query = nn.Linear(ATTENTION_SIZE, ATTENTION_HEADS, bias=False)
        nn.init.normal_(self.query.weight, std=0.1)

    def forward(self, states: Tensor, padding: Tensor) -> Tensor:
        """`states` [batch, seq, features], `padding` [batch, seq, 1]: [batch, heads * features]."""
        weights = self.weights(states, padding)  # [batch, seq, heads]
        return (weights.transpose(1, 2) @ states.float()).flatten(start_dim=1)

    def weights(self, states: Tensor, padding: Tensor) -> Tensor:
        """How much each token counts in each mean: [batch, seq, heads], 1 over the tokens."""
        scores = self.query(torch.tanh(self.key(states)))  # [batch, seq, heads]
        return scores.float().masked_fill(padding, float("-inf")).softmax(dim=1)


def vectors_of(pooling: str) -> list[str]:
    """The vectors that make up the pooled one, by name and in order; `attention` has one a head."""
    heads = [f"attention {number + 1}" for number in range(ATTENTION_HEADS)]
    return [
        name for kind in pooling.split("+") for name in (heads if kind == "attention" else [kind])
    ]


def pool(
    states: Tensor,
    lengths: Tensor,
    how: str,
    hidden_size: int,
    attention: Attention | None = None,
) -> Tensor:
    """One vector a review from one a token, padding left out.

    Args:
        states: [batch, seq, directions * hidden], as `Encoder` gives them.
        lengths: [batch].
        how: `last`, `mean`, `max`, `attention`, or several joined by `+`. `last` is where each
            direction ends: the last token for the forward one, the first for the backward one.
        hidden_size: the width of one direction.
        attention: the learned weighing, for `attention`.

    Returns:
        [batch, len(vectors_of(how)) * directions * hidden].
    """
    positions = torch.arange(states.shape[1], device=states.device)  # [seq]
    padding = (positions >= lengths.unsqueeze(1)).unsqueeze(-1)  # [batch, seq, 1]
    pooled = []
    for kind in how.split("+"):
        if kind == "max":
            pooled.append(states.masked_fill(padding, float("-inf")).amax(dim=1))
        elif kind == "mean":
            total = states.masked_fill(padding, 0.0).sum(dim=1)
            pooled.append(total / lengths.unsqueeze(1))
        elif kind == "attention":
            assert attention is not None
            pooled.append(attention(states, padding))
        else:
            rows = torch.arange(len(states), device=states.device)
            end_of_forward = states[rows, lengths - 1, :hidden_size]
            pooled += [end_of_forward, states[:, 0, hidden_size:]]
    return torch.cat(pooled, dim=-1)


class LSTMClassifier(nn.Module):
    """Encoder, pooling, Linear: a batch to one row of logits a review."""

    def __init__(self, config: ModelConfig, vocab_size: int, num_labels: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config, vocab_size)
        directions = 2 if config.bidirectional else 1
        state_size = directions * config.hidden_size
        attends = "attention" in config.pooling.split("+")
        self.attention = Attention(state_size) if attends else None
        self.output_dropout = nn.Dropout(config.output_dropout)
        self.linear = nn.Linear(len(vectors_of(config.pooling)) * state_size, num_labels)

    def forward(
        self, input_ids: Tensor, lengths: Tensor, perturbation: Tensor | None = None
    ) -> Tensor:
        """To logits [batch, num_labels]; arguments as for `Encoder`."""
        pooled = self.features(input_ids, lengths, perturbation)
        return self.linear(self.output_dropout(pooled))  # [batch, num_labels]

    def features(
        self, input_ids: Tensor, lengths: Tensor, perturbation: Tensor | None = None
    ) -> Tensor:
        """What the Linear reads, [batch, pooled]; arguments as for `Encoder`."""
        states = self.encoder(input_ids, lengths, perturbation)  # [batch, seq, directions * hidden]
        return pool(states, lengths, self.config.pooling, self.config.hidden_size, self.attention)


def predict_logits(
    model: LSTMClassifier, reviews: Sequence[Sequence[int]], batch_size: int = 64
) -> Tensor:
    """Logits of `reviews`, each a list of ids: [reviews, num_labels], in order, on the CPU."""
    return in_batches(model, model, model.linear.out_features, reviews, batch_size)


@torch.inference_mode()
def in_batches(
    model: LSTMClassifier,
    compute: Callable[[Tensor, Tensor], Tensor],
    width: int,
    reviews: Sequence[Sequence[int]],
    batch_size: int = 64,
) -> Tensor:
    """What `compute`, a part of `model`, makes of `reviews`: [reviews, width], in their order.

    Dropout is off meanwhile. Batches are made by length, which changes the speed and not the
    numbers: what comes of a review does not depend on its batch mates. Where the device is made for
    bfloat16 the LSTMs compute in it, which takes half the time and changes no label in 1,000.
    """
    was_training = model.training
    model.eval()
    device = model.linear.weight.device
    rows = torch.empty(len(reviews), width)
    for indices in BucketSampler([len(ids) for ids in reviews], batch_size).in_order_of_length():
        batch = collate([(reviews[index], -1) for index in indices], LENGTHS).to(device)
        with autocast(device):
            rows[indices] = compute(batch.input_ids, batch.lengths).float().cpu()
    model.train(was_training)
    return rows
