"""The tokenizers of other languages: spaCy's tokens for any text, in texts of any length."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.texts import (
    any_text,
    check_offsets,
    check_same_as_spacy,
    texts_of,
    tokenizer_or_skip,
    tokens_cover_text,
)

# "ms", "gd", "es" and "id" have special cases with spaces, "zh" has a tokenizer of another kind.
LANGUAGES = [
    "en",
    "de",
    "fr",
    "es",
    "fi",
    "tr",
    "gd",
    "id",
    "ms",
    "ru",
    "ar",
    "zh",
    "zh-jieba",
    "ja",
]
LANGUAGES += ["th", "vi"]  # Skipped if their packages are not installed.


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_tokens_equal_spacy_in_any_language(language: str) -> None:
    tokenizer_or_skip(language)
    check_same_as_spacy(language, 300)


@pytest.mark.parametrize(
    "language", ["en", "fr", "es", "ms", "ar", "tr", "zh", "zh-jieba", "ja", "th", "vi"]
)
def test_tokens_cover_text_are_the_text_without_whitespace(language: str) -> None:
    tokens_cover_text(language)()


@pytest.mark.parametrize(
    "language", ["en", "es", "gd", "ms", "ar", "tr", "zh", "zh-jieba", "ja", "th", "vi"]
)
@pytest.mark.parametrize("lowercase", [True, False])
def test_text_at_offsets_is_the_token(language: str, lowercase: bool) -> None:
    tokenizer = tokenizer_or_skip(language, lowercase)

    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(any_text | texts_of(language) | st.text(alphabet=list("aİΣσςßẞǅK \n\0\ud800</bBrR>'😀")))
    def holds(text: str) -> None:
        check_offsets(text, tokenizer)

    holds()


@pytest.mark.parametrize("language", ["zh", "zh-jieba", "ja", "th", "vi"])
@pytest.mark.parametrize("piece", ["好", "电影", "ア", "ﷺ", "a", "😀", "ก", "。"])
def test_long_texts_are_tokenized(language: str, piece: str) -> None:
    # Sudachi accepts 49,149 bytes, and the time of others is quadratic in the text length.
    text = piece * (50_000 // len(piece))
    assert "".join(tokenizer_or_skip(language).tokenize(text)) == text
