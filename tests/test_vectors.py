"""Word vectors from a file: formats, matching of words, errors, and their use in training."""

import gzip
import json
import random
import tracemalloc
from array import array
from tempfile import NamedTemporaryFile

import pytest
import torch
from conftest import SMALL
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import sentiment.training.classification
from sentiment.artifacts.bundle import load_bundle
from sentiment.cli.train import print_vectors
from sentiment.config import Config
from sentiment.errors import DataError, SentimentError
from sentiment.models.lstm import EMBEDDING_STD
from sentiment.models.word_vectors import Vectors, read_vectors, width_of
from sentiment.text.vocab import Vocab
from sentiment.training.checkpoint import checkpoints
from sentiment.training.classification import Classification, train

VOCAB = Vocab(["film", "good", "bad", "paris"])
FILM, GOOD, BAD, PARIS = range(2, 6)
GLOVE = b"film 1 2\ngood 0.5 -1e-3\nother 7 8\n"
HEADED = b"3 2\n" + GLOVE


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file of vectors and returns its name."""

    def write(content, name="vectors.txt"):
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return write


def found(file, vocab=VOCAB):
    """Return the vectors that a file has for a vocabulary, by id."""
    vectors = read_vectors(file, vocab)
    rows = [[pytest.approx(number) for number in row] for row in vectors.rows.tolist()]
    return dict(zip(vectors.ids.tolist(), rows, strict=True))


# Formats.


@pytest.mark.parametrize(
    "content",
    [
        GLOVE,
        HEADED,
        HEADED.replace(b"\n", b" \n"),  # fastText
        HEADED.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + HEADED,
        GLOVE.removesuffix(b"\n"),
        gzip.compress(GLOVE),
        gzip.compress(HEADED[:20]) + gzip.compress(HEADED[20:]),
    ],
)
def test_format_is_detected_by_content(write, content):
    for name in ("vectors.txt", "vectors.gz"):
        file = write(content, name)
        assert width_of(file) == 2
        assert found(file) == {FILM: [1, 2], GOOD: [0.5, -1e-3]}


def test_word_can_have_spaces_or_be_a_number(write):
    assert found(write(b". . . 5 6\nfilm 1 2\n3 3 4\n")) == {FILM: [1, 2]}
    assert found(write(b"5 5 6\nfilm 1 2\n")) == {FILM: [1, 2]}


def test_only_a_line_feed_ends_a_line(write):
    content = "a\u2028b 5 6\nc\x85 5 6\nd\u00a0e 5 6\nfilm 1 2\n".encode()
    assert found(write(content)) == {FILM: [1, 2]}


# Words.


def test_first_of_two_lines_wins(write):
    assert found(write(b"film 1 2\nfilm 3 4\nFilm 5 6\n")) == {FILM: [1, 2]}


def test_same_case_is_preferred_to_other_case(write):
    content = b"Film 5 6\nParis 1 1\nPARIS 2 2\nfilm 1 2\nFILM 7 8\n"
    assert found(write(content)) == {FILM: [1, 2], PARIS: [1, 1]}
    cased = Vocab(["Film", "film", "Bad"])
    assert found(write(b"film 1 2\nbad 3 4\n"), cased) == {2: [1, 2], 3: [1, 2], 4: [3, 4]}


def test_special_tokens_match_no_word(write):
    assert found(write(b"<unk> 5 6\n<pad> 5 6\nfilm 1 2\n")) == {FILM: [1, 2]}


# Errors.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty first line"),
        (b"\n" + GLOVE, "an empty first line"),
        (b"film good\nbad other\n", "line 1: expected a word and its numbers"),
        (b"film\n", "line 1: expected a word and its numbers"),
        (b"2 0\nfilm\n", "line 1: expected a word and its numbers"),
        (GLOVE + b"bad 1\n", "line 4: 1 numbers; each word has 2"),
        (GLOVE + b"bad 1.0 2.0 3.0\n", "line 4: 3 numbers; each word has 2"),
        (GLOVE + b"\nbad 1 2\n", "line 4: 0 numbers; each word has 2"),
        (GLOVE + b"bad nan 1\n", "line 4: 'nan' is not a finite number"),
        (GLOVE + b"bad 1 -inf\n", "line 4: '-inf' is not a finite number"),
        (GLOVE + b"bad 1 1e39\n", "line 4: '1e39' is not a finite number"),
        (GLOVE + b"bad 1,5 2\n", "line 4: '1,5' is not a finite number"),
        (GLOVE + b"bad 1  2\n", "line 4: two spaces in a row"),
        (GLOVE + "café 1 2\n".encode("latin-1"), "line 4: its word is not UTF-8. Save"),
        (b"4 2\n" + GLOVE, "truncated: its first line declares 4 vectors, and it has 3"),
        (b"9 2\n", "truncated: its first line declares 9 vectors, and it has 0"),
        (b"999999999999999999 999999999999999999\n" + GLOVE, "line 2: 2 numbers; each"),
        (b"film " + b"1 " * 600_000 + b"\n", "line 1: longer than 1 MiB"),
        (b"other 1 2\n", "no vector for any of the 4 words"),
        (b"film  1 2\n", "line 1: two spaces in a row"),
        (b"film\t1\t2\n", "line 1: expected a word and its numbers, separated by single spaces"),
        (b"2 2\nfilm " + array("f", [1, 2]).tobytes() + b"\n", "line 2: it is not text.*gensim"),
        (b"\xba\x16\x4f\x2f\x0c\x00\x00\x00\n", "line 1: it is not text.*gensim"),
        (b"PK\x03\x04" + bytes(100), "is a zip archive. Unpack it"),
        (gzip.compress(GLOVE)[:-9], "is damaged or truncated"),
        (gzip.compress(GLOVE)[:10] + b"\xff" * 20, "is damaged or truncated"),
        (gzip.compress(GLOVE) + b"more", "is damaged or truncated"),
    ],
)
def test_invalid_file_is_an_error_of_one_line(write, content, message):
    file = write(content)
    with pytest.raises(DataError, match=message) as caught:
        read_vectors(file, VOCAB)
    assert file in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    st.sampled_from([b"", GLOVE, HEADED]),
    st.lists(st.one_of(st.binary(), st.sampled_from([b"film", b" 1", b"nan", b"\n", b"2 2"]))),
    st.booleans(),
)
def test_any_bytes_are_vectors_or_an_error_of_one_line(start, parts, compressed):
    content = start + b"".join(parts)
    with NamedTemporaryFile() as file:
        file.write(gzip.compress(content) if compressed else content)
        file.flush()
        try:
            vectors, message = read_vectors(file.name, VOCAB), None
        except DataError as error:
            vectors, message = None, str(error)
        if vectors is None:
            assert file.name in message
            assert message.isprintable()
        else:
            assert vectors.rows.isfinite().all()
            assert set(vectors.ids.tolist()) <= {FILM, GOOD, BAD, PARIS}


def test_unreadable_file_is_named(tmp_path):
    with pytest.raises(DataError, match="Could not read '.*nowhere': No such file"):
        width_of(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="Could not read '.*': Is a directory"):
        width_of(str(tmp_path))


@pytest.mark.parametrize("compressed", [False, True])
def test_memory_is_that_of_the_words_found(write, compressed):
    line = b" ".join([b"%.5f" % (n / 300) for n in range(300)])
    content = b"".join(b"w%d %s\n" % (n, line) for n in range(8000))  # 22 MB.
    file = write(gzip.compress(content, 1) if compressed else b"8000 300\n" + content)
    vocab = Vocab([f"w{n}" for n in range(0, 8000, 100)])
    tracemalloc.start()
    vectors = read_vectors(file, vocab)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(vectors.ids) == 80
    assert peak < 2**19  # 96 kB of it are vectors.


# Initialization of the embedding.


def test_fill_scales_vectors_to_the_random_rows_and_keeps_these():
    torch.manual_seed(0)
    embedding = nn.Embedding(6, 300)
    before = embedding.weight.detach().clone()
    rows = torch.randn(2, 300) * torch.tensor([[3.0], [5.0]])
    Vectors(torch.tensor([2, 4]), rows).fill(embedding)
    kept = [0, 1, 3, 5]
    assert torch.equal(embedding.weight[kept], before[kept])
    filled = embedding.weight[[2, 4]]
    torch.testing.assert_close(filled.square().mean().sqrt().item(), EMBEDDING_STD)
    torch.testing.assert_close(filled / filled.norm(), rows / rows.norm())


def test_zero_vectors_stay_zero():
    embedding = nn.Embedding(3, 2)
    Vectors(torch.tensor([2]), torch.zeros(1, 2)).fill(embedding)
    assert embedding.weight[2].tolist() == [0, 0]


def test_coverage_counts_words_and_the_tokens_of_training(capsys):
    vectors = Vectors(torch.tensor([FILM, BAD]), torch.ones(2, 3))
    facts = vectors.facts(VOCAB, [[FILM, FILM, 1], [GOOD, BAD]])
    counts = {"width": 3, "words": 4, "words_found": 2, "tokens": 5, "tokens_found": 3}
    assert counts.items() <= facts.items()
    print_vectors(facts)
    assert capsys.readouterr().out == (
        "Word vectors of 3 dimensions for 2 of 4 words of the vocabulary (50.0%), "
        "3 of 5 training tokens (60.0%).\n"
    )
    others = Vectors(torch.tensor([FILM, GOOD]), torch.ones(2, 3))
    assert others.facts(VOCAB, [])["fingerprint"] != facts["fingerprint"]
    others = Vectors(vectors.ids, vectors.rows + 1)
    assert others.facts(VOCAB, [])["fingerprint"] != facts["fingerprint"]


# In training.


@pytest.fixture
def vectors_file(tmp_path, few_reviews):
    """Vectors of width 6 for most words of the corpus, in a file."""
    data = sentiment.training.classification.prepare_data(Config.from_flat(**SMALL))
    generator = random.Random(0)
    lines = [
        f"{word} {' '.join(f'{generator.gauss(0, 0.5):.4f}' for _ in range(6))}\n"
        for word in data.vocab.tokens[2::2]
    ]
    (tmp_path / "vectors.txt").write_text("".join(lines))
    return tmp_path / "vectors.txt"


def settings(file, **changes):
    flat = {**SMALL, "epochs": 2, "max_length": 20, "checkpoint_steps": 2, "adversarial": 1.0}
    return Config.from_flat(**{**flat, "vectors": str(file), **changes})


def test_training_starts_from_the_vectors_and_the_bundle_does_without_the_file(
    tmp_path, vectors_file, monkeypatch
):
    first = []
    real = Classification.backward

    def backward(self, batch):
        first.append(self.model.encoder.embedding.weight.detach().clone())
        return real(self, batch)

    monkeypatch.setattr(Classification, "backward", backward)
    told = []
    out = tmp_path / "run"
    train(settings(vectors_file), out, on_vectors=told.append)
    bundle = load_bundle(out)
    assert bundle.config.model.embedding_dim == 6
    facts = bundle.data["vectors"]
    assert told == [facts]
    assert facts["words_found"] == facts["words"] // 2 + facts["words"] % 2
    assert 0 < facts["tokens_found"] < facts["tokens"]
    vectors = read_vectors(str(vectors_file), bundle.vocab)
    start = first[0][vectors.ids]
    torch.testing.assert_close(start / start.norm(), vectors.rows / vectors.rows.norm())
    assert not torch.equal(bundle.model.encoder.embedding.weight, first[0])
    vectors_file.unlink()
    assert load_bundle(out).logits([[2, 3]]).shape == (1, 2)


def test_frozen_vectors_stay_bit_for_bit_and_are_not_the_optimizers(
    tmp_path, vectors_file, monkeypatch
):
    seen = []
    real = Classification.backward

    def backward(self, batch):
        seen.append((self.model.encoder.embedding.weight.detach().clone(), self))
        return real(self, batch)

    monkeypatch.setattr(Classification, "backward", backward)
    train(settings(vectors_file, freeze_embeddings=True, average=0.9), tmp_path / "run")
    start, task = seen[0]
    end = load_bundle(tmp_path / "run").model.encoder.embedding.weight
    assert start.numpy().tobytes() == end.detach().numpy().tobytes()
    learned = {weight for group in task.parameter_groups() for weight in group["params"]}
    others = {weight for name, weight in task.model.named_parameters() if "embedding" not in name}
    assert learned == others


@pytest.fixture
def half(tmp_path, vectors_file):
    """A run on frozen vectors that was stopped in its second epoch."""

    class Stop(Exception):
        pass

    def stop(metrics):
        raise Stop

    with pytest.raises(Stop):
        train(settings(vectors_file, freeze_embeddings=True), tmp_path / "half", on_epoch=stop)
    assert checkpoints(tmp_path / "half")
    return tmp_path / "half"


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path, half, vectors_file):
    config = settings(vectors_file, freeze_embeddings=True)
    train(config, half, resume=True)
    train(config, tmp_path / "whole")
    for name in ("model.safetensors", "vocab.txt"):
        assert (half / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    one, other = (
        json.loads((out / "config.json").read_text())["data"]["vectors"]
        for out in (half, tmp_path / "whole")
    )
    assert one == other


def test_a_run_does_not_go_on_with_other_vectors(half, vectors_file):
    content = vectors_file.read_text()
    vectors_file.write_text(content.replace("1", "2"))
    with pytest.raises(SentimentError, match="The vectors data has changed"):
        train(settings(vectors_file, freeze_embeddings=True), half, resume=True)
    vectors_file.unlink()
    with pytest.raises(SentimentError, match="Could not read '.*vectors.txt'"):
        train(settings(vectors_file, freeze_embeddings=True), half, resume=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vectors": "v.txt"}, "vectors are for an embedding that starts from scratch"),
        ({"freeze_embeddings": True}, "freeze_embeddings is for word vectors from a file"),
    ],
)
def test_vectors_and_an_encoder_exclude_each_other(changes, message):
    with pytest.raises(SentimentError, match=message):
        Config.from_flat(**changes)


def test_a_width_that_would_take_too_much_memory_takes_none(tmp_path, vectors_file):
    words = "1 " * 400_000
    vectors_file.write_text(f"the {words}\n")
    with pytest.raises(SentimentError, match="embedding_dim 400000.*make.*weights"):
        train(settings(vectors_file), tmp_path / "run")
    assert not (tmp_path / "run").exists()
