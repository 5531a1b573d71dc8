"""Records of CSV: fields between delimiters, quoted as in RFC 4180 or as other programs do.

A quote that is never closed must not swallow the rows after it. A record that is not CSV therefore
ends with its first line, and so does one whose lines look like rows of their own.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Literal, NamedTuple

from sentiment.data.tables.lines import Line, LineQueue
from sentiment.data.tables.table import MAX_ROW_BYTES, MalformedRow

Quoting = Literal["double", "backslash", "none"]
DELIMITERS = ",;\t|"
MAX_RECORD_LINES = 10_000  # Bounds the time that many unclosed quotes take.
MIN_PROFILE_ROWS = 10
MAX_CATEGORIES = 20
NUMBER = re.compile(r"\s*-?\d+([.,]\d+)?\s*")
DOUBLED_QUOTE = re.compile(r'[^\s,;|]""')
ESCAPED_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*\\"')  # Not a quote after an escaped backslash.
SPACE_BEFORE_QUOTES = re.compile(r'\0 +"(?!")')
FIELD_LIMIT_LOCK = Lock()
BACKSLASHES = re.compile(r"\\(.)", re.DOTALL)

Profile = list[Callable[[str], bool] | None]  # By column: whether a value is like the others.


class Dialect(NamedTuple):
    """How the fields of a file are separated and quoted."""

    delimiter: str
    quoting: Quoting = "double"
    skips_spaces: bool = False  # Before the quotes of a field.

    def reader(self, lines: Iterable[str], strict: bool = True) -> "Iterator[list[str]]":
        """Return the reader of the standard library for this dialect."""
        options: dict[str, Any] = {"strict": strict, "skipinitialspace": self.skips_spaces}
        if self.quoting == "none":
            options["quoting"] = csv.QUOTE_NONE
        elif self.quoting == "backslash":
            lines = map(self.with_escapes, lines)
            options["escapechar"] = "\\"
        return csv.reader(lines, delimiter=self.delimiter, **options)

    def with_escapes(self, line: str) -> str:
        """Double each backslash that escapes nothing, which `csv` would remove."""
        special = f'"\\\n\r{self.delimiter}'
        return BACKSLASHES.sub(lambda m: m[0] if m[1] in special else f"\\{m[0]}", line)

    def split(self, line: str) -> list[str]:
        """Return the fields of a line as if quotes had no meaning."""
        return line.rstrip("\r\n").split(self.delimiter)


class Record(NamedTuple):
    """A record: its fields and where it is."""

    number: int  # Of its first line, from 1.
    fields: list[str]
    lines: list[str]

    @property
    def source(self) -> str:
        """All its lines, as they are in the file."""
        return "".join(self.lines)


class RecordReader:
    """Reads records from lines.

    Args:
        lines: the lines of a file.
        dialect: how fields are separated and quoted.
        evidence: what rows look like; None: records of several lines are not checked with it.
    """

    def __init__(
        self, lines: LineQueue, dialect: Dialect, evidence: "Evidence | None" = None
    ) -> None:
        self.lines, self.dialect, self.evidence = lines, dialect, evidence

    def __iter__(self) -> "Iterator[Record]":
        return self

    def __next__(self) -> Record:
        """Return the next record. An empty line has no fields.

        Raises:
            MalformedRow: a record that is not CSV; the next call continues after its first line.
        """
        lines: list[Line] = []
        try:
            fields = self.parse(lines)
            self.check(lines)
        except (csv.Error, MalformedRow) as error:
            if not lines:
                raise
            self.lines.push_back(lines[1:])
            if isinstance(error, MalformedRow):
                kind, reason = error.bad_row.kind, error.bad_row.reason
            else:
                kind, reason = "not CSV", csv_reason(error)
            raise MalformedRow(lines[0].number, kind, reason) from None
        return Record(lines[0].number, fields, [line.text for line in lines])

    def parse(self, lines: list[Line]) -> list[str]:
        """Return the fields of the next record, and append its lines to `lines`."""
        try:
            return next(self.dialect.reader(self.record_lines(lines)))
        except csv.Error as error:
            if "field limit" not in str(error):
                raise
            self.lines.push_back(lines)
            lines.clear()
            with long_fields():
                return next(self.dialect.reader(self.record_lines(lines)))

    def record_lines(self, lines: list[Line]) -> Iterator[str]:
        """Yield the text of lines up to the longest record, and append the lines to `lines`."""
        size = 0
        for line in self.lines:
            lines.append(line)
            size += len(line.text)
            if size > MAX_ROW_BYTES or len(lines) > MAX_RECORD_LINES:
                raise MalformedRow(
                    line.number,
                    "not CSV",
                    f"not CSV: a quoted field without an end within {MAX_ROW_BYTES >> 20} MiB or "
                    f"{MAX_RECORD_LINES:,} lines.",
                )
            yield line.text

    def check(self, lines: Sequence[Line]) -> None:
        """Check that a record of several lines is not several rows after an unclosed quote.

        Raises:
            MalformedRow: a line of the record looks like a row of its own.
        """
        if self.evidence is None or len(lines) < 2 or len(self.evidence.profile) < 2:
            return
        # The column of the field that goes on in the second line.
        column = len(next(self.dialect.reader([lines[0].text], strict=False), [""])) - 1
        number = first_row(lines, self.dialect, self.evidence, column)
        if number is not None:
            raise MalformedRow(
                lines[0].number,
                "an unclosed quote",
                f"the quote that opens here is not closed before line {number}, which looks "
                "like a row of its own. Close or remove the quote, or set quoting: none if quotes "
                "have no meaning, double if this is one row.",
            )


@contextmanager
def long_fields() -> Iterator[None]:
    """Let `csv` read fields of more than 128 KiB, by a limit that all threads share."""
    with FIELD_LIMIT_LOCK:
        limit = csv.field_size_limit(MAX_ROW_BYTES)
        try:
            yield
        finally:
            csv.field_size_limit(limit)


def first_row(
    lines: Sequence[Line], dialect: Dialect, evidence: "Evidence", column: int
) -> int | None:
    """Return the number of the line after which the next row seems to begin; None if none does.

    Args:
        lines: those of a record, two or more.
        dialect: how fields are separated.
        evidence: what rows look like.
        column: the column of the quoted field that spans the lines.
    """
    profile = evidence.profile
    if not any(profile):
        # Nothing but the number of fields speaks for rows. A text may have it by chance, in a file
        # whose fields are known to be quoted.
        alike = all(len(dialect.split(line.text)) == len(profile) for line in lines)
        return lines[1].number if alike and not evidence.is_quoted else None
    if looks_like_row(lines[0].text, dialect, profile, range(column + 1, len(profile))):
        return lines[1].number
    for line in lines[1:-1]:
        if looks_like_row(line.text, dialect, profile, range(len(profile))):
            return line.number
    # The fields after the end of a quoted text are like the others in any case.
    if looks_like_row(lines[-1].text, dialect, profile, range(column)):
        return lines[-1].number
    return None


def looks_like_row(line: str, dialect: Dialect, profile: Profile, evidence: Iterable[int]) -> bool:
    """Return whether a line has the fields of a row, one or more in the columns `evidence`."""
    fields = dialect.split(line)
    return (
        any(profile[column] for column in evidence)
        and len(fields) == len(profile)
        and all(like is None or like(field) for like, field in zip(profile, fields, strict=True))
    )


def column_profile(records: Sequence[Record], width: int) -> Profile:
    """Return for each column how to recognize its values, from records of one line.

    A column of at most `MAX_CATEGORIES` recurring values has only these, a column of numbers only
    numbers. Other columns may have any value.
    """
    rows = [record.fields for record in records if len(record.lines) == 1]
    rows = [fields for fields in rows if len(fields) == width]
    if len(rows) < MIN_PROFILE_ROWS:
        return [None] * width
    profile: Profile = []
    for values in zip(*rows, strict=True):
        found = set(values)
        if len(found) <= min(MAX_CATEGORIES, len(rows) / 3) and "" not in found:
            profile.append(found.__contains__)
        elif all(map(NUMBER.fullmatch, values)):
            profile.append(lambda value: NUMBER.fullmatch(value) is not None)
        else:
            profile.append(None)
    return profile


class Evidence(NamedTuple):
    """What the rows of a file look like."""

    profile: Profile
    is_quoted: bool  # Whether a field is in quotes because it needs them.


class Sample(NamedTuple):
    """The first records of a file, read in one dialect."""

    records: list[Record]
    bad: set[int]  # The first line of each record that is malformed or has another width.
    malformed: set[int]  # The first line of each record that is not CSV.
    width: int  # Number of fields of the first record.
    evidence: Evidence


def read_sample(lines: Sequence[Line], dialect: Dialect, is_whole: bool) -> Sample:
    """Read the first lines of a file in a dialect.

    Args:
        lines: the first lines.
        dialect: how to read them.
        is_whole: whether they are all lines of the file; if not, the last record may be incomplete.
    """
    records, syntax_errors = read_records(lines, dialect)
    width = len(records[0].fields) if records else 0
    evidence = Evidence(column_profile(records[1:], width), has_needed_quotes(records, dialect))
    records, errors = read_records(lines, dialect, evidence)
    # A record may be bad only because its end is not in the sample.
    end = lines[-1].number - (0 if is_whole else len(lines) // 10) if lines else 0
    bad_rows = [error.bad_row for error in errors if error.bad_row.number <= end]
    malformed = {error.bad_row.number for error in syntax_errors if error.bad_row.number <= end}
    widths = {record.number for record in records if len(record.fields) != width}
    bad = {row.number for row in bad_rows} | {number for number in widths if number <= end}
    return Sample(records, bad, malformed, width, evidence)


def has_needed_quotes(records: Sequence[Record], dialect: Dialect) -> bool:
    """Return whether a record of one line has a quoted field with a delimiter or quote in it."""
    return any(
        len(record.lines) == 1
        and (
            any(dialect.delimiter in field for field in record.fields)
            or DOUBLED_QUOTE.search(record.source)
        )
        for record in records
    )


def read_records(
    lines: Sequence[Line], dialect: Dialect, evidence: Evidence | None = None
) -> tuple[list[Record], list[MalformedRow]]:
    """Return the records of some lines that are not empty, and the errors of malformed ones."""
    reader = RecordReader(LineQueue(lines), dialect, evidence)
    records: list[Record] = []
    errors: list[MalformedRow] = []
    while True:
        try:
            record = next(reader)
        except MalformedRow as error:
            errors.append(error)
        except StopIteration:
            return records, errors
        else:
            records += [record] if record.fields else []


def detect_delimiter(lines: Sequence[Line], usual: str) -> str:
    """Return the delimiter that splits most rows into as many fields as the first line has.

    Args:
        lines: the first lines of a file.
        usual: the delimiter to prefer, where several are as good or none is.
    """
    candidates = sorted(DELIMITERS, key=lambda delimiter: delimiter != usual)
    texts = [line.text for line in lines]

    def agreement(delimiter: str) -> float:
        """Return the fraction of rows with the width of the first one; 0 if that has one field."""
        widths = []
        with suppress(csv.Error):
            for record in Dialect(delimiter).reader(texts, strict=False):
                widths += [len(record)] if record else []
        return widths.count(widths[0]) / len(widths) if widths and widths[0] > 1 else 0

    return max(candidates, key=agreement)  # The first of those that are as good.


def detect_quoting(lines: Sequence[Line], delimiter: str, is_whole: bool) -> Dialect:
    """Return how quotes are written: doubled, unless another way reads more of the first rows."""
    double = read_sample(lines, Dialect(delimiter), is_whole)
    escaped = read_sample(lines, Dialect(delimiter, "backslash"), is_whole)
    text = "".join(line.text for line in lines)
    has_escapes = ESCAPED_QUOTE.search(text) and not DOUBLED_QUOTE.search(text)
    if escaped.bad < double.bad or (escaped.bad == double.bad and has_escapes):
        return Dialect(delimiter, "backslash")
    if SPACE_BEFORE_QUOTES.search(text.replace(delimiter, "\0")):
        skipping = Dialect(delimiter, skips_spaces=True)
        if read_sample(lines, skipping, is_whole).bad <= double.bad:
            return skipping
    if double.malformed and escaped.malformed:
        plain = read_sample(lines, Dialect(delimiter, "none"), is_whole)
        if plain.bad < double.bad and not has_quoted_fields(plain):
            return Dialect(delimiter, "none")
    return Dialect(delimiter)


def has_quoted_fields(sample: Sample) -> bool:
    """Return whether a sample that was read without quoting seems to have quoted fields.

    They are fields in quotes with a doubled quote inside, or in most rows of a column, and names of
    columns in quotes.
    """
    if sample.records and any(name.startswith('"') for name in sample.records[0].fields):
        return True
    rows = [record.fields for record in sample.records if len(record.fields) == sample.width]
    for values in zip(*rows, strict=True):
        in_quotes = [v for v in values if len(v) > 1 and v.startswith('"') and v.endswith('"')]
        if len(in_quotes) > len(rows) / 2 or any('""' in value[1:-1] for value in in_quotes):
            return True
    return False


def csv_reason(error: csv.Error) -> str:
    """Return why a record cannot be parsed."""
    if "new-line character" in str(error):
        return "a carriage return outside quotes that does not end the line."
    # The message has the delimiter itself, which may be a tab.
    reason = str(error).replace("\t", r"\t")
    return f"not CSV: {reason}. Set quoting if the file is quoted in another way than CSV."
