"""A file of reviews in, the same file with the label and the score of each out."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from sentiment.data.tables import TextTable, format_of, open_table
from sentiment.data.tables.columns import Write
from sentiment.errors import InputError
from sentiment.inference.classifier import Classifier
from sentiment.runtime.atomic_io import atomic_write

if TYPE_CHECKING:
    from sentiment.data.tables import Table

MAX_ROWS = 10_000
ROWS_AT_ONCE = 128  # Between two reports of how far it is.
ADDED = {"predicted_label": "label", "predicted_score": "score"}  # A labelled file has a `label`.


class Scored(NamedTuple):
    path: Path
    rows: int
    malformed: list[str]  # What is wrong with each row that was left out, and where.


def score_file(
    classifier: Classifier,
    file: Path,
    column: str | None,
    folder: Path,
    report: Callable[[float, int], None],
) -> Scored:
    """Write `file` with a label and a score in each row into `folder`, which is empty.

    Args:
        classifier: what labels.
        file: in a format of `sentiment.data.tables`. Text has no columns, so that it comes back as CSV.
        column: the one that holds the texts, if that is in doubt.
        folder: where to.
        report: called with the part that is done, from 0 to 1, and the rows.

    Raises:
        InputError: it cannot be read, has no row that can, or more than `MAX_ROWS`.
    """  # noqa: E501
    rows = 0
    malformed: list[str] = []

    def reject(what: str) -> None:
        malformed.append(what)
        check_rows(rows + len(malformed))

    kind = format_of(str(file))
    scored = folder / f"{file.stem}-scored{'.csv' if kind == 'text' else file.suffix}"
    with (
        open_table(str(file), kind, column, [*ADDED]) as table,
        atomic_write(scored) as place,
        rows_into(place, table) as write,
    ):
        read = 0
        for batch in table.batches(reject):
            check_rows(rows + len(batch.texts) + len(malformed))
            values = []
            for start in range(0, len(batch.texts), ROWS_AT_ONCE):
                part = (read + (table.done - read) * start / len(batch.texts)) / (table.total or 1)
                report(part, rows + start)
                some = classifier(batch.texts[start : start + ROWS_AT_ONCE])
                values += [[prediction["label"], prediction["score"]] for prediction in some]
            write(batch, values)
            read = table.done
            rows += len(batch.texts)
        if not rows:
            raise InputError(
                f"None of its rows can be read: {malformed[0]}" if malformed else "It has no rows."
            )
    return Scored(scored, rows, malformed)


def check_rows(rows: int) -> None:
    """Raise `InputError` if a file has more `rows` than one page may make the others wait for."""
    if rows > MAX_ROWS:
        raise InputError(
            f"The file has more than {MAX_ROWS:,} rows, which is the most that this page takes. "
            "`sentiment predict --file` takes any number."
        )


@contextmanager
def rows_into(file: BinaryIO, table: "Table") -> Iterator[Write]:
    """What writes the scored rows of `table`: as it has them, or as CSV if it has no columns."""
    if not isinstance(table, TextTable):
        with table.writer(file) as write:
            yield write
        return

    def append(rows: Iterable[Sequence[Any]]) -> None:
        lines = io.StringIO(newline="")
        csv.writer(lines).writerows(rows)
        file.write(lines.getvalue().encode())

    append([["text", *ADDED]])
    yield lambda batch, values: append(
        [text, *row] for text, row in zip(batch.texts, values, strict=True)
    )
