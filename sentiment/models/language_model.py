"""A language model in each direction over one encoder, for pretraining.

The forward LSTM predicts the next word, the backward LSTM the previous one (Dai and Le 2015; both
directions as in ELMo, Peters et al. 2018). They share the embedding. Only the encoder is kept.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sentiment.config import ModelConfig
from sentiment.models.lstm import Encoder

SAMPLED_WORDS = 1024  # Of the sampled softmax, new ones in each step.
SAMPLED_ROWS = 1024  # Predictions at once, so that their logits fit into the processor's cache.
FULL_ROWS = 2048  # The same for the full softmax: 250 MB with 30,000 words.


class LanguageModel(nn.Module):
    """Encoder, and for each direction a linear map into the space of the tied embedding.

    A word's logit is the inner product of its embedding with the prediction, plus a bias.
    """

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        self.encoder = Encoder(config, vocab_size)
        self.output_dropout = nn.Dropout(config.output_dropout)
        self.to_embedding = nn.ModuleList(
            nn.Linear(config.hidden_size, config.embedding_dim)
            for _ in range(2 if config.bidirectional else 1)
        )
        # Ids are sorted by frequency, so Zipf's law is a good initial bias. Learning it from zero
        # takes a thousand steps.
        self.bias = nn.Parameter(-torch.arange(1, vocab_size + 1).log())

    def start_from(self, encoder: Encoder) -> None:
        """Copy the weights of `encoder`, and start with predictions of zero.

        Then no gradient reaches the encoder before the new linear maps have been trained a little.
        """
        self.encoder.load_state_dict(encoder.state_dict())
        for parameter in self.to_embedding.parameters():
            nn.init.zeros_(parameter)

    def forward(self, input_ids: Tensor, lengths: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return predictions and targets of each direction.

        Args:
            input_ids: [batch, seq].
            lengths: [batch], tokens before padding.

        Returns:
            For each direction predictions [words, embedding_dim] and targets [words], where `words`
            is the number of tokens in the batch minus one for each review.
        """
        states = self.encoder(input_ids, lengths)  # [batch, seq, directions * hidden_size]
        states = states.chunk(len(self.to_embedding), dim=-1)  # each [batch, seq, hidden_size]
        positions = torch.arange(input_ids.shape[1] - 1, device=input_ids.device)  # [seq - 1]
        has_next = positions < (lengths - 1).unsqueeze(1)  # [batch, seq - 1]
        contexts = [(states[0][:, :-1], input_ids[:, 1:])]
        if len(states) == 2:
            contexts.append((states[1][:, 1:], input_ids[:, :-1]))
        return [
            (to_embedding(self.output_dropout(context[has_next])), target[has_next])
            for to_embedding, (context, target) in zip(self.to_embedding, contexts, strict=True)
        ]

    def sampled_loss(
        self,
        predictions: Tensor,
        targets: Tensor,
        generator: torch.Generator | None = None,
        sample_size: int = SAMPLED_WORDS,
    ) -> Tensor:
        """Return the mean cross-entropy against a sample of the vocabulary.

        Words are drawn from the log-uniform distribution, which is close to the frequencies of a
        sorted vocabulary. A word drawn `n` times, where `sample_size * p` times are expected, has
        the weight `n / (sample_size * p)` (Jean et al. 2015, section 3), so that the sum over the
        sample estimates the sum over all words but the target, which is exact.

        Args:
            predictions: [words, embedding_dim].
            targets: [words].
            generator: draws the words; None: PyTorch's global one.
            sample_size: words to draw; all predictions share them.

        Returns:
            [], the mean over `words`, in nats.
        """
        log_size = math.log(len(self.bias))
        uniform = torch.rand(sample_size, generator=generator, device=targets.device)
        drawn = (uniform * log_size).exp().long()
        drawn = drawn.clamp(max=len(self.bias) - 1)  # [sample_size], 1 to vocab_size - 1
        sample, times = drawn.unique(return_counts=True)  # both [sample]
        expected = sample_size * ((sample + 1) / sample).log() / log_size  # [sample]
        place = torch.searchsorted(sample, targets).clamp(max=len(sample) - 1)  # [words]
        in_sample = sample[place] == targets  # [words]
        embedding = self.encoder.embedding.weight
        columns, biases = embedding[sample], self.bias[sample] + (times / expected).log()
        true = (predictions * embedding[targets]).sum(dim=1) + self.bias[targets]  # [words]
        total = predictions.new_zeros(())
        for rows in torch.arange(len(targets), device=targets.device).split(SAMPLED_ROWS):
            others = F.linear(predictions[rows], columns, biases)  # [rows, sample]
            logits = torch.cat([true[rows].unsqueeze(1), others], dim=1).float()
            counted_twice = in_sample[rows].nonzero().squeeze(1)
            logits[counted_twice, 1 + place[rows][counted_twice]] = float("-inf")
            total = total + F.cross_entropy(logits, torch.zeros_like(rows), reduction="sum")
        return total / len(targets)

    def full_loss(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Return the summed cross-entropy against all words but `<pad>`, in nats.

        Args:
            predictions: [words, embedding_dim].
            targets: [words].

        Returns:
            [], float64 on the CPU.
        """
        total = torch.zeros((), dtype=torch.float64)
        chunks = zip(predictions.split(FULL_ROWS), targets.split(FULL_ROWS), strict=True)
        for prediction_rows, target_rows in chunks:
            logits = F.linear(prediction_rows, self.encoder.embedding.weight[1:], self.bias[1:])
            total += F.cross_entropy(logits, target_rows - 1, reduction="sum").cpu().double()
        return total
