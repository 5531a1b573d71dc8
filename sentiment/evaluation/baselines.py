"""Labelled reviews in, bag-of-words classifiers and how they compare with a model out.

The bar for a network: they learn in a minute or two, and an LSTM from scratch does not reach them.
Their settings were chosen once, by accuracy on the contiguous validation tenth of IMDB
(`benchmarks/peers.py`, which searches), and are the defaults of `tf_idf` and `nb_svm`. So nothing
is held out here: they learn from all of the training split.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from torch import Tensor

from sentiment.artifacts.model_folder import size_on_disk
from sentiment.errors import InputError
from sentiment.evaluation.metrics import McNemar, Metrics, mcnemar, measure
from sentiment.inference.classifier import Classifier
from sentiment.models.bag_of_words import BASELINES

SMALLEST = np.finfo(np.float64).eps  # A probability of 1 less this is the last that is not 1.


@dataclass(frozen=True)
class Result:
    """What a classifier took to learn, and how it did on the test split."""

    name: str
    learned_from: int | None  # Reviews with their labels; None where a model does not say.
    train_seconds: float | None
    predict_seconds: float  # For all of the test split, from raw text.
    size: int  # Bytes on disk.
    metrics: Metrics
    mcnemar: McNemar | None  # The model first, this one second; None for the model.


def compare(
    classifier: Classifier, folder: Path, train: Dataset, test: Dataset
) -> Iterator[Result]:
    """The `classifier` in `folder` and then each baseline, fitted to all of `train`, on `test`.

    Both splits have the columns `text` and `label`. The model's training time is what its folder
    says; the rest is measured.

    Raises:
        InputError: `train` lacks a label, or holds too few words.
    """
    texts, labels = list(test["text"]), torch.tensor(test["label"])
    learned = classifier.metadata
    started = time.perf_counter()
    logits = as_logits(torch.from_numpy(classifier.predict_proba(texts)))
    model = Result(
        name="LSTM",
        learned_from=learned.get("train", {}).get("rows"),
        train_seconds=learned.get("metrics", {}).get("seconds"),
        predict_seconds=time.perf_counter() - started,
        size=size_on_disk(folder),
        metrics=measure(logits, labels, classifier.temperature),
        mcnemar=None,
    )
    yield model
    model_right = logits.argmax(dim=1) == labels
    for name, make in BASELINES.items():
        started = time.perf_counter()
        pipeline = fit(make(), name, train, len(classifier.labels))
        fitted = time.perf_counter()
        logits = as_logits(torch.from_numpy(pipeline.predict_proba(texts)))
        predicted = time.perf_counter()
        yield Result(
            name=name,
            learned_from=len(train),
            train_seconds=fitted - started,
            predict_seconds=predicted - fitted,
            size=stored_size(pipeline),
            metrics=measure(logits, labels),
            mcnemar=mcnemar(model_right, logits.argmax(dim=1) == labels),
        )


def fit(pipeline: Pipeline, name: str, train: Dataset, num_labels: int) -> Pipeline:
    """`pipeline` after it has learned all of `train`; `InputError` where it cannot."""
    if set(train["label"]) != set(range(num_labels)):
        raise InputError(f"{name} needs training reviews of each of the {num_labels} labels.")
    try:
        return pipeline.fit(list(train["text"]), list(train["label"]))
    except ValueError as error:  # No word stands in two reviews.
        raise InputError(f"{name} cannot learn from {len(train)} reviews: {error}") from error


def as_logits(probabilities: Tensor) -> Tensor:
    """Logits of these probabilities, [reviews, num_labels] both."""
    return probabilities.double().clamp(min=SMALLEST).log()


def stored_size(pipeline: Pipeline) -> int:
    """Bytes of what a fitted pipeline has learned: a line for each n-gram, and its numbers."""
    ngrams = "\n".join(pipeline[0].get_feature_names_out())
    return len(ngrams.encode()) + sum(numbers.nbytes for numbers in learned(pipeline))


def learned(part: Any) -> Iterator[np.ndarray]:
    """The arrays in an estimator, and in those within it; of a sparse one what is not zero."""
    if isinstance(part, np.ndarray):
        yield part
    elif issparse(part):
        yield part.data
    elif isinstance(part, BaseEstimator):
        yield from learned([*vars(part).values()])
    elif isinstance(part, (list, tuple)):
        for one in part:
            yield from learned(one)
