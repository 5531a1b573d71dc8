"""Tokens to ids and back. Built from the training tokens only."""

import os
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

from sentiment.errors import InputError, quoted
from sentiment.runtime.atomic_io import atomic_write

PAD, UNK = SPECIALS = ("<pad>", "<unk>")
PAD_ID, UNK_ID = 0, 1

# How many letters a word has that is looked for among others when it is not known. Shorter ones
# become another word too easily: "gran" is no "gang".
RESPELLED = range(5, 31)


class Vocab:
    """The tokens that a model knows, each with an id: `<pad>` 0, `<unk>` 1, the words from 2 on.

    The specials are no words: where a text spells out `<pad>` it has an unknown word, not padding.
    A long word that is misspelled by a letter is taken for the word it was meant to be: see
    `respelled`.

    Args:
        words: tokens from id 2 on.

    Raises:
        ValueError: a word is there twice, is a special, or cannot stand on a line of a UTF-8 file.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.tokens = [*SPECIALS, *words]
        self._ids = {token: id for id, token in enumerate(self.tokens) if token not in SPECIALS}
        if len(self._ids) != len(self.tokens) - len(SPECIALS):
            repeated = [token for token, count in Counter(self.tokens).items() if count > 1]
            raise ValueError(f"more than once in a vocabulary: {repeated[:5]}")
        for word in self._ids:
            if not _fits_a_line(word):
                raise ValueError(f"{word!r} cannot be a word: no line of a UTF-8 file can hold it")

    @classmethod
    def build(
        cls,
        token_lists: Iterable[Iterable[str]],
        min_freq: int = 2,
        max_size: int | None = None,
    ) -> "Vocab":
        """Count tokens. Ids go by frequency, highest first, then by code points.

        Args:
            token_lists: the tokens of each training text.
            min_freq: how often a token must occur; at least 1.
            max_size: most entries, the two specials included; at least 2. None: no limit.
        """
        if min_freq < 1:
            raise ValueError(f"min_freq must be 1 or more, not {min_freq}")
        if max_size is not None and max_size < len(SPECIALS):
            raise ValueError(f"max_size must be {len(SPECIALS)} or more, not {max_size}")
        counts = Counter(chain.from_iterable(token_lists))
        words = [word for word, n in counts.items() if n >= min_freq and word not in SPECIALS]
        words.sort(key=lambda word: (-counts[word], word))
        return cls(words if max_size is None else words[: max_size - len(SPECIALS)])

    def extended(self, token_lists: Iterable[Iterable[str]], min_freq: int) -> "Vocab":
        """These tokens, with the same ids, and behind them the unknown ones that are so frequent.

        Arguments as of `build`. All that is unknown counts, misspelled words too.
        """
        unknown = (token for tokens in token_lists for token in tokens if token not in self._ids)
        new = Vocab.build([unknown], min_freq)
        return Vocab(self.tokens[len(SPECIALS) :] + new.tokens[len(SPECIALS) :])

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return one id per token: its own, that of the word it misspells, or `UNK_ID`."""
        ids = self._ids
        return [ids[token] if token in ids else self.respelled(token) for token in tokens]

    def respelled(self, token: str) -> int:
        """The id of the most frequent word that `token` misspells, or `UNK_ID`.

        It does where both are the same after each has lost at most one letter, the first excepted:
        "borring", "bornig" and "boting" are "boring". (SymSpell, Garbe 2012, finds them so.)
        """
        if not _is_long(token):
            return UNK_ID
        return min(
            (self._near[near] for near in _near(token) if near in self._near), default=UNK_ID
        )

    @cached_property
    def _near(self) -> dict[str, int]:
        """The id of the most frequent long word for each way to spell one with a letter less."""
        words = reversed(self._ids.items())  # The most frequent one last: it stays.
        return {near: id for word, id in words if _is_long(word) for near in _near(word)}

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Return one token per id. Raises IndexError for an id that no token has."""
        ids = list(ids)
        if ids and min(ids) < 0:
            raise IndexError(f"ids start at 0: {min(ids)}")
        return [self.tokens[id] for id in ids]

    def __len__(self) -> int:
        """The number of ids, those of the specials included."""
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        """Whether `token` has an id of its own."""
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocab) and self.tokens == other.tokens

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocab of {len(self)} tokens>"

    def facts(self) -> dict[str, Any]:
        """Its size, and a hash that changes with any token or its id."""
        digest = blake2b("\n".join(self.tokens).encode(), digest_size=16)
        return {"tokens": len(self), "fingerprint": digest.hexdigest()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one token a line, in order of id, as UTF-8. All of the file appears, or nothing.

        Raises:
            InputError: the disk is full, or the place cannot be written to.
        """
        with atomic_write(Path(path)) as file:
            file.write("".join(f"{token}\n" for token in self.tokens).encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Vocab":
        """Read what `save` wrote.

        Raises:
            InputError: there is no such file, or it is not a vocabulary; names the line.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise InputError(f"cannot read the vocabulary {path}: {error.strerror}") from error
        return cls(_words(content, f"{path} is not a vocabulary"))


def _is_long(word: str) -> bool:
    return len(word) in RESPELLED and word.isalpha()


def _near(word: str) -> list[str]:
    """`word`, and what is left of it without one of its letters but the first."""
    return [word, *(word[:place] + word[place + 1 :] for place in range(1, len(word)))]


def _fits_a_line(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return bool(word) and "\n" not in word and "\r" not in word


def _words(content: bytes, complaint: str) -> list[str]:
    """The words in a vocabulary file. Raises InputError, starting with `complaint`."""
    remedy = "Restore the file, or train again."
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{complaint}: line {line} is not UTF-8. {remedy}") from error
    # Not splitlines, which also splits at characters that a token may hold.
    *lines, rest = text.split("\n")
    if rest:
        raise InputError(f"{complaint}: line {len(lines) + 1}, the last, is cut short. {remedy}")
    first_at: dict[str, int] = {}
    for number, token in enumerate(lines, 1):
        if not _fits_a_line(token):
            raise InputError(
                f"{complaint}: no token in line {number}: {quoted.repr(token)}. {remedy}"
            )
        if token in first_at:
            raise InputError(
                f"{complaint}: line {number} repeats {quoted.repr(token)} of line "
                f"{first_at[token]}. {remedy}"
            )
        first_at[token] = number
    if tuple(lines[:2]) != SPECIALS:
        raise InputError(
            f"{complaint}: its first two lines are {quoted.repr(lines[:2])}, not {list(SPECIALS)}. "
            f"{remedy}"
        )
    return lines[2:]
