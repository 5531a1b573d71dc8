"""Plain text, with one text a line, and fastText's format, with labels before the text."""

import re
from typing import Any

from sentiment.data.tables.lines import Lines
from sentiment.data.tables.sources import Source
from sentiment.data.tables.table import (
    MalformedRow,
    Row,
    RowBatch,
    StreamedTable,
)

LABEL = re.compile(r"(?<!\S)__label__(\S+)")


class TextTable(StreamedTable):
    """Plain text: one text a line, empty lines included. The lines have no columns to write."""

    has_header = False

    def __init__(self, source: Source, lines: Lines) -> None:
        super().__init__()
        self.columns = ["text"]
        self.where, self.total = source.where, source.total
        self.source, self.lines = source, lines

    @property
    def done(self) -> int:
        return self.source.done

    def next_row(self) -> Row:
        number, line = next(self.lines)
        text = line.removesuffix("\n").removesuffix("\r")
        self.lines.check_row(number, text)
        return Row(number, text, len(text))

    def values(self, batch: RowBatch, column: str) -> list[Any]:
        return list(batch.rows)


class FastTextTable(TextTable):
    """Lines such as `__label__positive A fine film`, each with one label."""

    def __init__(self, source: Source, lines: Lines) -> None:
        super().__init__(source, lines)
        self.columns = ["label", "text"]

    def next_row(self) -> Row:
        number, text, size = super().next_row()
        labels = LABEL.findall(text)
        if len(labels) > 1:
            raise MalformedRow(
                number, "several labels", f"{len(labels)} labels, where a text has one."
            )
        label = labels[0] if labels else None
        return Row(number, {"label": label, "text": LABEL.sub("", text).strip()}, size)

    def values(self, batch: RowBatch, column: str) -> list[Any]:
        return [row[column] for row in batch.rows]
