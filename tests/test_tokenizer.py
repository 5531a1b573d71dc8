"""The tokenizer: spaCy's tokens for any text, with a bounded cache that threads share."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import datasets
import pytest
import spacy
from datasets.fingerprint import Hasher
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.errors import ConfigError, DependencyError
from sentiment.text import tokenizer as module
from sentiment.text.special_cases import linking_spaces
from sentiment.text.tokenizer import MAX_CHUNK_LENGTH, Tokenizer, clean

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


def check_same_as_spacy(language: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(texts_of(language).filter(lambda text: longest_chunk(text) <= MAX_CHUNK_LENGTH))
    def holds(text: str) -> None:
        expected = spacy_tokens(text, language)
        assert tokenizer_of(language).tokenize(text) == expected
        assert tokenizer_of(language).tokenize(text) == expected  # From the cache.

    holds()


def test_tokens_equal_spacy_on_any_string() -> None:
    check_same_as_spacy("en", 3000)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_tokens_equal_spacy_in_any_language(language: str) -> None:
    tokenizer_or_skip(language)
    check_same_as_spacy(language, 300)


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("en", "shape:) ). I", ["shape", ":", ")", ")", ".", "i"]),
        ("en", "shape:)  ). I", ["shape", ":)", ")", ".", "i"]),
        ("en", "shape:)<br />). I", ["shape", ":)", ")", ".", "i"]),
        ("en", "Isn't it? e.g. U.S.", ["is", "n't", "it", "?", "e.g.", "u.s."]),
        ("es", "los EE. UU. hoy", ["los", "ee. uu.", "hoy"]),
        ("zh", "好电影", ["好", "电", "影"]),
        ("tr", "İyi! IŞIK, ışık", ["iyi", "!", "ışık", ",", "ışık"]),
        ("en", "", []),
        ("en", " \n\u3000 <br />", []),
    ],
)
def test_example_tokens(language: str, text: str, tokens: list[str]) -> None:
    assert tokenizer_of(language).tokenize(text) == tokens
    assert list(tokenizer_of(language).pipe([text, "a", text])) == [tokens, ["a"], tokens]


def test_tokens_equal_spacy_on_imdb() -> None:
    if "DATASET" not in os.environ:
        pytest.skip("DATASET is not set to IMDB")
    test = datasets.load_dataset(os.environ["DATASET"], split="test")
    # Row 20605 has a special case that extends over a space, which 1 of 50,000 reviews has.
    for text in test.select([20605, *range(0, 25000, 25)])["text"]:
        assert tokenizer_of("en").tokenize(text) == spacy_tokens(text)


def test_lowercase_setting() -> None:
    assert Tokenizer(lowercase=False).tokenize("Great Film") == ["Great", "Film"]
    assert Tokenizer(lowercase=True).tokenize("Great Film") == ["great", "film"]


@pytest.mark.parametrize("tag", ["<br />", "<br>", "<br/>", "<BR />", "<Br  >"])
def test_line_breaks_separate_words_without_a_token(tag: str) -> None:
    assert tokenizer_of("en").tokenize(f"one{tag}two {tag}{tag} three") == ["one", "two", "three"]


@settings(deadline=None, derandomize=True)
@given(st.text() | st.text(alphabet=list("<bBrR/> \n\0\x1f\x7f\x85\x9f\ud800a")))
def test_cleaning_loses_nothing_but_line_breaks_and_control_characters(text: str) -> None:
    def is_control(character: str) -> bool:
        return character < " " or "\x7f" <= character <= "\x9f"

    cleaned = clean(text)
    assert not any(map(is_control, cleaned))
    assert clean(cleaned) == cleaned
    cleaned.encode()
    if "<" not in text:
        assert len(cleaned) == len(text)
        kept = [(a, b) for a, b in zip(text, cleaned, strict=True) if not is_control(a)]
        assert all(b == ("\ufffd" if "\ud800" <= a <= "\udfff" else a) for a, b in kept)


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


@pytest.mark.parametrize(
    "language", ["en", "fr", "es", "ms", "ar", "tr", "zh", "zh-jieba", "ja", "th", "vi"]
)
def test_tokens_cover_text_are_the_text_without_whitespace(language: str) -> None:
    tokens_cover_text(language)()


def check_offsets(text: str, tokenizer: Tokenizer) -> None:
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


@pytest.mark.parametrize("piece", ["İ", "a!", "ΑΣ", "a<br />", "a\0", ":) )"])
def test_offsets_in_a_long_chunk(piece: str) -> None:
    check_offsets(f"It is {piece * 2 * MAX_CHUNK_LENGTH} indeed.", tokenizer_of("en"))


def test_example_offsets() -> None:
    text = "Isn't  İT\0<BR/>ΣΑΣ\n"
    offsets = tokenizer_of("en").offsets(text)
    assert offsets == [(0, 2), (2, 5), (7, 9), (15, 18)]
    assert [text[start:end] for start, end in offsets] == ["Is", "n't", "İT", "ΣΑΣ"]


@pytest.mark.parametrize(
    "length", [MAX_CHUNK_LENGTH, MAX_CHUNK_LENGTH + 1, 3 * MAX_CHUNK_LENGTH + 7]
)
@pytest.mark.parametrize("piece", ["!", "a", "a!", "<br", ":) )"])
def test_chunks_are_cut_at_the_limit_only(piece: str, length: int) -> None:
    text = "It is " + (piece * length)[:length] + " :) ) indeed."
    size, cut = MAX_CHUNK_LENGTH, []
    for chunk in text.split(" "):
        cut.append("  ".join(chunk[i : i + size] for i in range(0, len(chunk), size)))
    assert tokenizer_of("en").tokenize(text) == spacy_tokens(" ".join(cut))


@pytest.mark.parametrize(
    "piece", ["!", "(!", ") ", ":) ) ", "a.b-", "<br ", "<br", "a\0", " ", "\u200b", "\ud800"]
)
def test_time_is_linear_in_text_length(piece: str) -> None:
    # spaCy takes minutes for a tenth of the length of the first two.
    start = time.process_time()
    Tokenizer().tokenize((piece * 200_000)[:200_000])
    assert time.process_time() - start < 3


@pytest.mark.parametrize("language", ["zh", "zh-jieba", "ja", "th", "vi"])
@pytest.mark.parametrize("piece", ["好", "电影", "ア", "ﷺ", "a", "😀", "ก", "。"])
def test_long_texts_are_tokenized(language: str, piece: str) -> None:
    # Sudachi accepts 49,149 bytes, and the time of others is quadratic in the text length.
    text = piece * (50_000 // len(piece))
    assert "".join(tokenizer_or_skip(language).tokenize(text)) == text


def test_long_text_is_cut_after_a_sentence_or_space() -> None:
    sentences, words = "这部电影真好看。" * 300, "面白い映画 " * 300
    for text in (sentences, words, sentences + words):
        pieces = module.PIECE.findall(text)
        assert "".join(pieces) == text
        assert {piece[-1] for piece in pieces} <= {"。", " "}
        assert module.MAX_PIECE_LENGTH - 8 < max(map(len, pieces)) <= module.MAX_PIECE_LENGTH
    assert module.PIECE.findall("好" * 3000) == ["好" * 1024, "好" * 1024, "好" * 952]


def cached_bytes(tokenizer: Tokenizer) -> int:
    caches = tokenizer._cache, tokenizer._old_cache
    strings = {id(s): s for cache in caches for s in chain(cache.keys(), cache.values())}
    return sum(map(sys.getsizeof, [*caches, *strings.values()]))


@pytest.mark.parametrize(
    "word",
    ["w{n}", "w{n},", "x{n}" * 20, "电影{n}!" * 12, "\N{GRINNING FACE}{n}" * 15, ":) ) w{n}"],
)
def test_cache_is_bounded_for_any_words(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES", 100_000)
    tokenizer = Tokenizer()
    words_of_spacy = len(tokenizer._nlp.vocab.strings)
    largest = 0
    for n in range(1500):
        text = f"{word.format(n=n)} {word.format(n=-n)}"
        tokens = tokenizer.tokenize(text)
        assert n % 100 or tokens == spacy_tokens(text)
        largest = max(largest, cached_bytes(tokenizer)) if n % 10 == 0 else largest
    assert 25_000 < largest <= 100_000
    assert len(tokenizer._nlp.vocab.strings) == words_of_spacy


def test_one_text_with_more_chunks_than_the_cache_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES", 100_000)
    tokenizer = Tokenizer()
    text = " ".join(f"word{n} other{n}, (third{n})" for n in range(500))
    assert tokenizer.tokenize(text) == spacy_tokens(text)
    assert cached_bytes(tokenizer) <= 100_000
    assert tokenizer.tokenize(text) == spacy_tokens(text)


def test_only_unused_chunks_leave_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES", 20_000)
    tokenizer = Tokenizer()
    for n in range(300):
        tokenizer.tokenize(f"often once{n}" if n % 10 else "often")
        assert "often" in tokenizer._cache | tokenizer._old_cache
    assert "once1" not in tokenizer._cache | tokenizer._old_cache


def test_known_words_are_not_tokenized_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = Tokenizer()
    words = [
        f"{prefix}word{n}{end}" for n in range(30_000) for prefix, end in [("", ","), ("(", "")]
    ]
    tokenizer.tokenize(" ".join(words))
    monkeypatch.delattr(Tokenizer, "_spacy_tokens")
    for start in range(0, len(words), 200):
        assert len(tokenizer.tokenize(" ".join(words[start::997]))) > 0


def test_vocabulary_of_spacy_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SPACY_WORDS", len(Tokenizer()._nlp.vocab) + 200)
    tokenizer, rare = Tokenizer(), "it's rare."
    expected = tokenizer.tokenize(rare)
    for n in range(1000):
        tokenizer.tokenize(f"word{n} x{n}-y{n}")
        assert len(tokenizer._nlp.vocab) < module.MAX_SPACY_WORDS + 20
    assert tokenizer.tokenize(rare) == expected == spacy_tokens(rare)


def test_threads_can_share_a_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES", 10_000)  # Threads replace the cache concurrently.
    texts = [f"Text {n % 37}: it's w{n % 91}-x{n % 7} :) ). (n{n})" for n in range(400)]
    expected = [spacy_tokens(text) for text in texts]
    shared = Tokenizer()
    with ThreadPoolExecutor(8) as pool:
        for results in pool.map(lambda _: list(shared.pipe(texts)), range(8)):
            assert results == expected


def test_changing_a_result_does_not_change_the_cache() -> None:
    tokenizer = Tokenizer()
    for _ in range(3):
        tokens = tokenizer.tokenize("film")
        assert tokens == ["film"]
        tokens.append("changed")


def test_tokenizer_is_hashed_by_its_settings(tmp_path: Path) -> None:
    tokenizer = Tokenizer("de", lowercase=False)
    before = Hasher.hash(tokenizer)
    tokenizer.tokenize("Ein guter Film.")
    assert Hasher.hash(tokenizer) == before
    assert Hasher.hash(Tokenizer("de")) != before
    assert Hasher.hash(Tokenizer("fr", lowercase=False)) != before
    program = (
        "from datasets.fingerprint import Hasher; from sentiment.text.tokenizer import Tokenizer;"
        "print(Hasher.hash(Tokenizer('de', lowercase=False)))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert elsewhere.stdout.strip() == before


def test_pickled_tokenizer_has_the_same_settings() -> None:
    copy = pickle.loads(pickle.dumps(Tokenizer("de", lowercase=False)))
    assert (copy.language, copy.lowercase) == ("de", False)
    assert copy.tokenize("Guter Film.") == ["Guter", "Film", "."]


@pytest.mark.parametrize("language", ["english", "", "char_classes", "xx-none"])
def test_unknown_language_error_lists_the_languages(language: str) -> None:
    with pytest.raises(ConfigError, match=r"de, .*en, .*fr,") as error:
        Tokenizer(language)
    assert repr(language) in str(error.value)
    assert "char_classes" not in str(error.value).split("Choose")[1]


def test_special_case_with_other_whitespace_disables_the_cache() -> None:
    tokenizer: Any = spacy.blank("en").tokenizer
    assert linking_spaces(tokenizer, module.is_clean) is not None
    tokenizer.add_special_case("a\u00a0b", [{"ORTH": "a\u00a0b"}])
    assert linking_spaces(tokenizer, module.is_clean) is None


def test_importing_the_tokenizer_imports_spacy_only() -> None:
    program = (
        "import sys, spacy; before = set(sys.modules); import sentiment.text.tokenizer, sentiment.text.vocab;"  # noqa: E501
        "print({name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    new = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not {"datasets", "torch", "pandas", "pyarrow", "sklearn"} & eval(new.stdout)
