"""Label the rows of a table file: the loop shared by `sentiment predict --file` and the demo."""

import csv
import gzip
import io
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from sentiment.config import ReaderConfig
from sentiment.data.columns import choose_text
from sentiment.data.rows import BadRows, malformed_first, read_texts, report_notices
from sentiment.data.tables import open_table
from sentiment.data.tables.plain_text import TextTable
from sentiment.data.tables.table import BATCH_ROWS, RowBatch, Table, WritableTable, Write
from sentiment.errors import ConfigError, DataError
from sentiment.inference.classifier import Classifier
from sentiment.inference.unknown_words import unknown_words_message
from sentiment.runtime.atomic_io import atomic_write

logger = logging.getLogger(__name__)

# Formats rows of plain text for output. Takes the texts and, for each, the new values.
FormatTexts = Callable[[Sequence[str], Sequence[Sequence[Any]]], str]

DEFAULT_READER = ReaderConfig()


class MalformedRowError(DataError):
    """Rows of a table that cannot be labelled."""


@dataclass(frozen=True)
class Progress:
    """How many rows of a table file are done."""

    labelled: int = 0
    skipped: int = 0  # Rows that are malformed or have no text.
    skipped_kinds: str = ""  # The number of each kind: "no text: 8, not CSV: 4".
    messages: tuple[str, ...] = ()  # For each row skipped since the last `Progress`: where and why.
    mostly_unknown: int = 0  # Labelled rows with at most half of their words in the vocabulary.
    first_mostly_unknown: str | None = None  # Where the first of them is: "line 3" or "row 3".
    fraction: float | None = None  # Of the file that is done; None if its size is unknown (a pipe).

    @property
    def rows(self) -> int:
        """Number of rows that are done, labelled or skipped."""
        return self.labelled + self.skipped


def label_file(
    classifier: Classifier,
    file: str,
    output: Path | BinaryIO,
    *,
    reader: ReaderConfig = DEFAULT_READER,
    prefix: str = "",
    overwrite: bool = False,
    all_scores: bool = False,
    max_rows: int | None = None,
    rows_per_step: int = BATCH_ROWS,
) -> Generator[Progress]:
    """Label each row of a table file and write the rows with the new columns.

    The new columns are `label`, `score` (the probability of the label) and, with `all_scores`,
    `score_<label>` for each label. Iterating does the work: each step labels some rows. The last
    `Progress` counts all rows. Close the iterator (`contextlib.closing`) to stop early.

    Args:
        classifier: the classifier that labels the texts.
        file: path of a table or of plain text with one text a line; "-" is standard input.
        output: path of the new file, which appears when the last row is written, or an open file.
            The rows of an Excel workbook are written as CSV, those of plain text as CSV with a
            header. A path that ends in .gz is compressed.
        reader: the format of `file`, the column of the texts, and what to do with rows that are
            malformed or have no text.
        prefix: put before the names of the new columns.
        overwrite: replace `output` if it exists when the last row is written.
        all_scores: write the probability of every label.
        max_rows: largest number of rows to accept.
        rows_per_step: largest number of rows labelled from one `Progress` to the next.

    Raises:
        MalformedRowError: rows cannot be labelled and are not to be skipped.
        DataError: the file cannot be read, has no such column or already has one of the new
            columns, has more than `max_rows` rows, or none that can be labelled.
        ConfigError: a setting that does not apply to this format.
        StorageError: the output cannot be written, or exists and `overwrite` is False.
    """
    with open_table(file, reader) as table:
        yield from label_table(
            classifier,
            table,
            output,
            reader=reader,
            prefix=prefix,
            overwrite=overwrite,
            all_scores=all_scores,
            max_rows=max_rows,
            rows_per_step=rows_per_step,
        )


def label_table(
    classifier: Classifier,
    table: Table,
    output: Path | BinaryIO,
    *,
    reader: ReaderConfig = DEFAULT_READER,
    prefix: str = "",
    overwrite: bool = False,
    all_scores: bool = False,
    max_rows: int | None = None,
    rows_per_step: int = BATCH_ROWS,
    format_texts: FormatTexts | None = None,
) -> Generator[Progress]:
    """Label each row of an open table; as `label_file`.

    Args:
        format_texts: formats the rows of plain text, which has no columns; by default as CSV with
            a header.
    """
    text_columns = texts_of(table, reader)
    scores = [f"score_{label}" for label in classifier.labels] if all_scores else []
    columns = [prefix + name for name in ("label", "score", *scores)]
    check_new_columns(table, columns)
    with (
        open_output(output, overwrite) as destination,
        row_writer(table, destination, columns, format_texts) as write,
    ):
        progress = Progress()
        for progress in label_rows(
            classifier, table, text_columns, write, all_scores, reader, max_rows, rows_per_step
        ):
            yield progress
        if progress.skipped and not progress.labelled:
            raise DataError(
                f"No row of {table.where} can be labelled ({progress.skipped_kinds}). Is its "
                f"format {table.format}?"
            )


def texts_of(table: Table, reader: ReaderConfig) -> tuple[str, ...]:
    """Return the columns of a table's texts, which are logged.

    Raises:
        DataError: no column qualifies, or more than one.
        ConfigError: settings that do not apply to plain text.
    """
    if isinstance(table, TextTable):
        if reader.text_column is not None:
            raise ConfigError(
                f"{table.where} is plain text, which has no columns: leave text_column out, or set "
                "input_format if it is a table."
            )
        return ("text",)
    with malformed_first(table, reader):
        columns = choose_text(table, reader)
    report_notices(table)
    logger.info(f"{table.where}: read as {table.format}; texts from {','.join(columns)!r}.")
    return columns


def check_new_columns(table: Table, new_columns: Sequence[str]) -> None:
    """Raise `DataError` if a table has one of the new columns already."""
    for name in new_columns:
        if name in table.columns and not isinstance(table, TextTable):
            raise DataError(
                f"{table.where} already has a column {name!r}. Set a prefix for the names of the "
                "new columns, such as predicted_."
            )


@contextmanager
def open_output(output: Path | BinaryIO, overwrite: bool) -> Iterator[BinaryIO]:
    """Open the output: a new file, compressed if its suffix says so, or one that is open already.

    Raises:
        ConfigError: an Excel workbook.
    """
    if not isinstance(output, Path):
        yield output
        return
    suffix = output.suffix.lower()
    if suffix in (".xlsx", ".xlsm"):
        raise ConfigError(
            f"'{output}': workbooks are not written. Choose a name that ends in .csv."
        )
    with atomic_write(output, overwrite) as file:
        if suffix == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        else:
            yield file


def label_rows(
    classifier: Classifier,
    table: Table,
    columns: Sequence[str],
    write: Write,
    all_scores: bool,
    reader: ReaderConfig,
    max_rows: int | None,
    rows_per_step: int,
) -> Iterator[Progress]:
    """Label the rows of an open table and pass them to `write`; arguments as of `label_file`."""
    progress = Progress()
    bad_rows = BadRows(table)
    done = 0  # Bytes or rows of the table, in its own unit.
    batches = read_texts(table, columns, keep_blank=table.format == "text")
    for batch in batches:
        messages = bad_rows.add(batch.bad)
        if messages and reader.on_error == "stop":
            for rest in batches:
                bad_rows.add(rest.bad)
            raise MalformedRowError(bad_rows.message())
        rows = len(batch.texts) + len(batch.bad)
        if max_rows is not None and progress.rows + rows > max_rows:
            raise DataError(f"{table.where} has more than {max_rows:,} rows.")
        progress = replace(
            progress,
            skipped=bad_rows.total,
            skipped_kinds=bad_rows.kinds(),
            messages=tuple(messages),
        )
        values: list[list[Any]] = []
        while len(values) < len(batch.texts):
            texts = batch.texts[len(values) : len(values) + rows_per_step]
            new_values, unknown = label_texts(classifier, texts, all_scores)
            first = progress.first_mostly_unknown
            if first is None and unknown:
                first = f"{table.unit} {batch.rows.numbers[len(values) + unknown[0]]}"
            values += new_values
            if len(values) == len(batch.texts):
                write(batch.rows, values)
            part = done + (table.done - done) * len(values) / len(batch.texts)
            progress = replace(
                progress,
                labelled=progress.labelled + len(texts),
                mostly_unknown=progress.mostly_unknown + len(unknown),
                first_mostly_unknown=first,
                fraction=part / table.total if table.total else None,
            )
            yield progress
            progress = replace(progress, messages=())
        done = table.done
        if progress.messages:  # No row of the batch can be labelled.
            yield progress
    fraction = None if table.total is None else 1.0
    yield replace(progress, messages=(), fraction=fraction)


def label_texts(
    classifier: Classifier, texts: Sequence[str], all_scores: bool
) -> tuple[list[list[Any]], list[int]]:
    """Return the new values of each row, and the indices of the texts of mostly unknown words."""
    reviews, probabilities = classifier.encode_and_score(texts)  # The latter [texts, num_labels].
    values = output_values(classifier.labels, probabilities.tolist(), all_scores)
    return values, [index for index, ids in enumerate(reviews) if unknown_words_message(ids)]


def output_values(
    labels: Sequence[str], probabilities: Sequence[Sequence[float]], all_scores: bool
) -> list[list[Any]]:
    """Return the new values of each row: label, score and, if wanted, the score of each label.

    Args:
        labels: the label names of the model.
        probabilities: [rows, num_labels].
        all_scores: whether to add the probability of every label.
    """
    values = []
    for row in probabilities:
        score = max(row)
        values.append([labels[row.index(score)], score, *(row if all_scores else ())])
    return values


def row_writer(
    table: Table, file: BinaryIO, columns: Sequence[str], format_texts: FormatTexts | None
) -> AbstractContextManager[Write]:
    """Return the context manager that opens the writer of a table's rows."""
    if isinstance(table, WritableTable):
        return table.writer(file, columns)
    return text_writer(table, file, columns, format_texts)


@contextmanager
def text_writer(
    table: Table, file: BinaryIO, columns: Sequence[str], format_texts: FormatTexts | None
) -> Iterator[Write]:
    """Yield the function that writes labelled rows of plain text to `file`, in UTF-8."""
    if format_texts is None:
        file.write(csv_text([["text", *columns]]).encode())

    def write(batch: RowBatch, values: Sequence[Sequence[Any]]) -> None:
        texts = table.values(batch, "text")
        if format_texts is None:
            rows = csv_text([[text, *row] for text, row in zip(texts, values, strict=True)])
        else:
            rows = format_texts(texts, values)
        file.write(rows.encode())
        file.flush()  # For the process that reads the other end of a pipe.

    yield write


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as CSV."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
