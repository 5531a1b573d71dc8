"""A file of texts in, its rows in batches; the same file out, with a label for each row.

    text       a text a line, which has no columns to add to
    csv, tsv   a header, and fields that may be quoted
    jsonl      an object a line
    parquet

Whatever the size of a file, some rows of it are in memory and no more.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from sentiment.data.tables.lines import COMMA_OR_LIKE, TAB, DelimitedTable, JsonTable, TextTable
from sentiment.errors import InputError

if TYPE_CHECKING:
    from sentiment.data.tables.parquet import ParquetTable

    Table = TextTable | DelimitedTable | JsonTable | ParquetTable

Format = Literal["text", "csv", "tsv", "jsonl", "parquet"]
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",  # Of which many hold an object a line. In others the first line says so.
    ".parquet": "parquet",
}
STANDARD_STREAM = "-"


def format_of(file: str) -> Format:
    """What the suffix of `file` says: text, if it says nothing."""
    return SUFFIXES.get(Path(file).suffix.lower(), "text")


@contextmanager
def open_table(
    file: str, format: Format, column: str | None, added: Sequence[str]
) -> "Iterator[Table]":
    """The rows of `file`.

    Args:
        file: a path; `-` is standard input.
        format: how it is written.
        column: the one that holds the texts. None: `text`, or the only one that can.
        added: names of the columns that the table's `writer` adds: a label, then scores.

    Raises:
        InputError: the file cannot be read, it has no such column, or one that is to be added.
    """
    if file == STANDARD_STREAM and sys.stdin is None:
        raise InputError("Standard input is closed. Name a file, or send one: … | sentiment …")
    try:
        place = sys.stdin.fileno() if file == STANDARD_STREAM else file
        source: BinaryIO = open(place, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"Could not read '{file}': {error.strerror}.") from error
    with source:
        if format == "text":
            yield TextTable(source)
        elif format == "jsonl":
            yield JsonTable(source, column, added)
        elif format == "parquet":
            from sentiment.data.tables.parquet import ParquetTable  # pyarrow takes its time.

            yield ParquetTable(source, column, added)
        else:
            yield DelimitedTable(source, column, added, TAB if format == "tsv" else COMMA_OR_LIKE)


def check_output(output: Path, file: str, overwrite: bool) -> None:
    """Raise `InputError` if `output` is the file that is read, or there already."""
    if not output.exists():
        return
    if file != STANDARD_STREAM and Path(file).exists() and output.samefile(file):
        raise InputError(f"'{output}' is the file that is read; choose another --output.")
    if not output.is_file():
        raise InputError(f"'{output}' is not a file, so that none can take its place.")
    if not overwrite:
        raise InputError(f"'{output}' is there already: --overwrite replaces it.")
