"""Word vectors from a file: formats, matching of words, errors, and their use in training."""

import gzip
import random
import tracemalloc
from array import array
from tempfile import NamedTemporaryFile

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.small_models import SMALL
from torch import nn

from sentiment.artifacts.model_folder import load_model
from sentiment.cli.train import print_word_vectors
from sentiment.errors import DataError, SentimentError
from sentiment.inference.classifier import Classifier
from sentiment.models.lstm import EMBEDDING_STD
from sentiment.models.word_vectors import Vectors, read_vectors, width_of
from sentiment.presets import resolve
from sentiment.text.vocab import Vocab
from sentiment.training.classification import (
    ClassificationTrainer,
    make_trainer,
    train_classifier,
)
from sentiment.training.classification_data import encode_splits, load_splits
from sentiment.training.run_folder import checkpoints, open_run

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
        gzip.compress(GLOVE, mtime=0),
        gzip.compress(HEADED[:20], mtime=0) + gzip.compress(HEADED[20:], mtime=0),
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
    assert found(write(b"film 1 2\n. . . 5 6\n"), Vocab([". . ."])) == {2: [5, 6]}


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
        (gzip.compress(GLOVE, mtime=0)[:-9], "is damaged or truncated"),
        (gzip.compress(GLOVE, mtime=0)[:10] + b"\xff" * 20, "is damaged or truncated"),
        (gzip.compress(GLOVE, mtime=0) + b"more", "is damaged or truncated"),
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
    print_word_vectors(facts)
    assert capsys.readouterr().out == (
        "Word vectors of 3 dimensions for 2 of 4 words of the vocabulary (50.0%), "
        "3 of 5 training tokens (60.0%).\n"
    )
    others = Vectors(torch.tensor([FILM, GOOD]), torch.ones(2, 3))
    assert others.facts(VOCAB, [])["fingerprint"] != facts["fingerprint"]
    others = Vectors(vectors.ids, vectors.rows + 1)
    assert others.facts(VOCAB, [])["fingerprint"] != facts["fingerprint"]


# Training.


@pytest.fixture
def vectors_file(tmp_path, few_reviews):
    """Write vectors of 6 dimensions for most words of the reviews."""
    config = resolve("from-scratch", SMALL)
    vocab = encode_splits(load_splits(config.data, seed=0), config).vocab
    generator = random.Random(0)
    lines = [
        f"{word} {' '.join(f'{generator.gauss(0, 0.5):.4f}' for _ in range(6))}\n"
        for word in vocab.tokens[2::2]
    ]
    (tmp_path / "vectors.txt").write_text("".join(lines))
    return tmp_path / "vectors.txt"


def settings(file, **changes):
    """Return the settings of a run that starts from the vectors in a file."""
    shared = {name: value for name, value in SMALL.items() if name != "embedding_dim"}
    flat = {**shared, "epochs": 2, "max_length": 20, "checkpoint_steps": 2, "adversarial_norm": 1.0}
    return {**flat, "word_vectors": str(file), "tie_terms": False, **changes}


@pytest.fixture
def steps(monkeypatch):
    """Record the trainer and the embedding before each step."""
    steps = []
    training_step = ClassificationTrainer.training_step

    def record(self, *arguments):
        steps.append((self, self.model.encoder.embedding.weight.detach().clone()))
        return training_step(self, *arguments)

    monkeypatch.setattr(ClassificationTrainer, "training_step", record)
    return steps


def test_training_starts_from_the_vectors_and_the_model_needs_no_file(
    tmp_path, vectors_file, steps
):
    out = tmp_path / "run"
    train_classifier(settings(vectors_file), out)
    classifier = Classifier.from_pretrained(out, device="cpu")
    assert classifier.config.model.embedding_dim == 6
    facts = classifier.metadata["vectors"]
    assert facts["words_found"] == facts["words"] // 2 + facts["words"] % 2
    assert 0 < facts["tokens_found"] < facts["tokens"]
    vectors = read_vectors(str(vectors_file), classifier.vocab)
    _, first = steps[0]
    start = first[vectors.ids]
    torch.testing.assert_close(start / start.norm(), vectors.rows / vectors.rows.norm())
    assert not torch.equal(classifier.model.encoder.embedding.weight, first)
    vectors_file.unlink()
    assert Classifier.from_pretrained(out).predict_logits([[2, 3]]).shape == (1, 2)


def test_frozen_vectors_are_neither_changed_nor_optimized(tmp_path, vectors_file, steps):
    train_classifier(
        settings(vectors_file, freeze_embeddings=True, ema_decay=0.9), tmp_path / "run"
    )
    trainer, start = steps[0]
    end = load_model(tmp_path / "run").model.encoder.embedding.weight
    assert start.numpy().tobytes() == end.detach().numpy().tobytes()
    optimized = {weight for group in trainer.parameter_groups() for weight in group["params"]}
    others = dict(trainer.model.named_parameters())
    del others["encoder.embedding.weight"]
    assert optimized == set(others.values())


@pytest.fixture
def interrupted(tmp_path, vectors_file):
    """Return the folder of a run on frozen vectors that was interrupted after its first epoch."""
    folder = tmp_path / "interrupted"
    with open_run(folder) as run:
        next(make_trainer(run, settings(vectors_file, freeze_embeddings=True)).epochs())
    assert checkpoints(folder)
    return folder


def test_resumed_run_ends_with_the_same_weights(tmp_path, interrupted, vectors_file):
    chosen = settings(vectors_file, freeze_embeddings=True)
    train_classifier(chosen, interrupted, resume=True)
    train_classifier(chosen, tmp_path / "whole")
    for name in ("model.safetensors", "vocab.txt"):
        assert (interrupted / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    resumed, whole = (load_model(folder).metadata for folder in (interrupted, tmp_path / "whole"))
    assert resumed["vectors"] == whole["vectors"]


def test_run_cannot_be_resumed_with_other_vectors(interrupted, vectors_file):
    chosen = settings(vectors_file, freeze_embeddings=True)
    vectors_file.write_text(vectors_file.read_text().replace("1", "2"))
    with pytest.raises(SentimentError, match="The data have changed since .*: vectors was"):
        train_classifier(chosen, interrupted, resume=True)
    vectors_file.unlink()
    with pytest.raises(DataError, match="Could not read '.*vectors.txt'"):
        train_classifier(chosen, interrupted, resume=True)


def test_dimension_that_needs_too_much_memory_is_an_error(tmp_path, vectors_file):
    numbers = "1 " * 400_000
    vectors_file.write_text(f"the {numbers}\n")
    with pytest.raises(SentimentError, match="400,?000"):
        train_classifier(settings(vectors_file), tmp_path / "run")
    assert not (tmp_path / "run").exists()
