"""What tables of every format share: batches of rows, and which column is which."""

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, BinaryIO, NamedTuple

from sentiment.errors import InputError, quoted

BATCH_ROWS = 1024  # Enough to batch by length, little enough to hold in memory.
BATCH_BYTES = 2**22

Reject = Callable[[str], None]  # Takes where a malformed row is and what is wrong with it.


class Batch(NamedTuple):
    """Some rows of a table, in order."""

    texts: list[str]
    numbers: list[int]  # Of the line where each row starts, or of the row in Parquet; from 1.
    rows: Any  # The rows themselves, as their table's writer wants them back.


Write = Callable[[Batch, Sequence[Sequence[Any]]], None]  # Takes the new values, row by row.


def name_of(source: BinaryIO) -> str:
    """A file as messages name it."""
    return "Standard input" if isinstance(source.name, int) else f"'{source.name}'"


def choose_column(
    where: str, named: str | None, columns: Sequence[str], texts: Sequence[str]
) -> str:
    """The column that holds the texts: the one that is named, or `text`, or the only one it can be.

    Args:
        where: the table, as messages name it.
        named: the user's choice.
        columns: all columns.
        texts: those of them that hold text.

    Raises:
        InputError: it is missing, is there twice or holds no text; or several could be meant.
    """
    chosen = named or "text"
    if named is None and chosen not in columns and len(texts) == 1:
        return texts[0]
    remedy = "Name the one that holds the texts: --column NAME."
    if chosen not in columns:
        there = quoted.repr([*columns])[1:-1]
        raise InputError(f"{where} has no column {chosen!r}, only {there}. {remedy}")
    if columns.count(chosen) > 1:
        raise InputError(f"{where} has more than one column {chosen!r}. Rename all but one.")
    if chosen not in texts:
        raise InputError(f"{where} has no text in its column {chosen!r}. {remedy}")
    return chosen


def check_free(where: str, added: Iterable[str], columns: Container[str]) -> None:
    """Raise `InputError` if a column that is to be added is there already."""
    for name in added:
        if name in columns:
            raise InputError(
                f"{where} has a column {name!r} already. Put something before the names of the "
                "new ones, such as --prefix predicted_"
            )
