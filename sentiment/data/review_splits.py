"""The form in which all datasets are loaded: splits with the columns `text` and `label`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from sentiment.data.labels import IMDB_LABELS

ROWS_AT_ONCE = 1000


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


def column(rows: Dataset, name: str) -> Iterator[Any]:
    """Yield the values of a column. `ROWS_AT_ONCE` of them are in memory, and read at once."""
    for batch in rows.select_columns(name).iter(ROWS_AT_ONCE):
        yield from batch[name]


def cache_folder() -> Path:
    """Return the folder of this package in the cache of `datasets`."""
    folder: Path = datasets.config.HF_DATASETS_CACHE / "sentiment"
    return folder


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
