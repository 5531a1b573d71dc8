"""Parquet files and datasets of the `datasets` library: rows in Arrow's memory format.

Types, nested columns and the metadata of the schema are kept when a Parquet file is written back.
"""

import json
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sentiment.config import ReaderConfig
from sentiment.data.tables.sources import Source
from sentiment.data.tables.table import (
    BATCH_BYTES,
    BATCH_ROWS,
    MAX_ROW_BYTES,
    BadRow,
    RowBatch,
    Table,
    WritableTable,
    Write,
)
from sentiment.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

READ_AHEAD = 2**16  # Bytes per column. Without a limit a whole row group is read at once.
DICTIONARY_TYPES = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
GROUP_ROWS, GROUP_BYTES = 2**17, 2**25  # Approximate size of a row group that is written.


class ArrowTable(Table):
    """Base class of tables whose rows are record batches.

    Args:
        where: the table, as messages name it.
        schema: its columns and their types.
        config: what to do with bytes that are not UTF-8.
    """

    format = "parquet"
    unit = "row"

    def __init__(self, where: str, schema: pa.Schema, total: int, config: ReaderConfig) -> None:
        super().__init__()
        self.where, self.schema, self.total = where, schema, total
        self.columns = list(schema.names)
        self.errors = config.encoding_errors
        self.rows_done = 0

    @property
    def done(self) -> int:
        return self.rows_done

    @abstractmethod
    def record_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the file."""

    def read_batches(self) -> Iterator[RowBatch]:
        for rows in self.record_batches():
            with parquet_errors(self.where):
                sizes = row_sizes(rows)
            start = 0
            for end in batch_ends(sizes):
                numbers = range(self.rows_done + 1, self.rows_done + 1 + end - start)
                self.rows_done += end - start
                if sizes[start] > MAX_ROW_BYTES:  # It is alone.
                    reason = f"longer than {MAX_ROW_BYTES >> 20} MiB."
                    yield RowBatch([], rows[:0], [BadRow(numbers[0], "more than 16 MiB", reason)])
                else:
                    yield RowBatch(numbers, rows.slice(start, end - start))
                start = end

    def values(self, batch: RowBatch, column: str) -> list[Any]:
        """Return the values of a column. Bytes that are not UTF-8 stay `bytes`."""
        with parquet_errors(self.where):
            return python_values(batch.rows.column(self.columns.index(column)), self.errors)

    def take(self, batch: RowBatch, indices: Sequence[int]) -> RowBatch:
        rows = batch.rows.take(pa.array(indices, pa.int64()))
        return RowBatch([batch.numbers[index] for index in indices], rows)


class ParquetTable(ArrowTable, WritableTable):
    """The rows of a Parquet file."""

    def __init__(self, source: Source, config: ReaderConfig) -> None:
        self.source = source.seekable()
        with parquet_errors(source.where):
            self.file = self.open_file()
            schema: pa.Schema = self.file.schema_arrow
        super().__init__(source.where, schema, self.file.metadata.num_rows, config)
        self.class_names = class_names(schema)

    def open_file(self, **options: Any) -> pq.ParquetFile:
        """Open the file so that no row group is read as a whole."""
        return pq.ParquetFile(self.source, pre_buffer=False, buffer_size=READ_AHEAD, **options)

    def record_batches(self) -> Iterator[pa.RecordBatch]:
        with parquet_errors(self.where):
            batches = self.file.iter_batches(self.rows_at_once(), use_threads=False)
        while True:
            with parquet_errors(self.where):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def rows_at_once(self) -> int:
        """Return the rows per batch, by the mean row size of a row group and the longest string.

        A string that a thousand rows refer to is in the file once and in a batch a thousand times.
        """
        largest = 1.0
        for index in range(self.file.num_row_groups):
            group = self.file.metadata.row_group(index)
            mean = group.total_byte_size / max(1, group.num_rows)
            largest = max(largest, mean, self.longest_in_dictionary(index))
        return max(1, min(BATCH_ROWS, int(BATCH_BYTES / largest)))

    def longest_in_dictionary(self, group: int) -> int:
        """Return the bytes of the longest strings to which the rows of a row group refer."""
        columns = [field.name for field in self.schema if field.type in DICTIONARY_TYPES]
        file = self.open_file(read_dictionary=columns)
        batch = next(file.iter_batches(1, row_groups=[group], columns=columns), None)
        dictionaries = [
            column.dictionary
            for column in (batch.columns if batch else [])
            if pa.types.is_dictionary(column.type)
        ]
        return sum(pc.max(byte_lengths(values)).as_py() or 0 for values in dictionaries)

    def compression(self) -> str:
        """Return the compression codec of the file, as the writer names it."""
        if not self.file.num_row_groups or not self.columns:
            return "snappy"
        codec = str(self.file.metadata.row_group(0).column(0).compression)
        return "none" if codec == "UNCOMPRESSED" else codec

    @contextmanager
    def writer(self, file: BinaryIO, new_columns: Sequence[str]) -> Iterator[Write]:
        label, *scores = new_columns
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


class DatasetTable(ArrowTable):
    """The rows of a split of a dataset that the `datasets` library has loaded."""

    def __init__(self, where: str, dataset: "Dataset", config: ReaderConfig) -> None:
        super().__init__(where, dataset.features.arrow_schema, len(dataset), config)
        self.dataset = dataset
        self.class_names = {
            column: list(names)
            for column, feature in dataset.features.items()
            if (names := getattr(feature, "names", None))
        }

    def record_batches(self) -> Iterator[pa.RecordBatch]:
        for table in self.dataset.with_format("arrow").iter(BATCH_ROWS):
            yield from table.combine_chunks().to_batches()


def python_values(values: pa.Array, errors: str = "strict") -> list[Any]:
    """Return the values of an array. Bytes that are not UTF-8 stay `bytes`.

    Args:
        values: the array.
        errors: as for `bytes.decode`.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not is_string(values.type):
        return list(values.to_pylist())
    return [decoded(value, errors) for value in values.cast(pa.large_binary()).to_pylist()]


def row_sizes(rows: pa.RecordBatch) -> list[int]:
    """Return the bytes of all strings in each row, counted as often as they occur."""
    sizes = pa.array([0] * len(rows), pa.int64())
    for column in rows.columns:
        if pa.types.is_dictionary(column.type) and is_string(column.type):
            lengths = byte_lengths(column.dictionary).take(column.indices)
        elif is_string(column.type):
            lengths = byte_lengths(column)
        else:
            continue
        sizes = pc.add(sizes, pc.fill_null(lengths, 0))
    return list(sizes.to_pylist())


def byte_lengths(strings: pa.Array) -> pa.Array:
    """Return the number of bytes of each string."""
    return pc.binary_length(strings.cast(pa.large_binary())).cast(pa.int64())


def batch_ends(sizes: Sequence[int]) -> Iterator[int]:
    """Yield where each batch ends: before the row with which it would exceed `BATCH_BYTES`."""
    total = 0
    for index, size in enumerate(sizes):
        if total and total + size > BATCH_BYTES:
            yield index
            total = 0
        total += size
    if sizes:
        yield len(sizes)


def is_string(type_: pa.DataType) -> bool:
    """Return whether a column of this type has strings."""
    if pa.types.is_dictionary(type_):
        return is_string(type_.value_type)
    return type_ in (pa.string(), pa.large_string(), pa.string_view())


def decoded(value: bytes | None, errors: str) -> str | bytes | None:
    """Return the text of a string; its bytes if they are not UTF-8."""
    if value is None:
        return None
    try:
        return value.decode("utf-8", errors)
    except UnicodeDecodeError:
        return value


def class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the label names of each column of ids, which `datasets` writes into the metadata."""
    try:
        metadata = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = metadata.get("info", {}).get("features", {})
        return {
            column: [str(name) for name in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


@contextmanager
def parquet_errors(where: str) -> Iterator[None]:
    """Turn the errors of pyarrow into a `DataError` that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{where} could not be read as Parquet: {reason}") from error
