"""The texts of a table's rows, and an account of the rows that have none or are malformed."""

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sentiment.config import ReaderConfig
from sentiment.data.columns import kind_of
from sentiment.data.tables.table import BadRow, RowBatch, Table
from sentiment.errors import DataError, Notice, quoted


class TextBatch(NamedTuple):
    """The rows of a batch that have a text."""

    rows: RowBatch
    texts: list[str]
    bad: list[BadRow]  # Rows that are malformed or have no text, in order.


class BadRowError(ValueError):
    """A value that makes its row unusable."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def read_texts(
    table: Table, columns: Sequence[str], keep_blank: bool = False
) -> Iterator[TextBatch]:
    """Yield the rows of a table in batches, with their texts.

    Args:
        table: an open table.
        columns: the columns of the texts; several are joined by a space.
        keep_blank: whether a row with a blank text is kept.
    """
    for batch in table.batches():
        texts: list[str] = []
        kept: list[int] = []
        bad = list(batch.bad)
        found = [table.values(batch, column) for column in columns] if batch.numbers else [[]]
        for index, values in enumerate(zip(*found, strict=True)):
            try:
                texts.append(row_text(columns, values, keep_blank))
                kept.append(index)
            except BadRowError as error:
                bad.append(BadRow(batch.numbers[index], error.kind, str(error)))
        if len(kept) < len(batch.numbers):
            batch = table.take(batch, kept)
        yield TextBatch(batch, texts, sorted(bad))


def row_text(columns: Sequence[str], values: Sequence[Any], keep_blank: bool) -> str:
    """Return the text of a row.

    Raises:
        BadRowError: it has none.
    """
    parts = [value_text(column, value) for column, value in zip(columns, values, strict=True)]
    text = parts[0] if len(parts) == 1 else " ".join(filter(str.strip, parts))
    if not text.strip() and not keep_blank:
        raise BadRowError("no text", f"no text in the column {listed_columns(columns)}.")
    return text


def value_text(column: str, value: Any) -> str:
    """Return the text of a value: a string, or tokens joined by spaces; empty if there is none.

    Raises:
        BadRowError: the value is something else.
    """
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(token, str) for token in value):
        value = " ".join(value)
    if isinstance(value, bytes):
        raise BadRowError(
            "bytes that are not UTF-8",
            f"bytes that are not UTF-8 in the column {column!r}. Set encoding_errors to replace to "
            "read them as U+FFFD.",
        )
    if not isinstance(value, str):
        raise BadRowError("no text", f"no text in the column {column!r}, but {kind_of(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRowError(
            "half a character", f"half of a surrogate pair in the column {column!r}."
        ) from None
    return value


def listed_columns(columns: Sequence[str]) -> str:
    """Return the names of columns for a message."""
    return " and ".join(map(quoted.repr, columns))


@contextmanager
def malformed_first(table: Table, config: ReaderConfig) -> Iterator[None]:
    """Turn an error about the columns into one about malformed rows, which may be its cause.

    Raises:
        DataError: the error about the columns, or a count of the malformed rows.
    """
    try:
        yield
    except DataError:
        if config.on_error == "stop" and table.first_batch().bad:
            bad_rows = BadRows(table)
            for batch in table.batches():
                bad_rows.add(batch.bad)
            raise DataError(bad_rows.message()) from None
        raise


class BadRows:
    """An account of rows that cannot be used.

    Args:
        table: their table.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.counts: Counter[str] = Counter()
        self.first = ""  # The first of them: where it is and what is wrong.

    def add(self, rows: Iterable[BadRow]) -> list[str]:
        """Count rows, and return a message for each."""
        rows = list(rows)
        messages = [f"{self.table.position(row.number)}: {row.reason}" for row in rows]
        self.counts.update(row.kind for row in rows)
        self.first = self.first or next(iter(messages), "")
        return messages

    @property
    def total(self) -> int:
        """Their number."""
        return self.counts.total()

    def kinds(self) -> str:
        """Return the number of rows of each kind: `no text: 8, not CSV: 4`."""
        return ", ".join(f"{kind}: {count:,}" for kind, count in self.counts.most_common())

    def message(self) -> str:
        """Return the message for the user who wants all rows to be right."""
        others = f" {self.total:,} rows cannot be used ({self.kinds()})." if self.total > 1 else ""
        correct = "Correct them" if self.total > 1 else "Correct the row"
        return (
            f"{self.first}{others} {correct}, or set on_error to skip to leave "
            f"{'them' if self.total > 1 else 'it'} out."
        )


def report_notices(table: Table) -> None:
    """Report what was detected in a file."""
    for text in table.notices:
        notice(f"{table.where}: {text}.")


def notice(message: str) -> None:
    """Report a choice that was made for the user."""
    warnings.warn(Notice(message), stacklevel=2)
