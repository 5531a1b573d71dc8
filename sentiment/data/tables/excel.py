"""Excel workbooks: the rows of the first sheet, below a header. Needs openpyxl."""

import datetime
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from sentiment.config import ReaderConfig
from sentiment.data.tables.delimited import joined_fields
from sentiment.data.tables.records import Dialect
from sentiment.data.tables.sources import Source
from sentiment.data.tables.table import (
    MalformedRow,
    Row,
    RowBatch,
    StreamedTable,
    WritableTable,
    Write,
)
from sentiment.errors import DataError, DependencyError, describe, missing_packages, quoted

CSV = Dialect(",")
CONTROL_CHARACTER = re.compile(r"_x(00[01][0-9A-F])_")


class ExcelTable(StreamedTable, WritableTable):
    """The rows of the first sheet of a workbook, written back as CSV. Empty rows are skipped.

    Raises:
        DataError: not a workbook, or one without rows.
        DependencyError: openpyxl is not installed.
    """

    unit = "row"

    def __init__(self, source: Source, config: ReaderConfig) -> None:
        super().__init__()
        self.where = source.where
        self.has_header = config.header
        try:
            import openpyxl
        except ImportError:
            needed = missing_packages(
                f"{self.where} is an Excel workbook. It", ["openpyxl"], "excel"
            )
            raise DependencyError(f"{needed} Or save it as CSV UTF-8.") from None
        with self.errors():
            workbook = openpyxl.load_workbook(source.seekable(), read_only=True, data_only=True)
            self.sheet = workbook.worksheets[0]
            self.sheet.reset_dimensions()  # Some programs write wrong ones.
        if len(workbook.worksheets) > 1:
            self.notices.append(
                f"only the first of {len(workbook.worksheets)} sheets is read, "
                f"{quoted.repr(self.sheet.title)}"
            )
        self.rows_done = 0
        self.records = self.read_records()
        first = next(self.records, None)
        if first is None:
            raise DataError(f"{self.where} has no rows in its first sheet.")
        self.pending = [] if self.has_header else [first]
        self.columns = (
            [name.strip() for name in first[1]]
            if self.has_header
            else [str(number + 1) for number in range(len(first[1]))]
        )

    @property
    def done(self) -> int:
        return self.rows_done

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the errors of openpyxl into a `DataError` that names the file."""
        try:
            yield
        except DataError:
            raise
        except Exception as error:  # A damaged workbook can make it raise anything.
            raise DataError(
                f"{self.where} could not be read as an Excel workbook: {describe(error)}"
            ) from error

    def read_records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield number and cells of each row that is not empty, without its empty last cells."""
        rows = self.sheet.iter_rows(values_only=True)
        number = 0
        while True:
            with self.errors():
                row = next(rows, None)
            if row is None:
                return
            number += 1
            cells = [cell_text(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield number, cells

    def next_row(self) -> Row:
        number, cells = self.pending.pop() if self.pending else next(self.records)
        self.rows_done = number
        width = len(self.columns)
        if len(cells) > width:
            reason = f"{len(cells)} cells, where the first row has {width}."
            raise MalformedRow(number, "another number of cells", reason)
        cells += [""] * (width - len(cells))
        return Row(number, cells, sum(map(len, cells)))

    def values(self, batch: RowBatch, column: str) -> list[Any]:
        index = self.columns.index(column)
        return [cells[index] for cells in batch.rows]

    @contextmanager
    def writer(self, file: BinaryIO, new_columns: Sequence[str]) -> Iterator[Write]:
        if self.has_header:
            file.write(f"{joined_fields([*self.columns, *new_columns], CSV)}\n".encode())

        def write(batch: RowBatch, values: Sequence[Sequence[Any]]) -> None:
            for cells, new in zip(batch.rows, values, strict=True):
                file.write(f"{joined_fields([*cells, *new], CSV)}\n".encode())
            file.flush()

        yield write


def cell_text(value: Any) -> str:
    """Return the text of a cell, as Excel writes it into a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    # Excel writes control characters as _x000D_.
    return CONTROL_CHARACTER.sub(lambda match: chr(int(match[1], 16)), str(value))
