"""Unlabelled reviews in, an encoder that knows their language out.

Two language models are trained together: the forward LSTM reads a review up to a word and tells the
next one, the backward LSTM reads the rest and tells the one before (Dai and Le 2015; both
directions as in ELMo, Peters et al. 2018). They share the embedding. Only the encoder is kept, and
its weights load into a classifier as they are.

A review is read as the classifier reads it, from its first word and a state of zeros, in the same
batches of like length. So no state has to be carried from batch to batch, no review follows on
another, and the gradient goes back through all of a piece of `max_length` tokens.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from datasets import concatenate_datasets
from torch import Tensor, nn

from sentiment.artifacts.model_folder import SavedModel, load_model, model_folder, save_model
from sentiment.config import Config, ModelConfig
from sentiment.data.labels import UNSUPERVISED
from sentiment.data.reviews import load_reviews
from sentiment.data.splits import drop_shared, fingerprint, train_and_validation
from sentiment.models.lstm import Encoder
from sentiment.runtime.devices import autocast
from sentiment.text.batching import Batch, BucketSampler, collate
from sentiment.text.token_cache import tokenize_dataset
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import Vocab
from sentiment.training.trainer import Metrics, Outcome, Stage, Summary, run

DRAWS = 1024  # Words drawn for the sampled softmax, each step anew.
VALIDATION_STRIDE = 4  # The full softmax is slow; every fourth validation review will do.
SAMPLED_ROWS = 1024  # Predictions at once, so that their logits stay in the processor's cache.
FULL_ROWS = 2048  # The same for the full softmax: 250 MB with 30,000 words.


class Data(NamedTuple):
    """What the language models learn from and check themselves against: pieces of reviews."""

    train: list[list[int]]
    validation: list[list[int]]
    vocab: Vocab
    facts: dict[str, Any]  # Rows and fingerprints, for `config.json`.


def pretrain(
    config: Config,
    out: Path,
    resume: bool = False,
    overwrite: bool = False,
    on_epoch: Callable[[Metrics], None] = lambda metrics: None,
) -> Summary:
    """Train an encoder and leave its bundle in the run folder `out`, as `trainer.run` does.

    With `config.model.init` the encoder in that folder reads on, in its own vocabulary.
    """
    start = load_model(model_folder(config.model.init)) if config.model.init else None
    if start is not None:
        config = config.starting_from(start.config)

    def make_task() -> LanguageModelling:
        task = LanguageModelling(config, prepare_data(config, start.vocab if start else None))
        if start is not None:
            task.model.read_on(start.encoder)
        return task

    return run(make_task, config, out, resume, overwrite, on_epoch)


def prepare_data(config: Config, vocab: Vocab | None = None) -> Data:
    """Load, tokenize and encode the reviews to read; without a `vocab` count one."""
    corpus = load_reviews(config.data, labelled=False)
    train_split, validation_split = train_and_validation(
        corpus, config.data, config.train.seed, labelled=False
    )
    readable = [train_split, *(corpus[name] for name in [UNSUPERVISED] if name in corpus)]
    held_out = [validation_split, *(corpus[name] for name in ["test"] if name in corpus)]
    reviews = drop_shared(concatenate_datasets(readable), held_out)
    tokenizer = Tokenizer(config.text.language, config.text.lowercase)
    train_tokens = tokenize_dataset(reviews, tokenizer)["tokens"]
    validation_tokens = tokenize_dataset(validation_split, tokenizer)["tokens"]
    if vocab is None:
        vocab = Vocab.build(train_tokens, config.text.min_freq, config.text.max_vocab)

    def pieces(reviews: Iterable[list[str]]) -> list[list[int]]:
        return [
            piece
            for tokens in reviews
            for piece in cut(vocab.encode(tokens), config.text.max_length)
        ]

    facts = {
        "train": {"rows": len(reviews), "fingerprint": fingerprint(reviews)},
        "validation": {"rows": len(validation_split), "fingerprint": fingerprint(validation_split)},
        "left_out": sum(map(len, readable)) - len(reviews),
    }
    return Data(pieces(train_tokens), pieces(validation_tokens[::VALIDATION_STRIDE]), vocab, facts)


def cut(ids: list[int], max_length: int) -> list[list[int]]:
    """Cut a review into pieces of like length, at most `max_length`, at least 2: a word to tell."""
    count = math.ceil(len(ids) / max_length)
    edges = [round(number * len(ids) / count) for number in range(count + 1)] if count else []
    pieces = [ids[start:end] for start, end in pairwise(edges)]
    return [piece for piece in pieces if len(piece) >= 2]


class LanguageModel(nn.Module):
    """Encoder, and for each direction a Linear into the space of the embedding, tied to it.

    A word's logit is the inner product of its embedding with the prediction, and a bias.
    """

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        self.encoder = Encoder(config, vocab_size)
        self.output_dropout = nn.Dropout(config.output_dropout)
        self.to_embedding = nn.ModuleList(
            nn.Linear(config.hidden_size, config.embedding_dim)
            for _ in range(2 if config.bidirectional else 1)
        )
        # Ids are in order of frequency, and Zipf's law is where the logits start: learned from
        # nothing it would take a thousand steps.
        self.bias = nn.Parameter(-torch.arange(1, vocab_size + 1).log())

    def read_on(self, encoder: Encoder) -> None:
        """Start from the weights of `encoder`, and from predictions of zero.

        So no gradient reaches the encoder before its new predictions have begun to make sense.
        """
        self.encoder.load_state_dict(encoder.state_dict())
        for parameter in self.to_embedding.parameters():
            nn.init.zeros_(parameter)

    def forward(self, input_ids: Tensor, lengths: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What each direction expects, and what stands there.

        Args:
            input_ids: [batch, seq].
            lengths: [batch].

        Returns:
            For each direction predictions [words, embedding_dim] and targets [words], where `words`
            is the number of tokens in the batch less one a review.
        """
        states = self.encoder(input_ids, lengths)  # [batch, seq, directions * hidden]
        states = states.chunk(len(self.to_embedding), dim=-1)  # each [batch, seq, hidden]
        starts = torch.arange(input_ids.shape[1] - 1, device=input_ids.device)  # [seq - 1]
        is_pair = starts < (lengths - 1).unsqueeze(1)  # [batch, seq - 1]: a token and the next
        readings = [(states[0][:, :-1], input_ids[:, 1:])]
        if len(states) == 2:
            readings.append((states[1][:, 1:], input_ids[:, :-1]))
        return [
            (to_embedding(self.output_dropout(before[is_pair])), target[is_pair])
            for to_embedding, (before, target) in zip(self.to_embedding, readings, strict=True)
        ]

    def sampled_loss(self, predictions: Tensor, targets: Tensor, draws: int = DRAWS) -> Tensor:
        """Cross-entropy against a sample of the vocabulary, which is the same for all predictions.

        Words are drawn by the log-uniform law, near to that of a vocabulary in order of frequency.
        A word drawn `n` times of `draws`, where `draws * p` times are to be expected, stands for
        `n / (draws * p)` words like it (Jean et al. 2015, section 3): so the sum over the sample
        estimates the sum over all words but the target, which is counted exactly.

        Args:
            predictions: [words, embedding_dim].
            targets: [words].
        """
        top = math.log(len(self.bias))
        drawn = (torch.rand(draws, device=targets.device) * top).exp().long()  # 1 to vocab - 1
        drawn = drawn.clamp(max=len(self.bias) - 1)
        sample, times = drawn.unique(return_counts=True)  # both [sample]
        expected = draws * ((sample + 1) / sample).log() / top  # [sample]
        place = torch.searchsorted(sample, targets).clamp(max=len(sample) - 1)  # [words]
        in_sample = sample[place] == targets  # [words]
        embedding = self.encoder.embedding.weight
        columns, biases = embedding[sample], self.bias[sample] + (times / expected).log()
        true = (predictions * embedding[targets]).sum(dim=1) + self.bias[targets]  # [words]
        total = predictions.new_zeros(())
        for rows in torch.arange(len(targets), device=targets.device).split(SAMPLED_ROWS):
            others = F.linear(predictions[rows], columns, biases)  # [rows, sample]
            logits = torch.cat([true[rows].unsqueeze(1), others], dim=1).float()
            twice = in_sample[rows].nonzero().squeeze(1)
            logits[twice, 1 + place[rows][twice]] = float("-inf")
            total = total + F.cross_entropy(logits, torch.zeros_like(rows), reduction="sum")
        return total / len(targets)

    def full_loss(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy against all words but `<pad>`, summed; arguments as for `sampled_loss`."""
        total = torch.zeros((), dtype=torch.float64)
        for some, their in zip(predictions.split(FULL_ROWS), targets.split(FULL_ROWS), strict=True):
            logits = F.linear(some, self.encoder.embedding.weight[1:], self.bias[1:])
            total += F.cross_entropy(logits, their - 1, reduction="sum").cpu().double()
        return total


class LanguageModelling:
    """The task of telling the words of a review, forwards and backwards."""

    def __init__(self, config: Config, data: Data) -> None:
        self.config, self.data = config, data
        self.model = LanguageModel(config.model, len(data.vocab))
        self.facts = {**data.facts, "vocabulary": data.vocab.facts()}
        examples = [(ids, -1) for ids in data.train]
        self.stages: Sequence[Stage] = [
            Stage(examples, config.train.epochs, config.train.batch_size, self.backward)
        ]

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.model.parameters()), "factor": 1.0}]

    def backward(self, batch: Batch) -> Outcome:
        with autocast(batch.labels.device, self.config.train.precision):
            readings = self.model(batch.input_ids, batch.lengths)
            losses = [self.model.sampled_loss(*reading) for reading in readings]
        loss = torch.stack(losses).mean()
        loss.backward()
        return Outcome(len(readings[0][1]), {"loss": loss.item()})

    @torch.inference_mode()
    def validate(self, model: LanguageModel) -> Metrics:
        model.eval()
        device = model.bias.device
        totals = [0.0] * len(model.to_embedding)
        lengths = [len(ids) for ids in self.data.validation]
        for indices in BucketSampler(lengths, batch_size=64).in_order_of_length():
            batch = collate([(self.data.validation[index], -1) for index in indices]).to(device)
            for direction, reading in enumerate(model(batch.input_ids, batch.lengths)):
                totals[direction] += model.full_loss(*reading).item()
        words = sum(length - 1 for length in lengths)
        losses = [total / words for total in totals]
        names = ("forward_perplexity", "backward_perplexity")
        perplexities = dict(zip(names, map(math.exp, losses), strict=False))
        return {"loss": sum(losses) / len(losses), **perplexities}

    def save(self, model: LanguageModel, folder: Path, metrics: Metrics) -> None:
        facts = {**self.facts, "metrics": metrics}
        save_model(
            folder, SavedModel(self.config, self.data.vocab, model.encoder, None, 1.0, facts)
        )
