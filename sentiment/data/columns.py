"""The columns of a dataset: which hold the texts and the labels, and one form for all datasets.

The columns are set by `text_column` and `label_column`, or chosen by name, type and content where
only one column qualifies. Labels may be strings, whole numbers or booleans; a label name has the
same id in all splits.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from sentiment.config import MAX_LABELS, DataConfig
from sentiment.data.labels import IMDB_LABELS, UNSUPERVISED, label_ids, label_names
from sentiment.errors import DataError, Notice, listed

MIN_SENTENCE_LENGTH = 20  # Mean number of characters from which a column counts as text.

# Usual column names, in lower case. The first of each is the name in a loaded dataset.
TEXT_NAMES = ("text", "review", "sentence", "content", "comment", "文本", "评论", "内容")
LABEL_NAMES = ("label", "labels", "sentiment", "class", "category", "rating", "stars", "标签")


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


def standardize_columns(
    tables: DatasetDict, config: DataConfig, labelled: bool = True
) -> ReviewSplits:
    """Reduce each split to `text`, `label` and, if `config` sets a group column, `group`.

    Args:
        tables: the splits with their own columns.
        config: names of the columns; None where they are chosen automatically.
        labelled: whether to read labels. If False, each row is `UNLABELLED`.

    Raises:
        DataError: a missing or ambiguous column, an empty split, a row without text or label, a
            label that the training split does not have.
    """
    first = tables["train"] if "train" in tables else next(iter(tables.values()))
    text, label = choose_columns(f"'{config.dataset}'", first, config, labelled)
    names: list[str] = []
    standardized = {}
    # The training split comes first, because its labels are those of all splits.
    for name in sorted(tables, key=lambda name: name != "train"):
        split, where = tables[name], f"The split '{name}' of '{config.dataset}'"
        chosen = (("text", text), ("label", label), ("group", config.group_column))
        sources = {target: column for target, column in chosen if column is not None}
        if name == UNSUPERVISED:
            sources = columns_without_labels(where, split, sources)
        check_split(where, split, sources)
        names = names or label_names(where, split, sources.get("label"))
        standardized[name] = standardize_split(where, split, sources, names)
    columns = {"text": text, "label": label, "group": config.group_column}
    return ReviewSplits(
        {name: standardized[name] for name in tables},
        {target: column for target, column in columns.items() if column is not None},
    )


def standardize_split(
    where: str, split: Dataset, sources: Mapping[str, str], names: Sequence[str]
) -> Dataset:
    """Return a split with the columns `text`, `label` and perhaps `group`.

    Args:
        where: the split, as error messages name it.
        split: its rows.
        sources: the column of the split for each of the new ones; `label` may be missing.
        names: label names of the training split, in order of their ids; none if it has no labels.

    Raises:
        DataError: a label that is not among `names`.
    """
    split = split.select_columns(list(dict.fromkeys(sources.values())))
    ids = label_ids(where, split, sources.get("label"), names)
    features = review_features(names or IMDB_LABELS)
    if split.features == features:  # It stays on disk and need not be held in memory.
        return split
    columns: dict[str, Any] = {"text": split[sources["text"]], "label": ids}
    if "group" in sources:
        columns["group"] = [str(group) for group in split[sources["group"]]]
        features["group"] = Value("string")
    return Dataset.from_dict(columns, features=features)


def columns_without_labels(
    where: str, split: Dataset, sources: Mapping[str, str]
) -> dict[str, str]:
    """Return those of the `sources` columns that an unlabelled split has, with a text column."""
    found = {target: column for target, column in sources.items() if column in split.column_names}
    if "text" not in found:
        found["text"], _ = choose_columns(where, split, DataConfig(), labelled=False)
    return found


def choose_columns(
    where: str, split: Dataset, config: DataConfig, labelled: bool
) -> tuple[str, str | None]:
    """Choose the columns of the texts and of the labels.

    In this order: the column that `config` names, the one with a usual name, the only one of a
    fitting type, the only one with fitting content.

    Args:
        where: the table, as error messages name it.
        split: its rows.
        config: names of the columns; None where they are chosen here.
        labelled: whether to choose a label column.

    Returns:
        `(text, label)`; the label is None if `labelled` is False.

    Raises:
        DataError: no column qualifies, or more than one.
    """
    features = split.features
    candidates = [column for column in features if column != config.group_column]
    texts = [column for column in candidates if is_text(features[column])]
    labels = [column for column in candidates if is_label(features[column])]
    for column, fitting, content in (
        (config.text_column, texts, "text"),
        (config.label_column, labels, "labels (strings, whole numbers or booleans)"),
        (config.group_column, features, ""),
    ):
        if column is not None and column not in features:
            raise DataError(
                f"{where} has no column '{column}'. Its columns are {listed(features)}."
            )
        if column is not None and column not in fitting:
            raise DataError(f"{where} has no {content} in its column '{column}'.")
    text = config.text_column or usual_column(texts, TEXT_NAMES)
    label = config.label_column or usual_column([one for one in labels if one != text], LABEL_NAMES)
    texts = [column for column in texts if column != label]
    text = text or only(texts) or only(one for one in texts if has_sentences(split, one))
    if text is None:
        raise ambiguous_column(where, "texts", "text_column", texts, features)
    if not labelled:
        return text, None
    labels = [column for column in labels if column != text]
    if label is None and len(labels) > 1:
        labels = [column for column in labels if has_repeated_values(split, column)] or labels
    label = label or only(labels)
    if label is None:
        raise ambiguous_column(where, "labels", "label_column", labels, features)
    is_guess = None in (config.text_column, config.label_column)
    if is_guess and (text, label) != ("text", "label"):
        message = f"{where}: texts from the column '{text}', labels from '{label}'."
        warnings.warn(Notice(message), stacklevel=2)
    return text, label


def has_sentences(split: Dataset, column: str) -> bool:
    """Return whether most values are long and distinct, unlike names or keys."""
    values = split.data.column(column)
    length = pc.mean(pc.fill_null(pc.utf8_length(values), 0)).as_py() or 0
    distinct = pc.count_distinct(values).as_py()
    return bool(length >= MIN_SENTENCE_LENGTH and distinct > len(split) / 2)


def has_repeated_values(split: Dataset, column: str) -> bool:
    """Return whether each value is in ten rows or more on average, as a label is."""
    distinct = pc.count_distinct(split.data.column(column)).as_py()
    return bool(2 <= distinct <= min(MAX_LABELS, len(split) / 10))


def usual_column(columns: Sequence[str], usual: Sequence[str]) -> str | None:
    """Return the column with a usual name, ignoring case.

    Where several have one, the first of the usual names wins; otherwise the result is None.
    """
    found = [column for column in columns if column.lower() in usual]
    exact = [column for column in found if column == usual[0]]
    return only(exact or found)


def only(columns: Iterable[str]) -> str | None:
    """Return the single element of `columns`; None if there is none or more than one."""
    found = list(columns)
    return found[0] if len(found) == 1 else None


def ambiguous_column(
    where: str, content: str, setting: str, candidates: Sequence[str], columns: Iterable[str]
) -> DataError:
    """Return the error for a column that cannot be chosen automatically."""
    if len(candidates) > 1:
        return DataError(
            f"{where} has several columns that could hold the {content}: {listed(candidates)}. "
            f"Set {setting} to the name of the right one."
        )
    return DataError(f"{where} has no column of {content}. Its columns are {listed(columns)}.")


def is_text(feature: Any) -> bool:
    """Return whether a column of this type can hold texts."""
    return getattr(feature, "dtype", None) in ("string", "large_string")


def is_label(feature: Any) -> bool:
    """Return whether a column of this type can hold labels."""
    dtype = str(getattr(feature, "dtype", None))
    return is_text(feature) or dtype == "bool" or dtype.startswith(("int", "uint"))


def check_split(where: str, split: Dataset, sources: Mapping[str, str]) -> None:
    """Check that a split has rows, and each row a value in each column of `sources`.

    Raises:
        DataError: no rows, a missing column or one of a type that cannot be used, or the first row
            with a null, an empty string or only whitespace.
    """
    for column in sources.values():
        if column not in split.column_names:
            raise DataError(
                f"{where} has no column '{column}'. Its columns are {listed(split.column_names)}."
            )
    if len(split) == 0:
        raise DataError(f"{where} is empty. Add rows or leave the split out.")
    for target, column in sources.items():
        values = split.data.column(column)
        if not is_label(split.features[column]):
            raise DataError(f"{where} has no {target} that can be used in its column '{column}'.")
        is_missing = values.is_null()
        if is_text(split.features[column]):
            blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(values)), 0)
            is_missing = pc.or_kleene(is_missing, blank)
        row = pc.index(is_missing, True).as_py()
        if row >= 0:
            raise DataError(
                f"{where} has no {target} in row {row + 1:,}: column '{column}'. Fill it in or "
                "remove the row."
            )
