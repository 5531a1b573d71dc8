"""Read pretrained word vectors from a file, and initialize an embedding with them.

    the 0.418 0.24968 -0.41242          GloVe: one word per line, and its numbers
    400000 300                          word2vec and fastText as text: first the number of vectors
    the 0.418 0.24968 -0.41242          and their dimension

Both may be compressed with gzip. The file is streamed, and only the vectors of words in the
vocabulary are kept, so that a file of 6 GB needs little memory. No memory is allocated by the sizes
that its first line gives.
"""

import codecs
import gzip
import hashlib
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from math import isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import torch
from torch import Tensor, nn

from sentiment.errors import DataError, quoted
from sentiment.models.lstm import EMBEDDING_STD
from sentiment.runtime.paths import user_path
from sentiment.text.vocab import SPECIALS, Vocab

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
HEADER = re.compile(rb"(\d{1,18}) (\d{1,18})")
MAX_LINE_BYTES = 2**20  # 300 numbers take about 4 kB.
MAX_VALUE = torch.finfo(torch.float32).max
NOT_TEXT = (
    "it is not text. Save vectors as text, one word and its numbers per line; gensim converts "
    "binary files: KeyedVectors.load_word2vec_format(…, binary=True).save_word2vec_format(…)"
)


class Vectors(NamedTuple):
    """The vectors that a file has for the words of a vocabulary."""

    ids: Tensor  # [found], int64, ascending ids of the words found
    rows: Tensor  # [found, width], as in the file

    def facts(self, vocab: Vocab, training: Iterable[Sequence[int]]) -> dict[str, Any]:
        """Return the coverage of the vocabulary and the training tokens, and a hash of the vectors.

        Args:
            vocab: the vocabulary that the vectors were read for.
            training: the ids of each training review.
        """
        digest = hashlib.blake2b(self.ids.numpy().tobytes(), digest_size=16)
        digest.update(self.rows.numpy().tobytes())
        counts = Counter(chain.from_iterable(training))
        return {
            "width": self.rows.shape[1],
            "words": len(vocab) - len(SPECIALS),
            "words_found": len(self.ids),
            "tokens": counts.total(),
            "tokens_found": sum(counts[id] for id in self.ids.tolist()),
            "fingerprint": digest.hexdigest(),
        }

    @torch.no_grad()
    def fill(self, embedding: nn.Embedding) -> None:
        """Copy the vectors into their rows of `embedding`; the other rows stay random.

        All vectors are scaled by one factor, to the standard deviation of the random rows. Files
        differ tenfold in scale, and the learning rate and the norm of adversarial perturbations are
        chosen for ours. Angles and ratios of lengths are unchanged.

        Args:
            embedding: weight of shape [vocab, width].
        """
        std = self.rows.square().mean().sqrt()  # []
        factor = EMBEDDING_STD / std if std > 0 else 1.0
        embedding.weight[self.ids] = self.rows * factor


def width_of(file: str) -> int:
    """Return the dimension of the vectors in a file.

    Raises:
        DataError, ConfigError: as `read_vectors`.
    """
    _, _, numbers = next(entries(user_path(file)))
    return numbers.count(b" ") + 1


def read_vectors(file: str, vocab: Vocab) -> Vectors:
    """Read the vectors of the words in `vocab`.

    A word gets the vector of the first line that has it with the same case, or else of the first
    that has it with another case: "paris" in a lower-cased vocabulary matches "Paris".

    Args:
        file: path of a file of word vectors.
        vocab: the words to read.

    Raises:
        DataError: the file cannot be read, is binary or truncated, or has no vector for any word; a
            line is not UTF-8 or has the wrong number of values; a vector of the vocabulary has a
            value that is not a finite number. The message names the file and the line.
        ConfigError: the path cannot be used, see `user_path`.
    """
    path = user_path(file)
    words = {word: id for id, word in enumerate(vocab.tokens) if word in vocab}
    folded: dict[str, list[int]] = {}
    for word, id in words.items():
        folded.setdefault(word.lower(), []).append(id)
    same_case: dict[int, array[float]] = {}
    other_case: dict[int, array[float]] = {}
    for number, word, numbers in entries(path):
        if (own := words.get(word)) is not None and own not in same_case:
            same_case[own] = vector(path, number, numbers)
        for id in folded.get(word.lower(), ()):
            if id not in same_case and id not in other_case:
                other_case[id] = vector(path, number, numbers)
    found = other_case | same_case
    if not found:
        raise DataError(
            f"'{path}' has no vector for any of the {len(words):,} words of the vocabulary. Are "
            "they in another language, or not separated by single spaces?"
        )
    ids = sorted(found)
    rows = torch.stack([torch.frombuffer(found[id], dtype=torch.float32) for id in ids])
    return Vectors(torch.tensor(ids), rows)


def entries(path: Path) -> Iterator[tuple[int, str, bytes]]:
    """Yield the line number, the word and the numbers, separated by single spaces, of each vector.

    Raises:
        DataError: the first line is empty, a line has the wrong number of values or is not UTF-8,
            or the file has fewer vectors than its first line gives.
    """
    numbered = lines(path)
    _, first = next(numbered, (1, b""))
    if not first:
        raise DataError(f"'{path}' has an empty first line. Name a file of word vectors.")
    declared = None
    if header := HEADER.fullmatch(first):
        declared, width = int(header[1]), int(header[2])
    else:
        width = numbers_at_end(first)
        numbered = chain([(1, first)], numbered)
    if width == 0:
        refuse(path, 1, "expected a word and its numbers, separated by single spaces", first)
    number = 1
    for number, line in numbered:
        spaces = line.count(b" ")
        word, _, numbers = line.partition(b" ")
        if spaces > width:  # GloVe has words with spaces, such as ". . .".
            if b"  " in line:
                refuse(path, number, "two spaces in a row; values are separated by one", line)
            word = line.rsplit(b" ", width)[0]
            numbers = line[len(word) + 1 :]
        if spaces < width or (spaces > width and is_decimal(word.rsplit(b" ", 1)[-1])):
            found = numbers_at_end(line)
            refuse(path, number, f"{found:,} numbers; each word has {width:,}", line)
        try:
            yield number, word.decode(), numbers
        except UnicodeDecodeError:
            refuse(path, number, "its word is not UTF-8. Save the file as UTF-8")
    if declared is not None and (read := number - 1) < max(1, declared):
        raise DataError(
            f"'{path}' is truncated: its first line declares {declared:,} vectors, and it has "
            f"{read:,}. Download it again, or correct that line."
        )


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file, perhaps compressed, numbered from 1, without their line ends.

    Raises:
        DataError: the file cannot be read, is a zip archive or damaged, or has a line that is too
            long.
    """
    try:
        with path.open("rb") as file:
            start = file.peek(len(ZIP))
            if start.startswith(ZIP):
                raise DataError(f"'{path}' is a zip archive. Unpack it and name the file in it.")
            source = gzip.GzipFile(fileobj=file) if start.startswith(GZIP) else file
            for number in count(1):
                line = source.readline(MAX_LINE_BYTES + 1)
                if not line:
                    return
                if len(line) > MAX_LINE_BYTES:
                    refuse(path, number, f"longer than {MAX_LINE_BYTES >> 20} MiB")
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                yield number, line.rstrip(b" \r\n")  # fastText leaves a space at the end.
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"'{path}' is damaged or truncated ({error}). Download it again."
        ) from error
    except OSError as error:
        raise DataError(f"Could not read '{path}': {error.strerror or error}.") from error


def vector(path: Path, number: int, numbers: bytes) -> "array[float]":
    """Parse the numbers of a vector.

    Raises:
        DataError: a value that is not a finite number in float32.
    """
    fields = numbers.split(b" ")
    try:
        values = array("f", map(float, fields))
    except ValueError:
        values = array("f", [nan])
    if not all(map(isfinite, values)):
        invalid = next(
            field for field in fields if not (is_number(field) and abs(float(field)) <= MAX_VALUE)
        )
        refuse(
            path, number, f"{quoted.repr(invalid.decode(errors='replace'))} is not a finite number"
        )
    return values


def numbers_at_end(line: bytes) -> int:
    """Return how many numbers are at the end of a line, after its word."""
    fields = line.split(b" ")[1:]
    return next(
        (n for n, field in enumerate(reversed(fields)) if not is_number(field)), len(fields)
    )


def is_decimal(field: bytes) -> bool:
    """Return whether `field` is a number with a decimal point, unlike most parts of words."""
    return b"." in field and is_number(field)


def is_number(field: bytes) -> bool:
    """Return whether `field` is a number, infinity and `nan` included."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def refuse(path: Path, number: int, reason: str, line: bytes = b"") -> NoReturn:
    """Raise a `DataError` about a line. Where the line is not text, that is the reason.

    Args:
        path: the file.
        number: the number of the line.
        reason: what is wrong with it.
        line: its content.
    """
    try:
        is_text = b"\0" not in line and line.decode() is not None
    except UnicodeDecodeError:
        is_text = False
    raise DataError(f"'{path}', line {number}: {reason if is_text else NOT_TEXT}.")
