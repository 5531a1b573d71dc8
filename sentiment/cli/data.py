"""The dataset that a command evaluates a model on."""

import dataclasses
import warnings
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from sentiment.config import DataConfig, ReaderConfig
from sentiment.runtime.paths import user_path

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from sentiment.inference.classifier import Classifier

# The settings that choose a dataset. Without them it is the dataset that the model was trained on.
DATASET_SETTINGS = (
    *("dataset", "revision", "subset", "label_column", "split_column"),
    *(field.name for field in dataclasses.fields(ReaderConfig)),
)

Split = Annotated[
    str | None,
    typer.Option(help="Split to evaluate on.", show_default="test, or the only split"),
]


class EvaluationData(NamedTuple):
    """The reviews that a model is evaluated on."""

    dataset: str
    split: str
    reviews: "Dataset"
    train: "Dataset | None"  # The training split, unless it is the one evaluated on.


def read_split(
    classifier: "Classifier", settings: dict[str, Any], split: str | None
) -> EvaluationData:
    """Load the reviews to evaluate a classifier on, with the label ids of the classifier.

    Args:
        classifier: the model to evaluate.
        settings: the dataset settings given on the command line.
        split: name of the split; by default `test`, or the only split.

    Raises:
        DataError: there is no such split, or it has a label that the model does not have.

    Warns:
        SharedReviewsWarning: reviews are in the training split too, or may have been.
    """
    from sentiment.data.labels import align_labels
    from sentiment.data.reviews import load_reviews
    from sentiment.data.splits import labelled_split, warn_of_shared

    # All rows of a table count that the model was not trained on.
    data = dataset_config(classifier.config.data, settings, test_fraction=0.0)
    splits = load_reviews(data)
    name = split or default_split(splits)
    reviews = align_labels(
        labelled_split(splits, name, data.dataset),
        classifier.labels,
        f"The split '{name}' of '{data.dataset}'",
    )
    if name == "test" and same_dataset(data.dataset, classifier.config.data.dataset):
        warn_if_changed(classifier, reviews)
    train = splits["train"] if name != "train" and "train" in splits else None
    if train is not None:
        warn_of_shared(train, **{name: reviews})
    if name != "train":
        warn_if_known(classifier, reviews)
    return EvaluationData(data.dataset, name, reviews, train)


def dataset_config(trained_on: DataConfig, settings: dict[str, Any], **others: Any) -> DataConfig:
    """Return the settings of the dataset to read.

    Args:
        trained_on: the data settings of the model.
        settings: the dataset settings given on the command line.
        others: settings for another dataset than the one of `trained_on`.
    """
    dataset = settings.get("dataset", trained_on.dataset)
    if same_dataset(dataset, trained_on.dataset):
        return dataclasses.replace(trained_on, **{**settings, "dataset": trained_on.dataset})
    return DataConfig(**{**others, **settings})


def same_dataset(one: str, other: str) -> bool:
    """Return whether two names are equal or paths to the same place."""
    paths = user_path(one), user_path(other)
    return one == other or (all(path.exists() for path in paths) and paths[0].samefile(paths[1]))


def default_split(splits: "DatasetDict") -> str:
    """Return the name of the split to evaluate on: `test`, or the only one."""
    return "test" if "test" in splits or len(splits) != 1 else next(iter(splits))


def warn_if_known(classifier: "Classifier", reviews: "Dataset") -> None:
    """Warn if the shipped classifier, or one that learned from it, was trained on `reviews`."""
    from sentiment.artifacts.model_folder import SHIPPED_CLASSIFIER_FOLDER
    from sentiment.config import SHIPPED_CLASSIFIER
    from sentiment.data.known_reviews import count_known
    from sentiment.data.splits import SharedReviewsWarning

    is_shipped = classifier.folder == SHIPPED_CLASSIFIER_FOLDER
    config = classifier.config
    if not is_shipped and SHIPPED_CLASSIFIER not in (config.model.init, config.train.teacher):
        return
    if known := count_known(reviews["text"]):
        message = (
            f"{known:,} of the {len(reviews):,} reviews are IMDB reviews that the shipped "
            "classifier was trained on, which makes the evaluation optimistic."
        )
        warnings.warn(SharedReviewsWarning(message), stacklevel=2)


def warn_if_changed(classifier: "Classifier", test: "Dataset") -> None:
    """Warn if `test` differs from the test reviews that were held out in training."""
    from sentiment.data.splits import SharedReviewsWarning, fingerprint

    held_out = classifier.metadata.get("test")
    if held_out is not None and held_out.get("fingerprint") != fingerprint(test):
        message = (
            "the test reviews differ from those held out when the model was trained, because the "
            "data has changed since. The model may have been trained on some of them."
        )
        warnings.warn(SharedReviewsWarning(message), stacklevel=2)
