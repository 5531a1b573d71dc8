"""`sentiment predict --file`: labels to the output; how far it is, and what is wrong, to stderr."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tqdm import tqdm

from sentiment.data.tables import Format, TextTable, check_output, open_table
from sentiment.data.tables.columns import Batch
from sentiment.errors import InputError
from sentiment.runtime.atomic_io import written_whole

if TYPE_CHECKING:
    from sentiment.data.tables import Table
    from sentiment.inference.classifier import Classifier

Show = Callable[[list[str], list[dict[str, Any]], bool], None]
Write = Callable[[Batch, list[dict[str, Any]]], None]


@dataclass
class Tally:
    """What has become of the rows."""

    labelled: int = 0
    skipped: int = 0
    guessed: int = 0
    first_guess: int | None = None


@dataclass(frozen=True)
class FileJob:
    """What the command line says of a file."""

    file: str
    format: Format
    column: str | None = None
    prefix: str = ""
    skip: bool = False  # Malformed rows, rather than stop at them.
    output: Path | None = None
    overwrite: bool = False

    def check(self, output_format: str, explained: bool) -> None:
        """Raise `InputError` for what can be seen before a model is loaded."""
        if explained:
            if self.output or self.prefix:
                raise InputError("--explain prints to standard output, and adds no columns.")
            return
        if self.format != "text" and output_format != "human":
            raise InputError(f"--format is for texts; {self.format} stays {self.format}.")
        if self.format == "text" and (self.column or self.prefix):
            raise InputError("--column and --prefix are for tables: see --input-format.")
        if self.prefix.encode("utf-8", "replace").decode() != self.prefix:
            raise InputError("--prefix is not UTF-8, as the file that it goes into has to be.")
        if self.output is not None:
            check_output(self.output, self.file, self.overwrite)
        elif self.format == "parquet":
            raise InputError("Parquet cannot be written to standard output: add --output PATH.")


def predict_file(classifier: "Classifier", job: FileJob, show: Show, all_scores: bool) -> None:
    """Label the rows of a file. Those of a text file, which has no columns, are printed by `show`.

    Raises:
        InputError: the file cannot be read; a row is malformed, and not to be skipped, or all are;
            the output cannot be written.
    """
    names = ["label", "score", *(f"score_{label}" for label in classifier.labels if all_scores)]
    added = [job.prefix + name for name in names]
    quiet = job.output is None and sys.stdout.isatty()  # Labels on a terminal show how far it is.
    with ExitStack() as stack:
        table = stack.enter_context(open_table(job.file, job.format, job.column, added))
        place = nullcontext(sys.stdout.buffer) if job.output is None else written_whole(job.output)
        write = stack.enter_context(writer(table, stack.enter_context(place), show, all_scores))
        tally = label_rows(classifier, table, write, job.skip, quiet)
        if tally.skipped and not tally.labelled:
            raise InputError(f"All rows of {table.where} are malformed. Is it {job.format}?")
    if tally.skipped:
        print(f"Skipped {tally.skipped:,} malformed rows.", file=sys.stderr)
    if tally.guessed:
        print(
            f"Warning: {tally.guessed:,} of {tally.labelled:,} labels are little more than a "
            "guess, because the model knows half of the words at most. "
            f"The first is that of {table.unit} {tally.first_guess}.",
            file=sys.stderr,
        )


def label_and_scores(classifier: "Classifier", texts: list[str]) -> list[dict[str, Any]]:
    """Return label, score and all scores of each text."""
    predictions = []
    for row in classifier.predict_proba(texts).tolist():
        scores = dict(zip(classifier.labels, row, strict=True))
        label = max(scores, key=lambda name: scores[name])
        predictions.append({"label": label, "score": scores[label], "scores": scores})
    return predictions


def texts_of(job: FileJob) -> Iterator[str]:
    """The texts of a file, one after the other. Raises `InputError` as `predict_file` does."""

    def reject(what: str) -> None:
        refuse(what, job.skip)
        print(f"Skipped: {what}", file=sys.stderr)

    with open_table(job.file, job.format, job.column, []) as table:
        for batch in table.batches(reject):
            yield from batch.texts


def refuse(what: str, skip: bool) -> None:
    """Raise `InputError` over a malformed row unless it is to be skipped."""
    if not skip:
        raise InputError(f"{what} Mend it, or leave such rows out: --on-error skip")


def label_rows(
    classifier: "Classifier", table: "Table", write: Write, skip: bool, quiet: bool
) -> Tally:
    """Label all rows of `table` and `write` them, with a progress bar unless `quiet`."""
    from sentiment.inference.classifier import UnknownWordsWarning

    tally = Tally()
    numbers: list[int] = []

    def say(message: str) -> None:
        # tqdm's own would also show a bar that is not to be seen yet.
        seen = not bar.disable and bar.last_print_n
        (tqdm.write if seen else print)(message, file=sys.stderr)

    def reject(what: str) -> None:
        refuse(what, skip)
        tally.skipped += 1
        say(f"Skipped: {what}")

    def note(warning: Warning | str) -> None:
        # A million rows may warn: they are counted, and said once.
        if isinstance(warning, UnknownWordsWarning):
            tally.guessed += 1
            tally.first_guess = tally.first_guess or numbers[warning.index]
        else:
            say(f"Warning: {warning}")

    with progress_bar(quiet) as bar, warnings.catch_warnings():
        warnings.simplefilter("always", UnknownWordsWarning)  # Python remembers what it says once.
        warnings.showwarning = lambda message, *_: note(message)
        for batch in table.batches(reject):
            numbers = batch.numbers
            write(batch, label_and_scores(classifier, batch.texts))
            tally.labelled += len(numbers)
            rows = tally.labelled + tally.skipped
            # Of lines only the bytes are known beforehand, which give the time left as well.
            bar.total = table.total and round(rows * table.total / table.done)
            bar.update(rows - bar.n)
    return tally


def progress_bar(quiet: bool) -> "tqdm[None]":
    """Rows, rows a second and the time left; nothing for a file that is done in a second."""
    interval = 0.1 if sys.stderr.isatty() else 10.0
    return tqdm(
        unit=" rows",
        dynamic_ncols=True,
        mininterval=interval,
        delay=max(1.0, interval),
        disable=quiet,
    )


@contextmanager
def writer(table: "Table", file: BinaryIO, show: Show, all_scores: bool) -> Iterator[Write]:
    """What writes labelled rows into `file`."""
    if isinstance(table, TextTable):
        with redirect_stdout(TextIOWrapper(file, "utf-8", newline="\n")) as text:

            def print_labels(batch: Batch, predictions: list[dict[str, Any]]) -> None:
                show(batch.texts, predictions, all_scores)
                text.flush()

            yield print_labels
            text.detach()
    else:
        with table.writer(file) as write:
            yield lambda batch, predictions: write(batch, values(predictions, all_scores))


def values(predictions: Sequence[dict[str, Any]], all_scores: bool) -> list[list[Any]]:
    """The new columns of each row."""
    return [
        [p["label"], p["score"], *(p["scores"].values() if all_scores else ())] for p in predictions
    ]
