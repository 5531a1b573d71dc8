"""What tables of every format share: columns, batches of rows, and rows that cannot be read."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, NamedTuple

from sentiment.errors import DataError

Format = Literal["text", "fasttext", "csv", "tsv", "jsonl", "json", "parquet", "excel"]

BATCH_ROWS = 1024  # Enough to batch by length, few enough to hold in memory.
BATCH_BYTES = 2**22
MAX_ROW_BYTES = 2**24  # A longer row is malformed: an unclosed quote or a binary file.


class BadRow(NamedTuple):
    """A row that is left out of a batch."""

    number: int  # Its first line, or its row number in formats without lines; from 1.
    kind: str  # Completes "2 rows with …" in a count: "no text".
    reason: str  # What is wrong in it: "3 fields, where the header has 2."


class MalformedRow(Exception):
    """A row that cannot be parsed."""

    def __init__(self, number: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.bad_row = BadRow(number, kind, reason)

    def located(self, where: str) -> DataError:
        """Return the error for a file that cannot be read on from this row."""
        return DataError(f"{where}, line {self.bad_row.number}: {self.bad_row.reason}")


@dataclass(frozen=True)
class RowBatch:
    """Consecutive rows of a table. Those that are malformed are left out."""

    numbers: Sequence[int]  # As in `BadRow`.
    rows: Any  # In the form that the table's `values`, `take` and writer expect; has a length.
    bad: Sequence[BadRow] = ()


Write = Callable[[RowBatch, Sequence[Sequence[Any]]], None]  # Takes the new values of each row.


class Table(ABC):
    """An open table. It can be read once, from its first row to its last."""

    where: str  # The table, as messages name it.
    format: Format
    unit = "line"  # What the numbers of its rows count: "line" or "row".
    total: int | None = None  # Bytes or rows; None if unknown, as of a pipe.
    columns: list[str]
    has_header = True  # Whether the file names its columns.

    def __init__(self) -> None:
        self.class_names: dict[str, list[str]] = {}  # Of columns that hold ids of known labels.
        self.notices: list[str] = []  # What was detected, for the user to check.
        self._first: RowBatch | None = None
        self._batches: Iterator[RowBatch] | None = None

    @property
    @abstractmethod
    def done(self) -> int:
        """Number of bytes or rows that are read, of `total`."""

    @abstractmethod
    def read_batches(self) -> Iterator[RowBatch]:
        """Yield the rows in batches."""

    @abstractmethod
    def values(self, batch: RowBatch, column: str) -> list[Any]:
        """Return the values of a column, one for each row of a batch; None where one is missing."""

    def take(self, batch: RowBatch, indices: Sequence[int]) -> RowBatch:
        """Return the rows of a batch at some indices."""
        rows = [batch.rows[index] for index in indices]
        return RowBatch([batch.numbers[index] for index in indices], rows)

    def batches(self) -> Iterator[RowBatch]:
        """Yield the rows in batches, from the first one on."""
        while (batch := self._next_batch()) is not None:
            yield batch

    def _next_batch(self) -> RowBatch | None:
        """Return the next batch of rows, or None at the end."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._batches is None:
            self._batches = self.read_batches()
        return next(self._batches, None)

    def first_batch(self) -> RowBatch:
        """Return the first batch, which `batches` yields all the same. It is empty without rows."""
        if self._first is None:
            self._first = self._next_batch() or RowBatch([], [])
        return self._first

    def sample(self) -> dict[str, list[Any]]:
        """Return the values of each column in the first rows, which `batches` yields all the same.

        A table without rows has empty columns.
        """
        first = self.first_batch()
        return {
            column: self.values(first, column) if len(first.numbers) else []
            for column in self.columns
        }

    def position(self, number: int) -> str:
        """Return a position for messages: `'reviews.csv', line 7`."""
        return f"{self.where}, {self.unit} {number}"


class WritableTable(Table):
    """Base class of tables whose rows can be written back with new columns."""

    @abstractmethod
    def writer(self, file: BinaryIO, new_columns: Sequence[str]) -> AbstractContextManager[Write]:
        """Return a function that writes rows of this table, with the new columns, to `file`."""


class Row(NamedTuple):
    """A row of a table that is read row by row."""

    number: int  # As in `BadRow`.
    data: Any
    size: int  # Approximate number of bytes.


class StreamedTable(Table):
    """Base class of tables that are read row by row."""

    @abstractmethod
    def next_row(self) -> Row:
        """Return the next row.

        Raises:
            MalformedRow: the row cannot be parsed; the next call returns the next one.
            StopIteration: there are no more rows.
        """

    def read_batches(self) -> Iterator[RowBatch]:
        rows: list[Row] = []
        bad: list[BadRow] = []
        size = 0
        while True:
            try:
                row = self.next_row()
                rows.append(row)
                size += row.size
            except MalformedRow as malformed:
                bad.append(malformed.bad_row)
            except StopIteration:
                break
            if len(rows) + len(bad) == BATCH_ROWS or size >= BATCH_BYTES:
                yield batch_of(rows, bad)
                rows, bad, size = [], [], 0
        if rows or bad:
            yield batch_of(rows, bad)


def batch_of(rows: Sequence[Row], bad: Sequence[BadRow]) -> RowBatch:
    """Return rows as a batch."""
    return RowBatch([row.number for row in rows], [row.data for row in rows], bad)
