"""Formats of files: by content, then by suffix."""

import json
from collections.abc import Sequence
from pathlib import Path

from sentiment.config import ReaderConfig
from sentiment.data.column_names import is_usual_name
from sentiment.data.tables.delimited import SEPARATOR_LINE
from sentiment.data.tables.lines import WIDE_MARKS
from sentiment.data.tables.plain_text import LABEL
from sentiment.data.tables.records import DELIMITERS, Dialect
from sentiment.data.tables.sources import Source, suffix_of
from sentiment.data.tables.table import Format
from sentiment.errors import DataError

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
PARQUET, ZIP, OLE = b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MIN_ROWS, MIN_ALIKE = 4, 0.8  # Lines, and the fraction of them with the width of the first.


def is_table_file(path: Path) -> bool:
    """Return whether the suffix of a file is that of a table."""
    return suffix_of(path.name) in SUFFIXES


def detect_format(source: Source, file: str, config: ReaderConfig) -> Format:
    """Return the format of a file: the one that is set, or the one of its content and suffix.

    Plain text is the format of a file in which nothing else is recognized.

    Raises:
        DataError: a format that is not supported.
    """
    if config.input_format != "auto":
        return config.input_format
    head = source.head
    if head.startswith(PARQUET):
        return "parquet"
    if head.startswith(OLE):
        raise DataError(f"{source.where} is an old Excel file. Save it as .xlsx or CSV UTF-8.")
    by_suffix = SUFFIXES.get(suffix_of(file))
    if head.startswith(ZIP):
        if b"xl/" in head or b"[Content_Types].xml" in head or by_suffix == "excel":
            return "excel"
        raise DataError(f"{source.where} is a ZIP archive. Unpack it first.")
    if by_suffix in ("parquet", "excel"):
        return by_suffix
    return detect_text_format(decoded_head(head, config), by_suffix, config)


def detect_text_format(head: str, by_suffix: Format | None, config: ReaderConfig) -> Format:
    """Return the format of a text file.

    Args:
        head: its first characters.
        by_suffix: the format of its suffix, if any.
        config: settings that only one format has.
    """
    is_csv = by_suffix in ("csv", "tsv", None) and config.delimiter is not None
    if is_csv or (by_suffix in ("csv", "tsv") and config.quoting != "auto"):
        return by_suffix or "csv"
    lines = [line for line in head.split("\n")[:-1] or [head] if line.strip()]
    labelled = sum(LABEL.search(line) is not None for line in lines)
    # The texts of another format may have labels in them.
    is_most = by_suffix is None and labelled > len(lines) / 2
    if lines and (is_most or LABEL.match(lines[0])):
        return "fasttext"
    start = head.lstrip()
    if start.startswith("[") and start[1:].lstrip()[:1] in ("{", "]"):
        return "json"
    if start.startswith("{") and (by_suffix == "jsonl" or is_object(lines[0])):
        return "jsonl"
    if by_suffix is not None:
        return by_suffix
    if is_table(lines):
        return "csv"
    return "text"


def is_table(lines: Sequence[str]) -> bool:
    """Return whether lines seem to be rows below a header, and not texts.

    They are with a header of usual names, one if most lines have its number of fields, two in any
    case; and if all lines have as many tabs, which texts hardly have.
    """
    if len(lines) < 2:
        return False
    if SEPARATOR_LINE.fullmatch(lines[0]):
        return True
    for delimiter in DELIMITERS:
        dialect = Dialect(delimiter)
        widths = [len(dialect.split(line)) for line in lines]
        usual = sum(is_usual_name(name.strip().strip('"')) for name in dialect.split(lines[0]))
        alike = widths.count(widths[0]) / len(widths)
        has_names = usual > 1 or (usual == 1 and len(lines) >= MIN_ROWS and alike >= MIN_ALIKE)
        has_tabs = delimiter == "\t" and len(lines) >= MIN_ROWS and alike == 1
        if widths[0] > 1 and (has_names or has_tabs):
            return True
    return False


def is_object(line: str) -> bool:
    """Return whether a line is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def decoded_head(head: bytes, config: ReaderConfig) -> str:
    """Return the first characters of a file, to recognize its format."""
    wide = next((name for mark, name in WIDE_MARKS.items() if head.startswith(mark)), None)
    text = head.decode(config.encoding or wide or "utf-8", "replace")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
