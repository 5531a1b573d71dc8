"""The classifier: Embedding -> LSTM -> pooling -> Linear.

The backward direction is a second LSTM over each review reversed within its own length. With one
layer, the result equals that of a bidirectional `nn.LSTM` on packed sequences. Packing is avoided
because its backward pass on a CPU takes time quadratic in the length (pytorch issue 149194).
"""

import torch
from torch import Tensor, nn

from sentiment.config import ModelConfig
from sentiment.models.sizes import (
    ATTENTION_HEADS,
    ATTENTION_SIZE,
    check_num_parameters,
    pooled_parts,
)
from sentiment.text.vocab import PAD_ID, UNK_ID

EMBEDDING_STD = 0.1


def reverse_index(lengths: Tensor, seq: int) -> Tensor:
    """Return the index that reverses each review within its own length.

    Args:
        lengths: [batch], tokens of each review.
        seq: the padded length.

    Returns:
        [batch, seq]. Position `t` of a review of `n` tokens maps to `n - 1 - t`, padding to itself.
        Reversing twice gives back the original.
    """
    positions = torch.arange(seq, device=lengths.device).expand(len(lengths), seq)  # [batch, seq]
    mirrored = lengths.unsqueeze(1) - 1 - positions  # [batch, seq]
    return torch.where(mirrored >= 0, mirrored, positions)


def reverse(sequence: Tensor, index: Tensor) -> Tensor:
    """Reverse `sequence` [batch, seq, features] in time by an `index` from `reverse_index`."""
    return sequence.gather(1, index.unsqueeze(-1).expand_as(sequence))


class Encoder(nn.Module):
    """Embedding and LSTM: one state vector for each token.

    With `bidirectional`, a forward and a backward stack, each a plain `nn.LSTM` of `num_layers`,
    are concatenated at the top only. A language model of one direction can therefore pretrain its
    stack alone.

    Args:
        config: sizes and dropouts.
        vocab_size: number of ids.

    Raises:
        ConfigError: the encoder would have more than `MAX_PARAMETERS`.
    """

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        check_num_parameters(config, vocab_size)
        self.word_dropout = config.word_dropout
        self.embedding = nn.Embedding(vocab_size, config.embedding_dim, padding_idx=PAD_ID)
        # With PyTorch's default of 1, the vectors of rare words stay close to their random start.
        nn.init.normal_(self.embedding.weight, std=EMBEDDING_STD)
        with torch.no_grad():
            self.embedding.weight[PAD_ID] = 0.0
        # nn.Dropout1d drops whole rows of [batch, embedding_dim, seq]: one mask for all positions
        # (Gal and Ghahramani 2016), which is also faster to draw than one mask for each position.
        self.embedding_dropout = nn.Dropout1d(config.embedding_dropout)
        self.forward_lstm = self._make_lstm(config)
        self.backward_lstm = self._make_lstm(config) if config.bidirectional else None

    @staticmethod
    def _make_lstm(config: ModelConfig) -> nn.LSTM:
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
        """Return the states of all tokens.

        Args:
            input_ids: [batch, seq].
            lengths: [batch], tokens before padding.
            perturbation: [batch, seq, embedding_dim], added to the word vectors.

        Returns:
            [batch, seq, directions * hidden_size]. States at padded positions are undefined:
            pooling must mask them.
        """
        if self.training and self.word_dropout > 0:
            dropped = torch.rand(input_ids.shape, device=input_ids.device) < self.word_dropout
            input_ids = input_ids.masked_fill(dropped & (input_ids != PAD_ID), UNK_ID)
        embedded = self.embedding(input_ids)  # [batch, seq, embedding_dim]
        if perturbation is not None:
            embedded = embedded + perturbation
        embedded = self.embedding_dropout(embedded.transpose(1, 2)).transpose(1, 2)
        forward: Tensor = self.forward_lstm(embedded)[0]  # [batch, seq, hidden_size]
        if self.backward_lstm is None:
            return forward
        index = reverse_index(lengths, input_ids.shape[1])  # [batch, seq]
        backward, _ = self.backward_lstm(reverse(embedded, index))  # [batch, seq, hidden_size]
        return torch.cat([forward, reverse(backward, index)], dim=-1)  # [batch, seq, 2 * hidden]


class Attention(nn.Module):
    """Weighted means over the tokens, one for each attention head.

    The weight of a token in a head is the softmax over the review of `v . tanh(W state + b)`: `W`
    and `b` are those of `key`, and each head has its own `v`, a row of `query` (Lin et al. 2017,
    equations 6 to 8). Initially each head is close to the plain mean, and slightly different from
    the others: identical heads would stay identical.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.key = nn.Linear(features, ATTENTION_SIZE)
        self.query = nn.Linear(ATTENTION_SIZE, ATTENTION_HEADS, bias=False)
        nn.init.normal_(self.query.weight, std=0.1)

    def forward(self, states: Tensor, padding: Tensor) -> Tensor:
        """Return the means of all heads.

        Args:
            states: [batch, seq, features].
            padding: [batch, seq, 1], True at padded positions.

        Returns:
            [batch, heads * features].
        """
        weights = self.weights(states, padding)  # [batch, seq, heads]
        return (weights.transpose(1, 2) @ states.float()).flatten(start_dim=1)

    def weights(self, states: Tensor, padding: Tensor) -> Tensor:
        """Return the weight of each token in each head: [batch, seq, heads], sum 1 over tokens."""
        scores: Tensor = self.query(torch.tanh(self.key(states)))  # [batch, seq, heads]
        return scores.float().masked_fill(padding, float("-inf")).softmax(dim=1)


def pool(
    states: Tensor,
    lengths: Tensor,
    pooling: str,
    hidden_size: int,
    attention: Attention | None = None,
) -> Tensor:
    """Reduce the states of a review's tokens to one vector, padding excluded.

    Args:
        states: [batch, seq, directions * hidden_size], as `Encoder` returns them.
        lengths: [batch], tokens before padding.
        pooling: `last`, `mean`, `max`, `attention`, or several joined by `+`. `last` is the final
            state of each direction: the last token for forward, the first for backward.
        hidden_size: width of one direction.
        attention: the module for `attention`.

    Returns:
        [batch, len(pooled_parts(pooling)) * directions * hidden_size].
    """
    positions = torch.arange(states.shape[1], device=states.device)  # [seq]
    padding = (positions >= lengths.unsqueeze(1)).unsqueeze(-1)  # [batch, seq, 1]
    pooled = []
    for kind in pooling.split("+"):
        if kind == "max":
            pooled.append(states.masked_fill(padding, float("-inf")).amax(dim=1))
        elif kind == "mean":
            total = states.masked_fill(padding, 0.0).sum(dim=1)
            pooled.append(total / lengths.unsqueeze(1))
        elif kind == "attention":
            assert attention is not None
            pooled.append(attention(states, padding))
        else:  # last
            rows = torch.arange(len(states), device=states.device)
            pooled += [states[rows, lengths - 1, :hidden_size], states[:, 0, hidden_size:]]
    return torch.cat(pooled, dim=-1)


class LSTMClassifier(nn.Module):
    """Encoder, pooling and a linear classification head."""

    def __init__(self, config: ModelConfig, vocab_size: int, num_labels: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config, vocab_size)
        directions = 2 if config.bidirectional else 1
        state_size = directions * config.hidden_size
        attends = "attention" in config.pooling.split("+")
        self.attention = Attention(state_size) if attends else None
        self.output_dropout = nn.Dropout(config.output_dropout)
        self.linear = nn.Linear(len(pooled_parts(config.pooling)) * state_size, num_labels)

    def forward(
        self, input_ids: Tensor, lengths: Tensor, perturbation: Tensor | None = None
    ) -> Tensor:
        """Return logits [batch, num_labels]. Arguments as for `Encoder.forward`."""
        pooled = self.features(input_ids, lengths, perturbation)
        logits: Tensor = self.linear(self.output_dropout(pooled))  # [batch, num_labels]
        return logits

    def features(
        self, input_ids: Tensor, lengths: Tensor, perturbation: Tensor | None = None
    ) -> Tensor:
        """Return the input of the classification head, [batch, pooled]."""
        states = self.encoder(input_ids, lengths, perturbation)  # [batch, seq, directions * hidden]
        return pool(states, lengths, self.config.pooling, self.config.hidden_size, self.attention)
