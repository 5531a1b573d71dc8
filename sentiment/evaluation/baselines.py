"""Compare a model with bag-of-words classifiers on the same reviews.

They train in a minute or two, and an LSTM trained from scratch does not reach their accuracy. Their
settings were chosen once, by accuracy on the contiguous validation tenth of IMDB
(`benchmarks/peers.py`), and are the defaults of `tf_idf` and `nb_svm`. So nothing is held out here:
they are trained on the whole training split.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from torch import Tensor

from sentiment.errors import DataError
from sentiment.evaluation.metrics import McNemar, Metrics, mcnemar, measure
from sentiment.models.bag_of_words import BASELINES

MIN_PROBABILITY = np.finfo(np.float64).eps  # 1 minus this is the last probability below 1.


@dataclass(frozen=True)
class BaselineResult:
    """Cost of training a classifier, and its metrics on the test split."""

    name: str
    train_rows: int | None  # Labelled training reviews; None if the model does not record them.
    train_seconds: float | None
    predict_seconds: float  # For the whole test split, from raw text.
    size: int  # Bytes on disk.
    metrics: Metrics
    mcnemar: McNemar | None  # The model is first, this classifier second; None for the model.


def compare(
    predict_proba: Callable[[Sequence[str]], np.ndarray],
    train: Dataset,
    test: Dataset,
    *,
    num_labels: int,
    temperature: float,
    metadata: Mapping[str, Any],
    size: int,
) -> Iterator[BaselineResult]:
    """Measure a model, then each baseline after training it.

    Args:
        predict_proba: the model: texts to the calibrated probability of each label,
            [texts, num_labels].
        train: training split with the columns `text` and `label`, for the baselines.
        test: test split with the same columns.
        num_labels: number of labels of the model.
        temperature: the temperature that the probabilities include.
        metadata: facts that the model records of its training: rows and seconds.
        size: bytes of the model on disk.

    Yields:
        The result of the model, then one for each baseline.

    Raises:
        DataError: `train` lacks a label or has too few words.
    """
    texts, labels = list(test["text"]), torch.tensor(test["label"])
    started = time.perf_counter()
    logits = as_logits(predict_proba(texts))  # [texts, num_labels]
    yield BaselineResult(
        name="LSTM",
        train_rows=metadata.get("train", {}).get("rows"),
        train_seconds=metadata.get("metrics", {}).get("seconds"),
        predict_seconds=time.perf_counter() - started,
        size=size,
        metrics=measure(logits, labels, temperature),
        mcnemar=None,
    )
    model_correct = logits.argmax(dim=1) == labels
    for name, make in BASELINES.items():
        started = time.perf_counter()
        pipeline = fit(make(), name, train, num_labels)
        fitted = time.perf_counter()
        logits = as_logits(pipeline.predict_proba(texts))
        predicted = time.perf_counter()
        yield BaselineResult(
            name=name,
            train_rows=len(train),
            train_seconds=fitted - started,
            predict_seconds=predicted - fitted,
            size=stored_size(pipeline),
            metrics=measure(logits, labels),
            mcnemar=mcnemar(model_correct, logits.argmax(dim=1) == labels),
        )


def fit(pipeline: Pipeline, name: str, train: Dataset, num_labels: int) -> Pipeline:
    """Train `pipeline` on all of `train` and return it.

    Raises:
        DataError: `train` lacks a label or has too few words.
    """
    if set(train["label"]) != set(range(num_labels)):
        raise DataError(f"{name} needs training reviews of each of the {num_labels} labels.")
    try:
        return pipeline.fit(list(train["text"]), list(train["label"]))
    except ValueError as error:  # No word occurs in two reviews.
        raise DataError(
            f"{name} cannot be trained on {len(train)} reviews: {error}. Add reviews."
        ) from error


def as_logits(probabilities: np.ndarray) -> Tensor:
    """Return logits that have these probabilities; both are [reviews, num_labels]."""
    return torch.from_numpy(probabilities).double().clamp(min=MIN_PROBABILITY).log()


def stored_size(pipeline: Pipeline) -> int:
    """Return the bytes of a fitted pipeline: one line for each n-gram, and its arrays."""
    ngrams = "\n".join(pipeline[0].get_feature_names_out())
    return len(ngrams.encode()) + sum(array.nbytes for array in fitted_arrays(pipeline))


def fitted_arrays(part: Any) -> Iterator[np.ndarray]:
    """Yield the arrays of an estimator and of the estimators in it; non-zeros of sparse ones."""
    if isinstance(part, np.ndarray):
        yield part
    elif issparse(part):
        yield part.data
    elif isinstance(part, BaseEstimator):
        yield from fitted_arrays([*vars(part).values()])
    elif isinstance(part, (list, tuple)):
        for item in part:
            yield from fitted_arrays(item)
