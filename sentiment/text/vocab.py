"""Vocabulary: tokens to ids and back, counted on the training texts only."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

from sentiment.errors import ModelError, quoted
from sentiment.runtime.atomic_io import atomic_write

PAD, UNK = SPECIALS = ("<pad>", "<unk>")
PAD_ID, UNK_ID = 0, 1

# Lengths of words whose spelling is corrected. Shorter ones turn into other words too easily:
# "gran" is not "gang".
CORRECTED_LENGTHS = range(5, 31)


class InvalidTokenError(ValueError):
    """A token that cannot be in a vocabulary; `id` is the id that it would have."""

    def __init__(self, id: int, reason: str) -> None:
        super().__init__(reason)
        self.id = id


class Vocab:
    """The tokens of a model, each with an id: `<pad>` 0, `<unk>` 1, the words from 2 on.

    A text cannot contain the two special tokens: where it spells out `<pad>`, it has an unknown
    word. An unknown long word that differs from a known one by a letter gets its id: see
    `corrected`.

    Args:
        words: the tokens from id 2 on.

    Raises:
        InvalidTokenError: a word that is repeated, special, or cannot be a line of a UTF-8 file.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.tokens = [*SPECIALS, *words]
        self._ids: dict[str, int] = {}
        for id, word in enumerate(self.tokens[len(SPECIALS) :], len(SPECIALS)):
            if not _fits_a_line(word):
                raise InvalidTokenError(id, f"{quoted.repr(word)} cannot be a line of a UTF-8 file")
            if word in SPECIALS or word in self._ids:
                first = self.tokens.index(word)
                raise InvalidTokenError(id, f"{quoted.repr(word)} repeats the token of id {first}")
            self._ids[word] = id

    @classmethod
    def build(
        cls,
        token_lists: Iterable[Iterable[str]],
        min_freq: int = 2,
        max_size: int | None = None,
    ) -> "Vocab":
        """Build the vocabulary of the most frequent tokens.

        Ids are in order of frequency, highest first, then of code points.

        Args:
            token_lists: the tokens of each training text.
            min_freq: minimum number of occurrences of a token; at least 1.
            max_size: maximum number of entries, the two special tokens included; at least 2. None:
                no limit.
        """
        if min_freq < 1:
            raise ValueError(f"min_freq must be at least 1, not {min_freq}")
        if max_size is not None and max_size < len(SPECIALS):
            raise ValueError(f"max_size must be at least {len(SPECIALS)}, not {max_size}")
        return cls.of_counts(Counter(chain.from_iterable(token_lists)), min_freq, max_size)

    @classmethod
    def of_counts(
        cls, counts: Mapping[str, int], min_freq: int, max_size: int | None = None
    ) -> "Vocab":
        """Build the vocabulary of the most frequent tokens, as `build`, from their counts."""
        words = [word for word, n in counts.items() if n >= min_freq and word not in SPECIALS]
        words.sort(key=lambda word: (-counts[word], word))
        return cls(words if max_size is None else words[: max_size - len(SPECIALS)])

    def extended(self, counts: Mapping[str, int], min_freq: int) -> "Vocab":
        """Return a vocabulary with the same ids, followed by the frequent unknown tokens.

        Args:
            counts: occurrences of each token in the training texts; a misspelled word is unknown.
            min_freq: minimum number of occurrences of a new token.
        """
        unknown = {token: count for token, count in counts.items() if token not in self._ids}
        new = Vocab.of_counts(unknown, min_freq)
        return Vocab(self.tokens[len(SPECIALS) :] + new.tokens[len(SPECIALS) :])

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return one id per token: its own, that of the word it misspells, or `UNK_ID`."""
        ids = self._ids
        return [ids[token] if token in ids else self.corrected(token) for token in tokens]

    def corrected(self, token: str) -> int:
        """Return the lowest id of the words that `token` misspells, or `UNK_ID`.

        Delete at most one letter, never the first, from each of two words: they match if the
        results are equal. "borring", "bornig" and "boting" match "boring". The index of deletions
        is that of SymSpell (Garbe 2012).
        """
        if not _is_correctable(token):
            return UNK_ID
        index = self._deletion_index
        return min((index[form] for form in _deletions(token) if form in index), default=UNK_ID)

    @cached_property
    def _deletion_index(self) -> dict[str, int]:
        """The lowest id of a long word for each form with at most one letter less."""
        words = reversed(self._ids.items())  # The word with the lowest id comes last and is kept.
        return {
            form: id for word, id in words if _is_correctable(word) for form in _deletions(word)
        }

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Return one token per id.

        Raises:
            IndexError: an id that is negative or not in the vocabulary.
        """
        ids = list(ids)
        if ids and min(ids) < 0:
            raise IndexError(f"ids start at 0: {min(ids)}")
        return [self.tokens[id] for id in ids]

    def __len__(self) -> int:
        """Return the number of ids, the special tokens included."""
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        """Return whether `token` is a word with its own id."""
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocab) and self.tokens == other.tokens

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocab of {len(self)} tokens>"

    def facts(self) -> dict[str, Any]:
        """Return the size and a hash of all tokens in order."""
        digest = blake2b("\n".join(self.tokens).encode(), digest_size=16)
        return {"tokens": len(self), "fingerprint": digest.hexdigest()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one token per line, in order of ids, as UTF-8. The file is written atomically.

        Raises:
            StorageError: the disk is full or the path is not writable.
        """
        with atomic_write(Path(path)) as file:
            file.write("".join(f"{token}\n" for token in self.tokens).encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Vocab":
        """Read a vocabulary that `save` wrote.

        Raises:
            ModelError: the file is missing or damaged; the message names the line.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise ModelError(f"cannot read the vocabulary {path}: {error.strerror}") from error

        def damaged(reason: str) -> ModelError:
            return ModelError(
                f"{path} is not a vocabulary: {reason}. Restore the file or train again."
            )

        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise damaged(f"line {line} is not UTF-8") from error
        # Not splitlines, which also splits at characters that a token may contain.
        *lines, rest = text.split("\n")
        if rest:
            raise damaged(f"line {len(lines) + 1}, the last, is truncated")
        if tuple(lines[: len(SPECIALS)]) != SPECIALS:
            first = quoted.repr(lines[: len(SPECIALS)])
            raise damaged(f"lines 1 and 2 are {first}, not {list(SPECIALS)}")
        try:
            return cls(lines[len(SPECIALS) :])
        except InvalidTokenError as error:
            raise damaged(f"line {error.id + 1}: {error}") from error


def _is_correctable(word: str) -> bool:
    return len(word) in CORRECTED_LENGTHS and word.isalpha()


def _deletions(word: str) -> list[str]:
    """Return `word` and each form without one of its letters, the first letter excepted."""
    return [word, *(word[:place] + word[place + 1 :] for place in range(1, len(word)))]


def _fits_a_line(word: str) -> bool:
    """Return whether `word` can be one line of a UTF-8 file."""
    if not word or "\n" in word or "\r" in word:
        return False
    try:
        word.encode()
    except UnicodeEncodeError:  # A lone surrogate.
        return False
    return True
