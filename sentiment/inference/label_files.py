"""Label the rows of a table file: the loop shared by `sentiment predict --file` and the demo."""

import csv
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from sentiment.data.tables import Format, format_of, open_table
from sentiment.data.tables.columns import BATCH_ROWS, RowBatch, Write
from sentiment.data.tables.lines import TextTable
from sentiment.errors import DataError
from sentiment.inference.classifier import Classifier
from sentiment.inference.unknown_words import unknown_words_message
from sentiment.runtime.atomic_io import atomic_write

if TYPE_CHECKING:
    from sentiment.data.tables import Table

# Formats rows of plain text for output. Takes the texts and, for each, the new values.
FormatTexts = Callable[[Sequence[str], Sequence[Sequence[Any]]], str]


class MalformedRowError(DataError):
    """A row of a table that cannot be read."""


@dataclass(frozen=True)
class Progress:
    """How many rows of a table file are done."""

    labelled: int = 0
    skipped: int = 0  # Malformed rows.
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
    format: Format | None = None,
    column: str | None = None,
    prefix: str = "",
    all_scores: bool = False,
    skip_malformed: bool = False,
    overwrite: bool = False,
    max_rows: int | None = None,
    rows_per_step: int = BATCH_ROWS,
    format_texts: FormatTexts | None = None,
) -> Generator[Progress]:
    """Label each row of a table file and write the rows with the new columns.

    The new columns are `label`, `score` (the probability of the label) and, with `all_scores`,
    `score_<label>` for each label. Iterating does the work: each step labels some rows. The last
    `Progress` counts all rows. Close the iterator (`contextlib.closing`) to stop early.

    Args:
        classifier: the classifier that labels the texts.
        file: path of a table or of plain text with one text a line; "-" is standard input.
        output: path of the new file, which appears when the last row is written, or an open file.
        format: format of `file`; by default its suffix decides.
        column: column of the texts; by default `text` or the only text column.
        prefix: put before the names of the new columns.
        all_scores: write the probability of every label.
        skip_malformed: skip rows that cannot be read instead of raising an error.
        overwrite: replace `output` if it exists when the last row is written.
        max_rows: largest number of rows to accept.
        rows_per_step: largest number of rows labelled from one `Progress` to the next.
        format_texts: formats the rows of plain text, which has no columns; by default as CSV with
            a header.

    Raises:
        MalformedRowError: a row cannot be read and `skip_malformed` is False.
        DataError: the file cannot be read, has no such column or already has one of the new
            columns, has more than `max_rows` rows, or all of its rows are malformed.
        StorageError: the output cannot be written, or exists and `overwrite` is False.
    """
    format = format or format_of(file)
    scores = [f"score_{label}" for label in classifier.labels] if all_scores else []
    columns = [prefix + name for name in ("label", "score", *scores)]
    if isinstance(output, Path):
        stream: AbstractContextManager[BinaryIO] = atomic_write(output, overwrite)
    else:
        stream = nullcontext(output)
    with (
        open_table(file, format, column, columns) as table,
        stream as destination,
        row_writer(table, destination, columns, format_texts) as write,
    ):
        progress = Progress()
        for progress in label_rows(
            classifier, table, write, all_scores, skip_malformed, max_rows, rows_per_step
        ):
            yield progress
        if progress.skipped and not progress.labelled:
            raise DataError(f"All rows of {table.where} are malformed. Is its format {format}?")


def label_rows(
    classifier: Classifier,
    table: "Table",
    write: Write,
    all_scores: bool,
    skip_malformed: bool,
    max_rows: int | None,
    rows_per_step: int,
) -> Iterator[Progress]:
    """Label the rows of an open table and pass them to `write`; arguments as of `label_file`."""
    progress = Progress()
    done = 0  # Bytes or rows of the table, in its own unit.
    for batch in table.batches():
        if batch.malformed and not skip_malformed:
            raise MalformedRowError(batch.malformed[0])
        rows = len(batch.texts) + len(batch.malformed)
        if max_rows is not None and progress.rows + rows > max_rows:
            raise DataError(f"{table.where} has more than {max_rows:,} rows.")
        progress = replace(
            progress,
            skipped=progress.skipped + len(batch.malformed),
            messages=tuple(batch.malformed),
        )
        values: list[list[Any]] = []
        while len(values) < len(batch.texts):
            texts = batch.texts[len(values) : len(values) + rows_per_step]
            new_values, unknown = label_texts(classifier, texts, all_scores)
            first = progress.first_mostly_unknown
            if first is None and unknown:
                first = f"{table.unit} {batch.numbers[len(values) + unknown[0]]}"
            values += new_values
            if len(values) == len(batch.texts):
                write(batch, values)
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
        if progress.messages:  # No row of the batch is well-formed.
            yield progress
    fraction = None if table.total is None else 1.0
    yield replace(progress, messages=(), fraction=fraction)


def label_texts(
    classifier: Classifier, texts: Sequence[str], all_scores: bool
) -> tuple[list[list[Any]], list[int]]:
    """Return the new values of each row, and the indices of the texts of mostly unknown words."""
    reviews = classifier.encode(texts)
    probabilities = classifier.probabilities(reviews)  # [texts, num_labels]
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
    table: "Table", file: BinaryIO, columns: Sequence[str], format_texts: FormatTexts | None
) -> AbstractContextManager[Write]:
    """Return the context manager that opens the writer of a table's rows."""
    if isinstance(table, TextTable):
        return text_writer(file, columns, format_texts)
    return table.writer(file)


@contextmanager
def text_writer(
    file: BinaryIO, columns: Sequence[str], format_texts: FormatTexts | None
) -> Iterator[Write]:
    """Yield the function that writes labelled rows of plain text to `file`, in UTF-8."""
    if format_texts is None:
        file.write(csv_text([["text", *columns]]).encode())

    def write(batch: RowBatch, values: Sequence[Sequence[Any]]) -> None:
        if format_texts is None:
            rows = csv_text([[text, *row] for text, row in zip(batch.texts, values, strict=True)])
        else:
            rows = format_texts(batch.texts, values)
        file.write(rows.encode())
        file.flush()  # For the process that reads the other end of a pipe.

    yield write


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as CSV."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
