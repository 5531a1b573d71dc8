"""CSV and TSV: rows of delimited fields below a header.

A row is written back as it was read: quotes, numbers and line ends are not reformatted.
"""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from sentiment.config import ReaderConfig
from sentiment.data.column_names import is_usual_name
from sentiment.data.tables.lines import Line, Lines
from sentiment.data.tables.records import (
    DELIMITERS,
    Dialect,
    Record,
    RecordReader,
    Sample,
    detect_delimiter,
    detect_quoting,
    read_sample,
)
from sentiment.data.tables.sources import Source
from sentiment.data.tables.table import (
    MalformedRow,
    Row,
    RowBatch,
    StreamedTable,
    WritableTable,
    Write,
)
from sentiment.errors import ConfigError, DataError, listed, quoted

NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n?')  # Excel writes it above the header.
MAX_TITLE_LINES = 10  # Above a header, in exports of surveys and spreadsheets.
MAX_NAME_WORDS = 5  # Of a column; more are a sentence.
SENTENCE_ENDS = (".", "!", "。", "！", "…")  # A survey's columns may be questions.


class DelimitedTable(StreamedTable, WritableTable):
    """CSV with any delimiter. Empty lines are skipped, except in a table of one column.

    Args:
        source: the file.
        lines: its lines.
        config: the delimiter, the quoting and whether there is a header; detected where not set.
        usual_delimiter: the usual delimiter of the format.

    Raises:
        ConfigError: a delimiter that cannot be one.
        DataError: no header, or one that does not look like one.
    """

    def __init__(
        self, source: Source, lines: Lines, config: ReaderConfig, usual_delimiter: str = ","
    ) -> None:
        super().__init__()
        self.where, self.total = source.where, source.total
        self.source, self.lines = source, lines
        self.has_header = config.header
        sample_lines = lines.sample()
        delimiter = separator_line(lines, sample_lines)
        if delimiter:
            del sample_lines[0]
        dialect, sample = self.detect(sample_lines, config, delimiter, usual_delimiter)
        self.dialect = dialect
        evidence = sample.evidence if config.quoting == "auto" else None
        self.records = RecordReader(lines, dialect, evidence)
        self.empty_lines: list[Record] = []  # Perhaps rows of a table of one column.
        self.pending: deque[Record] = deque()
        try:
            self.first = next(record for record in self.records if record.fields)
            lines.check_row(self.first.number, self.first.source)
        except StopIteration:
            raise DataError(f"{self.where} is empty: it has no header.") from None
        except MalformedRow as malformed:
            raise malformed.located(self.where) from None
        self.width = len(self.first.fields)
        if self.has_header:
            self.columns = [name.strip() for name in self.first.fields]
            check_header(self.where, self.columns, sample.records, dialect)
        else:
            self.columns = [str(number) for number in range(1, self.width + 1)]
            numbered = enumerate(self.first.lines, self.first.number)
            lines.push_back([Line(number, line) for number, line in numbered])

    def detect(
        self, lines: Sequence[Line], config: ReaderConfig, delimiter: str | None, usual: str
    ) -> tuple[Dialect, Sample]:
        """Return the dialect of the file, which is reported where it is unusual, and a sample."""
        is_whole = self.lines.at_end
        delimiter = delimiter_of(config) or delimiter or detect_delimiter(lines, usual)
        dialect = Dialect(delimiter, "double" if config.quoting == "auto" else config.quoting)
        if config.quoting == "auto":
            dialect = detect_quoting(lines, delimiter, is_whole)
            if dialect.quoting == "backslash":
                self.notices.append(
                    'quotes are escaped by backslashes (\\"). Set quoting to double if not'
                )
            elif dialect.quoting == "none":
                self.notices.append(
                    "quotes do not enclose fields and are kept as they are. Set quoting to double "
                    "if they do"
                )
        if delimiter != usual:
            name = NAMES.get(delimiter, quoted.repr(delimiter))
            self.notices.append(f"fields are separated by {name}")
        return dialect, read_sample(lines, dialect, is_whole)

    @property
    def done(self) -> int:
        return self.source.done

    def next_row(self) -> Row:
        row = self.pending.popleft() if self.pending else self.next_record()
        self.lines.check_row(row.number, row.source)
        if len(row.fields) != self.width:
            raise MalformedRow(
                row.number, "another number of fields", self.width_reason(len(row.fields))
            )
        return Row(row.number, row, sum(map(len, row.lines)))

    def next_record(self) -> Record:
        """Return the next record.

        An empty line is a row without a value in a table of one column, unless no row follows.
        """
        for record in self.records:
            if record.fields:
                self.pending.extend([*self.empty_lines, record])
                self.empty_lines.clear()
                return self.pending.popleft()
            if self.width == 1:
                self.empty_lines.append(record._replace(fields=[""]))
        raise StopIteration

    def width_reason(self, width: int) -> str:
        """Return the message for a row of another width than the first one."""
        fields = f"{width} field{'s' * (width != 1)}"
        if not self.has_header:
            return f"{fields}, where the first line has {self.width}."
        return f"{fields}, where the header has {self.width}: {listed(self.columns)}."

    def values(self, batch: RowBatch, column: str) -> list[Any]:
        index = self.columns.index(column)
        return [row.fields[index] for row in batch.rows]

    @contextmanager
    def writer(self, file: BinaryIO, new_columns: Sequence[str]) -> Iterator[Write]:
        if self.has_header:
            header = self.with_values(self.first, new_columns)
            file.write((self.lines.byte_order_mark + header).encode())

        def write(batch: RowBatch, values: Sequence[Sequence[Any]]) -> None:
            file.write("".join(map(self.with_values, batch.rows, values)).encode())
            file.flush()  # A reader of a pipe gets each batch at once.

        yield write

    def with_values(self, record: Record, values: Sequence[Any]) -> str:
        """Return the source of a record with `values` after its last field."""
        source = record.source
        body = source.rstrip("\r\n")
        added = joined_fields(values, self.dialect)
        return f"{body}{self.dialect.delimiter}{added}{source[len(body) :]}"


def joined_fields(values: Sequence[Any], dialect: Dialect) -> str:
    """Return values as the fields of a line.

    Raises:
        DataError: a value has the delimiter, and the file has no quotes to enclose it.
    """
    cells = io.StringIO()
    options: dict[str, dict[str, Any]] = {
        "double": {},
        "backslash": {"doublequote": False, "escapechar": "\\"},
        "none": {"quoting": csv.QUOTE_NONE, "quotechar": None},
    }
    writer = csv.writer(
        cells, delimiter=dialect.delimiter, lineterminator="", **options[dialect.quoting]
    )
    try:
        writer.writerow(values)
    except csv.Error:
        raise DataError(
            f"The values {listed(map(str, values))} have the delimiter {dialect.delimiter!r}, "
            "which a file without quoting cannot hold. Set quoting to double."
        ) from None
    return cells.getvalue()


def delimiter_of(config: ReaderConfig) -> str | None:
    """Return the delimiter that is set, if any.

    Raises:
        ConfigError: it is not one character, or one that ends lines or fields in quotes.
    """
    if config.delimiter is None:
        return None
    delimiter = {"tab": "\t", "\\t": "\t"}.get(config.delimiter, config.delimiter)
    if len(delimiter) != 1 or delimiter in '"\\\r\n\0':
        raise ConfigError(
            f"delimiter must be one character or tab, and no quote, not {config.delimiter!r}."
        )
    return delimiter


def separator_line(lines: Lines, sample: Sequence[Line]) -> str | None:
    """Remove the first line if it only names the delimiter, and return the delimiter."""
    is_first = bool(sample) and sample[0].number == 1
    match = SEPARATOR_LINE.fullmatch(sample[0].text) if is_first else None
    if match:
        next(lines)
    return match and match[1]


def check_header(
    where: str, columns: Sequence[str], records: Sequence[Record], dialect: Dialect
) -> None:
    """Check that the first line is a header: not a title above the header, and not empty.

    Args:
        where: the table, as messages name it.
        columns: the fields of the first line.
        records: the first records.
        dialect: how they are read.

    Raises:
        DataError: a later line is the header, or the header has another delimiter.
    """
    if not any(columns):
        raise DataError(f"{where} needs the names of its columns in line {records[0].number}.")
    if any(map(is_usual_name, columns)):
        return
    if len(columns) == 1:
        names = re.split(r"[^\w -]+", columns[0])
        if sum(is_usual_name(name.strip()) for name in names) > 1:
            raise DataError(
                f"{where} seems to have the columns {listed(names)}. Set delimiter to the "
                "character between them."
            )
    for record in records[1:MAX_TITLE_LINES]:
        delimiters = DELIMITERS if len(columns) == 1 else dialect.delimiter
        for delimiter in delimiters:
            fields = Dialect(delimiter).split(record.source)
            names = [field.strip().strip('"') for field in fields]
            usual = sum(map(is_usual_name, names))
            is_title = len(names) != len(columns) or "" in columns[1:]
            if len(names) > 1 and all(names) and (usual > 1 or (usual and is_title)):
                raise DataError(
                    f"{where}: the header seems to be in line {record.number}: {listed(names)}. "
                    "Remove the lines above it."
                )


def header_doubt(columns: Sequence[str], sample: Mapping[str, Sequence[Any]]) -> str | None:
    """Return why the names of columns look like data, or None if they do not.

    Args:
        columns: the first line of a file.
        sample: the values of each column in the first rows.
    """
    for column in columns:
        name = quoted.repr(column)
        if len(column.split()) > MAX_NAME_WORDS or column.endswith(SENTENCE_ENDS):
            return f"{name} is a sentence"
        if re.fullmatch(r"[-+]?\d+([.,]\d+)?", column):
            return f"{name} is a number"
        counts = Counter(value.strip() for value in sample[column])
        if counts[column] > 1:
            return f"{name} is a value of {counts[column]:,} of the first rows"
    return None
