"""Parquet in, rows in batches; the same columns and the new ones out.

What else the file holds goes through as it is: types, nested columns, the schema's metadata.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

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
from sentiment.errors import InputError

READ_AHEAD = 2**16  # Bytes of each column. With no limit a whole row group is read at once.
GROUP_ROWS, GROUP_BYTES = 2**17, 2**25  # Of a row group that is written, about.


class ParquetTable:
    """The rows of a Parquet file."""

    unit = "row"

    def __init__(self, source: BinaryIO, column: str | None, added: Sequence[str]) -> None:
        self.where = name_of(source)
        if not source.seekable():
            raise InputError(f"{self.where} is a pipe; Parquet is read from a file only.")
        with readable(self.where):
            self.source = pq.ParquetFile(source, pre_buffer=False, buffer_size=READ_AHEAD)
        self.schema: pa.Schema = self.source.schema_arrow
        columns = self.schema.names
        texts = [field.name for field in self.schema if holds_text(field.type)]
        check_free(self.where, added, columns)
        self.column = choose_column(self.where, column, columns, texts)
        self.added = added
        self.total = self.source.metadata.num_rows
        self.done = 0  # Rows.

    def batches(self, reject: Reject) -> Iterator[Batch]:
        """The rows whose text is not null, some at a time; `reject` is told of the others."""
        batches = self.source.iter_batches(self.rows_at_once(), use_threads=False)
        while True:
            with readable(self.where):
                batch = next(batches, None)
            if batch is None:
                return
            texts = strings(batch.column(self.column))
            numbers = range(self.done + 1, self.done + 1 + len(texts))
            self.done += len(texts)
            for number, text in zip(numbers, texts, strict=True):
                if text is None:
                    reject(f"{self.where}, row {number}: null in the column {self.column!r}.")
            kept = [(place, text) for place, text in enumerate(texts) if text is not None]
            if len(kept) < len(texts):
                batch = batch.take(pa.array([place for place, _ in kept], pa.int64()))
            if kept:
                yield Batch(
                    [text for _, text in kept], [numbers[place] for place, _ in kept], batch
                )

    def rows_at_once(self) -> int:
        """As many rows as a batch may have bytes for, going by the largest of a row group."""
        groups = map(self.source.metadata.row_group, range(self.source.num_row_groups))
        largest = max((g.total_byte_size / max(1, g.num_rows) for g in groups), default=0)
        return max(1, min(BATCH_ROWS, int(BATCH_BYTES / max(1, largest))))

    def compression(self) -> str:
        """The codec that the file is compressed with."""
        if not self.source.num_row_groups:
            return "snappy"
        return self.source.metadata.row_group(0).column(0).compression

    @contextmanager
    def writer(self, file: BinaryIO) -> Iterator[Write]:
        """What writes the table's rows, with the columns that were to be added, to `file`."""
        label, *scores = self.added
        schema = self.schema.append(pa.field(label, pa.string()))
        for score in scores:
            schema = schema.append(pa.field(score, pa.float64()))
        waiting: list[pa.RecordBatch] = []

        def write_group() -> None:
            writer.write_table(pa.Table.from_batches(waiting, schema), row_group_size=GROUP_ROWS)
            waiting.clear()

        def write(batch: Batch, values: Sequence[Sequence[Any]]) -> None:
            columns = [pa.array(column) for column in zip(*values, strict=True)]
            waiting.append(
                pa.RecordBatch.from_arrays([*batch.rows.columns, *columns], schema=schema)
            )
            rows, size = sum(map(len, waiting)), sum(one.get_total_buffer_size() for one in waiting)
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                write_group()

        with pq.ParquetWriter(file, schema, compression=self.compression()) as writer:
            yield write
            if waiting:
                write_group()


def holds_text(type_: pa.DataType) -> bool:
    """Whether a column's type is one of those for strings."""
    if pa.types.is_dictionary(type_):
        return holds_text(type_.value_type)
    return type_ in (pa.string(), pa.large_string(), pa.string_view())


def strings(column: pa.Array) -> list[str | None]:
    """A column's values. Bytes that are not UTF-8 become U+FFFD."""
    values = column.cast(pa.large_binary()).to_pylist()
    return [None if value is None else value.decode("utf-8", "replace") for value in values]


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Turn what pyarrow raises over a file that is not whole into an `InputError`."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{where} could not be read as Parquet: {reason}") from error
