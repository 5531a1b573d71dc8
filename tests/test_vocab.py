"""Vocabulary: what gets an id, which one, and that a file gives it back."""

import errno
import os
import re
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.errors import InputError
from sentiment.text.vocab import PAD, PAD_ID, UNK, UNK_ID, Vocab
from tests.test_tokenizer import any_text, tokenizer_of

always_the_same = settings(deadline=None, derandomize=True)
words = st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), min_size=1)


def test_specials_come_first() -> None:
    vocab = Vocab.build([["a", "a"]])
    assert vocab.tokens[PAD_ID] == PAD == "<pad>"
    assert vocab.tokens[UNK_ID] == UNK == "<unk>"
    assert vocab.encode(["a", "never seen"]) == [2, UNK_ID]


def test_frequent_tokens_have_low_ids_and_equals_stand_in_code_point_order() -> None:
    vocab = Vocab.build([["b", "é", "z", "a"], ["é", "z", "b", "Z", "Z", "z"]], min_freq=2)
    assert vocab.tokens[2:] == ["z", "Z", "b", "é"]


def test_order_does_not_depend_on_the_order_of_texts() -> None:
    texts = [["a", "b"], ["b", "c"], ["c", "a", "d"]]
    assert Vocab.build(texts, 1) == Vocab.build(texts[::-1], 1)


def test_rare_tokens_are_left_out() -> None:
    texts = [["once", "twice"], ["twice"]]
    assert Vocab.build(texts).tokens[2:] == ["twice"]
    assert "once" in Vocab.build(texts, min_freq=1)


def test_max_size_counts_the_specials() -> None:
    texts = [["a"] * 3 + ["b"] * 2 + ["c"]]
    assert Vocab.build(texts, 1, max_size=4).tokens == [PAD, UNK, "a", "b"]
    assert len(Vocab.build(texts, 1, max_size=2)) == 2
    assert len(Vocab.build(texts, 1, max_size=99)) == 5


@pytest.mark.parametrize("limits", [{"min_freq": 0}, {"max_size": 1}])
def test_impossible_limits_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        Vocab.build([["a"]], **limits)


@pytest.mark.parametrize("typo", ["borring", "bornig", "boting", "borig", "boringg", "brinog"])
def test_a_long_word_misspelled_by_a_letter_is_the_word_it_was_meant_to_be(typo: str) -> None:
    vocab = Vocab(["boring", "touching"])
    assert vocab.encode([typo]) == vocab.encode(["boring"])
    assert typo not in vocab


@pytest.mark.parametrize(
    "unknown", ["noring", "bornigg", "goring", "b0ring", "bor", "boring" * 9, "boring!", "BORING"]
)
def test_other_unknown_words_stay_unknown(unknown: str) -> None:
    assert Vocab(["boring", "bore", "b0rings"]).encode([unknown]) == [UNK_ID]


def test_a_word_with_an_id_is_that_word_and_of_two_that_are_meant_the_frequent_one() -> None:
    vocab = Vocab(["stare", "start", "stark"])
    assert vocab.encode(["stark", "starr"]) == [4, 2]


def test_a_short_word_is_no_misspelled_one() -> None:
    assert Vocab(["gang", "great"]).encode(["gran", "grea", "greta"]) == [UNK_ID, UNK_ID, 3]


def test_a_text_cannot_spell_a_special() -> None:
    vocab = Vocab.build([[PAD, UNK, "a"]] * 5)
    assert vocab.tokens == [PAD, UNK, "a"]
    assert vocab.encode([PAD, UNK, "a"]) == [UNK_ID, UNK_ID, 2]
    assert PAD not in vocab
    assert UNK not in vocab


@always_the_same
@given(st.lists(st.lists(words)), st.integers(1, 3), st.none() | st.integers(2, 9))
def test_known_tokens_come_back_from_their_ids(
    texts: list[list[str]], min_freq: int, max_size: int | None
) -> None:
    vocab = Vocab.build(texts, min_freq, max_size)
    counts = Counter(word for text in texts for word in text)
    for text in texts:
        expected = [word if word in vocab else UNK for word in text]
        assert vocab.decode(vocab.encode(text)) == expected
    assert all(counts[word] >= min_freq for word in vocab.tokens[2:])
    assert max_size is None or len(vocab) <= max_size


def test_decode_refuses_ids_that_no_token_has() -> None:
    vocab = Vocab(["a"])
    assert vocab.decode([0, 1, 2]) == [PAD, UNK, "a"]
    for id in (-1, 3):
        with pytest.raises(IndexError):
            vocab.decode([id])


@always_the_same
@given(st.lists(words, unique=True))
def test_a_saved_vocabulary_loads_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "vocab.txt"
    # Characters at which str.splitlines splits, though they are no line end of the file.
    odd = ["a\u2028b", "\x85", "\x0b", "\x0c", "\x1c", "\ufeff", " "]
    vocab = Vocab(dict.fromkeys([*odd, *tokens]))
    vocab.save(path)
    assert Vocab.load(path) == vocab
    assert path.read_bytes().count(b"\n") == len(vocab)


def test_a_saved_vocabulary_is_one_token_a_line(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    Vocab(["film", "schön"]).save(str(path))
    assert path.read_bytes() == "<pad>\n<unk>\nfilm\nschön\n".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["vocab.txt"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vocab.txt"
    Vocab(["old"]).save(path)

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        Vocab(["new"]).save(path)
    assert Vocab.load(path) == Vocab(["old"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["vocab.txt"]


@pytest.mark.parametrize("word", ["", "a\nb", "\r", "\ud800"])
def test_a_word_that_fits_no_line_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(word))):
        Vocab.build([[word]], min_freq=1)


@pytest.mark.parametrize("words", [["a", "a"], [PAD]])
def test_a_word_is_in_a_vocabulary_once(words: list[str]) -> None:
    with pytest.raises(ValueError, match="more than once"):
        Vocab(words)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"", "first two lines"),
        (b"<unk>\n<pad>\na\n", "first two lines"),
        (b"\xef\xbb\xbf<pad>\n<unk>\n", "first two lines"),
        (b"<pad>\n<unk>\na\nb\na\n", "line 5 repeats 'a' of line 3"),
        (b"<pad>\n<unk>\na\n<pad>\n", "line 4 repeats '<pad>' of line 1"),
        (b"<pad>\n<unk>\n\xff\n", "line 3 is not UTF-8"),
        (b"<pad>\n<unk>\n\nb\n", "line 3"),
        (b"<pad>\r\n<unk>\r\n", "line 1"),
        (b"<pad>\n<unk>\nfil", "line 3, the last, is cut short"),
    ],
)
def test_a_damaged_file_is_named_with_the_line(tmp_path: Path, content: bytes, where: str) -> None:
    path = tmp_path / "vocab.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(where)) as error:
        Vocab.load(path)
    assert str(path) in str(error.value)
    assert "train again" in str(error.value)


@given(
    st.binary()
    | st.lists(st.sampled_from([b"\n", b"\r", b"\xff", b"\xef\xbb\xbf", b"\0", b"film", b"\xe2"]))
    .map(b"".join)
    .map(b"<pad>\n<unk>\n".__add__)
)
def test_any_file_is_a_vocabulary_or_refused_in_one_line(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.txt"
        path.write_bytes(content)
        try:
            vocab = Vocab.load(path)
        except InputError as error:
            refusal = str(error)
        else:
            vocab.save(path)
            assert path.read_bytes() == content
            return
    assert str(path) in refusal
    assert refusal.isprintable()


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


def test_a_line_that_is_a_whole_file_does_not_fill_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    for content in (b"<pad>\n<unk>\n" + b"\r" * 10**6 + b"\n", b"a" * 10**6 + b"\nb\n"):
        path.write_bytes(content)
        with pytest.raises(InputError) as error:
            Vocab.load(path)
        assert len(str(error.value)) < 1000


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"vocab\.txt"):
        Vocab.load(tmp_path / "vocab.txt")
    with pytest.raises(InputError):
        Vocab.load(tmp_path)


def test_encode_is_fast_enough_for_imdb() -> None:
    # 25,000 reviews of 265 tokens in seconds: a tenth of that, with room for a busy machine.
    tokens = [f"word{n % 9999}" for n in range(662_500)]
    vocab = Vocab.build([tokens])
    start = time.process_time()
    vocab.encode(tokens)
    assert time.process_time() - start < 0.5
