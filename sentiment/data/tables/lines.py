"""Read text, CSV, TSV and JSON Lines in batches, and write the lines back with new columns.

The new columns follow the last one. All other characters of a row are written as they were read:
quotes, numbers and line ends are not reformatted.
"""

import csv
import io
import json
import os
import stat
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from sentiment.data.tables.columns import (
    BATCH_BYTES,
    BATCH_ROWS,
    RowBatch,
    Write,
    check_new_columns,
    choose_text_column,
    source_name,
)
from sentiment.errors import DataError, listed, quoted

MAX_ROW_BYTES = 2**24  # A longer row is malformed: an unclosed quote or a binary file.
BYTE_ORDER_MARK = "\ufeff"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# The first of these in the header is the delimiter. Excel writes semicolons where the comma is the
# decimal separator.
CSV_DELIMITERS = ",;\t"
TSV_DELIMITERS = "\t"


class MalformedRow(Exception):
    """A row that cannot be parsed; `number` is its first line."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


class Line(NamedTuple):
    """A line of a file."""

    number: int  # From 1.
    text: str  # With its line end, if any.


class Row(NamedTuple):
    """A row of a table."""

    number: int  # Of its first line, from 1.
    text: str
    source: str  # All its lines, as they are in the file.


class Lines:
    """The lines of a UTF-8 file. Only \\n ends a line; bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.where = source_name(source)
        self.number = 0
        self.bytes = 0
        self.byte_order_mark = ""
        self.pushed_back: deque[Line] = deque()  # Lines to yield again.

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        """Return the next line.

        Raises:
            MalformedRow: the line is too long; the next call continues after it.
            DataError: the file is UTF-16.
        """
        if self.pushed_back:
            return self.pushed_back.popleft()
        content = self.read()
        if not content:
            raise StopIteration
        self.number += 1
        if len(content) > MAX_ROW_BYTES:
            while content and not content.endswith(b"\n"):
                content = self.read()
            raise MalformedRow(self.number, f"longer than {MAX_ROW_BYTES >> 20} MiB.")
        text = content.decode("utf-8", "replace")
        if self.number == 1:
            if content.startswith(UTF_16):
                raise DataError(f"{self.where} is UTF-16. Save it as UTF-8.")
            if text.startswith(BYTE_ORDER_MARK):
                self.byte_order_mark, text = text[:1], text[1:]
                if not text:
                    raise StopIteration
        return Line(self.number, text)

    def read(self) -> bytes:
        """Read a line, or the start of one that is too long."""
        try:
            content = self.source.readline(MAX_ROW_BYTES + 1)
        except OSError as error:
            raise DataError(f"{self.where} could not be read: {error.strerror}.") from error
        self.bytes += len(content)
        return content


class LineTable(ABC):
    """Base class of text, CSV, TSV and JSON Lines."""

    unit = "line"

    def __init__(self, source: BinaryIO) -> None:
        status = os.fstat(source.fileno())
        # Bytes; None for a pipe.
        self.total = status.st_size if stat.S_ISREG(status.st_mode) else None
        self.lines = Lines(source)
        self.where = self.lines.where

    @property
    def done(self) -> int:
        """Number of bytes that are read, of `total`."""
        return self.lines.bytes

    @abstractmethod
    def next_row(self) -> Row:
        """Return the next row.

        Raises:
            MalformedRow: the row cannot be parsed; the next call returns the next one.
            StopIteration: there are no more rows.
        """

    def batches(self) -> Iterator[RowBatch]:
        """Yield the rows in batches."""
        rows: list[Row] = []
        malformed: list[str] = []
        size = 0
        while True:
            try:
                row = self.next_row()
                if "\0" in row.source:
                    raise MalformedRow(row.number, "a NUL byte, which no text has.")
                rows.append(row)
                size += len(row.source)
            except MalformedRow as error:
                malformed.append(f"{self.where}, line {error.number}: {error}")
            except StopIteration:
                break
            if len(rows) + len(malformed) == BATCH_ROWS or size >= BATCH_BYTES:
                yield batch_of(rows, malformed)
                rows, malformed, size = [], [], 0
        if rows or malformed:
            yield batch_of(rows, malformed)


class TextTable(LineTable):
    """One text per line, empty lines included. It has no columns, and no writer."""

    def next_row(self) -> Row:
        number, source = next(self.lines)
        return Row(number, source.removesuffix("\n").removesuffix("\r"), source)


@contextmanager
def line_writer(table: "DelimitedTable | JsonTable", file: BinaryIO) -> Iterator[Write]:
    """Return a function that writes rows of a table, with the new columns, to `file`."""
    file.write(table.header_text().encode())

    def write(batch: RowBatch, values: Sequence[Sequence[Any]]) -> None:
        file.write("".join(map(table.with_values, batch.rows, values)).encode())
        file.flush()  # A reader of a pipe gets each batch at once.

    yield write


class DelimitedTable(LineTable):
    """CSV or TSV with a header, quoted as in RFC 4180. Empty lines are skipped."""

    writer = line_writer

    def __init__(
        self, source: BinaryIO, column: str | None, new_columns: Sequence[str], delimiters: str
    ) -> None:
        super().__init__(source)
        csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_BYTES))
        self.delimiter = delimiters[0]
        try:
            first = next(self.lines)
            self.lines.pushed_back.append(first)
            self.delimiter = next((d for d in delimiters if d in first.text), self.delimiter)
            _, self.header, columns = self.next_record()
        except StopIteration:
            raise DataError(f"{self.where} is empty: it has no header.") from None
        except MalformedRow as malformed:
            raise DataError(f"{self.where}, line {malformed.number}: {malformed}") from None
        check_new_columns(self.where, new_columns, columns)
        self.index = columns.index(choose_text_column(self.where, column, columns, columns))
        self.width = len(columns)
        self.new_columns = new_columns

    def next_row(self) -> Row:
        number, source, fields = self.next_record()
        if len(fields) != self.width:
            raise MalformedRow(number, f"{len(fields)} fields, where the header has {self.width}.")
        return Row(number, fields[self.index], source)

    def next_record(self) -> tuple[int, str, list[str]]:
        """Return the number of the next record's first line, its source and its fields.

        A record that is not CSV ends with its first line, so that a stray quote invalidates one row
        and not all rows up to the next quote.
        """
        fields: list[str] = []
        while not fields:
            lines: list[Line] = []
            try:
                fields = next(
                    csv.reader(self.record_lines(lines), delimiter=self.delimiter, strict=True)
                )
            except (csv.Error, MalformedRow) as error:
                if not lines:
                    raise
                self.lines.pushed_back.extendleft(reversed(lines[1:]))
                raise MalformedRow(lines[0].number, error_reason(error)) from None
        return lines[0].number, "".join(line.text for line in lines), fields

    def record_lines(self, lines: list[Line]) -> Iterator[str]:
        """Yield the text of lines up to the longest record, and append the lines to `lines`."""
        size = 0
        for line in self.lines:
            lines.append(line)
            size += len(line.text)
            if size > MAX_ROW_BYTES:
                raise MalformedRow(
                    line.number, f"not CSV: no end within {MAX_ROW_BYTES >> 20} MiB."
                )
            yield line.text

    def header_text(self) -> str:
        """Return the header line with the new columns."""
        return self.lines.byte_order_mark + self.with_values(self.header, self.new_columns)

    def with_values(self, source: str, values: Sequence[Any]) -> str:
        """Return a record with `values` after its last field."""
        body = source.rstrip("\r\n")
        cells = io.StringIO()
        csv.writer(cells, delimiter=self.delimiter, lineterminator="").writerow(values)
        return f"{body}{self.delimiter}{cells.getvalue()}{source[len(body) :]}"


class JsonTable(LineTable):
    """JSON Lines: one object per line. Empty lines are skipped."""

    writer = line_writer

    def __init__(self, source: BinaryIO, column: str | None, new_columns: Sequence[str]) -> None:
        super().__init__(source)
        self.new_columns = new_columns
        self.column = column  # None: chosen by the first object.

    def next_row(self) -> Row:
        line = next(line for line in self.lines if line.text.strip())
        try:
            row = json.loads(line.text)
        except (ValueError, RecursionError) as error:
            raise MalformedRow(line.number, error_reason(error)) from None
        if not isinstance(row, dict):
            raise MalformedRow(line.number, "not a JSON object on a line of its own.")
        check_new_columns(f"{self.where}, line {line.number},", self.new_columns, row)
        if self.column is None:
            texts = [name for name, value in row.items() if isinstance(value, str)]
            try:
                self.column = choose_text_column("the object", None, list(row), texts)
            except DataError as error:
                raise MalformedRow(line.number, str(error)) from None
        text = row.get(self.column)
        if not isinstance(text, str):
            column = quoted.repr(self.column)
            raise MalformedRow(
                line.number, f"no string under {column}; its keys are {listed(row)}."
            )
        return Row(line.number, text, line.text)

    def header_text(self) -> str:
        """Return the empty string: JSON Lines has no header."""
        return ""

    def with_values(self, source: str, values: Sequence[Any]) -> str:
        """Return an object with `values` after its last one."""
        body = source.rstrip()
        pairs = json.dumps(dict(zip(self.new_columns, values, strict=True)), ensure_ascii=False)
        return f"{body.removesuffix('}').rstrip()}, {pairs[1:]}{source[len(body) :]}"


def batch_of(rows: Sequence[Row], malformed: list[str]) -> RowBatch:
    """Return rows as a batch."""
    return RowBatch(
        [row.text for row in rows],
        [row.number for row in rows],
        [row.source for row in rows],
        malformed,
    )


def error_reason(error: Exception) -> str:
    """Return why a row cannot be parsed, without the line numbers of the parser."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.colno}."
    if isinstance(error, csv.Error) and "new-line character" in str(error):
        return "a carriage return outside quotes that does not end the line."
    if isinstance(error, csv.Error):  # Its message has the delimiter itself, which may be a tab.
        return "not CSV: {}.".format(str(error).replace("\t", r"\t"))
    return str(error)
