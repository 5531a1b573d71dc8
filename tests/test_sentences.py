"""Sentences to learn from before whole reviews: where they come from, and when they are learned."""

import json
import signal

import pytest
import torch
from conftest import SMALL
from safetensors.torch import load_file

import sentiment.training.classification
from sentiment.config import Config
from sentiment.data.columns import from_reviews
from sentiment.data.labels import UNLABELLED
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.training.classification import (
    LESSONS_AMONG,
    SENTENCES,
    Classification,
    prepare_data,
    train,
)
from sentiment.training.pseudo_labels import (
    LONGEST,
    SHORTEST,
    label_by_words,
    labelled_sentences,
    sentences,
)
from sentiment.training.trainer import Trainer

SETTINGS = {**SMALL, "epochs": 2, "max_length": 30, "lessons": 0, "sentence_epochs": 1}


@pytest.fixture
def corpus(monkeypatch):
    """400 + 40 reviews, and 100 without labels, of which two are held out elsewhere."""
    train_rows, validation_rows = sample_reviews("train"), sample_reviews("validation")
    splits = {
        "train": train_rows[:200] + train_rows[-200:],
        "validation": validation_rows[:20] + validation_rows[-20:],
        "test": validation_rows[100:102],
        "unsupervised": [
            (text, UNLABELLED)
            for text, _ in train_rows[200:249] + train_rows[-249:-200] + validation_rows[:101:100]
        ],
    }
    corpus = from_reviews(splits)
    monkeypatch.setattr(sentiment.training.classification, "load_reviews", lambda *_: corpus)
    return corpus


def config(**changes):
    return Config.from_flat(**{**SETTINGS, **changes})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good . bad", ["good .", "bad"]),
        ("really ? ! no ... never", ["really ? !", "no ...", "never"]),
        ("no end", ["no end"]),
        (". starts", [".", "starts"]),
        ("很 好 。 不 错", ["很 好 。", "不 错"]),
        ("", []),
    ],
)
def test_sentences_end_at_full_stops_of_any_language(text, expected):
    assert [" ".join(sentence) for sentence in sentences(text.split())] == expected


def test_sentences_of_a_fitting_length_have_the_label_of_their_review():
    short, least, most = (["word"] * n + ["."] for n in (SHORTEST - 2, SHORTEST - 1, LONGEST - 1))
    reviews = [(short + least, 1), (most, 0), (["word", *most], 0)]
    assert list(labelled_sentences(reviews)) == [(least, 1), (most, 0)]


def test_an_unlabelled_review_gets_the_label_of_its_words_where_they_are_plain():
    reviews = [
        (["a", word, word, "film"], label) for word, label in (("fine", 1), ("poor", 0))
    ] * 40
    (fine, _), (poor, _), *_ = reviews
    mixed, unknown = ["a", "fine", "poor", "film"], ["something", "else"]
    assert label_by_words(reviews, [poor, mixed, fine, unknown]) == [(poor, 0), (fine, 1)]


def test_where_no_word_stands_in_two_reviews_no_label_is_sure():
    assert label_by_words([(["one"], 0), (["two"], 1)], [["one"]]) == []


def test_sentences_come_from_both_kinds_of_reviews_and_from_none_that_is_held_out(corpus):
    data = prepare_data(config())
    assert data.facts["unlabelled"]["rows"] == 98
    assert 0 < data.facts["unlabelled"]["labelled"] < 98
    own = [
        (tokens, label)
        for tokens, label in labelled_sentences(
            (sentiment.training.classification.Tokenizer().tokenize(text), label)
            for text, label in zip(corpus["train"]["text"], corpus["train"]["label"], strict=True)
        )
    ]
    assert len(data.sentences) > len(own)
    assert data.sentences[: len(own)] == [(data.vocab.encode(tokens), y) for tokens, y in own]


def test_lessons_stand_among_the_sentences(corpus):
    without, beside = (prepare_data(config(lessons=count)) for count in (0, 6))
    assert len(beside.sentences) - len(without.sentences) == 6 * LESSONS_AMONG
    assert beside.sentences[-6:] == beside.train[-6:]


def test_there_are_none_where_nobody_wants_them_or_all_reviews_have_labels(corpus):
    assert prepare_data(config(sentence_epochs=0)).sentences == ()
    assert prepare_data(config(epochs=1)).sentences == ()
    del corpus["unsupervised"]
    data = prepare_data(config())
    assert data.sentences == ()
    assert "unlabelled" not in data.facts


def test_there_are_none_where_no_label_is_sure(corpus, monkeypatch):
    monkeypatch.setattr("sentiment.training.pseudo_labels.SURE", 1.1)
    data = prepare_data(config(lessons=6))
    assert data.sentences == ()
    assert data.facts["unlabelled"]["labelled"] == 0


def test_an_epoch_of_sentences_comes_first_in_larger_batches_without_adversarial_steps(
    corpus, tmp_path, monkeypatch
):
    seen = []
    real = Classification.backward_through

    def spy(self, batch, perturbation=None):
        seen.append((len(batch.labels), perturbation is not None))
        return real(self, batch, perturbation)

    monkeypatch.setattr(Classification, "backward_through", spy)
    summary = train(config(adversarial=1.0), tmp_path / "run")
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in lines)
    assert summary.epochs == 2
    size = SETTINGS["batch_size"]
    parts, whole = seen[: first["step"]], seen[first["step"] :]
    assert {moved for _, moved in parts} == {False}
    assert max(count for count, _ in parts) == SENTENCES * size
    assert {moved for _, moved in whole} == {True}
    assert max(count for count, _ in whole) == size
    assert len(whole) == 2 * (second["step"] - first["step"])


@pytest.mark.parametrize("place", [-1, 0, 1])
def test_a_run_stopped_where_the_sentences_end_resumes_to_the_same_weights(
    corpus, tmp_path, monkeypatch, place
):
    train(config(), tmp_path / "whole")
    line = (tmp_path / "whole/metrics.jsonl").read_text().splitlines()[0]
    steps = json.loads(line)["step"] + place
    real = Trainer.step

    def step(self, batch):
        if self.state.step + 1 == steps:
            signal.raise_signal(signal.SIGINT)
        real(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", step)
        assert not train(config(), tmp_path / "parts").finished
    assert train(config(), tmp_path / "parts", resume=True).finished
    one, other = (load_file(tmp_path / run / "model.safetensors") for run in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)
