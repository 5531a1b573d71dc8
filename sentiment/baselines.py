"""Labelled reviews in, bag-of-words classifiers and how they compare with a model out.

The bar for a network: they learn in a minute or two, and an LSTM from scratch does not reach them.

TF-IDF    words and pairs of them, weighted; logistic regression
NB-SVM    whether one, two or three words in a row stand in a review, each times how much more often
          it does under one label; logistic regression in place of the SVM (Wang and Manning 2012)

Their settings were chosen once, by accuracy on the contiguous validation tenth of IMDB
(`benchmarks/peers.py`, which searches), and are the defaults of `tf_idf` and `nb_svm`. So nothing
is held out here: they learn from all of the training split.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from datasets import Dataset
from scipy.sparse import csr_matrix, issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from torch import Tensor

from sentiment.bundle import bundle_size
from sentiment.errors import InputError
from sentiment.evaluate import McNemar, Metrics, mcnemar, measure
from sentiment.predict import Classifier

SMALLEST = np.finfo(np.float64).eps  # A probability of 1 less this is the last that is not 1.


def tf_idf(C: float = 10.0) -> Pipeline:
    """TF-IDF of single words and pairs with logistic regression: texts to labels, not yet fitted.

    `C` is the inverse of the penalty on the squared weights.
    """
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=C, max_iter=1000),
    )


def nb_svm(C: float = 0.1, min_df: int = 2) -> Pipeline:
    """NB-SVM: texts to labels, not yet fitted; each label against the rest where they are many.

    An n-gram counts if `min_df` training reviews have it. Punctuation counts as words, which is
    worth a point.
    """
    return make_pipeline(
        CountVectorizer(
            ngram_range=(1, 3), binary=True, min_df=min_df, token_pattern=r"\w+|[^\w\s]"
        ),
        OneVsRestClassifier(
            make_pipeline(
                LogCountRatio(),
                LogisticRegression(C=C, solver="liblinear", dual=True, max_iter=300),
            )
        ),
    )


class LogCountRatio(TransformerMixin, BaseEstimator):
    """Multiplies each count by the log-count ratio of its n-gram (Wang and Manning, equation 1)."""

    def fit(self, counts: csr_matrix, labels: np.ndarray) -> Self:
        """From `counts` [reviews, n-grams] under the `labels` 1 and 0 [reviews]."""
        one, zero = (1 + np.asarray(counts[labels == label].sum(axis=0)) for label in (1, 0))
        self.ratio_ = np.log(one / one.sum()) - np.log(zero / zero.sum())  # [1, n-grams]
        return self

    def transform(self, counts: csr_matrix) -> csr_matrix:
        """[reviews, n-grams], and so is what comes out."""
        return counts.multiply(self.ratio_).tocsr()


BASELINES: dict[str, Callable[..., Pipeline]] = {"TF-IDF": tf_idf, "NB-SVM": nb_svm}


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
    learned = classifier.bundle.data
    started = time.perf_counter()
    logits = as_logits(classifier.probabilities(texts))
    model = Result(
        name="LSTM",
        learned_from=learned.get("train", {}).get("rows"),
        train_seconds=learned.get("metrics", {}).get("seconds"),
        predict_seconds=time.perf_counter() - started,
        size=bundle_size(folder),
        metrics=measure(logits, labels, classifier.bundle.temperature),
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
