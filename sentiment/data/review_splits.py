"""The form in which all datasets are loaded: splits with the columns `text` and `label`."""

from collections.abc import Mapping, Sequence

from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from sentiment.data.labels import IMDB_LABELS


class ReviewSplits(DatasetDict):
    """Splits with the columns `text` and `label`.

    Args:
        splits: by name.
        columns: the name that each column has in the source.
    """

    def __init__(
        self, splits: Mapping[str, Dataset], columns: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(splits)
        self.columns = dict(columns or {})


def review_features(labels: Sequence[str]) -> Features:
    """Return the types of a loaded split's columns: `text` and `label`."""
    return Features({"text": Value("string"), "label": ClassLabel(names=list(labels))})


def from_reviews(
    splits: Mapping[str, Sequence[tuple[str, int]]], labels: Sequence[str] = IMDB_LABELS
) -> ReviewSplits:
    """Build a dataset in memory.

    Args:
        splits: `(text, label id)` pairs by split name.
        labels: label names in order of their ids.
    """
    reviews: dict[str, Dataset] = {}
    for name, rows in splits.items():
        columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
        reviews[name] = Dataset.from_dict(columns, features=review_features(labels))
    return ReviewSplits(reviews)
