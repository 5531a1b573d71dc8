"""Single sentences to train on before whole reviews, and pseudo-labels of unlabelled reviews."""

import json
import math
from copy import copy

import numpy as np
import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file
from support.small_models import SMALL
from support.stopping import stop_after
from torch.nn.functional import cross_entropy

import sentiment.training.classification_data
from sentiment.config import Config
from sentiment.data.labels import UNLABELLED, UNSUPERVISED
from sentiment.data.review_splits import from_reviews, review_features
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import ConfigError
from sentiment.inference.classifier import Classifier
from sentiment.text.tokenizer import Tokenizer
from sentiment.training.classification import (
    SENTENCES_PER_REVIEW,
    ClassificationTrainer,
    make_trainer,
    train_classifier,
)
from sentiment.training.classification_data import SYNTHETIC_REPEATS, encode_splits, load_splits
from sentiment.training.pseudo_labels import (
    MAX_TOKENS,
    MIN_TOKENS,
    PseudoLabelled,
    blend,
    labelled_sentences,
    nb_svm_probabilities,
    split_sentences,
)
from sentiment.training.run_folder import open_run

pytestmark = pytest.mark.usefixtures("no_fsync")

SETTINGS = {**SMALL, "epochs": 2, "max_length": 30, "sentence_epochs": 1}


@pytest.fixture(scope="module")
def reviews():
    """Return 400 + 40 reviews, and 100 without labels, of which two are held out elsewhere."""
    train_rows, validation_rows = sample_reviews("train"), sample_reviews("validation")
    splits = {
        "train": train_rows[:200] + train_rows[-200:],
        "validation": validation_rows[:20] + validation_rows[-20:],
        "test": validation_rows[100:102],
        UNSUPERVISED: [
            (text, UNLABELLED)
            for text, _ in train_rows[200:249] + train_rows[-249:-200] + validation_rows[:101:100]
        ],
    }
    return from_reviews(splits)


@pytest.fixture(autouse=True)
def loaded(reviews, monkeypatch):
    """Make every dataset consist of `reviews`; a test may change the splits."""
    loaded = copy(reviews)
    monkeypatch.setattr(sentiment.training.classification_data, "load_reviews", lambda *_: loaded)
    return loaded


def settings(**changes):
    return {**SETTINGS, **changes}


def prepared(**changes):
    """Return the data of a run."""
    config = Config.from_flat(**settings(**changes))
    return encode_splits(load_splits(config.data, config.train.seed), config)


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
    assert [" ".join(sentence) for sentence in split_sentences(text.split())] == expected


def test_sentences_of_suitable_length_have_the_label_of_their_review():
    short, shortest, longest = (
        ["word"] * n + ["."] for n in (MIN_TOKENS - 2, MIN_TOKENS - 1, MAX_TOKENS - 1)
    )
    reviews = [(short + shortest, 1), (longest, 0), (["word", *longest], 0)]
    assert list(labelled_sentences(reviews)) == [(shortest, 1), (longest, 0)]


def test_unlabelled_reviews_get_a_label_where_their_words_are_clear():
    reviews = [
        (["a", word, word, "film"], label) for word, label in (("fine", 1), ("poor", 0))
    ] * 40
    (fine, _), (poor, _), *_ = reviews
    mixed, unknown = ["a", "fine", "poor", "film"], ["something", "else"]
    unlabelled = [poor, mixed, fine, unknown]
    probabilities = nb_svm_probabilities(reviews, unlabelled, 3)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities[:, 2].tolist() == [0, 0, 0, 0]  # No review has label 2.
    assert PseudoLabelled(unlabelled, probabilities).confident() == [(poor, 0), (fine, 1)]


def test_all_labels_are_equally_probable_without_a_word_that_two_reviews_share():
    reviews = [(["one"], 0), (["two"], 1)]
    assert nb_svm_probabilities(reviews, [["one"]], 2).tolist() == [[0.5, 0.5]]


def test_blend_is_between_the_teacher_and_nb_svm_and_closer_to_the_teacher():
    one, other = np.array([[0.9, 0.1], [1.0, 0.0]]), np.array([[0.5, 0.5], [0.0, 1.0]])
    blended = blend(one, other)
    assert blended.sum(axis=1) == pytest.approx(1)
    assert 0.7 < blended[0, 0] < 0.9
    assert 0.5 < blended[1, 0] < 1
    assert blend(one, one)[0] == pytest.approx(one[0])


def test_sentences_are_of_both_kinds_of_reviews_and_of_none_that_is_held_out(reviews):
    data = prepared()
    assert data.facts["unlabelled"]["rows"] == 98
    assert 0 < data.facts["unlabelled"]["labelled"] < 98
    tokenizer = Tokenizer()
    train = zip(reviews["train"]["text"], reviews["train"]["label"], strict=True)
    labelled = list(labelled_sentences((tokenizer.tokenize(text), y) for text, y in train))
    encoded = [(data.vocab.encode(tokens), label) for tokens, label in labelled]
    assert data.sentences[: len(encoded)] == encoded
    assert len(data.sentences) > len(encoded)


def test_synthetic_sentences_are_among_the_sentences():
    without, with_six = (prepared(synthetic_sentences=count) for count in (0, 6))
    assert len(with_six.sentences) - len(without.sentences) == 6 * SYNTHETIC_REPEATS
    assert with_six.sentences[-6:] == with_six.train[-6:]


def test_no_sentences_unless_asked_for_and_without_unlabelled_reviews(loaded):
    assert len(prepared(sentence_epochs=0).sentences) == 0
    assert len(prepared(epochs=1).sentences) == 0
    del loaded[UNSUPERVISED]
    data = prepared()
    assert len(data.sentences) == 0
    assert "unlabelled" not in data.facts


def test_no_sentences_where_no_label_is_probable_enough(monkeypatch):
    monkeypatch.setattr("sentiment.training.pseudo_labels.MIN_CONFIDENCE", 1.1)
    data = prepared(synthetic_sentences=6)
    assert len(data.sentences) == 0
    assert data.facts["unlabelled"]["labelled"] == 0


def test_epoch_of_sentences_is_first_in_larger_batches_and_not_adversarial(tmp_path, monkeypatch):
    seen = []
    real = ClassificationTrainer.compute_loss

    def spy(self, batch, perturbation=None):
        seen.append((len(batch.labels), perturbation is not None))
        return real(self, batch, perturbation)

    monkeypatch.setattr(ClassificationTrainer, "compute_loss", spy)
    summary = train_classifier(settings(adversarial_norm=1.0), tmp_path / "run")
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in lines)
    assert summary.epochs == 2
    batch_size = SETTINGS["batch_size"]
    sentences, whole = seen[: first["step"]], seen[first["step"] :]
    assert {perturbed for _, perturbed in sentences} == {False}
    assert max(size for size, _ in sentences) == SENTENCES_PER_REVIEW * batch_size
    assert {perturbed for _, perturbed in whole} == {True}
    assert max(size for size, _ in whole) == batch_size
    assert len(whole) == 2 * (second["step"] - first["step"])


def test_last_epoch_is_always_over_whole_reviews(tmp_path):
    train_classifier(settings(sentence_epochs=5), tmp_path / "run")
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in lines)
    assert second["step"] - first["step"] == 400 / SETTINGS["batch_size"] + 0.5


def test_teacher_gives_unlabelled_reviews_targets():
    without, data = prepared(), prepared(teacher="shipped-classifier")
    assert list(data.train) == list(without.train)
    assert [label for _, label in data.distilled] == list(range(2, 2 + 98))
    assert data.probabilities.shape == (98, 2)
    assert data.probabilities.sum(axis=1) == pytest.approx(1)
    texts = [text for text, label in sample_reviews("train")[200:249]]
    teacher = Classifier.from_pretrained(backend="torch")
    expected = teacher.predict_proba(texts).argmax(axis=1)
    assert (data.probabilities[:49].argmax(axis=1) == expected).mean() > 0.95
    assert data.facts["unlabelled"].keys() == {"rows", "fingerprint", "labelled", "teacher"}


def test_loss_of_a_distilled_review_is_the_cross_entropy_of_its_probabilities(tmp_path):
    with open_run(tmp_path / "run") as run:
        trainer = make_trainer(run, settings(teacher="shipped-classifier"))
    logits = torch.randn(3, 2)
    targets = torch.tensor([[0.0, 1.0], [1.0, 0.0], trainer.data.probabilities[5].tolist()])
    found = trainer.cross_entropy(logits, torch.tensor([1, 0, 2 + 5]))
    torch.testing.assert_close(found, cross_entropy(logits, targets))


def test_distilled_reviews_are_trained_on_with_the_labelled_ones(tmp_path):
    train_classifier(settings(teacher="shipped-classifier", epochs=1), tmp_path / "run")
    epoch = json.loads((tmp_path / "run/metrics.jsonl").read_text())
    assert epoch["step"] == math.ceil((400 + 98) / SETTINGS["batch_size"])


def test_teacher_needs_unlabelled_reviews_and_the_same_labels(loaded, reviews):
    splits = {
        name: Dataset.from_dict(split.to_dict(), features=review_features(["bad", "good"]))
        for name, split in reviews.items()
    }
    loaded.update(splits)
    with pytest.raises(
        ConfigError, match="labels of the teacher 'shipped-classifier' are neg, pos"
    ):
        prepared(teacher="shipped-classifier")
    del loaded[UNSUPERVISED]
    with pytest.raises(ConfigError, match="and there are none. Give unlabelled_file"):
        prepared(teacher="shipped-classifier")


@pytest.fixture(scope="module")
def whole(reviews, tmp_path_factory):
    """Return the folder of an undisturbed run."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentiment.training.classification_data, "load_reviews", lambda *_: reviews)
        train_classifier(settings(), folder)
    return folder


@pytest.mark.parametrize("place", [-1, 0, 1])
def test_run_stopped_near_the_end_of_the_sentences_resumes_to_the_same_weights(
    whole, tmp_path, monkeypatch, place
):
    line = (whole / "metrics.jsonl").read_text().splitlines()[0]
    steps = json.loads(line)["step"] + place
    with monkeypatch.context() as patch:
        stop_after(steps, patch)
        assert not train_classifier(settings(), tmp_path / "parts").finished
    assert train_classifier({}, tmp_path / "parts", resume=True).finished
    one, other = (load_file(run / "model.safetensors") for run in (whole, tmp_path / "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)
