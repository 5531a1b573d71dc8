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
from sentiment.data.tables import Format, check_output, open_table
from sentiment.errors import ConfigError, DataError

if TYPE_CHECKING:
    from sentiment.inference.classifier import Classifier
    from sentiment.inference.label_files import Progress

SKIP_HINT = "Correct the row, or add --on-error skip to leave such rows out."


@dataclass(frozen=True)
class FileOptions:
    """The options of `sentiment predict` that concern a file."""

    file: str
    format: Format
    column: str | None = None
    prefix: str = ""
    skip_malformed: bool = False
    output: Path | None = None
    overwrite: bool = False

    def check(self, output_format: str, explained: bool) -> None:
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
        if self.format != "text" and output_format != "human":
            raise ConfigError(
                f"--format applies to plain text; the output of a {self.format} file is "
                f"{self.format}. Leave --format out."
            )
        if self.format == "text" and (self.column or self.prefix):
            raise ConfigError(
                "--column and --prefix apply to tables, not to plain text; set --input-format if "
                f"'{self.file}' is a table."
            )
        if self.prefix.encode("utf-8", "replace").decode() != self.prefix:
            raise ConfigError("--prefix is not valid UTF-8, which the names of columns must be.")
        if self.output is not None:
            check_output(self.output, self.file, self.overwrite)
        elif self.format == "parquet":
            raise ConfigError("Parquet cannot be written to standard output: add --output PATH.")


def predict_file(
    classifier: "Classifier", options: FileOptions, output_format: str, all_scores: bool
) -> None:
    """Label the rows of a file, with a progress bar on stderr.

    Raises:
        DataError: the file cannot be read, a row is malformed and not to be skipped, or all are.
        StorageError: the output cannot be written.
    """
    from sentiment.cli.prediction_text import prediction_formatter
    from sentiment.inference.label_files import MalformedRowError, Progress, label_file

    color = options.output is None and use_color()
    steps = label_file(
        classifier,
        options.file,
        options.output or sys.stdout.buffer,
        format=options.format,
        column=options.column,
        prefix=options.prefix,
        all_scores=all_scores,
        skip_malformed=options.skip_malformed,
        overwrite=options.overwrite,
        format_texts=prediction_formatter(output_format, classifier.labels, color),
    )
    # Labels that are printed on a terminal show the progress already.
    quiet = options.output is None and sys.stdout.isatty()
    progress = Progress()
    try:
        with progress_bar(quiet) as bar, closing(steps):
            for progress in steps:
                show_progress(bar, progress)
    except MalformedRowError as error:
        raise DataError(f"{error} {SKIP_HINT}") from error
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
    # `tqdm.write` would also print a bar that has not appeared yet.
    visible = not bar.disable and bar.last_print_n
    for message in progress.messages:
        line = f"Skipped: {message}"
        if visible:
            tqdm.write(printable(line), file=sys.stderr)
        else:
            print_line(line, file=sys.stderr)
    if progress.fraction:
        # The number of lines is an estimate: only the size of the file in bytes is known.
        bar.total = round(progress.rows / progress.fraction)
    bar.update(progress.rows - bar.n)


def print_counts(progress: "Progress") -> None:
    """Print how many rows were skipped, and how many predictions are unreliable."""
    if progress.skipped:
        print_line(f"Skipped {progress.skipped:,} malformed rows.", file=sys.stderr)
    if progress.mostly_unknown:
        print_line(
            f"Warning: {progress.mostly_unknown:,} of {progress.labelled:,} predictions are "
            "unreliable: the vocabulary has at most half of the words of these texts. The first "
            f"is {progress.first_mostly_unknown}.",
            file=sys.stderr,
        )


def read_texts(options: FileOptions) -> Iterator[str]:
    """Yield the texts of a file. Raises `DataError` as `predict_file` does."""
    with open_table(options.file, options.format, options.column, []) as table:
        for batch in table.batches():
            for message in batch.malformed:
                if not options.skip_malformed:
                    raise DataError(f"{message} {SKIP_HINT}")
                print_line(f"Skipped: {message}", file=sys.stderr)
            yield from batch.texts
