"""Read Parquet in batches of rows, and write them back with new columns.

Types, nested columns and the schema's metadata are kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from sentiment.data.tables.columns import (
    BATCH_BYTES,
    BATCH_ROWS,
    RowBatch,
    Write,
    check_new_columns,
    choose_text_column,
    source_name,
)
from sentiment.errors import DataError

READ_AHEAD = 2**16  # Bytes per column. Without a limit a whole row group is read at once.
GROUP_ROWS, GROUP_BYTES = 2**17, 2**25  # Approximate size of a row group that is written.


class ParquetTable:
    """The rows of a Parquet file."""

    unit = "row"

    def __init__(self, source: BinaryIO, column: str | None, new_columns: Sequence[str]) -> None:
        self.where = source_name(source)
        if not source.seekable():
            raise DataError(f"{self.where} is a pipe; Parquet can be read from a file only.")
        with parquet_errors(self.where):
            self.source = pq.ParquetFile(source, pre_buffer=False, buffer_size=READ_AHEAD)
        self.schema: pa.Schema = self.source.schema_arrow
        columns = self.schema.names
        texts = [field.name for field in self.schema if holds_text(field.type)]
        check_new_columns(self.where, new_columns, columns)
        self.column = choose_text_column(self.where, column, columns, texts)
        self.new_columns = new_columns
        self.total = self.source.metadata.num_rows
        self.done = 0  # Rows.

    def batches(self) -> Iterator[RowBatch]:
        """Yield the rows in batches. A row without a text is malformed."""
        batches = self.source.iter_batches(self.rows_at_once(), use_threads=False)
        while True:
            with parquet_errors(self.where):
                batch = next(batches, None)
            if batch is None:
                return
            texts = strings(batch.column(self.column))
            first = self.done + 1
            self.done += len(texts)
            kept = [(index, text) for index, text in enumerate(texts) if text is not None]
            malformed = [
                f"{self.where}, row {first + index}: null in the column {self.column!r}."
                for index, text in enumerate(texts)
                if text is None
            ]
            if malformed:
                batch = batch.take(pa.array([index for index, _ in kept], pa.int64()))
            numbers = [first + index for index, _ in kept]
            yield RowBatch([text for _, text in kept], numbers, batch, malformed)

    def rows_at_once(self) -> int:
        """Return the rows per batch, by the largest mean row size of a row group."""
        groups = map(self.source.metadata.row_group, range(self.source.num_row_groups))
        largest = max((g.total_byte_size / max(1, g.num_rows) for g in groups), default=0)
        return max(1, min(BATCH_ROWS, int(BATCH_BYTES / max(1, largest))))

    def compression(self) -> str:
        """Return the compression codec of the file."""
        if not self.source.num_row_groups:
            return "snappy"
        return str(self.source.metadata.row_group(0).column(0).compression)

    @contextmanager
    def writer(self, file: BinaryIO) -> Iterator[Write]:
        """Return a function that writes rows, with the new columns, to `file`."""
        label, *scores = self.new_columns
        schema = self.schema.append(pa.field(label, pa.string()))
        for score in scores:
            schema = schema.append(pa.field(score, pa.float64()))
        pending: list[pa.RecordBatch] = []

        def write_group() -> None:
            writer.write_table(pa.Table.from_batches(pending, schema), row_group_size=GROUP_ROWS)
            pending.clear()

        def write(batch: RowBatch, values: Sequence[Sequence[Any]]) -> None:
            columns = [pa.array(column) for column in zip(*values, strict=True)]
            pending.append(
                pa.RecordBatch.from_arrays([*batch.rows.columns, *columns], schema=schema)
            )
            rows, size = sum(map(len, pending)), sum(one.get_total_buffer_size() for one in pending)
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                write_group()

        with pq.ParquetWriter(file, schema, compression=self.compression()) as writer:
            yield write
            if pending:
                write_group()


def holds_text(type_: pa.DataType) -> bool:
    """Return whether a column of this type has strings."""
    if pa.types.is_dictionary(type_):
        return holds_text(type_.value_type)
    return type_ in (pa.string(), pa.large_string(), pa.string_view())


def strings(column: pa.Array) -> list[str | None]:
    """Return the values of a column. Bytes that are not UTF-8 become U+FFFD."""
    values = column.cast(pa.large_binary()).to_pylist()
    return [None if value is None else value.decode("utf-8", "replace") for value in values]


@contextmanager
def parquet_errors(where: str) -> Iterator[None]:
    """Turn the errors of pyarrow into a `DataError` that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{where} could not be read as Parquet: {reason}") from error
