"""`sentiment predict --file`: labels go to the output; progress and warnings to stderr."""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from sentiment.cli.formatting import use_color
from sentiment.cli.messages import print_line, printable
from sentiment.config import ReaderConfig
from sentiment.data.rows import BadRows, read_texts
from sentiment.data.tables.outputs import check_output
from sentiment.data.tables.plain_text import TextTable
from sentiment.data.tables.table import Table
from sentiment.errors import ConfigError, DataError, row_count

if TYPE_CHECKING:
    from sentiment.inference.classifier import Classifier
    from sentiment.inference.label_files import Progress

MAX_MESSAGES = 20  # Skipped rows that are printed one by one.


@dataclass(frozen=True)
class FileOptions:
    """The options of `sentiment predict` that concern a file."""

    file: str
    reader: ReaderConfig
    prefix: str = ""
    output: Path | None = None
    overwrite: bool = False

    def check(self, table: Table, output_format: str, explained: bool) -> None:
        """Check the options before a model is loaded.

        Raises:
            ConfigError: options that exclude each other.
            SentimentError: the output exists or cannot be replaced.
        """
        if explained:
            if self.output or self.prefix:
                raise ConfigError(
                    "--explain prints to standard output and adds no columns: leave out --output "
                    "and --prefix."
                )
            return
        if not isinstance(table, TextTable) and output_format != "human":
            raise ConfigError(
                f"--format applies to plain text; {table.where} is {table.format}, and its rows "
                "are written as they are. Leave --format out, or set --input-format text."
            )
        if isinstance(table, TextTable) and self.prefix:
            raise ConfigError(
                f"--prefix applies to tables, and {table.where} is plain text. Leave it out, or "
                "set --input-format."
            )
        if self.prefix.encode("utf-8", "replace").decode() != self.prefix:
            raise ConfigError("--prefix is not valid UTF-8, which the names of columns must be.")
        if self.output is not None:
            check_output(self.output, self.file, self.overwrite)
        elif table.format == "parquet":
            raise ConfigError("Parquet cannot be written to standard output: add --output PATH.")


def predict_table(
    classifier: "Classifier",
    table: Table,
    options: FileOptions,
    output_format: str,
    all_scores: bool,
) -> None:
    """Label the rows of a file, with a progress bar on stderr.

    Raises:
        DataError: the file cannot be read, rows are malformed and not to be skipped, or all are.
        StorageError: the output cannot be written.
    """
    from sentiment.cli.prediction_text import prediction_formatter
    from sentiment.inference.label_files import Progress, label_table

    color = options.output is None and use_color()
    steps = label_table(
        classifier,
        table,
        options.output or sys.stdout.buffer,
        reader=options.reader,
        prefix=options.prefix,
        overwrite=options.overwrite,
        all_scores=all_scores,
        format_texts=prediction_formatter(output_format, classifier.labels, color),
    )
    # Labels that are printed on a terminal show the progress already.
    quiet = options.output is None and sys.stdout.isatty()
    progress = Progress()
    with progress_bar(quiet) as bar, closing(steps):
        for progress in steps:
            show_progress(bar, progress)
    print_counts(progress)


def progress_bar(quiet: bool) -> "tqdm[None]":
    """Return a bar of rows, rows a second and time left. It appears after a second."""
    interval = 0.1 if sys.stderr.isatty() else 10.0
    return tqdm(
        unit=" rows",
        dynamic_ncols=True,
        mininterval=interval,
        delay=max(1.0, interval),
        disable=quiet,
    )


def show_progress(bar: "tqdm[None]", progress: "Progress") -> None:
    """Print the rows that were skipped, above the bar, and move the bar on."""
    shown = progress.skipped - len(progress.messages)
    for message in progress.messages[: max(0, MAX_MESSAGES - shown)]:
        print_above(bar, f"Skipped: {message}")
    if progress.fraction:
        # The number of lines is an estimate: only the size of the file in bytes is known.
        bar.total = round(progress.rows / progress.fraction)
    bar.update(progress.rows - bar.n)


def print_above(bar: "tqdm[None]", line: str) -> None:
    """Print a line on stderr, above the bar if there is one."""
    # `tqdm.write` would also print a bar that has not appeared yet.
    if not bar.disable and bar.last_print_n:
        tqdm.write(printable(line), file=sys.stderr)
    else:
        print_line(line, file=sys.stderr)


def print_counts(progress: "Progress") -> None:
    """Print how many rows were skipped, and how many predictions are unreliable."""
    if progress.skipped:
        rows = row_count(progress.skipped)
        print_line(f"Skipped {rows} ({progress.skipped_kinds}).", file=sys.stderr)
    if progress.mostly_unknown:
        print_line(
            f"Warning: {progress.mostly_unknown:,} of {progress.labelled:,} predictions are "
            "unreliable: the vocabulary has at most half of the words of these texts. The first "
            f"is {progress.first_mostly_unknown}.",
            file=sys.stderr,
        )


def texts_to_explain(table: Table, reader: ReaderConfig) -> Iterator[str]:
    """Yield the texts of a table.

    Raises:
        DataError: the file cannot be read, or rows are malformed and not to be skipped.
    """
    from sentiment.inference.label_files import texts_of

    bad_rows = BadRows(table)
    columns = texts_of(table, reader)
    for batch in read_texts(table, columns, keep_blank=table.format == "text"):
        for message in bad_rows.add(batch.bad):
            if reader.on_error == "stop":
                raise DataError(bad_rows.message())
            print_line(f"Skipped: {message}", file=sys.stderr)
        yield from batch.texts
