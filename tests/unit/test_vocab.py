"""Vocabulary: which tokens get an id, in which order, and how it is saved and loaded."""

import errno
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.texts import any_text, tokenizer_of

from sentiment.errors import ModelError, SentimentError
from sentiment.text import vocab as vocab_module
from sentiment.text.vocab import PAD, PAD_ID, UNK, UNK_ID, Vocab

reproducible = settings(deadline=None, derandomize=True)
words = st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), min_size=1)


def test_specials_come_first() -> None:
    vocab = Vocab.build([["a", "a"]])
    assert vocab.tokens[PAD_ID] == PAD == "<pad>"
    assert vocab.tokens[UNK_ID] == UNK == "<unk>"
    assert vocab.encode(["a", "never seen"]) == [2, UNK_ID]


def test_ids_are_in_order_of_frequency_then_code_points() -> None:
    vocab = Vocab.build([["b", "é", "z", "a"], ["é", "z", "b", "Z", "Z", "z"]], min_freq=2)
    assert vocab.tokens[2:] == ["z", "Z", "b", "é"]


def test_ids_do_not_depend_on_the_order_of_texts() -> None:
    texts = [["a", "b"], ["b", "c"], ["c", "a", "d"]]
    assert Vocab.build(texts, 1) == Vocab.build(texts[::-1], 1)


def test_rare_tokens_have_no_id() -> None:
    texts = [["once", "twice"], ["twice"]]
    assert Vocab.build(texts).tokens[2:] == ["twice"]
    assert "once" in Vocab.build(texts, min_freq=1)


def test_max_size_counts_the_specials() -> None:
    texts = [["a"] * 3 + ["b"] * 2 + ["c"]]
    assert Vocab.build(texts, 1, max_size=4).tokens == [PAD, UNK, "a", "b"]
    assert len(Vocab.build(texts, 1, max_size=2)) == 2
    assert len(Vocab.build(texts, 1, max_size=99)) == 5


@pytest.mark.parametrize("limits", [{"min_freq": 0}, {"max_size": 1}])
def test_invalid_limits_are_an_error(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        Vocab.build([["a"]], **limits)


@pytest.mark.parametrize("typo", ["borring", "bornig", "boting", "borig", "boringg", "brinog"])
def test_long_word_misspelled_by_a_letter_is_corrected(typo: str) -> None:
    vocab = Vocab(["boring", "touching"])
    assert vocab.encode([typo]) == vocab.encode(["boring"])
    assert typo not in vocab


@pytest.mark.parametrize(
    "unknown", ["noring", "bornigg", "goring", "b0ring", "bor", "boring" * 9, "boring!", "BORING"]
)
def test_other_unknown_words_are_not_corrected(unknown: str) -> None:
    assert Vocab(["boring", "bore", "b0rings"]).encode([unknown]) == [UNK_ID]


def test_correction_prefers_the_word_itself_then_the_most_frequent() -> None:
    vocab = Vocab(["stare", "start", "stark"])
    assert vocab.encode(["stark", "starr"]) == [4, 2]


def test_short_words_are_not_corrected() -> None:
    assert Vocab(["gang", "great"]).encode(["gran", "grea", "greta"]) == [UNK_ID, UNK_ID, 3]


def test_text_cannot_contain_a_special_token() -> None:
    vocab = Vocab.build([[PAD, UNK, "a"]] * 5)
    assert vocab.tokens == [PAD, UNK, "a"]
    assert vocab.encode([PAD, UNK, "a"]) == [UNK_ID, UNK_ID, 2]
    assert PAD not in vocab
    assert UNK not in vocab


@reproducible
@given(st.lists(st.lists(words)), st.integers(1, 3), st.none() | st.integers(2, 9))
def test_decode_reverses_encode_for_known_tokens(
    texts: list[list[str]], min_freq: int, max_size: int | None
) -> None:
    vocab = Vocab.build(texts, min_freq, max_size)
    counts = Counter(word for text in texts for word in text)
    for text in texts:
        expected = [word if word in vocab else UNK for word in text]
        assert vocab.decode(vocab.encode(text)) == expected
    assert all(counts[word] >= min_freq for word in vocab.tokens[2:])
    assert max_size is None or len(vocab) <= max_size


def test_decode_of_an_unknown_id_is_an_error() -> None:
    vocab = Vocab(["a"])
    assert vocab.decode([0, 1, 2]) == [PAD, UNK, "a"]
    for id in (-1, 3):
        with pytest.raises(IndexError):
            vocab.decode([id])


@reproducible
@given(st.lists(words, unique=True))
def test_saved_vocabulary_loads_unchanged(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "vocab.txt"
    # Characters at which str.splitlines splits, though they do not end a line of the file.
    odd = ["a\u2028b", "\x85", "\x0b", "\x0c", "\x1c", "\ufeff", " "]
    vocab = Vocab(dict.fromkeys([*odd, *tokens]))
    vocab.save(path)
    assert Vocab.load(path) == vocab
    assert path.read_bytes().count(b"\n") == len(vocab)


def test_saved_vocabulary_has_one_token_per_line(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    Vocab(["film", "schön"]).save(str(path))
    assert path.read_bytes() == "<pad>\n<unk>\nfilm\nschön\n".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["vocab.txt"]


def test_failed_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vocab.txt"
    Vocab(["old"]).save(path)

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SentimentError, match="No space left"):
        Vocab(["new"]).save(path)
    assert Vocab.load(path) == Vocab(["old"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["vocab.txt"]


@pytest.mark.parametrize("word", ["", "a\nb", "\r", "\ud800"])
def test_word_that_cannot_be_a_line_is_an_error(word: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(word))):
        Vocab.build([[word]], min_freq=1)


@pytest.mark.parametrize("words", [["a", "a"], [PAD]])
def test_repeated_or_special_word_is_an_error(words: list[str]) -> None:
    with pytest.raises(ValueError, match="repeats the token of id"):
        Vocab(words)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"", "lines 1 and 2"),
        (b"<unk>\n<pad>\na\n", "lines 1 and 2"),
        (b"\xef\xbb\xbf<pad>\n<unk>\n", "lines 1 and 2"),
        (b"<pad>\n<unk>\na\nb\na\n", "line 5: 'a' repeats the token of id 2"),
        (b"<pad>\n<unk>\na\n<pad>\n", "line 4: '<pad>' repeats the token of id 0"),
        (b"<pad>\n<unk>\n\xff\n", "line 3 is not UTF-8"),
        (b"<pad>\n<unk>\n\nb\n", "line 3"),
        (b"<pad>\r\n<unk>\r\n", "lines 1 and 2"),
        (b"<pad>\n<unk>\na\r\n", "line 3: 'a\\r' cannot be a line"),
        (b"<pad>\n<unk>\nfil", "line 3, the last, is truncated"),
    ],
)
def test_damaged_file_error_names_the_line(tmp_path: Path, content: bytes, where: str) -> None:
    path = tmp_path / "vocab.txt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=re.escape(where)) as error:
        Vocab.load(path)
    assert str(path) in str(error.value)
    assert "train again" in str(error.value)


@given(
    st.binary()
    | st.lists(st.sampled_from([b"\n", b"\r", b"\xff", b"\xef\xbb\xbf", b"\0", b"film", b"\xe2"]))
    .map(b"".join)
    .map(b"<pad>\n<unk>\n".__add__)
)
def test_any_file_loads_or_is_an_error_of_one_line(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.txt"
        path.write_bytes(content)
        try:
            vocab = Vocab.load(path)
        except ModelError as error:
            message = str(error)
        else:
            vocab.save(path)
            assert path.read_bytes() == content
            return
    assert str(path) in message
    assert message.isprintable()


@given(st.lists(any_text, min_size=1))
def test_the_tokens_of_any_texts_make_a_vocabulary(texts: list[str]) -> None:
    tokens = list(tokenizer_of("en").pipe(texts))
    vocab = Vocab.build(tokens, min_freq=1)
    with tempfile.TemporaryDirectory() as folder:
        vocab.save(Path(folder) / "vocab.txt")
        assert Vocab.load(Path(folder) / "vocab.txt") == vocab
    for some in tokens:
        known = [token if token not in (PAD, UNK) else UNK for token in some]
        assert vocab.decode(vocab.encode(some)) == known


def test_error_about_a_long_line_is_short(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    for content in (b"<pad>\n<unk>\n" + b"\r" * 10**6 + b"\n", b"a" * 10**6 + b"\nb\n"):
        path.write_bytes(content)
        with pytest.raises(ModelError) as error:
            Vocab.load(path)
        assert len(str(error.value)) < 1000


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"vocab\.txt"):
        Vocab.load(tmp_path / "vocab.txt")
    with pytest.raises(ModelError):
        Vocab.load(tmp_path)


def test_known_words_are_not_corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    vocab = Vocab(["film", "wonderful"])
    monkeypatch.delattr(Vocab, "corrected")  # It takes longer than all else.
    assert vocab.decode(vocab.encode(["wonderful", "film"])) == ["wonderful", "film"]


def test_load_validates_each_word_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vocab.txt"
    Vocab(["film", "good"]).save(path)
    checked = []
    monkeypatch.setattr(vocab_module, "_fits_a_line", lambda word: checked.append(word) or True)
    Vocab.load(path)
    assert checked == ["film", "good"]
