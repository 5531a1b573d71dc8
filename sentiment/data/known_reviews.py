"""Recognize the reviews that the shipped classifier was trained on, by hashes of their texts.

Evaluating or fine-tuning the shipped classifier on reviews that it has seen gives figures that are
too high. `imdb_hashes.npy` has the hashes of the training reviews of IMDB and of its unlabelled
reviews without those of the test split. It has no text. `benchmarks/hash_reviews.py` writes it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import numpy as np

HASH_FILE = Path(__file__).with_name("imdb_hashes.npy")
# With 40 bits, 50,000 other texts have 0.003 expected false matches among 74,000 hashes.
HASH_BYTES = 5
BATCH_TEXTS = 10_000  # Bounds the memory that `count_known` needs.
BREAK_TAG = re.compile(r"<br\s*/?>")


def is_known(text: str) -> bool:
    """Return whether `text` is a review that the shipped classifier was trained on."""
    return count_known([text]) == 1


def count_known(texts: Iterable[str]) -> int:
    """Return how many of `texts` are reviews that the shipped classifier was trained on.

    Case, whitespace and `<br />` are ignored; a repeated text counts each time. 50,000 reviews take
    about a second.
    """
    known = known_hashes()  # Sorted.
    iterator, count = iter(texts), 0
    while batch := list(islice(iterator, BATCH_TEXTS)):
        hashes = hash_texts(batch)
        places = np.searchsorted(known, hashes).clip(max=len(known) - 1)
        count += int((known[places] == hashes).sum())
    return count


def hash_texts(texts: Iterable[str]) -> np.ndarray:
    """Return a hash of each text, uint64 of `HASH_BYTES` bytes, after normalizing it.

    Normalizing folds the case and replaces each run of whitespace and `<br />` by one space.
    """

    def hashes() -> Iterator[int]:
        for text in texts:
            normalized = " ".join(BREAK_TAG.sub(" ", text.casefold()).split())
            content = normalized.encode("utf-8", "replace")
            yield int.from_bytes(blake2b(content, digest_size=HASH_BYTES).digest(), "big")

    return np.fromiter(hashes(), dtype=np.uint64)


@cache
def known_hashes() -> np.ndarray:
    """Return the sorted hashes of the reviews that the shipped classifier was trained on."""
    return np.cumsum(np.load(HASH_FILE, allow_pickle=False), dtype=np.uint64)


def save_hashes(hashes: np.ndarray, file: Path) -> None:
    """Write hashes as `known_hashes` reads them: sorted, as differences, which fit four bytes.

    Args:
        hashes: uint64, in any order; repeated ones are written once.
        file: a path that ends in `.npy`.
    """
    differences = np.diff(np.unique(hashes), prepend=np.uint64(0))
    if differences.max() > np.iinfo(np.uint32).max:
        raise ValueError(f"{len(hashes):,} hashes are too few to be stored as 4-byte differences")
    np.save(file, differences.astype(np.uint32), allow_pickle=False)
