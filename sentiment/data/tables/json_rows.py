"""JSON Lines, and JSON arrays: rows that are objects."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple, NoReturn

from sentiment.data.tables.lines import ESCAPED_BYTE, Lines
from sentiment.data.tables.sources import BUFFER_BYTES, Source
from sentiment.data.tables.table import (
    MAX_ROW_BYTES,
    MalformedRow,
    Row,
    RowBatch,
    StreamedTable,
    WritableTable,
    Write,
)
from sentiment.errors import DataError

SPACES = re.compile(r"[ \t\r\n]*")


class JsonRow(NamedTuple):
    """An object, and its text in the file."""

    row: dict[str, Any]
    source: str


class RepeatedKey(ValueError):
    """An object has a key twice."""


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of a JSON file.

    Raises:
        RepeatedKey: a key occurs twice, of which `json` would drop the first.
    """
    row = dict(pairs)
    if len(row) < len(pairs):
        raise RepeatedKey("a key that occurs twice in an object.")
    return row


class JsonTable(StreamedTable, WritableTable):
    """Base class of JSON Lines and JSON arrays.

    An object that lacks a key has no value in that column.
    """

    start, separator, end = "", "", ""  # Of a file.

    def __init__(self, source: Source, lines: Lines) -> None:
        super().__init__()
        self.where, self.total = source.where, source.total
        self.source, self.lines = source, lines
        # The keys of the first rows, in order of their first occurrence.
        rows = [row.row for row in self.first_batch().rows]
        self.columns = list(dict.fromkeys(key for row in rows for key in row))
        if len(rows) == 1 and is_transposed(rows[0]):
            raise DataError(
                f"{self.where} has one object with a list for each column. Write one object for "
                "each row."
            )

    @property
    def done(self) -> int:
        return self.source.done

    def values(self, batch: RowBatch, column: str) -> list[Any]:
        return [row.row.get(column) for row in batch.rows]

    @contextmanager
    def writer(self, file: BinaryIO, new_columns: Sequence[str]) -> Iterator[Write]:
        separator = self.start

        def write(batch: RowBatch, values: Sequence[Sequence[Any]]) -> None:
            nonlocal separator
            for number, row, new in zip(batch.numbers, batch.rows, values, strict=True):
                self.check_new_keys(number, row, new_columns)
                file.write((separator + with_values(row.source, new_columns, new)).encode())
                separator = self.separator
            file.flush()  # A reader of a pipe gets each batch at once.

        yield write
        file.write((self.end if separator == self.separator else self.start + self.end).encode())

    def check_new_keys(self, number: int, row: JsonRow, new_columns: Sequence[str]) -> None:
        """Raise `DataError` if a row has one of the new keys already."""
        for name in new_columns:
            if name in row.row:
                raise DataError(
                    f"{self.position(number)}, already has a column {name!r}. Set a prefix for "
                    "the names of the new columns, such as predicted_."
                )


class JsonLinesTable(JsonTable):
    """JSON Lines: one object a line. Empty lines are skipped."""

    def next_row(self) -> Row:
        line = next(line for line in self.lines if line.text.strip())
        if ESCAPED_BYTE.search(line.text):
            self.lines.check_row(line.number, line.text)
        try:
            row = json.loads(line.text, object_pairs_hook=unique_keys)
        except (ValueError, RecursionError) as error:
            raise MalformedRow(line.number, "no JSON object", json_reason(error)) from None
        if not isinstance(row, dict):
            reason = "not a JSON object on a line of its own."
            raise MalformedRow(line.number, "no JSON object", reason)
        return Row(line.number, JsonRow(row, line.text), len(line.text))


class JsonArrayTable(JsonTable):
    """A JSON array of objects, read object by object, whatever its lines."""

    start, separator, end = "[\n", ",\n", "\n]\n"

    def __init__(self, source: Source, lines: Lines) -> None:
        self.decoder = json.JSONDecoder(object_pairs_hook=unique_keys)
        self.text, self.position_in_text = "", 0  # What is read; what is parsed of it.
        self.number = 1  # The line of `position_in_text`.
        self.is_started = False
        super().__init__(source, lines)

    def next_row(self) -> Row:
        found = self.take_sign("[" if not self.is_started else ",")
        if found == "]" or (not self.is_started and self.next_sign() == "]"):
            self.end_array()
        self.is_started = True
        self.next_sign()
        row, length = self.parse()
        number, start = self.number, self.position_in_text
        self.consume(length)
        if not isinstance(row, dict):
            raise MalformedRow(number, "no JSON object", "not a JSON object.")
        return Row(number, JsonRow(row, self.text[start : start + length]), length)

    def take_sign(self, expected: str) -> str:
        """Skip `[` before the first object or `,` before any other; return what was found.

        The final `]` is found instead of `,` and is not skipped.
        """
        found = self.next_sign()
        if found == expected:
            self.consume(1)
        elif (found, expected) != ("]", ","):
            raise self.broken(f"not JSON: {expected!r} expected")
        return found

    def end_array(self) -> NoReturn:
        """Check that nothing follows the array, and end the rows."""
        self.consume(1)
        if self.next_sign():
            raise self.broken("not JSON: text after the end of the array")
        raise StopIteration

    def next_sign(self) -> str:
        """Skip spaces and return the next character; the empty string at the end of the file."""
        while True:
            match = SPACES.match(self.text, self.position_in_text)
            assert match is not None
            self.consume(match.end() - self.position_in_text)
            if self.position_in_text < len(self.text):
                return self.text[self.position_in_text]
            if not self.read_more(BUFFER_BYTES):
                return ""

    def parse(self) -> tuple[Any, int]:
        """Return the value that comes next, and the number of its characters.

        Raises:
            DataError: there is none.
        """
        size = BUFFER_BYTES
        while True:
            try:
                row, end = self.decoder.raw_decode(self.text, self.position_in_text)
                return row, end - self.position_in_text
            except (RecursionError, RepeatedKey) as error:
                raise self.broken(json_reason(error)) from None
            except ValueError as error:
                # The object may go on in what is not read yet. Twice as much each time, so that
                # parsing it again and again takes time in proportion to its length.
                is_too_long = len(self.text) - self.position_in_text > MAX_ROW_BYTES
                if is_too_long or not self.read_more(size):
                    raise self.broken(json_reason(error)) from None
                size *= 2

    def read_more(self, size: int) -> bool:
        """Read more text; return whether there was any."""
        more = self.lines.read_text(size)
        self.text, self.position_in_text = self.text[self.position_in_text :] + more, 0
        return bool(more)

    def consume(self, length: int) -> None:
        """Move on by some characters."""
        end = self.position_in_text + length
        self.number += self.text.count("\n", self.position_in_text, end)
        self.position_in_text = end

    def broken(self, reason: str) -> DataError:
        """Return the error for a file whose next object cannot be found."""
        return DataError(f"{self.where}, line {self.number}: {reason.rstrip('.')}.")


def is_transposed(row: dict[str, Any]) -> bool:
    """Return whether an object has lists of one length, and so holds columns and not a row."""
    lengths = {len(value) if isinstance(value, list) else -1 for value in row.values()}
    return len(row) > 1 and len(lengths) == 1 and -1 not in lengths


def with_values(source: str, names: Sequence[str], values: Sequence[Any]) -> str:
    """Return the text of an object with `values` after its last one."""
    body = source.rstrip()
    inner = body.removesuffix("}").rstrip()
    separator = "" if inner.endswith("{") else ", "
    pairs = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)
    return f"{inner}{separator}{pairs[1:]}{source[len(body) :]}"


def json_reason(error: Exception) -> str:
    """Return why a text is not a JSON object."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.colno}."
    if isinstance(error, RecursionError):
        return "not JSON: nested too deep."
    return str(error)
