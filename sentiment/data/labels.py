"""Labels of reviews: their names, their ids, and how those of a dataset map to those of a model."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sentiment.config import MAX_LABELS
from sentiment.errors import DataError, listed, quoted

if TYPE_CHECKING:
    from datasets import Dataset

IMDB_LABELS = ["neg", "pos"]
UNSUPERVISED = "unsupervised"  # The split without labels, as IMDB and datasets after it name it.
UNLABELLED = -1  # The label id of a row without a label.

MAX_FRACTIONS = 20  # Different labels such as 4.5; a measurement has more.
DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")

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


def label_name(value: Any, class_names: Sequence[str] | None = None) -> str | None:
    """Return the name of a label value: a string without outer spaces, a number, or a boolean.

    Args:
        value: a value of a column of labels.
        class_names: the names of the label ids, if the column has ids.

    Returns:
        The name; "-1", which means no label where all rows have it; None for a missing value.

    Raises:
        ValueError: the value cannot be a label.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if class_names is not None and isinstance(value, int) and value != UNLABELLED:
        if not 0 <= value < len(class_names):
            raise ValueError(f"the label {value}, which has no name.")
        return class_names[value]
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.isprintable():
        return value.strip() or None
    raise ValueError(f"the label {quoted.repr(value)}, which is no printable string or number.")


def unify_labels(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the label of each spelling.

    Whole numbers lose their decimals, as in 4.0. Spellings that differ only in case or spaces are
    one label, written as most rows write it.

    Args:
        counts: the number of rows with each spelling, in order of their first occurrence.
    """
    numbers = [name for name in counts if DECIMAL.fullmatch(name)]
    are_whole = all(float(name).is_integer() for name in numbers)
    whole = {name: str(int(float(name))) for name in numbers if are_whole and "." in name}
    by_key: dict[str, Counter[str]] = {}
    for name, count in counts.items():
        name = whole.get(name, name)
        by_key.setdefault(variant_key(name), Counter())[name] += count
    usual = {key: spellings.most_common(1)[0][0] for key, spellings in by_key.items()}
    return {name: usual[variant_key(whole.get(name, name))] for name in counts}


def merged_variants(unified: Mapping[str, str]) -> str:
    """Return which spellings were merged, for a notice; the empty string if none were."""
    merged = {
        name: label
        for name, label in unified.items()
        if name != label and not DECIMAL.fullmatch(name)
    }
    return ", ".join(f"{quoted.repr(name)} as {quoted.repr(to)}" for name, to in merged.items())


def variant_key(name: str) -> str:
    """Return what the spellings of a label have in common that differ only in case or spaces."""
    return " ".join(name.casefold().split())


def sorted_labels(where: str, names: Iterable[str]) -> list[str]:
    """Return label names in order of their ids: whole numbers by value, then by code points.

    Args:
        where: the split, as error messages name it.
        names: the names of its labels.

    Raises:
        DataError: more than `MAX_LABELS` labels, or many numbers that are not whole.
    """
    labels = sorted(names, key=lambda name: (numeric_value(name), name))
    fractions = [name for name in labels if DECIMAL.fullmatch(name) and "." in name]
    if len(fractions) > MAX_FRACTIONS:
        raise DataError(
            f"{where} has {len(fractions):,} different labels that are fractions, such as "
            f"{fractions[0]}. A classifier has categories: round them, or set label_column."
        )
    if len(labels) > MAX_LABELS:
        raise DataError(
            f"{where} has {len(labels):,} different labels; at most {MAX_LABELS:,} are supported. "
            "Set label_column if the labels are in another column."
        )
    return labels


def numeric_value(name: str) -> float:
    """Return the number that a label name spells, for sorting; infinity for any other name."""
    return float(name) if DECIMAL.fullmatch(name) else math.inf


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


def matching_labels(labels: list[str], others: list[str]) -> list[int] | None:
    """Return for each of `labels` the id of the same label in `others`; None if they differ."""
    if sorted(labels) == sorted(others):
        return [others.index(label) for label in labels]
    ids, other_ids = negative_positive_ids(labels), negative_positive_ids(others)
    if ids is None or other_ids is None:
        return None
    return [other_ids[ids.index(id)] for id in range(len(labels))]
