"""The rows of a split, as they are in its tables."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from sentiment.data.columns import kind_of
from sentiment.data.labels import DECIMAL, UNLABELLED
from sentiment.data.review_splits import cache_folder
from sentiment.data.rows import TextBatch
from sentiment.data.tables.table import Table
from sentiment.errors import quoted
from sentiment.runtime.locks import storage_errors
from sentiment.runtime.spool import Spool


class TextColumn:
    """Texts in Arrow's stream format, on disk if they are many."""

    def __init__(self) -> None:
        self.spool = Spool(cache_folder())
        self.schema = pa.schema({"text": pa.string()})
        self.writer = pa.ipc.new_stream(pa.PythonFile(self.spool.file, "w"), self.schema)

    def add(self, texts: Sequence[str]) -> None:
        """Append texts.

        Raises:
            StorageError: the disk is full.
        """
        with storage_errors(self.spool.folder):
            batch = pa.record_batch([pa.array(texts, pa.string())], schema=self.schema)
            self.writer.write_batch(batch)

    def read(self) -> pa.ChunkedArray:
        """Return all texts. None may be added after that."""
        with storage_errors(self.spool.folder):
            self.writer.close()
        return pa.ipc.open_stream(pa.py_buffer(self.spool.content())).read_all().column("text")


@dataclass
class RawSplit:
    """The rows of a split, as they are in its tables."""

    texts: TextColumn = field(default_factory=TextColumn)
    labels: list[str | None] = field(default_factory=list)  # None: no label.
    groups: list[str] = field(default_factory=list)
    class_names: list[str] | None = None  # Of label ids.
    first_rows: dict[str, str] = field(default_factory=dict)  # Where each label occurs first.
    kinds: dict[str, str] = field(default_factory=dict)  # Where each kind of label occurs first.

    @property
    def is_labelled(self) -> bool:
        """Whether any row has a label."""
        return any(label not in (None, str(UNLABELLED)) for label in set(self.labels))


def add_rows(
    target: RawSplit,
    table: Table,
    batch: TextBatch,
    indices: Sequence[int],
    labels: Sequence[tuple[Any, str | None]],
    groups: Sequence[Any] | None,
) -> None:
    """Add the rows of a batch at some indices to a split."""
    target.texts.add([batch.texts[index] for index in indices])
    for index in indices:
        value, name = labels[index]
        target.labels.append(name if name is None else sys.intern(name))  # One string for all.
        if name is not None and name not in target.first_rows:
            position = table.position(batch.rows.numbers[index])
            target.first_rows[name] = position
            kind = "a string" if isinstance(value, str) else kind_of(value)
            if not (kind == "a string" and DECIMAL.fullmatch(name)):
                target.kinds.setdefault(kind, f"{quoted.repr(value)} in {position}")
    if groups is not None:
        target.groups += [str(groups[index]).strip() for index in indices]
