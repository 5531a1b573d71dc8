"""What tables of every format share: batches of rows, and the choice of the text column."""

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, BinaryIO, NamedTuple

from sentiment.errors import DataError, listed

BATCH_ROWS = 1024  # Enough to batch by length, few enough to hold in memory.
BATCH_BYTES = 2**22


class RowBatch(NamedTuple):
    """Consecutive rows of a table. Those that are malformed are left out."""

    texts: list[str]
    numbers: list[int]  # The first line of each row, or its row number in Parquet; from 1.
    rows: Any  # The rows in the form that the table's writer expects.
    malformed: list[str]  # A message for each row left out: where it is and what is wrong.


Write = Callable[[RowBatch, Sequence[Sequence[Any]]], None]  # Takes the new values of each row.


def source_name(source: BinaryIO) -> str:
    """Return the name of an open file for messages."""
    return "Standard input" if isinstance(source.name, int) else f"'{source.name}'"


def choose_text_column(
    where: str, named: str | None, columns: Sequence[str], text_columns: Sequence[str]
) -> str:
    """Return the column that holds the texts: the named one, `text`, or the only text column.

    Args:
        where: the table, as messages name it.
        named: the column that the user has set.
        columns: all columns.
        text_columns: the columns of strings.

    Raises:
        DataError: the column is missing, repeated or without texts, or several qualify.
    """
    chosen = named or "text"
    if named is None and chosen not in columns and len(text_columns) == 1:
        return text_columns[0]
    remedy = "Set column to the name of the one with the texts."
    if chosen not in columns:
        raise DataError(
            f"{where} has no column {chosen!r}. Its columns are {listed(columns)}. {remedy}"
        )
    if columns.count(chosen) > 1:
        raise DataError(f"{where} has more than one column {chosen!r}. Rename all but one.")
    if chosen not in text_columns:
        raise DataError(f"{where} has no text in its column {chosen!r}. {remedy}")
    return chosen


def check_new_columns(where: str, new_columns: Iterable[str], columns: Container[str]) -> None:
    """Check that none of `new_columns` is in `columns`.

    Raises:
        DataError: a column that exists already.
    """
    for name in new_columns:
        if name in columns:
            raise DataError(
                f"{where} already has a column {name!r}. Set a prefix for the names of the new "
                "columns, such as predicted_."
            )
