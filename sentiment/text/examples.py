"""Encoded texts in a compact form, so that more of them fit than memory has room for."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np

from sentiment.data.review_splits import cache_folder
from sentiment.runtime.spool import Spool
from sentiment.text.batching import Example


class Examples(Sequence[Example]):
    """A sequence of examples, with 4 bytes for each token, on disk if they are many.

    Args:
        examples: ids and label id of each text; read once.

    Raises:
        StorageError: the disk is full.
    """

    def __init__(self, examples: Iterable[Example]) -> None:
        spool = Spool(cache_folder())
        self.ends, self.labels = array("q", [0]), array("i")
        for ids, label in examples:
            spool.write(array("i", ids).tobytes())
            self.ends.append(self.ends[-1] + len(ids))
            self.labels.append(label)
        self.ids = np.frombuffer(spool.content(), np.intc)  # [tokens of all texts]

    def __len__(self) -> int:
        return len(self.labels)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> list[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | list[Example]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]  # Checks the range, and counts from the end.
        start, end = self.ends[number], self.ends[number + 1]
        return self.ids[start:end].tolist(), self.labels[number]

    def __iter__(self) -> Iterator[Example]:
        return (self[number] for number in range(len(self)))
