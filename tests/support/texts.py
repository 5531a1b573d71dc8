"""Random texts, spaCy's own tokens, and what must hold for the tokens of any text."""

from collections.abc import Callable
from functools import cache
from itertools import chain
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.errors import DependencyError
from sentiment.text.tokenizer import MAX_CHUNK_LENGTH, Tokenizer, clean

SPACES = ["", "", "", " ", " ", " ", "  ", "\n", " \n", "\t", "\x0b", "\x85", "\u00a0", "\u3000"]
SPACES += ["<br />", "\0", "\ud800"]

tokenizer_of = cache(Tokenizer)


def tokenizer_or_skip(language: str, lowercase: bool = True) -> Tokenizer:
    try:
        return tokenizer_of(language, lowercase)
    except DependencyError as error:
        pytest.skip(str(error))


@cache
def spacy_of(language: str) -> Any:
    code, _, segmenter = language.partition("-")
    config = {"nlp": {"tokenizer": {"segmenter": segmenter}}} if segmenter else {}
    return spacy.blank(code, config=config).tokenizer


def spacy_tokens(text: str, language: str = "en") -> list[str]:
    tokens = [token.text for token in spacy_of(language)(clean(text))]
    return [lower(token, language) for token in tokens if not token.isspace()]


def lower(token: str, language: str) -> str:
    return (token.replace("İ", "i").replace("I", "ı") if language == "tr" else token).lower()


def longest_chunk(text: str) -> int:
    return max(map(len, clean(text).split()), default=0)


@cache
def pieces(language: str) -> list[str]:
    """Return special cases, parts of them, and other strings that split a chunk."""
    tokenizer = spacy_of(language)
    rules = [rule for rule in getattr(tokenizer, "rules", {}) if not set(rule) & set("\n\t")]
    rules = rules[:: len(rules) // 500 + 1] + [rule for rule in rules if " " in rule]
    parts = [part for rule in rules for part in (rule, rule[:1], rule[1:], rule[:-1], rule[-1:])]
    words = ["film", "Film", "U.S", "10", "3.5km", "http://a.b/c?d=e", "x@y.z", "Σας", "İ", "电影"]
    return [*filter(None, parts), *words, *"!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~…—–«»„”’°€😀"]


def joined_pieces(language: str) -> st.SearchStrategy[str]:
    # Few pieces per text, so that several of them belong to one special case.
    few = st.lists(st.sampled_from(pieces(language)), min_size=1, max_size=5)
    return few.flatmap(
        lambda some: st.lists(
            st.tuples(st.sampled_from(some), st.sampled_from(SPACES)).map("".join), max_size=12
        )
    ).map("".join)


def broken_special_cases(language: str) -> st.SearchStrategy[str]:
    # After a word, because spaCy never splits a special case that is a whole chunk.
    rules = [rule for rule in pieces(language) if len(rule) > 1]
    halves = st.sampled_from(rules).flatmap(
        lambda rule: st.integers(1, len(rule) - 1).map(lambda at: f"{rule[:at]} {rule[at:]}")
    )
    parts = st.tuples(st.sampled_from(["", "a", "shape", "3"]), halves, st.sampled_from(SPACES))
    return st.lists(parts.map("".join), min_size=1, max_size=4).map("".join)


def texts_of(language: str) -> st.SearchStrategy[str]:
    return st.one_of(
        joined_pieces(language),
        broken_special_cases(language),
        st.text(alphabet=list(":;)(-=.<'o3D \n")),
        st.text(),
    )


# With invisible separators, joiners, marks, direction controls and decomposed characters.
odd = st.sampled_from(
    [*SPACES, *"\u200b\u200d\u200e\u200f\u202e\u2066\u2060\ufeff\u00ad\u0301\ufe0f\u2028", "<br"]
)
any_text = st.one_of(
    st.text(st.characters()),  # Of any category, with lone surrogates.
    st.lists(odd | st.text() | st.sampled_from(pieces("en"))).map("".join),
    # Chunks shorter and longer than the limit.
    st.tuples(st.text(min_size=1, max_size=9), st.integers(0, 2 * MAX_CHUNK_LENGTH), st.text()).map(
        lambda parts: parts[0] * parts[1] + parts[2]
    ),
)


def check_same_as_spacy(language: str, examples: int) -> None:
    """Compare the tokens of random texts with spaCy's own."""

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(texts_of(language).filter(lambda text: longest_chunk(text) <= MAX_CHUNK_LENGTH))
    def holds(text: str) -> None:
        expected = spacy_tokens(text, language)
        assert tokenizer_of(language).tokenize(text) == expected
        assert tokenizer_of(language).tokenize(text) == expected  # From the cache.

    holds()


def tokens_cover_text(language: str = "en") -> Callable[[], None]:
    """Return a property test: the tokens of any text are its characters without whitespace."""
    keeping, lowering = tokenizer_or_skip(language, False), tokenizer_or_skip(language, True)

    @given(any_text)
    def holds(text: str) -> None:
        cased = keeping.tokenize(text)
        assert "".join("".join(cased).split()) == "".join(clean(text).split())
        assert all(token and not token.isspace() for token in cased)
        assert lowering.tokenize(text) == [lower(token, language) for token in cased]

    return holds


def check_offsets(text: str, tokenizer: Tokenizer) -> None:
    """Check that the offsets lead to the tokens, and that there is no text between them."""
    tokens, offsets = tokenizer.tokenize(text), tokenizer.offsets(text)
    words = [clean(text[start:end]) for start, end in offsets]
    assert tokens == (
        [lower(word, tokenizer.language) for word in words] if tokenizer.lowercase else words
    )
    edges = [0, *chain.from_iterable(offsets), len(text)]
    assert edges == sorted(edges)
    assert not "".join(
        clean(text[end:start]) for end, start in zip(edges[::2], edges[1::2], strict=True)
    ).strip()
