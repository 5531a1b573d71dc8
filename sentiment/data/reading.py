"""Read tables into splits with the columns `text` and `label`.

Each row is read once, in order. A row that is malformed or lacks its text or label is an error or,
if `on_error` is "skip", is left out and counted.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sentiment.config import DataConfig, ReaderConfig
from sentiment.data.column_names import SPLITS
from sentiment.data.columns import Columns, choose_columns, choose_text
from sentiment.data.label_ids import with_label_ids
from sentiment.data.labels import UNSUPERVISED, label_name
from sentiment.data.raw_split import RawSplit, add_rows
from sentiment.data.review_splits import ReviewSplits
from sentiment.data.rows import (
    BadRows,
    TextBatch,
    malformed_first,
    notice,
    read_texts,
    report_notices,
)
from sentiment.data.tables.table import BadRow, Table
from sentiment.errors import DataError, quoted, row_count

OpenTable = Callable[[], AbstractContextManager[Table]]


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
    return with_label_ids(name, raw, columns or Columns(("text",)), labelled)


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
