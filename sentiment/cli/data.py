"""A model, and the data that a command line names, in; the labelled reviews to measure on out."""

import dataclasses
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from sentiment.config import DataConfig

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from sentiment.inference.classifier import Classifier

# The settings that say which data a model is measured on; without them it is the model's own.
NAMING = ("dataset", "revision", "subset", "text_column", "label_column")

Split = Annotated[
    str | None,
    typer.Option(help="Split to measure on.", show_default="test, or the only one there is"),
]


class Measured(NamedTuple):
    """What a model is measured on."""

    dataset: str
    split: str
    reviews: "Dataset"
    train: "Dataset | None"  # What the data set has to learn from, unless it is measured on that.


def read_split(classifier: "Classifier", settings: dict[str, Any], split: str | None) -> Measured:
    """The reviews to measure a classifier on, with its labels; warns of those it knows already.

    Of another table than the model was trained on, all rows count. Raises `InputError` if there is
    no such split, or a label in it that training never saw.
    """
    from sentiment.cli.show import show_warnings
    from sentiment.data.columns import Notice
    from sentiment.data.labels import align_labels
    from sentiment.data.reviews import load_reviews
    from sentiment.data.splits import SharedReviewsWarning, labelled_split, warn_of_shared

    show_warnings(SharedReviewsWarning, Notice)
    data = named_data(classifier.config.data, settings, test_fraction=0.0)
    corpus = load_reviews(data)
    name = split or default_split(corpus)
    reviews = align_labels(
        labelled_split(corpus, name, data.dataset),
        classifier.labels,
        f"The split '{name}' of '{data.dataset}'",
    )
    if name == "test" and same_place(data.dataset, classifier.config.data.dataset):
        warn_if_changed(classifier, reviews)
    train = corpus["train"] if name != "train" and "train" in corpus else None
    if train is not None:
        warn_of_shared(train, **{name: reviews})
    return Measured(data.dataset, name, reviews, train)


def named_data(own: DataConfig, settings: dict[str, Any], **otherwise: Any) -> DataConfig:
    """The data that a command reads: those named in `settings`, else the model's `own`.

    What else is known of the model's own holds for no other data; for those `otherwise` does.
    """
    named = settings.get("dataset", own.dataset)
    if same_place(named, own.dataset):
        return dataclasses.replace(own, **{**settings, "dataset": own.dataset})
    return DataConfig(**{**otherwise, **settings})


def same_place(one: str, other: str) -> bool:
    """Whether two names are of one data set: equal, or paths to the same place."""
    paths = Path(one).expanduser(), Path(other).expanduser()
    return one == other or (all(path.exists() for path in paths) and paths[0].samefile(paths[1]))


def default_split(corpus: "DatasetDict") -> str:
    """`test`, or the only split there is."""
    return "test" if "test" in corpus or len(corpus) != 1 else next(iter(corpus))


def warn_if_changed(classifier: "Classifier", test: "Dataset") -> None:
    """Warn where `test` is not what was set aside in training: its table has changed since."""
    from sentiment.data.splits import SharedReviewsWarning, fingerprint

    kept = classifier.metadata.get("test")
    if kept is not None and kept.get("fingerprint") != fingerprint(test):
        message = (
            "these are not the test reviews that were set aside when the model was trained: it may "
            "have learned from some of them."
        )
        warnings.warn(SharedReviewsWarning(message), stacklevel=2)
