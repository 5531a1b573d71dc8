"""Stream the rows of a table of texts, and write them back with new columns.

    text       one text per line, no columns
    csv, tsv   a header, fields may be quoted
    jsonl      one object per line
    parquet

Only a batch of rows is in memory at a time, whatever the size of the file.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from sentiment.data.tables.lines import (
    CSV_DELIMITERS,
    TSV_DELIMITERS,
    DelimitedTable,
    JsonTable,
    TextTable,
)
from sentiment.errors import ConfigError, DataError

if TYPE_CHECKING:
    from sentiment.data.tables.parquet import ParquetTable

    Table = TextTable | DelimitedTable | JsonTable | ParquetTable

Format = Literal["text", "csv", "tsv", "jsonl", "parquet"]
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",  # Often JSON Lines; otherwise the first line is an error.
    ".parquet": "parquet",
}
STANDARD_STREAM = "-"


def format_of(file: str) -> Format:
    """Return the format that the suffix of `file` stands for; "text" for any other suffix."""
    return SUFFIXES.get(Path(file).suffix.lower(), "text")


@contextmanager
def open_table(
    file: str, format: Format, column: str | None, new_columns: Sequence[str]
) -> "Iterator[Table]":
    """Open a table for reading.

    Args:
        file: a path; "-" is standard input.
        format: the format of the file.
        column: the column that holds the texts; None: `text` or the only text column.
        new_columns: names of the columns that the table's `writer` adds: a label, then scores.

    Raises:
        DataError: the file cannot be read, has no such column, or already has a new one.
    """
    if file == STANDARD_STREAM and sys.stdin is None:
        raise DataError("Standard input is closed. Name a file or pipe one into the command.")
    try:
        path_or_descriptor = sys.stdin.fileno() if file == STANDARD_STREAM else file
        source: BinaryIO = open(path_or_descriptor, "rb")  # noqa: SIM115
    except OSError as error:
        raise DataError(f"Could not read '{file}': {error.strerror}.") from error
    with source:
        if format == "text":
            yield TextTable(source)
        elif format == "jsonl":
            yield JsonTable(source, column, new_columns)
        elif format == "parquet":
            from sentiment.data.tables.parquet import ParquetTable  # pyarrow is slow to import.

            yield ParquetTable(source, column, new_columns)
        else:
            delimiters = TSV_DELIMITERS if format == "tsv" else CSV_DELIMITERS
            yield DelimitedTable(source, column, new_columns, delimiters)


def check_output(output: Path, file: str, overwrite: bool) -> None:
    """Check that `output` can be written.

    Raises:
        ConfigError: it is the input file or not a regular file, or exists and `overwrite` is False.
    """
    if not output.exists():
        return
    if is_input(output, file):
        raise ConfigError(f"'{output}' is the input file; choose another output.")
    if not output.is_file():
        raise ConfigError(f"'{output}' is not a file; choose another output.")
    if not overwrite:
        raise ConfigError(f"'{output}' already exists. Set overwrite to replace it.")


def is_input(output: Path, file: str) -> bool:
    """Return whether `output`, which exists, is the file that is read or standard input."""
    source: str | int = file
    if file == STANDARD_STREAM:
        if sys.stdin is None:
            return False
        source = sys.stdin.fileno()
    elif not os.path.exists(file):
        return False
    return os.path.samestat(os.stat(source), output.stat())
