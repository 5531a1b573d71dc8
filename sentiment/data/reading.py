"""Read tables into splits with the columns `text` and `label`.

Each row is read once, in order. A row that is malformed or lacks its text or label is an error or,
if `on_error` is "skip", is left out and counted.
"""

import dataclasses
import logging
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from datasets import Dataset, DatasetInfo, Value

from sentiment.config import DataConfig, ReaderConfig
from sentiment.data.column_names import SPLITS
from sentiment.data.columns import Columns, choose_columns, choose_text, kind_of
from sentiment.data.labels import (
    DECIMAL,
    IMDB_LABELS,
    UNLABELLED,
    UNSUPERVISED,
    label_name,
    merged_variants,
    sorted_labels,
    unify_labels,
    variant_key,
)
from sentiment.data.review_splits import ReviewSplits, cache_folder, column, review_features
from sentiment.data.rows import (
    BadRows,
    TextBatch,
    malformed_first,
    notice,
    read_texts,
    report_notices,
)
from sentiment.data.tables.table import BadRow, Table
from sentiment.errors import DataError, listed, quoted, row_count
from sentiment.runtime.locks import storage_errors
from sentiment.runtime.spool import Spool

logger = logging.getLogger(__name__)

OpenTable = Callable[[], AbstractContextManager[Table]]
MAX_LISTED_LABELS = 20


class TextColumn:
    """Texts in Arrow's stream format, on disk if they are many."""

    def __init__(self) -> None:
        self.spool = Spool(cache_folder())
        self.schema = pa.schema({"text": pa.string()})
        self.writer = pa.ipc.new_stream(pa.PythonFile(self.spool.file, "w"), self.schema)

    def add(self, texts: Sequence[str]) -> None:
        """Append texts.

        Raises:
            StorageError: the disk is full.
        """
        with storage_errors(self.spool.folder):
            batch = pa.record_batch([pa.array(texts, pa.string())], schema=self.schema)
            self.writer.write_batch(batch)

    def read(self) -> pa.ChunkedArray:
        """Return all texts. None may be added after that."""
        with storage_errors(self.spool.folder):
            self.writer.close()
        return pa.ipc.open_stream(pa.py_buffer(self.spool.content())).read_all().column("text")


@dataclass
class RawSplit:
    """The rows of a split, as they are in its tables."""

    texts: TextColumn = field(default_factory=TextColumn)
    labels: list[str | None] = field(default_factory=list)  # None: no label.
    groups: list[str] = field(default_factory=list)
    class_names: list[str] | None = None  # Of label ids.
    first_rows: dict[str, str] = field(default_factory=dict)  # Where each label occurs first.
    kinds: dict[str, str] = field(default_factory=dict)  # Where each kind of label occurs first.

    @property
    def is_labelled(self) -> bool:
        """Whether any row has a label."""
        return any(label not in (None, str(UNLABELLED)) for label in set(self.labels))


def read_splits(
    name: str,
    tables: Mapping[str, Sequence[OpenTable]],
    config: DataConfig,
    labelled: bool = True,
    optional: Sequence[str] = (),
) -> ReviewSplits:
    """Read the tables of each split.

    Args:
        name: the dataset, as messages name it.
        tables: functions that open the tables of each split.
        config: names of the columns, and what to do with rows that cannot be used.
        labelled: whether labels are required. If False, labels that cannot be used are ignored.
        optional: splits that are left out if they have no column of labels.

    Raises:
        DataError: a missing or ambiguous column, an empty split, a row that cannot be used, or a
            label that the training split does not have.

    Warns:
        Notice: columns that were chosen by their content, labels that were merged, rows and splits
            that were left out.
    """
    raw: dict[str, RawSplit] = {}
    columns: Columns | None = None
    # The training split comes first, because its columns and labels are those of all splits.
    for split in sorted(tables, key=lambda split: split != "train"):
        needs_labels = labelled and split != UNSUPERVISED
        for open_table in tables[split]:
            with open_table() as table:
                report_notices(table)
                with malformed_first(table, config):
                    may_lack_labels = not needs_labels or split in optional
                    chosen = columns_of(table, config, columns, split, may_lack_labels)
                if chosen.label is None and needs_labels:
                    notice(f"{table.where} has no labels, so the split '{split}' is left out.")
                    continue
                columns = columns or chosen
                is_split = chosen.split is not None and len(tables) == 1
                targets = raw if is_split else {split: raw.setdefault(split, RawSplit())}
                if is_split:
                    notice(f"{table.where}: splits from the column {chosen.split!r}.")
                read_table(table, chosen, config, needs_labels, split, targets)
    return finish(name, raw, columns or Columns(("text",)), labelled)


def columns_of(
    table: Table, config: DataConfig, train: Columns | None, split: str, may_lack_labels: bool
) -> Columns:
    """Return the columns of a table, without a label where it has none and needs none.

    Args:
        table: an open table.
        config: names of the columns.
        train: the columns of the training split, if it is read: other splits have the same ones.
        split: the split of the table.
        may_lack_labels: whether labels are not required.
    """
    if split == UNSUPERVISED:
        text = config.text_column
        if train is not None:
            text = ",".join(train.text) if set(train.text) <= set(table.columns) else None
        return Columns(choose_text(table, ReaderConfig(text_column=text)))
    if train is None:
        return choose_own(table, config, may_lack_labels)
    named = dataclasses.replace(
        config, text_column=",".join(train.text), label_column=train.label, split_column=None
    )
    reads_labels = train.label in table.columns or not may_lack_labels
    chosen = choose_columns(table, named, labelled=reads_labels)
    return chosen._replace(split=None)


def choose_own(table: Table, config: DataConfig, may_lack_labels: bool) -> Columns:
    """Return the columns of a table.

    Warns:
        Notice: the columns, where they were not set and have other names than the usual.
    """
    try:
        columns = choose_columns(table, config, labelled=True)
    except DataError:
        if not may_lack_labels:
            raise
        columns = choose_columns(table, config, labelled=False)
    is_guess = config.text_column is None or (columns.label and config.label_column is None)
    if is_guess and (columns.text, columns.label or "label") != (("text",), "label"):
        labels = f", labels from {columns.label!r}" if columns.label else ""
        notice(f"{table.where}: texts from the column {','.join(columns.text)!r}{labels}.")
    return columns


def read_table(
    table: Table,
    columns: Columns,
    config: DataConfig,
    labelled: bool,
    split: str,
    targets: dict[str, RawSplit],
) -> None:
    """Read the rows of a table into `targets`, by split.

    Raises:
        DataError: rows that cannot be used, unless `config` says that they are skipped.
    """
    bad_rows = BadRows(table)
    has_blank_lines = table.format == "text" and table.unit == "line"
    class_names = table.class_names.get(columns.label or "")
    for batch in read_texts(table, columns.text):
        bad_rows.add(row for row in batch.bad if not (has_blank_lines and row.kind == "no text"))
        if not batch.texts:
            continue
        names, bad = row_labels(table, batch, columns, labelled)
        splits, unknown = row_splits(table, batch, columns.split, split)
        bad_rows.add(bad + unknown)
        left_out = {row.number for row in (*bad, *unknown)}
        keep = [index for index, number in enumerate(batch.rows.numbers) if number not in left_out]
        groups = table.values(batch.rows, columns.group) if columns.group else None
        for name in dict.fromkeys(splits[index] for index in keep):
            target = targets.setdefault(name, RawSplit())
            target.class_names = class_names
            indices = [index for index in keep if splits[index] == name]
            add_rows(target, table, batch, indices, names, groups)
    if bad_rows.total:
        if config.on_error == "stop":
            raise DataError(bad_rows.message())
        notice(
            f"Skipped {row_count(bad_rows.total)} of {table.where} ({bad_rows.kinds()}). "
            f"The first: {bad_rows.first}"
        )


def row_labels(
    table: Table, batch: TextBatch, columns: Columns, labelled: bool
) -> tuple[list[Any], list[BadRow]]:
    """Return the value of each row's label, its name if it has one, and the rows without one."""
    if columns.label is None:
        return [(None, None)] * len(batch.texts), []
    class_names = table.class_names.get(columns.label)
    labels: list[Any] = []
    bad: list[BadRow] = []
    values = table.values(batch.rows, columns.label)
    for number, value in zip(batch.rows.numbers, values, strict=True):
        try:
            name = label_name(value, class_names)
        except ValueError as error:
            name = None
            if labelled:
                bad.append(BadRow(number, "no usable label", f"{columns.label!r} is {error}"))
        else:
            if name is None and labelled:
                reason = f"no label in the column {columns.label!r}."
                bad.append(BadRow(number, "no label", reason))
        labels.append((value, name))
    return labels, bad


def row_splits(
    table: Table, batch: TextBatch, column: str | None, split: str
) -> tuple[list[str], list[BadRow]]:
    """Return the split of each row, and the rows with an unknown one."""
    if column is None:
        return [split] * len(batch.texts), []
    values = table.values(batch.rows, column)
    splits = [SPLITS.get(str(value).strip().lower(), "") for value in values]
    bad = [
        BadRow(
            number,
            "an unknown split",
            f"the split {quoted.repr(value)}, which is none of train, validation and test.",
        )
        for number, value, name in zip(batch.rows.numbers, values, splits, strict=True)
        if not name
    ]
    return splits, bad


def add_rows(
    target: RawSplit,
    table: Table,
    batch: TextBatch,
    indices: Sequence[int],
    labels: Sequence[tuple[Any, str | None]],
    groups: Sequence[Any] | None,
) -> None:
    """Add the rows of a batch at some indices to a split."""
    target.texts.add([batch.texts[index] for index in indices])
    for index in indices:
        value, name = labels[index]
        target.labels.append(name if name is None else sys.intern(name))  # One string for all.
        if name is not None and name not in target.first_rows:
            position = table.position(batch.rows.numbers[index])
            target.first_rows[name] = position
            kind = "a string" if isinstance(value, str) else kind_of(value)
            if not (kind == "a string" and DECIMAL.fullmatch(name)):
                target.kinds.setdefault(kind, f"{quoted.repr(value)} in {position}")
    if groups is not None:
        target.groups += [str(groups[index]).strip() for index in indices]


def finish(
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
