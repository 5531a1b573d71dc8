"""Text, CSV, TSV and JSON Lines in, rows in batches; the same lines with columns added out.

A row goes out as it came in, character for character, with the new columns behind its last one: no
quote, number or line end of the rest is written anew.
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
    Batch,
    Reject,
    Write,
    check_free,
    choose_column,
    name_of,
)
from sentiment.errors import InputError, quoted

MAX_ROW = 2**24  # Bytes. A longer one is malformed: a quote that nothing closes, a binary file.
BYTE_ORDER_MARK = "\ufeff"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
TAB = "\t"
COMMA_OR_LIKE = ",;\t"  # Where a comma is the decimal point, Excel writes semicolons.


class Malformed(Exception):
    """What is wrong with the row that starts on line `number`."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


class Line(NamedTuple):
    number: int  # From 1.
    text: str  # With its line end, if it has one.


class Row(NamedTuple):
    number: int
    text: str
    source: str  # As it stands in the file.


class Lines:
    """The lines of a UTF-8 file. Only \\n ends one; bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.where = name_of(source)
        self.number = 0
        self.bytes = 0
        self.byte_order_mark = ""
        self.waiting: deque[Line] = deque()  # Those that were put back.

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        """Raises `Malformed` for a line that is too long; the next call goes on behind it."""
        if self.waiting:
            return self.waiting.popleft()
        content = self.read()
        if not content:
            raise StopIteration
        self.number += 1
        if len(content) > MAX_ROW:
            while content and not content.endswith(b"\n"):
                content = self.read()
            raise Malformed(self.number, f"longer than {MAX_ROW >> 20} MiB.")
        text = content.decode("utf-8", "replace")
        if self.number == 1:
            if content.startswith(UTF_16):
                raise InputError(f"{self.where} is UTF-16. Save it as UTF-8.")
            if text.startswith(BYTE_ORDER_MARK):
                self.byte_order_mark, text = text[:1], text[1:]
                if not text:
                    raise StopIteration
        return Line(self.number, text)

    def read(self) -> bytes:
        """A line, or as much of it as is needed to see that it is too long."""
        try:
            content = self.source.readline(MAX_ROW + 1)
        except OSError as error:
            raise InputError(f"{self.where} could not be read: {error.strerror}.") from error
        self.bytes += len(content)
        return content


class LineTable(ABC):
    """What text, CSV, TSV and JSON Lines have in common."""

    unit = "line"

    def __init__(self, source: BinaryIO) -> None:
        status = os.fstat(source.fileno())
        self.total = status.st_size if stat.S_ISREG(status.st_mode) else None  # Bytes.
        self.lines = Lines(source)
        self.where = self.lines.where

    @property
    def done(self) -> int:
        """How much of `total` is read."""
        return self.lines.bytes

    @abstractmethod
    def next_row(self) -> Row:
        """Raises `Malformed`, after which the next call gives the next row, and `StopIteration`."""

    def rows(self, reject: Reject) -> Iterator[Row]:
        """The rows that are whole; `reject` is told of the others."""
        while True:
            try:
                row = self.next_row()
                if "\0" in row.source:
                    raise Malformed(row.number, "a NUL byte, which no text has.")
            except Malformed as malformed:
                reject(f"{self.where}, line {malformed.number}: {malformed}")
            except StopIteration:
                return
            else:
                yield row

    def batches(self, reject: Reject) -> Iterator[Batch]:
        """The same rows, some at a time."""
        some: list[Row] = []
        size = 0
        for row in self.rows(reject):
            some.append(row)
            size += len(row.source)
            if len(some) == BATCH_ROWS or size >= BATCH_BYTES:
                yield batch_of(some)
                some, size = [], 0
        if some:
            yield batch_of(some)


class TextTable(LineTable):
    """One text a line, also where it is empty. There are no columns to add to."""

    def next_row(self) -> Row:
        number, source = next(self.lines)
        return Row(number, source.removesuffix("\n").removesuffix("\r"), source)


@contextmanager
def line_writer(table: "DelimitedTable | JsonTable", file: BinaryIO) -> Iterator[Write]:
    """What writes a table's rows, with the columns that were to be added, to `file`."""
    file.write(table.head().encode())

    def write(batch: Batch, values: Sequence[Sequence[Any]]) -> None:
        file.write("".join(map(table.extended, batch.rows, values)).encode())
        file.flush()  # For who reads the other end of a pipe.

    yield write


class DelimitedTable(LineTable):
    """CSV or TSV with a header, quoted as RFC 4180 has it. Empty lines are left out."""

    writer = line_writer

    def __init__(
        self, source: BinaryIO, column: str | None, added: Sequence[str], delimiters: str
    ) -> None:
        super().__init__(source)
        csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW))
        self.delimiter = delimiters[0]
        try:
            first = next(self.lines)
            self.lines.waiting.append(first)
            self.delimiter = next((d for d in delimiters if d in first.text), self.delimiter)
            _, self.header, columns = self.record()
        except StopIteration:
            raise InputError(f"{self.where} is empty: it has no header.") from None
        except Malformed as malformed:
            raise InputError(f"{self.where}, line {malformed.number}: {malformed}") from None
        check_free(self.where, added, columns)
        self.index = columns.index(choose_column(self.where, column, columns, columns))
        self.width = len(columns)
        self.added = added

    def next_row(self) -> Row:
        number, source, fields = self.record()
        if len(fields) != self.width:
            raise Malformed(number, f"{len(fields)} fields, where the header has {self.width}.")
        return Row(number, fields[self.index], source)

    def record(self) -> tuple[int, str, list[str]]:
        """The next record: its first line's number, the record as it stands there, its fields.

        A record that is not CSV ends with its first line, so that a stray quote costs one row and
        not all up to the next quote.
        """
        fields: list[str] = []
        while not fields:
            taken: list[Line] = []
            try:
                fields = next(csv.reader(self.take(taken), delimiter=self.delimiter, strict=True))
            except (csv.Error, Malformed) as error:
                if not taken:
                    raise
                self.lines.waiting.extendleft(reversed(taken[1:]))
                raise Malformed(taken[0].number, reason(error)) from None
        return taken[0].number, "".join(line.text for line in taken), fields

    def take(self, taken: list[Line]) -> Iterator[str]:
        """Lines, noted in `taken`, for as long as a record may be."""
        size = 0
        for line in self.lines:
            taken.append(line)
            size += len(line.text)
            if size > MAX_ROW:
                raise Malformed(line.number, f"not CSV: no end within {MAX_ROW >> 20} MiB.")
            yield line.text

    def head(self) -> str:
        """The header, with the new columns."""
        return self.lines.byte_order_mark + self.extended(self.header, self.added)

    def extended(self, source: str, values: Sequence[Any]) -> str:
        """A record with `values` behind its last field."""
        body = source.rstrip("\r\n")
        cells = io.StringIO()
        csv.writer(cells, delimiter=self.delimiter, lineterminator="").writerow(values)
        return f"{body}{self.delimiter}{cells.getvalue()}{source[len(body) :]}"


class JsonTable(LineTable):
    """JSON Lines: an object a line. Empty lines are left out."""

    writer = line_writer

    def __init__(self, source: BinaryIO, column: str | None, added: Sequence[str]) -> None:
        super().__init__(source)
        self.added = added
        self.column = column  # None: what the first object leaves no doubt of.

    def next_row(self) -> Row:
        line = next(line for line in self.lines if line.text.strip())
        try:
            row = json.loads(line.text)
        except (ValueError, RecursionError) as error:
            raise Malformed(line.number, reason(error)) from None
        if not isinstance(row, dict):
            raise Malformed(line.number, "not a JSON object on a line of its own.")
        check_free(f"{self.where}, line {line.number},", self.added, row)
        if self.column is None:
            texts = [name for name, value in row.items() if isinstance(value, str)]
            try:
                self.column = choose_column("the object", None, list(row), texts)
            except InputError as error:
                raise Malformed(line.number, str(error)) from None
        text = row.get(self.column)
        if not isinstance(text, str):
            keys = quoted.repr([*row])[1:-1]
            wanted = quoted.repr(self.column)
            raise Malformed(line.number, f"no string under {wanted}; its keys are {keys}.")
        return Row(line.number, text, line.text)

    def head(self) -> str:
        return ""

    def extended(self, source: str, values: Sequence[Any]) -> str:
        """An object with `values` behind its last one."""
        body = source.rstrip()
        pairs = json.dumps(dict(zip(self.added, values, strict=True)), ensure_ascii=False)
        return f"{body.removesuffix('}').rstrip()}, {pairs[1:]}{source[len(body) :]}"


def batch_of(rows: Sequence[Row]) -> Batch:
    numbers, texts, sources = (list(column) for column in zip(*rows, strict=True))
    return Batch(texts, numbers, sources)


def reason(error: Exception) -> str:
    """Why a reader would not have a row, without the reader's own line numbers."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.colno}."
    if isinstance(error, csv.Error) and "new-line character" in str(error):
        return "a carriage return outside quotes that does not end the line."
    if isinstance(error, csv.Error):  # It names a delimiter as it is, a tab too.
        return "not CSV: {}.".format(str(error).replace("\t", r"\t"))
    return str(error)
