"""Text to tokens: spaCy's rule-based tokenizer with a cache.

spaCy first splits each chunk between spaces on its own, so that the tokens of a chunk can be
cached. Then it searches the tokens of the whole text for special cases (`:))`, `EE. UU.`), which
may extend over a space: `:) )` becomes `: ) )`. Such a match needs a token at the end of one chunk
and a token at the start of the next that are neighbors in some special case. `_linking_spaces`
matches each space whose two neighboring characters allow that, and the chunks around it are
tokenized, and cached, as one. No match extends over more than one space, because spaCy makes a
token of any further whitespace and no special case contains such a token. Where one does, and in
languages with a tokenizer of another kind (Chinese, Japanese, Korean, Thai, Vietnamese), spaCy
tokenizes each text as a whole, without a cache.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, pairwise
from typing import Any

import spacy
import spacy.tokenizer

from sentiment.text.languages import blank, lowercase_function

# spaCy's time is quadratic in the length of a chunk: 26 s for 16,000 exclamation marks. The longest
# chunk of the 100,000 IMDB reviews has 91 characters.
MAX_CHUNK_LENGTH = 128

# Limit for texts that spaCy tokenizes as a whole. Sudachi accepts 49,149 bytes of input and 65,535
# of its normalized form, which has 33 for the one character ﷺ.
MAX_PIECE_LENGTH = 1024

# At most 10 MB, so that memory is bounded for any input (benchmarks/service.py). One in ten
# thousand distinct chunks is longer than MAX_CACHED_LENGTH.
CACHE_SIZE = 2**16  # Chunks.
MAX_CACHED_LENGTH = 64  # Characters.

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
        self._linking_space = _linking_spaces(self._nlp.tokenizer)
        # Chunk to its tokens, joined: a string takes half the memory of a tuple of strings. When
        # `_cache` is half full it replaces `_old_cache`, whose unused chunks are thereby dropped.
        self._cache: dict[str, str] = {}
        self._old_cache: dict[str, str] = {}
        self._cache_size = CACHE_SIZE
        self._lock = threading.Lock()

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
        try:
            joined = SEPARATOR.join(map(self._cache.__getitem__, chunks))
        except KeyError:
            if max(map(len, chunks)) > MAX_CHUNK_LENGTH:
                text = LONG_CHUNK.sub(rf"\g<0>{BREAK}", text)
                chunks = self._linking_space.sub(SEPARATOR, text).split()
            joined = SEPARATOR.join(map(self._lookup(chunks).__getitem__, chunks))
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
            offsets.append((start, end))
        return offsets

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text."""
        return map(self.tokenize, texts)

    @contextmanager
    def enlarged_cache(self, size: int) -> Iterator[None]:
        """Cache up to `size` chunks within a `with` block; new chunks drop the excess after it."""
        previous, self._cache_size = self._cache_size, size
        try:
            yield
        finally:
            self._cache_size = previous

    def _lookup(self, chunks: list[str]) -> dict[str, str]:
        """Return the joined tokens of each chunk, and add those that are new to the cache."""
        cache, old = self._cache, self._old_cache
        known = {c: joined for c in chunks if (joined := cache.get(c) or old.get(c))}
        new = [chunk for chunk in dict.fromkeys(chunks) if chunk not in known]
        token_lists = self._spacy_tokens(chunk.replace(SEPARATOR, " ") for chunk in new)
        for chunk, tokens in zip(new, token_lists, strict=True):
            joined = SEPARATOR.join(tokens)
            # Most chunks are their own single token: one string for both saves memory.
            known[chunk] = chunk if joined == chunk else joined
        for chunk, joined in known.items():
            if len(chunk) <= MAX_CACHED_LENGTH and chunk not in self._cache:
                if len(self._cache) >= self._cache_size // 2:
                    self._cache, self._old_cache = {}, self._cache
                self._cache[chunk] = joined
        return known

    def _spacy_tokens(self, texts: Iterable[str]) -> list[list[str]]:
        """Return spaCy's own tokens of each text, without whitespace tokens."""
        # Outside of a memory zone spaCy keeps every word it has seen. Zones must not overlap.
        with self._lock:
            if len(self._nlp.vocab) > MAX_SPACY_WORDS:
                self._nlp = blank(self.language)
            with self._nlp.memory_zone():
                return [
                    [self._normalize(word) for token in doc if not (word := token.text).isspace()]
                    for doc in map(self._nlp.tokenizer, texts)
                ]


def _linking_spaces(tokenizer: Any) -> re.Pattern[str] | None:
    """Return a pattern of the spaces that a special case may extend over.

    It may match too often but never too seldom: of two neighboring tokens of a special case it
    compares the last character of the first and the first character of the second only.

    Returns:
        The pattern, or None if a special case may extend over any whitespace or if the tokenizer is
        not rule-based.
    """
    if type(tokenizer) is not spacy.tokenizer.Tokenizer:
        return None
    # spaCy searches for a special case as the tokens it would have without special cases.
    without_rules = spacy.tokenizer.Tokenizer(
        tokenizer.vocab,
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
    )
    pairs: set[tuple[str, str]] = set()
    for rule in tokenizer.rules:
        if clean(rule) == rule:  # Otherwise no cleaned text contains it.
            tokens = [token.text for token in without_rules(rule)]
            pairs.update((left[-1], right[0]) for left, right in pairwise(tokens))
    if any(character.isspace() for pair in pairs for character in pair):
        return None
    # The first lookahead is for speed: it has two alternatives, not fifty, and few spaces pass it.
    coarse = _alternatives(pairs, lambda pair: pair[1].isalnum())
    return re.compile(f" (?={coarse})(?={_alternatives(pairs, lambda pair: pair[1])})")


def _alternatives(pairs: set[tuple[str, str]], key: Callable[[tuple[str, str]], object]) -> str:
    """Return a pattern of a right character whose space follows a left one of the same group.

    Args:
        pairs: `(left, right)` characters.
        key: the group of a pair; within a group any left may precede any right character.
    """
    groups = defaultdict(list)
    for pair in sorted(pairs):
        groups[key(pair)].append(pair)
    patterns = []
    for group in groups.values():
        lefts, rights = ("".join(map(re.escape, side)) for side in zip(*group, strict=True))
        patterns.append(f"[{rights}](?<=[{lefts}] .)")
    return "|".join(patterns) or "(?!)"
