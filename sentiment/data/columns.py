"""Choose the columns of texts, labels and splits: by the settings, by name, or by content.

The rules are the same for all commands and formats. They look at the first rows of a table only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sentiment.config import DataConfig, ReaderConfig
from sentiment.data.column_names import (
    LABEL_NAMES,
    SPLIT_NAME,
    SPLITS,
    TEXT_NAMES,
    is_identifier,
)
from sentiment.data.tables.delimited import header_doubt
from sentiment.data.tables.table import Table
from sentiment.errors import DataError, listed

MIN_SENTENCE_LENGTH = 20  # Mean number of characters from which a column counts as text.
MAX_NUMBERS = 20  # Different numbers that a label may be, where no name says that it is one.
MIN_ROWS_TO_JUDGE = 4  # With fewer, each label may occur once.

NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?")
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*")

Values = Mapping[str, Sequence[Any]]  # The values of each column in the first rows.


class Columns(NamedTuple):
    """The columns of a table that are read."""

    text: tuple[str, ...]  # More than one are joined.
    label: str | None = None
    group: str | None = None
    split: str | None = None

    @property
    def sources(self) -> dict[str, str]:
        """The columns by what they are used for."""
        used = {"text": ",".join(self.text), "label": self.label, "group": self.group}
        return {use: column for use, column in used.items() if column is not None}


def choose_columns(table: Table, config: DataConfig, labelled: bool) -> Columns:
    """Choose the columns of a table.

    Args:
        table: the table; its first rows are looked at.
        config: names of the columns; None where they are chosen here.
        labelled: whether to choose a column of labels.

    Raises:
        DataError: no column qualifies, or more than one.
    """
    text = choose_text(table, config, config.label_column, config.group_column)
    sample = table.sample()
    split = choose_split(table, sample, config)
    check_column(table, config.group_column)
    used = (*text, split, config.group_column)
    others = [column for column in dict.fromkeys(table.columns) if column not in used]
    label = choose_label(table, sample, config, others) if labelled else None
    return Columns(text, label, config.group_column, split)


def choose_text(table: Table, config: ReaderConfig, *others: str | None) -> tuple[str, ...]:
    """Choose the column of the texts, or several to join.

    In this order: the columns that `config` names, the one with a usual name, the only one of
    strings, the only one with sentences.

    Args:
        table: the table; its first rows are looked at.
        config: the name of the column, or names joined by commas; None to choose it here.
        others: columns that are something else.

    Raises:
        DataError: no column qualifies, or more than one.
    """
    if not table.columns:  # JSON without rows.
        return ("text",)
    sample = table.sample()
    if config.text_column is not None:
        return named_text_columns(table, sample, config.text_column)
    candidates = [column for column in dict.fromkeys(table.columns) if column not in (*others, "")]
    strings = [column for column in candidates if has_strings(sample[column])]
    usual = usual_column(strings, TEXT_NAMES)
    if usual is not None:
        check_column(table, usual)
        return (usual,)
    # Labels, numbers and dates may be strings too.
    likely = [
        column
        for column in strings
        if column.lower() not in (*LABEL_NAMES, SPLIT_NAME) and not is_measurement(sample[column])
    ]
    found = only(likely) or only(column for column in likely if has_sentences(sample[column]))
    if found is None:
        raise ambiguous_column(table, "texts", "text_column", likely)
    check_column(table, found)
    check_guess(table, sample)
    return (found,)


def named_text_columns(table: Table, sample: Values, names: str) -> tuple[str, ...]:
    """Return the columns that a setting names, one or several joined by commas.

    Raises:
        DataError: there is no such column, or it has no texts.
    """
    columns: tuple[str, ...] = (names,)
    if names not in table.columns and "," in names:
        columns = tuple(name.strip() for name in names.split(","))
    for column in columns:
        check_column(table, column)
        values = present(sample[column])
        if values and not any(is_text(value) for value in values):
            raise DataError(
                f"{table.where} has no text in its column {column!r}, but {kind_of(values[0])}. "
                "Set text_column to the name of the one with the texts."
            )
    return columns


def choose_label(
    table: Table, sample: Values, config: DataConfig, candidates: Sequence[str]
) -> str:
    """Choose the column of the labels.

    In this order: the column that `config` names, the one with a usual name, the only one that can
    hold labels, the only one whose values recur.

    Raises:
        DataError: no column qualifies, or more than one.
    """
    if config.label_column is not None:
        check_column(table, config.label_column)
        return config.label_column
    if not table.columns:
        raise DataError(f"{table.where} is empty.")
    usual = usual_column(candidates, LABEL_NAMES)
    if usual is not None:
        check_column(table, usual)
        return usual
    labels = [column for column in candidates if may_be_label(column, sample[column])]
    found = only(labels) or only(column for column in labels if has_categories(sample[column]))
    if found is None:
        flags = [column for column in labels if set(map(str, sample[column])) <= {"0", "1"}]
        if len(flags) > 1:
            raise DataError(
                f"{table.where} has several columns of 0 and 1: {listed(flags)}. A text with "
                "several labels is not supported: set label_column to one of them, and train a "
                "classifier for each."
            )
        raise ambiguous_column(table, "labels", "label_column", labels)
    check_guess(table, sample)
    return found


def choose_split(table: Table, sample: Values, config: DataConfig) -> str | None:
    """Choose the column that assigns each row to a split; None if there is none.

    Raises:
        DataError: there is no such column.
    """
    if config.split_column is not None:
        check_column(table, config.split_column)
        return config.split_column
    if config.validation_file or config.test_file:
        return None
    column = usual_column(table.columns, (SPLIT_NAME,))
    if column is None or column in (config.label_column, config.group_column):
        return None
    known = [str(value).strip().lower() in SPLITS for value in sample[column]]
    # A value that is no split is then an error.
    return column if any(known) else None


def check_column(table: Table, column: str | None) -> None:
    """Raise `DataError` unless a table has a column, and has it once."""
    if column is None:
        return
    if column not in table.columns:
        raise DataError(
            f"{table.where} has no column {column!r}. Its columns are {listed(table.columns)}."
        )
    if column.encode("utf-8", "replace").decode() != column:
        raise DataError(f"{table.where} has the column {column!r}, which is not valid Unicode.")
    if table.columns.count(column) > 1:
        raise DataError(f"{table.where} has more than one column {column!r}. Rename all but one.")


def check_guess(table: Table, sample: Values) -> None:
    """Raise `DataError` if a column was guessed below a first line that looks like data."""
    if table.has_header and table.format in ("csv", "tsv", "excel"):
        doubt = header_doubt(table.columns, sample)
        if doubt:
            raise DataError(
                f"{table.where}: the first line looks like data, because {doubt}. Set header to "
                "false if the file has no header; if it has one, set text_column and label_column."
            )


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
    table: Table, content: str, setting: str, candidates: Sequence[str]
) -> DataError:
    """Return the error for a column that cannot be chosen automatically."""
    if len(candidates) > 1:
        joined = " Several are joined by commas." if setting == "text_column" else ""
        return DataError(
            f"{table.where} has several columns that could hold the {content}: "
            f"{listed(candidates)}. Set {setting} to the name of the right one.{joined}"
        )
    return DataError(
        f"{table.where} has no column of {content} that is recognized. Its columns are "
        f"{listed(table.columns)}. Set {setting} to the name of the right one."
    )


def present(values: Iterable[Any]) -> list[Any]:
    """Return the values that are neither null nor blank."""
    return [value for value in values if value is not None and str(value).strip()]


def is_text(value: Any) -> bool:
    """Return whether a value is a text or a list of tokens."""
    if isinstance(value, list):
        return all(isinstance(token, str) for token in value)
    return isinstance(value, str | bytes)


def has_strings(values: Sequence[Any]) -> bool:
    """Return whether most values are strings or lists of tokens, or all are missing."""
    found = present(values)
    return sum(map(is_text, found)) >= len(found) / 2


def is_measurement(values: Sequence[Any]) -> bool:
    """Return whether all values are numbers or dates, and there are some."""
    found = present(values)
    return bool(found) and all(map(is_number_or_date, found))


def has_sentences(values: Sequence[Any]) -> bool:
    """Return whether most values are long and distinct, unlike names or keys."""
    texts = [str(value) for value in values if is_text(value)]
    length = sum(map(len, texts)) / max(1, len(values))
    return length >= MIN_SENTENCE_LENGTH and len(set(texts)) > len(values) / 2


def may_be_label(column: str, values: Sequence[Any]) -> bool:
    """Return whether a column can hold labels: no identifiers, dates, texts or measurements."""
    found = present(values)
    if not column or is_identifier(column) or not found:
        return False
    if any(isinstance(value, list | dict) for value in found):
        return False
    distinct = len(set(map(str, found)))
    if len(found) >= MIN_ROWS_TO_JUDGE and distinct > len(found) / 2:
        return False
    if all(map(is_number, found)):
        return distinct <= MAX_NUMBERS
    return not all(map(is_number_or_date, found))


def has_categories(values: Sequence[Any]) -> bool:
    """Return whether each value is in ten rows or more on average, as a label is."""
    distinct = len(set(map(str, values)))
    return 2 <= distinct <= len(values) / 10


def is_number(value: Any) -> bool:
    """Return whether a value is a number or the digits of one."""
    if isinstance(value, str):
        return NUMBER.fullmatch(value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_number_or_date(value: Any) -> bool:
    """Return whether a value is a number or a date."""
    text = value.strip() if isinstance(value, str) else ""
    return is_number(value) or DATE.fullmatch(text) is not None


def kind_of(value: Any) -> str:
    """Return what a value is, for a message: `a number`."""
    kinds = {bool: "true or false", int: "a number", float: "a number", dict: "an object"}
    return kinds.get(type(value), "a list" if isinstance(value, list) else "another type")
