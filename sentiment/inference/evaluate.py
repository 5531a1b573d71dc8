"""Evaluate and calibrate a classifier on a labelled dataset."""

import torch
from datasets import ClassLabel, Dataset

from sentiment.data.labels import UNLABELLED, align_labels
from sentiment.data.splits import shared_mask
from sentiment.errors import DataError, listed
from sentiment.evaluation.calibration import fit_temperature
from sentiment.evaluation.metrics import Metrics, Scored, measure, measure_slices
from sentiment.inference.classifier import Classifier
from sentiment.text.token_cache import tokenize_dataset


def score_dataset(classifier: Classifier, dataset: Dataset, batch_size: int = 64) -> Scored:
    """Return the logits of each review, with its label and its length.

    Args:
        classifier: the model, vocabulary and tokenizer.
        dataset: columns `text` and `label`. Labels with names are matched by name, as
            `align_labels` does; ids without names are those of the classifier. The tokens are
            cached on disk.
        batch_size: reviews in a batch.

    Raises:
        DataError: a column is missing, there are no rows, a row has no label, or a label that the
            classifier does not have.
    """
    check_dataset(dataset)
    if isinstance(dataset.features["label"], ClassLabel):
        dataset = align_labels(dataset, classifier.labels, "The dataset")
    tokenized = tokenize_dataset(dataset, classifier.tokenizer)
    token_lists = list(tokenized["tokens"])
    reviews = classifier.encode_tokens(token_lists)
    return Scored(
        logits=classifier.predict_logits(reviews, batch_size),
        labels=torch.tensor(tokenized["label"]),
        lengths=torch.tensor([len(tokens) for tokens in token_lists]),
    )


def check_dataset(dataset: Dataset) -> None:
    """Raise `DataError` unless there are rows, each with a text and a label."""
    for column in ("text", "label"):
        if column not in dataset.column_names:
            raise DataError(
                f"The dataset has no column '{column}', only {listed(dataset.column_names)}."
            )
    if not len(dataset):
        raise DataError("The dataset has no rows.")
    if UNLABELLED in dataset.with_format(None)["label"][:]:
        raise DataError("The dataset has rows without a label.")


def evaluate(classifier: Classifier, dataset: Dataset, train: Dataset | None = None) -> Metrics:
    """Measure a classifier on a dataset with labels.

    Args:
        classifier: what to measure.
        dataset: columns `text` and `label`, as for `score_dataset`.
        train: the training split. With it, the reviews that are in both are also measured apart.

    Returns:
        All metrics, with slices by length in tokens before truncation.

    Raises:
        DataError: as `score_dataset`.
    """
    in_train = None if train is None else shared_mask(dataset, [train])
    scored = score_dataset(classifier, dataset)
    return measure_slices(scored, classifier.temperature, in_train)


def fit_and_compare_temperature(
    classifier: Classifier, validation: Dataset
) -> tuple[Metrics, Metrics]:
    """Fit a temperature to reviews that the classifier was not trained on.

    Returns:
        The metrics before and after. The new temperature is that of the metrics after; the
        classifier is not changed.
    """
    logits, labels, _ = score_dataset(classifier, validation)
    before = measure(logits, labels, classifier.temperature)
    logits = logits * classifier.temperature
    temperature = fit_temperature(logits, labels)
    return before, measure(logits / temperature, labels, temperature)
