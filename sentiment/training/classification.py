"""A corpus in, a classifier's bundle out."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from datasets import Dataset
from torch import Tensor

from sentiment.artifacts.model_folder import SavedModel, load_model, model_folder, save_model
from sentiment.config import Config, TextConfig
from sentiment.data.columns import Notice
from sentiment.data.labels import UNSUPERVISED, negative_positive_ids
from sentiment.data.reviews import load_reviews
from sentiment.data.splits import drop_shared, fingerprint, train_and_validation, warn_of_shared
from sentiment.data.synthetic.lessons import lessons, opinions
from sentiment.errors import InputError
from sentiment.evaluation.calibration import fit_temperature
from sentiment.inference.batched import predict_logits
from sentiment.inference.classifier import Classifier
from sentiment.models.lstm import LSTMClassifier
from sentiment.models.word_vectors import read_vectors, width_of
from sentiment.runtime.devices import autocast
from sentiment.text.batching import Batch, Example, encode
from sentiment.text.token_cache import tokenize_dataset
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import UNK_ID, Vocab
from sentiment.training.linear_probe import fit_linear
from sentiment.training.pseudo_labels import Review, label_by_words, labelled_sentences
from sentiment.training.trainer import Metrics, Outcome, Stage, Summary, run

LESSONS_AMONG = 2  # Times that each stands among the sentences.
SENTENCES = 4  # As many in a batch as reviews, times this: it is a quarter of their tokens still.
MOST_UNKNOWN = 0.5  # Part of the words.


class Data(NamedTuple):
    """What the loop learns from and checks itself against."""

    train: list[Example]
    validation: list[Example]
    labels: list[str]
    vocab: Vocab
    facts: dict[str, Any]  # Rows and fingerprints, for `config.json`.
    sentences: Sequence[Example] = ()  # To learn from before `train`.


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

    start = load_model(model_folder(config.model.init)) if config.model.init else None
    if start is not None:
        config = config.starting_from(start.config, start.labels is not None)
    if config.model.vectors is not None:  # The file decides the width, whatever the setting.
        width = width_of(config.model.vectors)
        config = replace(config, model=replace(config.model, embedding_dim=width))

    def make_task() -> Classification:
        data = prepare_data(config, start.vocab if start else None)
        model = LSTMClassifier(config.model, len(data.vocab), len(data.labels))
        if start is not None and not start_from(model, start, data):
            fit_linear(model, data.train, config.train.seed)
        classifier = Classifier(config, data.labels, data.vocab, model)
        if config.model.vectors is not None:
            vectors = read_vectors(config.model.vectors, data.vocab)
            vectors.fill(model.encoder.embedding)
            facts = vectors.facts(data.vocab, (ids for ids, _ in data.train))
            data = data._replace(facts={**data.facts, "vectors": facts})
            on_vectors(facts)
        return Classification(classifier, data)

    return run(make_task, config, out, resume, overwrite, on_epoch)


def start_from(model: LSTMClassifier, start: SavedModel, data: Data) -> bool:
    """Copy the weights of a pretrained encoder or classifier into `model`.

    Words that `start` does not know start as its `<unk>`. Attention is copied where the pooling is
    the same, the head where the labels are the same too, in any order.

    Returns:
        Whether the head was copied.
    """
    state = start.encoder.state_dict()
    known = state["embedding.weight"]  # [words, embedding_dim]
    new = known[UNK_ID].expand(len(data.vocab) - len(known), -1)
    state["embedding.weight"] = torch.cat([known, new])
    model.encoder.load_state_dict(state)
    other = start.model
    if not isinstance(other, LSTMClassifier) or other.config.pooling != model.config.pooling:
        return False
    if model.attention is not None and other.attention is not None:
        model.attention.load_state_dict(other.attention.state_dict())
    if start.labels is None or sorted(data.labels) != sorted(start.labels):
        return False
    rows = [start.labels.index(label) for label in data.labels]
    weights = other.linear.state_dict()
    model.linear.load_state_dict({name: own[rows] for name, own in weights.items()})
    return True


def prepare_data(config: Config, known: Vocab | None = None) -> Data:
    """Load, hold out, tokenize and encode the reviews of a run.

    The vocabulary is that of the reviews, or the `known` one with their frequent words behind it.
    """
    corpus = load_reviews(config.data)
    train_split, validation_split = train_and_validation(corpus, config.data, config.train.seed)
    test_split = corpus.get("test")
    warn_of_shared(train_split, validation=validation_split, test=test_split)
    labels = train_split.features["label"].names
    tokenizer = Tokenizer(config.text.language, config.text.lowercase)
    train_reviews = tokenized(train_split, tokenizer)
    vocab = vocabulary([tokens for tokens, _ in train_reviews], config.text, known)
    taught = lessons_for(labels, config)
    lesson_rows = [(tokenizer.tokenize(text), label) for text, label in taught]

    def examples(reviews: Iterable[Review]) -> list[Example]:
        return [(encode(tokens, vocab, config.text), label) for tokens, label in reviews]

    data = Data(
        train=examples(train_reviews) + examples(lesson_rows),
        validation=examples(tokenized(validation_split, tokenizer)),
        labels=labels,
        vocab=vocab,
        facts={
            name: {"rows": len(split), "fingerprint": fingerprint(split)}
            for name, split in (
                ("train", train_split),
                ("validation", validation_split),
                ("test", test_split),
                ("lessons", taught),
            )
            if split is not None
        },
    )
    counts = Counter(train_split["label"])
    data.facts["train"]["labels"] = {label: counts[id] for id, label in enumerate(labels)}
    if config.train.epochs_of_sentences == 0 or UNSUPERVISED not in corpus:
        return data
    held_out = [split for split in (validation_split, test_split) if split is not None]
    unlabelled = drop_shared(corpus[UNSUPERVISED], held_out)
    labelled = label_by_words(train_reviews, tokenize_dataset(unlabelled, tokenizer)["tokens"])
    data.facts["unlabelled"] = {
        "rows": len(unlabelled),
        "fingerprint": fingerprint(unlabelled),
        "labelled": len(labelled),
    }
    if not labelled:  # The sentences of labelled reviews alone teach nothing more than these.
        return data
    sentences = labelled_sentences([*train_reviews, *labelled])
    return data._replace(sentences=examples([*sentences, *LESSONS_AMONG * lesson_rows]))


def tokenized(split: Dataset, tokenizer: Tokenizer) -> list[Review]:
    """Tokens and label of each review."""
    columns = tokenize_dataset(split, tokenizer)
    return list(zip(columns["tokens"], columns["label"], strict=True))


def vocabulary(
    token_lists: Sequence[Sequence[str]], config: TextConfig, known: Vocab | None = None
) -> Vocab:
    """The vocabulary of training reviews: all of their own, or the `known` one and what it misses.

    Warns:
        Notice: it misses most of their words.
    """
    if known is None:
        return Vocab.build(token_lists, config.min_freq, config.max_vocab)
    total = sum(map(len, token_lists))
    missed = sum(token not in known for tokens in token_lists for token in tokens)
    if missed > MOST_UNKNOWN * total:
        message = (
            f"The vocabulary to start from, in '{config.language}', misses {missed / total:.0%} of "
            "the words of these reviews. Say their language (--language), or train from scratch "
            "(--from-scratch)."
        )
        warnings.warn(Notice(message), stacklevel=2)
    return known.extended(token_lists, config.new_word_freq)


def lessons_for(labels: Sequence[str], config: Config) -> list[tuple[str, int]]:
    """The lessons of a run, with its own labels: those asked for, or as many as there should be.

    Raises `InputError` if some are asked for where they cannot be learned from.
    """
    count, sides = config.data.lessons, negative_positive_ids(labels)
    reason = None
    if config.text.language != "en":
        reason = f"in English, and the reviews are read in '{config.text.language}'"
    elif sides is None:
        reason = f"negative or positive, and the reviews are {' or '.join(labels[:10])}"
    if reason and count:
        raise InputError(f"Lessons are {reason}. Leave them out: --lessons 0.")
    if reason or (count is None and config.data.dataset == "lessons"):
        return []
    assert sides is not None
    found = lessons(2 * len(opinions()) if count is None else count)
    return [(text, sides[label]) for text, label in found]


class Classification:
    """The task of telling a review's label."""

    def __init__(self, classifier: Classifier, data: Data) -> None:
        self.classifier, self.data = classifier, data
        self.config = classifier.config
        self.model = classifier.model
        frozen = self.config.model.freeze_embeddings
        self.model.encoder.embedding.weight.requires_grad_(not frozen)
        self.facts = {**data.facts, "vocabulary": data.vocab.facts()}
        own = self.config.train
        first = own.epochs_of_sentences if data.sentences else 0
        many = SENTENCES * own.batch_size
        self.stages: Sequence[Stage] = [
            Stage(data.sentences, first, many, self.backward_through),
            Stage(data.train, own.epochs - first, own.batch_size, self.backward),
        ]
        self.weight = label_weights(data) if own.balance else None  # [num_labels]

    def parameter_groups(self) -> list[dict[str, Any]]:
        """From what stands on the encoder down to the embedding, each slower by `layer_decay`.

        An embedding that is frozen is left out.

        What is nearest to the text changes least from one task to another (Howard and Ruder 2018,
        section 3.2).
        """
        encoder, decay = self.model.encoder, self.config.train.layer_decay
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

    def backward(self, batch: Batch) -> Outcome:
        """The loss, and with `adversarial` the loss on the words moved a step against the model.

        The step goes up the gradient of the loss with respect to the word vectors of a review, all
        of them together, and has the length `adversarial` (Miyato et al. 2017, equations 3 to 5).
        """
        norm = self.config.train.adversarial
        if norm == 0:
            return self.backward_through(batch)
        embedding_dim = self.config.model.embedding_dim
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
        with autocast(batch.labels.device, self.config.train.precision):
            logits = self.model(batch.input_ids, batch.lengths, perturbation)  # [batch, num_labels]
        loss = self.loss(logits.float(), batch.labels)
        loss.backward()
        accuracy = (logits.argmax(dim=1) == batch.labels).float().mean()
        return Outcome(len(batch.labels), {"loss": loss.item(), "accuracy": accuracy.item()})

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The cross-entropy, of `logits` [reviews, num_labels]; each label counts by its weight."""
        weight = None if self.weight is None else self.weight.to(logits.device)
        return F.cross_entropy(logits, labels, weight)

    def validate(self, model: LSTMClassifier) -> Metrics:
        logits = predict_logits(model, [ids for ids, _ in self.data.validation])
        labels = torch.tensor([label for _, label in self.data.validation])
        temperature = fit_temperature(logits, labels)
        return {
            "loss": self.loss(logits / temperature, labels).item(),
            "accuracy": (logits.argmax(dim=1) == labels).float().mean().item(),
            "temperature": temperature,
        }

    def save(self, model: LSTMClassifier, folder: Path, metrics: Metrics) -> None:
        save_model(
            folder,
            self.classifier.saved()._replace(
                model=model,
                temperature=metrics["validation_temperature"],
                metadata={**self.facts, "metrics": metrics},
            ),
        )


def label_weights(data: Data) -> Tensor:
    """By label its weight, so that all of them together weigh the same: [num_labels]."""
    labels = torch.tensor([label for _, label in data.train])
    counts = labels.bincount(minlength=len(data.labels))
    return len(labels) / (counts.clamp(min=1) * len(data.labels))
