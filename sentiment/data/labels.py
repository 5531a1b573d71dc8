"""Labels of reviews: their names, their ids, and how those of a dataset map to those of a model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sentiment.config import MAX_LABELS
from sentiment.errors import DataError, listed, quoted

if TYPE_CHECKING:
    from datasets import Dataset

IMDB_LABELS = ["neg", "pos"]
UNSUPERVISED = "unsupervised"  # The split without labels, as IMDB and datasets after it name it.
UNLABELLED = -1  # The label id of a row without a label.

# Spellings of the same two labels, so that a model of one dataset can be evaluated on another.
NEGATIVE_POSITIVE = (("neg", "pos"), ("negative", "positive"))


def negative_positive_ids(labels: Sequence[str]) -> tuple[int, int] | None:
    """Return the ids of the negative and the positive label.

    Args:
        labels: label names in order of their ids; case is ignored.

    Returns:
        `(negative, positive)`, or None if the labels are not "neg" and "pos" or "negative" and
        "positive".
    """
    lower = [label.lower() for label in labels]
    for negative, positive in NEGATIVE_POSITIVE:
        if sorted(lower) == [negative, positive]:
            return lower.index(negative), lower.index(positive)
    return None


def label_names(where: str, split: "Dataset", column: str | None) -> list[str]:
    """Return the names of the labels of a split, in order of their ids.

    A `ClassLabel` column has its own order. Other names are sorted: whole numbers by value, then
    the rest by code points.

    Args:
        where: the split, as error messages name it.
        split: rows of a table.
        column: the column that holds the labels.

    Returns:
        The names; an empty list if `column` is None or all its rows are unlabelled.

    Raises:
        DataError: more than `MAX_LABELS` labels, or a name that is empty or not printable.
    """
    if column is None or is_unlabelled(split, column):
        return []
    names: list[str] | None = getattr(split.features[column], "names", None)
    if names is None:
        found = {label_name(value) for value in split.unique(column)}
        names = sorted(found, key=lambda name: (numeric_value(name), name))
    if len(names) > MAX_LABELS:
        raise DataError(
            f"{where} has {len(names):,} different labels in its column '{column}'; at most "
            f"{MAX_LABELS:,} are supported. Set label_column if the labels are in another column."
        )
    for name in names:
        if not name or not name.isprintable():
            raise DataError(
                f"{where} has the label {quoted.repr(name)}; a label needs printable characters. "
                "Rename it."
            )
    return names


def is_unlabelled(split: "Dataset", column: str) -> bool:
    """Return whether every row of the label column is -1. Mixed with others, -1 is a label."""
    return {label_name(value) for value in split.unique(column)} == {str(UNLABELLED)}


def label_name(value: Any) -> str:
    """Return the name of a label value: a stripped string, the digits of a number, or a boolean."""
    return value.strip() if isinstance(value, str) else str(value).lower()


def numeric_value(name: str) -> float:
    """Return the number that a label name spells, for sorting; infinity for any other name."""
    try:
        return float(int(name))
    except (ValueError, OverflowError):
        return float("inf")


def label_ids(where: str, split: "Dataset", column: str | None, names: Sequence[str]) -> list[int]:
    """Return the label id of each row.

    Args:
        where: the split, as error messages name it.
        split: rows of a table.
        column: the column that holds the labels; None if the split has none.
        names: the label names of the training split, in order of their ids.

    Returns:
        One id per row, an index into `names` or `UNLABELLED`.

    Raises:
        DataError: a label that is not among `names`.
    """
    if column is None or is_unlabelled(split, column):
        return [UNLABELLED] * len(split)
    class_names: Sequence[str] | None = getattr(split.features[column], "names", None)
    values = list(split[column])
    if class_names is None:
        name_of_value = {value: label_name(value) for value in set(values)}
    else:
        name_of_value = dict(enumerate(class_names))
    id_of_name = {name: id for id, name in enumerate(names)}
    ids = {value: id_of_name[name] for value, name in name_of_value.items() if name in id_of_name}
    if class_names is not None:
        ids[UNLABELLED] = UNLABELLED
    for row, value in enumerate(values, 1):
        if value not in ids:
            name = name_of_value.get(value, str(value))
            raise DataError(
                f"{where} has the label {quoted.repr(name)}, first in row {row:,}, which the split "
                f"'train' does not have. The labels of 'train' are {listed(names)}."
            )
    return [ids[value] for value in values]


def align_labels(split: "Dataset", labels: Sequence[str], where: str) -> "Dataset":
    """Return `split` with the label names and ids of a model.

    Labels are matched by name; "negative" matches "neg" and "positive" matches "pos". Where no name
    matches and all names of the split are numbers, they are taken as ids.

    Args:
        split: reviews with the columns `text` and `label`.
        labels: the model's label names, in order of their ids.
        where: the split, as error messages name it.

    Raises:
        DataError: a label that the model does not have.
    """
    from datasets import ClassLabel, Dataset  # 0.8 s, which a prediction does not need.

    names = split.features["label"].names
    if names == list(labels):
        return split
    renamed = dict(zip(names, names, strict=True))
    split_sides, model_sides = negative_positive_ids(names), negative_positive_ids(labels)
    if split_sides and model_sides:
        renamed = {names[split_sides[side]]: labels[model_sides[side]] for side in (0, 1)}
    elif not set(names) & set(labels) and all(name.isdecimal() for name in names):
        renamed = {name: labels[int(name)] for name in names if int(name) < len(labels)}
    id_of_label = {label: id for id, label in enumerate(labels)}
    new_ids = {id: id_of_label.get(renamed.get(name, name)) for id, name in enumerate(names)}
    new_ids[UNLABELLED] = UNLABELLED
    old_ids = list(split["label"])
    for row, id in enumerate(old_ids, 1):
        if new_ids[id] is None:
            raise DataError(
                f"{where} has the label '{names[id]}', first in row {row:,}, which the model was "
                f"not trained on. The labels of the model are {listed(labels)}."
            )
    columns = {name: split[name] for name in split.column_names if name != "label"}
    features = split.features.copy()
    features["label"] = ClassLabel(names=list(labels))
    columns["label"] = [new_ids[id] for id in old_ids]
    return Dataset.from_dict(columns, features=features)
