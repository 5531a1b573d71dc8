"""Pretrain an encoder on reviews without labels.

A review is read as the classifier reads it, from its first word and a state of zeros, in batches of
similar length. No state is carried from batch to batch, and the gradient goes back through a whole
piece of `max_length` tokens.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import concatenate_datasets
from torch import Tensor

from sentiment.artifacts.model_folder import SavedModel, load_model, model_folder, save_model
from sentiment.config import Config
from sentiment.data.labels import UNLABELLED, UNSUPERVISED
from sentiment.data.review_splits import column
from sentiment.data.reviews import load_reviews
from sentiment.data.splits import drop_shared, fingerprint, train_and_validation
from sentiment.errors import DataError
from sentiment.models.language_model import LanguageModel
from sentiment.presets import resolve
from sentiment.runtime.devices import autocast
from sentiment.runtime.distributed import join_processes
from sentiment.runtime.threads import use_one_thread_after_fork
from sentiment.text.batching import Batch, BucketSampler, Example, collate
from sentiment.text.examples import Examples
from sentiment.text.token_cache import tokenize_dataset
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import Vocab
from sentiment.training.checkpoint import saved_config
from sentiment.training.initialization import normalize
from sentiment.training.run_folder import EpochMetrics, Run, Summary, open_run
from sentiment.training.schedule import make_stage
from sentiment.training.trainer import Loss, Trainer

VALIDATION_STRIDE = 4  # Every fourth validation review: the full softmax is slow.
PRESET = "pretraining"


class EncodedPieces(NamedTuple):
    """Pieces of reviews for the language models."""

    train: Sequence[Example]  # Each with the label `UNLABELLED`.
    validation: Sequence[Example]
    vocab: Vocab
    facts: dict[str, Any]  # Rows and fingerprints, for `config.json`.


def pretrain(
    settings: Mapping[str, Any], out: Path, *, resume: bool = False, overwrite: bool = False
) -> Summary:
    """Train an encoder, and leave it in the run folder `out`.

    Args:
        settings: settings that differ from the preset `pretraining`, by name. With `init`, training
            continues from that encoder, with its vocabulary.
        out: the run folder.
        resume: continue the run in `out`.
        overwrite: replace the run in `out`.

    Raises:
        SentimentError: as `open_run`, `load_reviews`, `resolve` and `Trainer`.
    """
    with (
        join_processes() as processes,
        open_run(out, resume, overwrite, processes=processes) as run,
    ):
        return run.summary or make_trainer(run, settings).fit()


def make_trainer(run: Run, settings: Mapping[str, Any]) -> "LanguageModelingTrainer":
    """Prepare the data, build the model and return its trainer. Arguments as for `pretrain`."""
    if run.checkpoint is not None:
        settings = saved_config(run.checkpoint, settings).to_flat()
    use_one_thread_after_fork()
    settings = normalize(settings)
    config = resolve(PRESET, settings)
    init = config.model.init
    with run.processes.first_one_first():
        start = load_model(model_folder(init)) if init else None
        if start is not None:
            config = resolve(PRESET, settings, start.config, start_name=str(init))
        torch.manual_seed(config.train.seed)
        data = load_and_encode(config, start.vocab if start else None)
    return LanguageModelingTrainer(build(config, data, start), data, config, run)


def load_and_encode(config: Config, vocab: Vocab | None = None) -> EncodedPieces:
    """Load, tokenize and encode the reviews.

    Args:
        config: all settings.
        vocab: the vocabulary; None: build one from the training reviews.

    Raises:
        DataError: there are no reviews of two tokens or more.
    """
    splits = load_reviews(config.data, labelled=False)
    train_split, validation_split = train_and_validation(
        splits, config.data, config.train.seed, labelled=False
    )
    sources = [train_split, *(splits[name] for name in [UNSUPERVISED] if name in splits)]
    held_out = [validation_split, *(splits[name] for name in ["test"] if name in splits)]
    reviews = drop_shared(concatenate_datasets(sources), held_out)
    tokenizer = Tokenizer(config.text.language, config.text.lowercase)
    train_rows = tokenize_dataset(reviews, tokenizer)
    validation_rows = tokenize_dataset(validation_split, tokenizer)
    if vocab is None:
        token_lists = column(train_rows, "tokens")
        vocab = Vocab.build(token_lists, config.text.min_freq, config.text.max_vocab)

    def pieces(token_lists: Iterable[list[str]]) -> Examples:
        return Examples(
            (piece, UNLABELLED)
            for tokens in token_lists
            for piece in split_into_pieces(vocab.encode(tokens), config.text.max_length)
        )

    train = pieces(column(train_rows, "tokens"))
    validation = pieces(islice(column(validation_rows, "tokens"), 0, None, VALIDATION_STRIDE))
    if not train or not validation:
        raise DataError(
            "Pretraining needs reviews of two tokens or more, for training and for validation. Add "
            "reviews."
        )
    return EncodedPieces(
        train=train,
        validation=validation,
        vocab=vocab,
        facts={
            "train": {"rows": len(reviews), "fingerprint": fingerprint(reviews)},
            "validation": {
                "rows": len(validation_split),
                "fingerprint": fingerprint(validation_split),
            },
            "left_out": sum(map(len, sources)) - len(reviews),
            "vocabulary": vocab.facts(),
        },
    )


def split_into_pieces(ids: list[int], max_length: int) -> list[list[int]]:
    """Split a review into pieces of similar length, with 2 to `max_length` tokens."""
    count = math.ceil(len(ids) / max_length)
    edges = [round(number * len(ids) / count) for number in range(count + 1)] if count else []
    pieces = [ids[start:end] for start, end in pairwise(edges)]
    return [piece for piece in pieces if len(piece) >= 2]


def build(config: Config, data: EncodedPieces, start: SavedModel | None) -> LanguageModel:
    """Return the language model, with the encoder of `start` if there is one."""
    model = LanguageModel(config.model, len(data.vocab))
    if start is not None:
        model.start_from(start.encoder)
    return model


class LanguageModelingTrainer(Trainer[LanguageModel]):
    """Train language models of both directions.

    Args:
        model: initialized.
        data: pieces of reviews.
        config: all settings of the run.
        run: the run folder, from `open_run`.
    """

    def __init__(self, model: LanguageModel, data: EncodedPieces, config: Config, run: Run) -> None:
        self.data = data
        settings = config.train
        stage = make_stage(
            "pieces",
            data.train,
            settings.epochs,
            settings.batch_size,
            settings,
            settings.min_steps,
            settings.min_epoch_steps,
        )
        super().__init__(model, [stage], config, data.facts, run)

    def compute_loss(self, batch: Batch, perturbation: Tensor | None = None) -> Loss:
        """Return the mean cross-entropy of both directions, from a sampled softmax."""
        with autocast(self.device, self.settings.precision):
            directions = self.network(batch.input_ids, batch.lengths)
            generator = self.word_generator()
            losses = [
                self.model.sampled_loss(predictions, targets, generator)
                for predictions, targets in directions
            ]
        return Loss(torch.stack(losses).mean(), len(directions[0][1]), {})

    def loss_weight(self, batch: Batch) -> float:
        """Return the number of words to predict."""
        return int((batch.lengths - 1).sum())

    def word_generator(self) -> torch.Generator:
        """Return the generator of this step's sampled words, the same in all processes."""
        seed = random.Random(f"{self.settings.seed} {self.state.step}").getrandbits(63)
        return torch.Generator(self.device).manual_seed(seed)

    @torch.inference_mode()
    def validate(self, model: LanguageModel) -> EpochMetrics:
        """Return the cross-entropy with the full softmax, and the perplexity of each direction."""
        model.eval()
        totals = [0.0] * len(model.to_embedding)
        lengths = [len(ids) for ids, _ in self.data.validation]
        batches = BucketSampler(lengths, batch_size=64).in_order_of_length()
        for indices in batches[self.processes.rank :: self.processes.count]:
            pieces = [self.data.validation[index] for index in indices]
            batch = collate(pieces).to(self.device)
            for direction, outputs in enumerate(model(batch.input_ids, batch.lengths)):
                totals[direction] += model.full_loss(*outputs).item()
        model.train()
        words = sum(length - 1 for length in lengths)
        losses = [total / words for total in self.processes.sum(totals)]
        names = ("forward_perplexity", "backward_perplexity")
        perplexities = dict(zip(names, map(math.exp, losses), strict=False))
        return {"loss": sum(losses) / len(losses), **perplexities}

    def save_model(self, model: LanguageModel, folder: Path, metrics: EpochMetrics) -> None:
        """Write the encoder into `folder`."""
        facts = {**self.facts, "metrics": metrics}
        save_model(
            folder, SavedModel(self.config, self.data.vocab, model.encoder, None, 1.0, facts)
        )
