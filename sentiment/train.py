"""A corpus in, a classifier's bundle out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from datasets import Dataset
from torch import Tensor

from sentiment.batches import Batch, collate, encode
from sentiment.bundle import Bundle, load_encoder, save_bundle
from sentiment.calibration import fit_temperature
from sentiment.config import Config
from sentiment.corpus import (
    LABELS,
    fingerprint,
    load_corpus,
    train_and_validation,
    warn_of_shared,
)
from sentiment.errors import InputError
from sentiment.lessons import lessons
from sentiment.model import LSTMClassifier, autocast, predict_logits
from sentiment.probe import fit_linear
from sentiment.tokenizer import Tokenizer, tokenize_dataset
from sentiment.trainer import Metrics, Outcome, Summary, run
from sentiment.vectors import read_vectors, width_of
from sentiment.vocab import Vocab

Example = tuple[list[int], int]  # Ids and label of one review.


class Data(NamedTuple):
    """What the loop learns from and checks itself against."""

    train: list[Example]
    validation: list[Example]
    vocab: Vocab
    facts: dict[str, Any]  # Rows and fingerprints, for `config.json`.


def train(
    config: Config,
    out: Path,
    resume: bool = False,
    overwrite: bool = False,
    on_epoch: Callable[[Metrics], None] = lambda metrics: None,
    on_vectors: Callable[[dict[str, Any]], None] = lambda facts: None,
) -> Summary:
    """Train a classifier and leave its bundle in the run folder `out`, as `trainer.run` does.

    `on_vectors` is called before training with what the file of `vectors`, if any, covers.
    """

    encoder = load_encoder(config.model.encoder) if config.model.encoder else None
    if encoder is not None:
        config = config.starting_from(encoder.config)
    if config.model.vectors is not None:  # The file decides the width, whatever the setting.
        width = width_of(config.model.vectors)
        config = replace(config, model=replace(config.model, embedding_dim=width))

    def make_task() -> Classification:
        data = prepare_data(config, encoder.vocab if encoder else None)
        bundle = Bundle.new(config, LABELS, data.vocab, data.facts)
        if encoder is not None:
            bundle.model.encoder.load_state_dict(encoder.encoder.state_dict())
            fit_linear(bundle.model, data.train, config.train.seed)
        if config.model.vectors is not None:
            vectors = read_vectors(config.model.vectors, data.vocab)
            vectors.fill(bundle.model.encoder.embedding)
            facts = vectors.facts(data.vocab, (ids for ids, _ in data.train))
            data = data._replace(facts={**data.facts, "vectors": facts})
            on_vectors(facts)
        return Classification(bundle, data)

    return run(make_task, config, out, resume, overwrite, on_epoch)


def prepare_data(config: Config, vocab: Vocab | None = None) -> Data:
    """Load, hold out, tokenize and encode the reviews of a run; without a `vocab` count one."""
    if config.data.lessons and config.text.language != "en":
        raise InputError(
            f"Lessons are in English, and the reviews are read in '{config.text.language}'. Leave "
            "them out: --lessons 0."
        )
    corpus = load_corpus(config.data.dataset, config.data.revision)
    train_split, validation_split = train_and_validation(corpus, config.data, config.train.seed)
    warn_of_shared(train_split, validation=validation_split, test=corpus.get("test"))
    tokenizer = Tokenizer(config.text.language, config.text.lowercase)
    train_tokens = tokenize_dataset(train_split, tokenizer)
    validation_tokens = tokenize_dataset(validation_split, tokenizer)
    if vocab is None:
        vocab = Vocab.build(train_tokens["tokens"], config.text.min_freq, config.text.max_vocab)

    def examples(tokenized: Dataset) -> list[Example]:
        rows = zip(tokenized["tokens"], tokenized["label"], strict=True)
        return [(encode(tokens, vocab, config.text), label) for tokens, label in rows]

    taught = [
        (encode(tokenizer.tokenize(text), vocab, config.text), label)
        for text, label in lessons(config.data.lessons)
    ]
    facts = {
        "train": {"rows": len(train_split), "fingerprint": fingerprint(train_split)},
        "validation": {"rows": len(validation_split), "fingerprint": fingerprint(validation_split)},
    }
    return Data(examples(train_tokens) + taught, examples(validation_tokens), vocab, facts)


class Classification:
    """The task of telling a review's label."""

    def __init__(self, bundle: Bundle, data: Data) -> None:
        self.bundle, self.data = bundle, data
        self.model = bundle.model
        frozen = bundle.config.model.freeze_embeddings
        self.model.encoder.embedding.weight.requires_grad_(not frozen)
        self.facts = {**data.facts, "vocabulary": data.vocab.facts()}
        self.lengths: Sequence[int] = [len(ids) for ids, _ in data.train]

    def parameter_groups(self) -> list[dict[str, Any]]:
        """From what stands on the encoder down to the embedding, each slower by `layer_decay`.

        An embedding that is frozen is left out.

        What is nearest to the text changes least from one task to another (Howard and Ruder 2018,
        section 3.2).
        """
        encoder, decay = self.model.encoder, self.bundle.config.train.layer_decay
        stacks = [encoder.forward_lstm, encoder.backward_lstm]
        lstms = [weight for stack in stacks if stack is not None for weight in stack.parameters()]
        top = [
            weight
            for name, weight in self.model.named_parameters()
            if not name.startswith("encoder.")
        ]
        embedding = encoder.embedding.weight
        layers = [top, lstms, *([[embedding]] if embedding.requires_grad else [])]
        return [{"params": layer, "factor": decay**depth} for depth, layer in enumerate(layers)]

    def batch(self, indices: Sequence[int]) -> Batch:
        return collate([self.data.train[index] for index in indices])

    def backward(self, batch: Batch) -> Outcome:
        """The loss, and with `adversarial` the loss on the words moved a step against the model.

        The step goes up the gradient of the loss with respect to the word vectors of a review, all
        of them together, and has the length `adversarial` (Miyato et al. 2017, equations 3 to 5).
        """
        norm = self.bundle.config.train.adversarial
        if norm == 0:
            return self.backward_through(batch)
        embedding_dim = self.bundle.config.model.embedding_dim
        nowhere = torch.zeros(
            *batch.input_ids.shape, embedding_dim, device=batch.input_ids.device, requires_grad=True
        )
        outcome = self.backward_through(batch, nowhere)
        gradient = nowhere.grad  # [batch, seq, embedding_dim]
        assert gradient is not None
        lengths = gradient.flatten(start_dim=1).norm(dim=1).clamp(min=1e-12)  # [batch]
        self.backward_through(batch, norm * gradient / lengths[:, None, None])
        return outcome

    def backward_through(self, batch: Batch, perturbation: Tensor | None = None) -> Outcome:
        """Add the gradient of the cross-entropy, the word vectors moved by `perturbation`."""
        with autocast(batch.labels.device, self.bundle.config.train.precision):
            logits = self.model(batch.input_ids, batch.lengths, perturbation)  # [batch, num_labels]
        loss = F.cross_entropy(logits.float(), batch.labels)
        loss.backward()
        accuracy = (logits.argmax(dim=1) == batch.labels).float().mean()
        return Outcome(len(batch.labels), {"loss": loss.item(), "accuracy": accuracy.item()})

    def validate(self, model: LSTMClassifier) -> Metrics:
        logits = predict_logits(model, [ids for ids, _ in self.data.validation])
        labels = torch.tensor([label for _, label in self.data.validation])
        temperature = fit_temperature(logits, labels)
        return {
            "loss": F.cross_entropy(logits / temperature, labels).item(),
            "accuracy": (logits.argmax(dim=1) == labels).float().mean().item(),
            "temperature": temperature,
        }

    def save(self, model: LSTMClassifier, folder: Path, metrics: Metrics) -> None:
        kept = replace(
            self.bundle,
            model=model,
            temperature=metrics["validation_temperature"],
            data={**self.facts, "metrics": metrics},
        )
        save_bundle(kept, folder)
