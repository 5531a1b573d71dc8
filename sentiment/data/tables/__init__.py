"""Stream the rows of a table of texts, and write them back with new columns.

    text        one text per line, no columns
    fasttext    __label__positive A fine film
    csv, tsv    delimited fields, which may be quoted, below a header
    jsonl       one object per line
    json        an array of objects
    parquet
    excel       the first sheet of a workbook

Each may be compressed with gzip. Only a batch of rows is in memory at a time, whatever the size of
the file.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sentiment.config import ReaderConfig
from sentiment.data.tables.delimited import DelimitedTable
from sentiment.data.tables.formats import detect_format
from sentiment.data.tables.json_rows import JsonArrayTable, JsonLinesTable
from sentiment.data.tables.lines import Lines, encoding_name
from sentiment.data.tables.plain_text import FastTextTable, TextTable
from sentiment.data.tables.sources import Source
from sentiment.data.tables.table import Format, Table
from sentiment.errors import ConfigError

# Settings that only some formats have.
CSV_SETTINGS = ("delimiter", "quoting")
DEFAULT = ReaderConfig()


@contextmanager
def open_table(
    file: str, config: ReaderConfig = DEFAULT, name: str | None = None
) -> Iterator[Table]:
    """Open a table for reading.

    Args:
        file: a path; "-" is standard input.
        config: format, encoding and the like; detected where not set.
        name: the file as messages name it, if `file` is a copy of it.

    Raises:
        ConfigError: a setting that this format does not have.
        DataError: the file cannot be read.
        DependencyError: a package that the format needs is not installed.
    """
    if config.encoding is not None:
        encoding_name(config.encoding)
    with closing(Source(file, name)) as source:
        format = detect_format(source, file, config)
        check_settings(source.where, format, config)
        table = table_of(source, format, config)
        table.format = format
        yield table


def table_of(source: Source, format: Format, config: ReaderConfig) -> Table:
    """Return the table of an open file."""
    if format == "parquet":
        from sentiment.data.tables.arrow import ParquetTable  # pyarrow is slow to import.

        return ParquetTable(source, config)
    if format == "excel":
        from sentiment.data.tables.excel import ExcelTable

        return ExcelTable(source, config)
    lines = Lines(source, config)
    if format == "text":
        return TextTable(source, lines)
    if format == "fasttext":
        return FastTextTable(source, lines)
    if format == "jsonl":
        return JsonLinesTable(source, lines)
    if format == "json":
        return JsonArrayTable(source, lines)
    return DelimitedTable(source, lines, config, "\t" if format == "tsv" else ",")


def check_settings(where: str, format: Format, config: ReaderConfig) -> None:
    """Raise `ConfigError` if a setting applies to another format."""
    is_csv = format in ("csv", "tsv")
    for name in CSV_SETTINGS:
        if not is_csv and getattr(config, name) != getattr(DEFAULT, name):
            raise ConfigError(f"{where} is {format}: {name} applies to CSV only. Leave it out.")
    if not config.header and not is_csv and format != "excel":
        raise ConfigError(f"{where} is {format}, which has no header line: leave header out.")
