"""Tables with columns of any name in, splits of `text` and `label` out.

Which column holds the texts and which the labels is said (`--text-column`, `--label-column`) or
guessed where only one can be meant. Labels may be names, whole numbers or true and false; in all
splits the same name has the same id.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from sentiment.config import MAX_LABELS, DataConfig
from sentiment.data.labels import polarities
from sentiment.errors import InputError, quoted

LABELS = ["neg", "pos"]  # IMDB's.
UNSUPERVISED = "unsupervised"  # What IMDB, and others after it, call the split without labels.
UNLABELLED = -1  # The label of every row of it.
SENTENCE = 20  # Characters.

# What these columns are often called; the first of each is what they are called here.
TEXT_NAMES = ("text", "review", "sentence", "content", "comment", "文本", "评论", "内容")
LABEL_NAMES = ("label", "labels", "sentiment", "class", "category", "rating", "stars", "标签")


class Notice(UserWarning):
    """What was decided for the user, who may want to decide otherwise."""


def labels_feature(names: Sequence[str]) -> Features:
    """The columns that every room relies on."""
    return Features({"text": Value("string"), "label": ClassLabel(names=list(names))})


def from_reviews(
    splits: Mapping[str, Sequence[tuple[str, int]]], labels: Sequence[str] = LABELS
) -> DatasetDict:
    """A corpus in memory from `(text, label)` pairs by split; a label is its place in `labels`."""
    corpus = DatasetDict()
    for name, rows in splits.items():
        columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
        corpus[name] = Dataset.from_dict(columns, features=labels_feature(labels))
    return corpus


def with_columns(corpus: DatasetDict, config: DataConfig, labelled: bool = True) -> DatasetDict:
    """Each split with `text` and `label`, and with `group` where `config` names a column for it.

    Where `labelled` is False labels are not read: each row has `UNLABELLED`.

    Raises:
        InputError: columns that are missing or could be meant as well as others, a split that is
            empty, a row without text or label, a label that only other splits than train have.
    """
    first = corpus["train"] if "train" in corpus else next(iter(corpus.values()))
    where = f"'{config.dataset}'"
    text, label = choose_columns(where, first, config, labelled)
    names: list[str] = []
    tables = {}
    for name in ["train", *(other for other in corpus if other != "train")]:
        if name not in corpus:
            continue
        split, where = corpus[name], f"The split '{name}' of '{config.dataset}'"
        named = (("text", text), ("label", label), ("group", config.group_column))
        wanted = {own: column for own, column in named if column is not None}
        if name == UNSUPERVISED:
            wanted = columns_without_labels(where, split, wanted)
        for column in wanted.values():
            if column not in split.column_names:
                raise InputError(
                    f"{where} has no column '{column}', only {listed(split.column_names)}."
                )
        if len(split) == 0:
            raise InputError(f"{where} is empty.")
        split = split.select_columns(list(dict.fromkeys(wanted.values())))
        check_values(where, split, wanted)
        names = names or names_of(where, split, wanted.get("label"))
        ids = ids_of(where, split, wanted.get("label"), names)
        features = labels_feature(names or LABELS)
        if split.features == features:  # It stays on disk, and need not be in memory.
            tables[name] = split
            continue
        columns: dict[str, Any] = {"text": split[wanted["text"]], "label": ids}
        if "group" in wanted:
            columns["group"] = [str(group) for group in split[wanted["group"]]]
            features["group"] = Value("string")
        tables[name] = Dataset.from_dict(columns, features=features)
    return DatasetDict({name: tables[name] for name in corpus})


def columns_without_labels(where: str, split: Dataset, wanted: Mapping[str, str]) -> dict[str, str]:
    """Those of the `wanted` columns that unlabelled reviews have; their texts may be elsewhere."""
    found = {own: column for own, column in wanted.items() if column in split.column_names}
    if "text" not in found:
        found["text"], _ = choose_columns(where, split, DataConfig(), labelled=False)
    return found


def choose_columns(
    where: str, split: Dataset, config: DataConfig, labelled: bool
) -> tuple[str, str | None]:
    """The columns of the texts and of the labels.

    They are those named, or those with a usual name, or the only one that can be meant, by its type
    or by what stands in it. Raises `InputError` where there is none, or more than one.
    """
    features = split.features
    free = [column for column in features if column != config.group_column]
    texts = [column for column in free if is_text(features[column])]
    kinds = [column for column in free if is_label(features[column])]
    for column, fitting, holds in (
        (config.text_column, texts, "text"),
        (config.label_column, kinds, "labels: names or whole numbers"),
        (config.group_column, features, ""),
    ):
        if column is not None and column not in features:
            raise InputError(f"{where} has no column '{column}', only {listed(features)}.")
        if column is not None and column not in fitting:
            raise InputError(f"{where} has no {holds} in its column '{column}'.")
    text = config.text_column or known(texts, TEXT_NAMES)
    label = config.label_column or known([one for one in kinds if one != text], LABEL_NAMES)
    texts = [one for one in texts if one != label]
    text = text or only(texts) or only(one for one in texts if reads_like_text(split, one))
    if text is None:
        raise InputError(missing(where, "texts", "--text-column", texts, features))
    if not labelled:
        return text, None
    kinds = [one for one in kinds if one != text]
    if label is None and len(kinds) > 1:
        kinds = [one for one in kinds if repeats(split, one)] or kinds
    label = label or only(kinds)
    if label is None:
        raise InputError(missing(where, "labels", "--label-column", kinds, features))
    asked = (config.text_column, config.label_column)
    if (text, label) != ("text", "label") and None in asked:
        message = f"{where}: texts from the column '{text}', labels from '{label}'."
        warnings.warn(Notice(message), stacklevel=2)
    return text, label


def reads_like_text(split: Dataset, column: str) -> bool:
    """Whether most values are sentences, long and each its own, and not names or keys."""
    values = split.data.column(column)
    long = pc.mean(pc.fill_null(pc.utf8_length(values), 0)).as_py() or 0
    return long >= SENTENCE and pc.count_distinct(values).as_py() > len(split) / 2


def repeats(split: Dataset, column: str) -> bool:
    """Whether each value stands in many rows, as a label does."""
    distinct = pc.count_distinct(split.data.column(column)).as_py()
    return 2 <= distinct <= min(MAX_LABELS, len(split) / 10)


def known(columns: Sequence[str], usual: Sequence[str]) -> str | None:
    """The one of `columns` that has a usual name; None if several have, unless one has the first.

    Capitals do not count.
    """
    found = [column for column in columns if column.lower() in usual]
    exact = [column for column in found if column == usual[0]]
    return only(exact or found)


def only(columns: Iterable[str]) -> str | None:
    """The one of `columns`; None where there are more or none."""
    found = list(columns)
    return found[0] if len(found) == 1 else None


def missing(
    where: str, what: str, flag: str, candidates: Sequence[str], columns: Iterable[str]
) -> str:
    """That a column must be named."""
    if len(candidates) > 1:
        return f"{where} has {what} in which column: {listed(candidates)}? Say it: {flag} NAME."
    return f"{where} has no column of {what}, only {listed(columns)}."


def listed(names: Iterable[str]) -> str:
    """Names for a message, of which there may be 10,000."""
    return quoted.repr(list(names))[1:-1]


def is_text(feature: Any) -> bool:
    return getattr(feature, "dtype", None) in ("string", "large_string")


def is_label(feature: Any) -> bool:
    dtype = str(getattr(feature, "dtype", None))
    return is_text(feature) or dtype == "bool" or dtype.startswith(("int", "uint"))


def check_values(where: str, split: Dataset, wanted: Mapping[str, str]) -> None:
    """Raise `InputError` at the first row of a column that has nothing there."""
    for own, column in wanted.items():
        values = split.data.column(column)
        if not is_label(split.features[column]):
            raise InputError(f"{where} has no {own} in its column '{column}' that can be used.")
        is_missing = values.is_null()
        if is_text(split.features[column]):
            blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(values)), 0)
            is_missing = pc.or_kleene(is_missing, blank)
        row = pc.index(is_missing, True).as_py()
        if row >= 0:
            raise InputError(
                f"{where} has no {own} in row {row + 1:,}: column '{column}'. Fill it in, or leave "
                "the row out."
            )


def names_of(where: str, split: Dataset, label: str | None) -> list[str]:
    """The names of the labels in the column `label`, in order of their ids; none if it has none.

    As the column itself has them; else in the order of the alphabet, or of the numbers.
    """
    if label is None or is_unlabelled(split, label):
        return []
    names: list[str] | None = getattr(split.features[label], "names", None)
    if names is None:
        found = {name_of(value) for value in split.unique(label)}
        names = sorted(found, key=lambda name: (number(name), name))
    if len(names) > MAX_LABELS:
        raise InputError(
            f"{where} has {len(names):,} different labels in its column '{label}'; {MAX_LABELS:,} "
            "is the most. Is it another column? Say it: --label-column NAME."
        )
    for name in names:
        if not name or not name.isprintable():
            raise InputError(f"{where} has the label {quoted.repr(name)}, which is no name.")
    return names


def is_unlabelled(split: Dataset, label: str) -> bool:
    """Whether all rows have -1, which among other labels is one of them."""
    return {name_of(value) for value in split.unique(label)} == {str(UNLABELLED)}


def name_of(value: Any) -> str:
    """A label as it is called: a string without the spaces around it, or a number's digits."""
    return value.strip() if isinstance(value, str) else str(value).lower()


def number(name: str) -> float:
    """What a label counts for in order: its number, or more than any number."""
    try:
        return float(int(name))
    except (ValueError, OverflowError):
        return float("inf")


def ids_of(where: str, split: Dataset, label: str | None, names: Sequence[str]) -> list[int]:
    """The ids of a split's labels among `names`, those of train.

    Raises `InputError` for a label that is not among them.
    """
    if label is None or is_unlabelled(split, label):
        return [UNLABELLED] * len(split)
    own: Sequence[str] | None = getattr(split.features[label], "names", None)
    id_of = {name: id for id, name in enumerate(names)}
    values = list(split[label])
    if own is None:
        called = {value: name_of(value) for value in set(values)}
    else:
        called = dict(enumerate(own))
    ids = {value: id_of[name] for value, name in called.items() if name in id_of}
    if own is not None:
        ids[UNLABELLED] = UNLABELLED
    for row, value in enumerate(values, 1):
        if value not in ids:
            name = called.get(value, str(value))
            raise InputError(
                f"{where} has the label {quoted.repr(name)}, first in row {row:,}, which 'train' "
                f"does not have: {listed(names)}."
            )
    return [ids[value] for value in values]


def with_labels(split: Dataset, labels: Sequence[str], where: str) -> Dataset:
    """`split` with the labels of a model, whose ids count in the order of `labels`.

    They are found by name; "negative" is also "neg" and "positive" "pos", and numbers that are no
    names are ids.

    Raises:
        InputError: a label that the model does not know.
    """
    own = split.features["label"].names
    if own == list(labels):
        return split
    renamed = dict(zip(own, own, strict=True))
    mine, its = polarities(own), polarities(labels)
    if mine and its:
        renamed = {own[mine[side]]: labels[its[side]] for side in (0, 1)}
    elif not set(own) & set(labels) and all(name.isdecimal() for name in own):
        renamed = {name: labels[int(name)] for name in own if int(name) < len(labels)}
    id_of = {label: id for id, label in enumerate(labels)}
    ids = {id: id_of.get(renamed.get(name, name)) for id, name in enumerate(own)}
    ids[UNLABELLED] = UNLABELLED
    found = list(split["label"])
    for row, id in enumerate(found, 1):
        if ids[id] is None:
            raise InputError(
                f"{where} has the label '{own[id]}', first in row {row:,}, which the model never "
                f"saw in training; it knows {listed(labels)}."
            )
    columns = {name: split[name] for name in split.column_names if name != "label"}
    features = split.features.copy()
    features["label"] = ClassLabel(names=list(labels))
    return Dataset.from_dict({**columns, "label": [ids[id] for id in found]}, features=features)
