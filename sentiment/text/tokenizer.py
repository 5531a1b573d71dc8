"""Text to tokens: spaCy's rule-based tokenizer with a cache.

Tokens are cached for each chunk, the text between two spaces: spaCy tokenizes chunks one by one. A
few special cases contain a space (`EE. UU.`, or `:) )`, which becomes `: ) )`). Chunks that could
form one of them are linked: they are tokenized, and cached, as one (`special_cases.py`).

A language whose special cases may contain any whitespace, or whose tokenizer is of another kind
(Chinese, Japanese, Korean, Thai, Vietnamese), has no cache: spaCy tokenizes whole texts.
"""

import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from sentiment.text.languages import blank, lowercase_function
from sentiment.text.special_cases import linking_spaces

# spaCy's time is quadratic in the length of a chunk: 26 s for 16,000 exclamation marks. The longest
# chunk of the 100,000 IMDB reviews has 91 characters.
MAX_CHUNK_LENGTH = 128

# Limit for texts that spaCy tokenizes as a whole. Sudachi accepts 49,149 bytes of input and 65,535
# of its normalized form, which has 33 for the one character ﷺ.
MAX_PIECE_LENGTH = 1024

# Memory is bounded for any input (benchmarks/tokenizer.py). 366,000 chunks of reviews fit; the
# 50,000 labelled IMDB reviews have 434,000.
CACHE_BYTES = 64_000_000
ITEM_BYTES = 64  # Of a chunk in a dict that has just grown, without its strings.

# spaCy keeps an empty slot of 32 bytes for each word that it has released. Beyond this number of
# words it is loaded again, which takes a fraction of a second.
MAX_SPACY_WORDS = 2**17

# Two spaces, because no special case extends over the token that spaCy makes of the second.
BREAK = "  "
# Joins linked chunks, and the tokens of a cached chunk. It is in no cleaned text and no whitespace.
SEPARATOR = "\0"

LINE_BREAK = re.compile(r"<[bB][rR]\s*/?>")
LONG_CHUNK = re.compile(rf"\S{{{MAX_CHUNK_LENGTH}}}(?=\S)")
# Ends with the text, or after the last sentence or space within the limit, or at the limit.
PIECE = re.compile(
    rf"(?s:.{{1,{MAX_PIECE_LENGTH}}}(?:\Z|(?<=[\s。！？；…!?]))|.{{{MAX_PIECE_LENGTH}}})"
)
CONTROL = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")
SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")
UNREADABLE = CONTROL | SURROGATES


def clean(text: str) -> str:
    """Return `text` as the tokenizer reads it.

    `<br />`, in any spelling, becomes two spaces; a control character (U+0000 to U+001F, U+007F to
    U+009F) one space; a lone surrogate, which UTF-8 cannot encode, U+FFFD. All else is unchanged.
    """
    if not text.isprintable():
        text = text.translate(UNREADABLE)
    return LINE_BREAK.sub(BREAK, text) if "<" in text else text


def is_clean(text: str) -> bool:
    """Return whether `clean` leaves `text` as it is."""
    return clean(text) == text


class Tokenizer:
    """spaCy's tokenizer of a language with a cache, and lower-casing.

    For any text, the tokens are those of `spacy.blank(language).tokenizer(clean(text))`, without
    whitespace tokens, lower-cased one by one. The only difference: chunks of more than
    `MAX_CHUNK_LENGTH` characters without whitespace are cut at that length first, so that time is
    linear in the length of a text. In languages without a rule-based tokenizer, texts of more than
    `MAX_PIECE_LENGTH` characters are cut instead, after a sentence or a space if possible.

    Threads may share a tokenizer. It is pickled and hashed by its settings, without its cache.

    Args:
        language: a name in `languages.LANGUAGES`, such as "en", "zh" or "zh-jieba". No model is
            downloaded.
        lowercase: whether to lower-case the tokens.

    Raises:
        ConfigError: spaCy has no such language.
        DependencyError: the language needs a package that is not installed.
    """

    def __init__(self, language: str = "en", lowercase: bool = True) -> None:
        self.language = language
        self.lowercase = lowercase
        self._normalize = lowercase_function(language) if lowercase else str
        self._nlp = blank(language)
        # None: there is no cache, and spaCy tokenizes whole texts.
        self._linking_space = linking_spaces(self._nlp.tokenizer, is_possible=is_clean)
        # Chunk to its tokens, joined: a string takes half the memory of a tuple of strings. When
        # `_cache` has half of CACHE_BYTES it replaces `_old_cache`, whose unused chunks are thereby
        # dropped.
        self._cache: dict[str, str] = {}
        self._old_cache: dict[str, str] = {}
        self._cache_bytes = 0  # Of `_cache`.
        # One for each process: a lock that a thread holds during a fork is never released in the
        # child, because the child does not have that thread.
        self._locks: dict[int, threading.Lock] = {}

    def __repr__(self) -> str:
        return f"Tokenizer(language={self.language!r}, lowercase={self.lowercase!r})"

    def __reduce__(self) -> tuple[Callable[..., "Tokenizer"], tuple[str, bool]]:
        return Tokenizer, (self.language, self.lowercase)

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens of `text`, in order. None is empty or has a control character."""
        text = clean(text)
        if self._linking_space is None:
            return list(chain.from_iterable(self._spacy_tokens(PIECE.findall(text))))
        chunks = self._linking_space.sub(SEPARATOR, text).split()
        cache = self._cache  # Another thread may replace it, but removes no chunk from it.
        try:
            joined = SEPARATOR.join(map(cache.__getitem__, chunks))
        except KeyError:
            # Chunks are cached as they are cut, so a longer one always comes here.
            if max(map(len, chunks)) > MAX_CHUNK_LENGTH:
                text = LONG_CHUNK.sub(rf"\g<0>{BREAK}", text)
                chunks = self._linking_space.sub(SEPARATOR, text).split()
            self._add(cache, set(chunks).difference(cache))
            joined = SEPARATOR.join(map(cache.__getitem__, chunks))
        return joined.split(SEPARATOR) if joined else []

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return `(start, end)` of each token of `text`, in characters of the original text.

        `clean(text[start:end])`, lower-cased if the tokenizer does so, is the token.
        """
        # Of the same length as the text, unlike `clean(text)`, so that positions are the same.
        readable = LINE_BREAK.sub(lambda tag: " " * len(tag[0]), text.translate(UNREADABLE))
        # Lower-casing turns İ into two characters and never shortens. Whitespace within a token has
        # no width, because a line break tag has another length in the cleaned text.
        width = [0 if c.isspace() else len(self._normalize(c)) for c in readable]
        offsets = []
        end = 0
        for token in self.tokenize(text):
            start = end
            while not width[start]:
                start += 1
            end, missing = start, len("".join(token.split()))
            while missing > 0:
                missing -= width[end]
                end += 1
            end += len(token) - len(token.rstrip())  # Sudachi: ":" and a line separator are one.
            offsets.append((start, end))
        return offsets

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text."""
        return map(self.tokenize, texts)

    def _add(self, cache: dict[str, str], chunks: set[str]) -> None:
        """Add chunks to `cache`, with their tokens from the old cache or from spaCy.

        Threads change the cache without the lock: at worst, cached chunks are lost.
        """
        items = {c: joined for c in chunks if (joined := self._old_cache.get(c))}
        new = [chunk for chunk in chunks if chunk not in items]
        # To open a memory zone of spaCy takes as long as to look up 50 chunks.
        texts = (chunk.replace(SEPARATOR, " ") for chunk in new)
        token_lists = self._spacy_tokens(texts) if new else []
        for chunk, tokens in zip(new, token_lists, strict=True):
            joined = SEPARATOR.join(tokens)
            # Most chunks are their own single token: one string for both saves memory.
            items[chunk] = chunk if joined == chunk else joined
        cache.update(items)
        self._cache_bytes += sum(map(item_bytes, items, items.values()))
        if self._cache_bytes > CACHE_BYTES // 2:
            # A single text can have more chunks than fit.
            self._old_cache = cache if self._cache_bytes <= CACHE_BYTES else {}
            self._cache, self._cache_bytes = {}, 0

    def _spacy_tokens(self, texts: Iterable[str]) -> list[list[str]]:
        """Return spaCy's own tokens of each text, without whitespace tokens."""
        # Outside of a memory zone spaCy keeps every word it has seen. Zones must not overlap.
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            # By a thread of the parent process. Missing in spaCy's type hints.
            left_open = self._nlp.vocab.in_memory_zone  # type: ignore[attr-defined]
            if left_open or len(self._nlp.vocab) > MAX_SPACY_WORDS:
                self._nlp = blank(self.language)
            with self._nlp.memory_zone():
                return [
                    [self._normalize(word) for token in doc if not (word := token.text).isspace()]
                    for doc in map(self._nlp.tokenizer, texts)
                ]


def item_bytes(chunk: str, joined: str) -> int:
    """Return the memory that a chunk and its joined tokens take in a cache."""
    size = sys.getsizeof(chunk) + ITEM_BYTES
    return size if joined is chunk else size + sys.getsizeof(joined)
