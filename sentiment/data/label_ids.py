"""Datasets with label ids, from the rows of tables. All splits have the labels of `train`."""

import logging
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa
from datasets import Dataset, DatasetInfo, Value

from sentiment.data.column_names import SPLITS
from sentiment.data.columns import Columns
from sentiment.data.labels import (
    IMDB_LABELS,
    UNLABELLED,
    merged_variants,
    sorted_labels,
    unify_labels,
    variant_key,
)
from sentiment.data.raw_split import RawSplit
from sentiment.data.review_splits import ReviewSplits, column, review_features
from sentiment.data.rows import notice
from sentiment.errors import DataError, listed, quoted

logger = logging.getLogger(__name__)

MAX_LISTED_LABELS = 20


def with_label_ids(
    name: str, raw: Mapping[str, RawSplit], columns: Columns, labelled: bool
) -> ReviewSplits:
    """Return the splits with label ids.

    Raises:
        DataError: an empty split, labels of mixed types, or labels that cannot be used.
    """
    splits: dict[str, Dataset] = {}
    names: list[str] = []
    # The labels of the training split are those of all splits.
    for split in sorted(raw, key=lambda split: split != "train"):
        where = f"The split '{split}' of '{name}'"
        rows = raw[split]
        if not rows.labels:
            raise DataError(f"{where} is empty. Add rows or leave the split out.")
        try:
            labels = unified_labels(where, rows)
            names = names or label_names(where, rows, labels)
            ids = label_ids(where, rows, labels, names)
        except DataError:
            if labelled:
                raise
            ids = [UNLABELLED] * len(rows.labels)
        splits[split] = dataset_of(rows, ids, names)
        log_split(where, splits[split], columns)
    order = list(dict.fromkeys([*SPLITS.values(), *splits]))
    ordered = sorted(splits, key=order.index)
    return ReviewSplits({split: splits[split] for split in ordered}, columns.sources)


def unified_labels(where: str, rows: RawSplit) -> dict[str, str]:
    """Return the label of each spelling in a split.

    Raises:
        DataError: strings and numbers.
    """
    if rows.class_names is not None:
        return {name: name for name in rows.first_rows}
    if len(rows.kinds) > 1:
        raise DataError(
            f"{where} has labels of mixed types: {' and '.join(rows.kinds.values())}. Make them "
            "one type."
        )
    counts = Counter(label for label in rows.labels if label is not None)
    unified = unify_labels(counts)
    if merged := merged_variants(unified):
        notice(f"{where}: labels that differ only in case or spaces are merged: {merged}.")
    return unified


def label_names(where: str, rows: RawSplit, labels: Mapping[str, str]) -> list[str]:
    """Return the names of the labels of a split, in order of their ids; none if it has none."""
    if not rows.is_labelled:
        return []
    return rows.class_names or sorted_labels(where, set(labels.values()))


def label_ids(
    where: str, rows: RawSplit, labels: Mapping[str, str], names: Sequence[str]
) -> list[int]:
    """Return the label id of each row: an index into `names`, or `UNLABELLED`.

    Raises:
        DataError: a label that the training split does not have.
    """
    if not rows.is_labelled and str(UNLABELLED) not in names:
        return [UNLABELLED] * len(rows.labels)
    ids: dict[str | None, int] = {None: UNLABELLED}
    if rows.class_names is not None:
        ids[str(UNLABELLED)] = UNLABELLED
    id_of_name = {name: id for id, name in enumerate(names)}
    id_of_key = {variant_key(name): id for id, name in enumerate(names)}
    for spelling, label in labels.items():
        id = id_of_name.get(label, id_of_key.get(variant_key(label)))
        if id is None and spelling not in ids:
            raise DataError(
                f"{where} has the label {quoted.repr(label)}, first in "
                f"{rows.first_rows[spelling]}, which the split 'train' does not have. The labels "
                f"of 'train' are {listed(names)}."
            )
        if id is not None:
            ids[spelling] = id
    return [ids[label] for label in rows.labels]


def dataset_of(rows: RawSplit, ids: Sequence[int], names: Sequence[str]) -> Dataset:
    """Return a split as a dataset."""
    features = review_features(names or IMDB_LABELS)
    columns = {"text": rows.texts.read(), "label": pa.array(ids, pa.int64())}
    if rows.groups:
        features["group"] = Value("string")
        columns["group"] = pa.array(rows.groups, pa.string())
    # Without a fingerprint, `datasets` would copy all texts to compute one.
    return Dataset(
        pa.table(columns), info=DatasetInfo(features=features), fingerprint=secrets.token_hex(8)
    )


def log_split(where: str, split: Dataset, columns: Columns) -> None:
    """Log the rows, columns and labels of a split."""
    names = split.features["label"].names
    counts = Counter(column(split, "label"))
    labels = [
        f"{names[id] if id != UNLABELLED else 'no label'} {counts[id]:,}" for id in sorted(counts)
    ]
    if len(labels) > MAX_LISTED_LABELS:
        more = len(labels) - MAX_LISTED_LABELS
        labels = [*labels[:MAX_LISTED_LABELS], f"and {more:,} more"]
    sources = ", ".join(f"{use} from {column!r}" for use, column in columns.sources.items())
    counted = ", ".join(labels)
    logger.info(f"{where}: {len(split):,} rows; {sources}; labels: {counted}.")
