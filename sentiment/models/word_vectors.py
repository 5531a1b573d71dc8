"""A file of word vectors and a vocabulary in, the rows of an embedding out.

    the 0.418 0.24968 -0.41242          GloVe: a word a line, and its numbers
    400000 300                          word2vec and fastText, as text: first how many, how wide
    the 0.418 0.24968 -0.41242

Either may be compressed with gzip. Lines are read one at a time, and of them only the vectors of
words in the vocabulary are kept: a file of 6 GB takes the memory of those. What its first line
claims takes none.
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

from sentiment.errors import InputError, quoted
from sentiment.models.lstm import EMBEDDING_STD
from sentiment.text.vocab import SPECIALS, Vocab

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
HEADER = re.compile(rb"(\d{1,18}) (\d{1,18})")
MAX_LINE = 2**20  # Bytes. 300 numbers have some 4 kB.
MAX_NUMBER = torch.finfo(torch.float32).max
BINARY = (
    "it is not text. Save vectors as text, a word and its numbers a line; what is binary gensim "
    "turns into that: KeyedVectors.load_word2vec_format(…, binary=True).save_word2vec_format(…)"
)


class Vectors(NamedTuple):
    """The vectors that a file has for a vocabulary."""

    ids: Tensor  # [found], int64: of the words found, ascending.
    rows: Tensor  # [found, width], as they stand in the file.

    def facts(self, vocab: Vocab, training: Iterable[Sequence[int]]) -> dict[str, Any]:
        """How much of a vocabulary and of the ids of `training` they cover, and their hash."""
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
        """Put them into their rows of `embedding` [vocab, width]; the others stay at random.

        All are multiplied by the one factor that gives them the deviation of those others. Files
        differ tenfold in it, and the learning rate and the length of an adversarial step, which is
        one of a word vector, are right for ours. What tells words apart, angles and the proportion
        of lengths, stays.
        """
        deviation = self.rows.square().mean().sqrt()
        factor = EMBEDDING_STD / deviation if deviation > 0 else 1.0
        embedding.weight[self.ids] = self.rows * factor


def width_of(file: str) -> int:
    """The numbers of a vector in `file`. Raises `InputError` as `read_vectors` does."""
    _, _, numbers = next(entries(Path(file).expanduser()))
    return numbers.count(b" ") + 1


def read_vectors(file: str, vocab: Vocab) -> Vectors:
    """The vectors in `file` of words in `vocab`.

    A word has the vector of the first line that spells it as it is, or else of the first that does
    in other case: of a lower-cased vocabulary "paris" finds "Paris".

    Raises:
        InputError: it cannot be read, is binary, is cut short, has no vector for any word, or a
            line that is not UTF-8 or has too few numbers or too many; or a vector that is taken has
            something that is no finite number. Names file and line.
    """
    path = Path(file).expanduser()
    words = {word: id for id, word in enumerate(vocab.tokens) if word in vocab}
    folded: dict[str, list[int]] = {}
    for word, id in words.items():
        folded.setdefault(word.lower(), []).append(id)
    same: dict[int, array[float]] = {}
    other_case: dict[int, array[float]] = {}
    for number, word, numbers in entries(path):
        if (own := words.get(word)) is not None and own not in same:
            same[own] = vector(path, number, numbers)
        for id in folded.get(word.lower(), ()):
            if id not in same and id not in other_case:
                other_case[id] = vector(path, number, numbers)
    found = other_case | same
    if not found:
        raise InputError(
            f"'{path}' has no vector for any of the {len(words):,} words of the vocabulary. Are "
            "they of another language, or not separated by single spaces?"
        )
    ids = sorted(found)
    rows = torch.stack([torch.frombuffer(found[id], dtype=torch.float32) for id in ids])
    return Vectors(torch.tensor(ids), rows)


def entries(path: Path) -> Iterator[tuple[int, str, bytes]]:
    """Of each vector the number of its line, its word, and its numbers between single spaces."""
    numbered = lines(path)
    _, first = next(numbered, (1, b""))
    if not first:
        raise InputError(f"'{path}' has nothing in its first line. Name a file of word vectors.")
    promised = None
    if header := HEADER.fullmatch(first):
        promised, width = int(header[1]), int(header[2])
    else:
        width = numbers_at_end(first)
        numbered = chain([(1, first)], numbered)
    if width == 0:
        refuse(path, 1, "a word and its numbers are wanted, between single spaces", first)
    number = 1
    for number, line in numbered:
        spaces = line.count(b" ")
        word, _, numbers = line.partition(b" ")
        if spaces > width:  # GloVe has words with spaces: ". . ."
            if b"  " in line:
                refuse(path, number, "two spaces in a row, where one separates", line)
            word = line.rsplit(b" ", width)[0]
            numbers = line[len(word) + 1 :]
        if spaces < width or (spaces > width and is_decimal(word.rsplit(b" ", 1)[-1])):
            there = numbers_at_end(line)
            refuse(path, number, f"{there:,} numbers, where each word has {width:,}", line)
        try:
            yield number, word.decode(), numbers
        except UnicodeDecodeError:
            refuse(path, number, "its word is not UTF-8. Save the file as UTF-8")
    if promised is not None and (read := number - 1) < max(1, promised):
        raise InputError(
            f"'{path}' is cut short: its first line promises {promised:,} vectors, and it has "
            f"{read:,}. Get it again, or correct that line."
        )


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that may be compressed, numbered from 1, without what ends them."""
    try:
        with path.open("rb") as file:
            start = file.peek(len(ZIP))
            if start.startswith(ZIP):
                raise InputError(f"'{path}' is a zip archive. Unpack it, and name the file in it.")
            source = gzip.GzipFile(fileobj=file) if start.startswith(GZIP) else file
            for number in count(1):
                line = source.readline(MAX_LINE + 1)
                if not line:
                    return
                if len(line) > MAX_LINE:
                    refuse(path, number, f"longer than {MAX_LINE >> 20} MiB, as no vector is")
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                yield number, line.rstrip(b" \r\n")  # fastText leaves a space at the end.
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"'{path}' is damaged or cut short ({error}). Get it again.") from error
    except OSError as error:
        raise InputError(f"Could not read '{path}': {error.strerror or error}.") from error


def vector(path: Path, number: int, numbers: bytes) -> "array[float]":
    """The vector that stands on the line `number`."""
    fields = numbers.split(b" ")
    try:
        values = array("f", map(float, fields))
    except ValueError:
        values = array("f", [nan])
    if not all(map(isfinite, values)):
        wrong = next(
            field for field in fields if not (is_number(field) and abs(float(field)) <= MAX_NUMBER)
        )
        refuse(path, number, f"{quoted.repr(wrong.decode(errors='replace'))} is no finite number")
    return values


def numbers_at_end(line: bytes) -> int:
    """How many numbers there are at the end of a line, behind its word."""
    fields = line.split(b" ")[1:]
    return next(
        (n for n, field in enumerate(reversed(fields)) if not is_number(field)), len(fields)
    )


def is_decimal(field: bytes) -> bool:
    """Whether it is a number with a point, which a part of a word hardly is."""
    return b"." in field and is_number(field)


def is_number(field: bytes) -> bool:
    """Whether it is a number of any size, or the lack of one: `nan`."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def refuse(path: Path, number: int, reason: str, line: bytes = b"") -> NoReturn:
    """Raise `InputError` about a line; where that is not text at all, this is the reason."""
    try:
        is_text = b"\0" not in line and line.decode() is not None
    except UnicodeDecodeError:
        is_text = False
    raise InputError(f"'{path}', line {number}: {reason if is_text else BINARY}.")
