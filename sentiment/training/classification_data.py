"""The data of a classification run: load, split, tokenize, build the vocabulary, add sentences."""

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

import numpy as np
from datasets import Dataset

from sentiment.artifacts.checksums import WEIGHTS_FILE, hash_of
from sentiment.artifacts.model_folder import model_folder
from sentiment.config import Config, DataConfig, TextConfig
from sentiment.data.labels import UNSUPERVISED, matching_labels, negative_positive_ids
from sentiment.data.review_splits import column
from sentiment.data.reviews import load_reviews, source_of
from sentiment.data.splits import drop_shared, fingerprint, train_and_validation, warn_of_shared
from sentiment.data.synthetic.sentences import synthetic_sentences
from sentiment.errors import ConfigError, Notice
from sentiment.inference.classifier import Classifier
from sentiment.text.batching import Example, encode
from sentiment.text.examples import Examples
from sentiment.text.token_cache import tokenize_dataset
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import Vocab
from sentiment.training.pseudo_labels import (
    PseudoLabelled,
    TokenizedReview,
    blend,
    labelled_sentences,
    nb_svm_probabilities,
)
from sentiment.training.tied_terms import term_groups

SYNTHETIC_REPEATS = 2  # Of each synthetic sentence among the single sentences.
MAX_UNKNOWN = 0.5  # Fraction of the words of the training reviews.


@dataclass(frozen=True)
class Splits:
    """The reviews of a run, each split with the columns `text` and `label`."""

    train: Dataset
    validation: Dataset
    test: Dataset | None = None
    unlabelled: Dataset | None = None
    columns: Mapping[str, str] = field(default_factory=dict)  # Their names in the source.

    @property
    def labels(self) -> list[str]:
        """Label names in order of id."""
        names: list[str] = self.train.features["label"].names
        return names


@dataclass(frozen=True)
class EncodedReviews:
    """The encoded examples of a run."""

    train: Sequence[Example]
    validation: Sequence[Example]
    sentences: Sequence[Example]  # To train on before `train`; may be empty.
    labels: list[str]
    vocab: Vocab
    facts: dict[str, Any] = field(default_factory=dict)  # Rows and fingerprints.
    # Unlabelled reviews to train on together with `train`, and the probabilities of their labels,
    # [reviews, num_labels]. The label id of a review is `len(labels)` plus its row of them.
    distilled: Sequence[Example] = ()
    probabilities: np.ndarray | None = None


def load_splits(config: DataConfig, seed: int) -> Splits:
    """Load the reviews of a run, and hold out validation reviews.

    Raises:
        DataError: as `load_reviews` and `train_and_validation`.

    Warns:
        SharedReviewsWarning: validation or test reviews are in the training split too.
    """
    reviews = load_reviews(config)
    train, validation = train_and_validation(reviews, config, seed)
    test = reviews.get("test")
    warn_of_shared(train, validation=validation, test=test)
    return Splits(train, validation, test, reviews.get(UNSUPERVISED), reviews.columns)


def encode_splits(
    splits: Splits, config: Config, start_vocab: Vocab | None = None, cache: bool = True
) -> EncodedReviews:
    """Tokenize and encode the reviews of a run.

    Args:
        splits: the reviews.
        config: all settings.
        start_vocab: the vocabulary of the model that training starts from; it is extended.
        cache: keep the tokens on disk for later runs, see `tokenize_dataset`.

    Raises:
        ConfigError: synthetic sentences for other labels or another language than theirs; a teacher
            without unlabelled reviews or with other labels.

    Warns:
        Notice: `start_vocab` does not have most words of the reviews.
    """
    tokenizer = Tokenizer(config.text.language, config.text.lowercase)
    train = tokenize_reviews(splits.train, tokenizer, cache)
    vocab = build_vocab((tokens for tokens, _ in train), config.text, start_vocab)
    if config.model.tie_terms and start_vocab is not None:
        vocab = vocab.extended(Counter(chain.from_iterable(term_groups(config.text))), 1)
    synthetic = synthetic_examples(config, splits.labels)
    synthetic_reviews = [(tokenizer.tokenize(text), label) for text, label in synthetic]
    facts = describe_splits(splits, synthetic)
    facts["vocabulary"] = vocab.facts()
    facts["source"] = source_of(config.data.dataset)
    sentences: list[TokenizedReview] = []
    distilled: PseudoLabelled | None = None
    has_teacher = config.train.teacher is not None
    has_sentences = config.train.sentence_epochs > 0 and config.train.epochs > 1
    if splits.unlabelled is not None and (has_teacher or has_sentences):
        pseudo_labelled, facts["unlabelled"] = pseudo_label(splits, config, list(train), tokenizer)
        confident = pseudo_labelled.confident()
        facts["unlabelled"]["labelled"] = len(confident)
        if has_sentences and confident:  # Those of labelled reviews alone improve nothing.
            sentences = list(labelled_sentences(chain(train, confident)))
            sentences += SYNTHETIC_REPEATS * synthetic_reviews
        distilled = pseudo_labelled if has_teacher else None
    elif has_teacher:
        raise ConfigError(
            "A teacher labels unlabelled reviews, and there are none. Give unlabelled_file, or "
            "leave the teacher out."
        )

    def encode_all(reviews: Iterable[TokenizedReview]) -> Examples:
        return Examples((encode(tokens, vocab, config.text), label) for tokens, label in reviews)

    rows = zip(distilled.reviews, count(len(splits.labels)), strict=False) if distilled else ()
    return EncodedReviews(
        train=encode_all(chain(train, synthetic_reviews)),
        validation=encode_all(tokenize_reviews(splits.validation, tokenizer, cache)),
        sentences=encode_all(sentences),
        labels=splits.labels,
        vocab=vocab,
        facts=facts,
        distilled=encode_all(rows),
        probabilities=distilled.probabilities if distilled else None,
    )


class TokenFile:
    """Tokens and label of each review, read from the disk in each iteration."""

    def __init__(self, rows: Dataset) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[TokenizedReview]:
        return zip(column(self.rows, "tokens"), column(self.rows, "label"), strict=True)


def tokenize_reviews(
    split: Dataset, tokenizer: Tokenizer, cache: bool
) -> Iterable[TokenizedReview]:
    """Return tokens and label of each review, from the cache on disk if `cache`."""
    if cache:
        return TokenFile(tokenize_dataset(split, tokenizer))
    tokens = tokenizer.pipe(column(split, "text"))
    return list(zip(tokens, column(split, "label"), strict=True))


def build_vocab(
    token_lists: Iterable[Sequence[str]], config: TextConfig, start_vocab: Vocab | None
) -> Vocab:
    """Return the vocabulary of the training reviews: a new one, or `start_vocab` extended.

    `token_lists` is read once.
    """
    if start_vocab is None:
        return Vocab.build(token_lists, config.min_freq, config.max_vocab)
    counts = Counter(chain.from_iterable(token_lists))
    total = counts.total()
    unknown = sum(count for token, count in counts.items() if token not in start_vocab)
    if unknown > MAX_UNKNOWN * total:
        message = (
            f"The vocabulary of the initial model, in '{config.language}', does not have "
            f"{unknown / total:.0%} of the words of these reviews. Set their language, or train "
            "from scratch."
        )
        warnings.warn(Notice(message), stacklevel=2)
    return start_vocab.extended(counts, config.new_word_freq)


def synthetic_examples(config: Config, labels: Sequence[str]) -> list[tuple[str, int]]:
    """Return the synthetic sentences of a run, with its label ids."""
    count = config.data.synthetic_sentences
    if not count:
        return []
    if config.text.language != "en":
        raise ConfigError(
            f"synthetic_sentences are in English, and language is '{config.text.language}'. Leave "
            "them out."
        )
    ids = negative_positive_ids(labels)
    if ids is None:
        raise ConfigError(
            "synthetic_sentences are negative or positive, and the labels are "
            f"{', '.join(labels[:10])}. Leave them out."
        )
    return [(text, ids[label]) for text, label in synthetic_sentences(count)]


def pseudo_label(
    splits: Splits, config: Config, train: Sequence[TokenizedReview], tokenizer: Tokenizer
) -> tuple[PseudoLabelled, dict[str, Any]]:
    """Label the unlabelled reviews that are not held out, and return facts on them.

    Args:
        splits: with unlabelled reviews.
        config: all settings; its `teacher` and NB-SVM give the labels, without one NB-SVM alone.
        train: tokens and labels of the training reviews.
        tokenizer: of the run.

    Raises:
        ConfigError: the teacher has other labels.
        ModelError: the teacher cannot be read.
        HubError: it is on the Hub, which refuses it or cannot be reached.
    """
    assert splits.unlabelled is not None
    held_out = [split for split in (splits.validation, splits.test) if split is not None]
    unlabelled = drop_shared(splits.unlabelled, held_out)
    tokens = list(column(tokenize_dataset(unlabelled, tokenizer), "tokens"))
    probabilities = nb_svm_probabilities(train, tokens, len(splits.labels))
    facts: dict[str, Any] = {"rows": len(unlabelled), "fingerprint": fingerprint(unlabelled)}
    if config.train.teacher is not None:
        teacher = Classifier.from_pretrained(config.train.teacher, device=config.train.device)
        columns = matching_labels(splits.labels, teacher.labels)
        if columns is None:
            raise ConfigError(
                f"The labels of the teacher '{config.train.teacher}' are "
                f"{', '.join(teacher.labels[:10])}, and those of the reviews "
                f"{', '.join(splits.labels[:10])}. Give a teacher with the same labels."
            )
        weights = model_folder(config.train.teacher) / WEIGHTS_FILE
        facts["teacher"] = {"sha256": hash_of(weights)}
        _, predicted = teacher.encode_and_score(column(unlabelled, "text"))
        probabilities = blend(predicted[:, columns], probabilities)
    return PseudoLabelled(tokens, probabilities), facts


def describe_splits(splits: Splits, synthetic: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Return rows and fingerprint of each split, label counts, and the synthetic sentences."""
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    facts: dict[str, Any] = {
        name: {"rows": len(split), "fingerprint": fingerprint(split)}
        for name, split in parts.items()
        if split is not None
    }
    facts["train"]["columns"] = dict(splits.columns)
    counts = Counter(column(splits.train, "label"))
    facts["train"]["labels"] = {label: counts[id] for id, label in enumerate(splits.labels)}
    facts["synthetic_sentences"] = {
        "rows": len(synthetic),
        "fingerprint": fingerprint(synthetic),
        "fraction": len(synthetic) / (len(synthetic) + len(splits.train)),
    }
    return facts
