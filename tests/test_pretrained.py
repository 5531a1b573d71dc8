"""What is shipped in `sentiment/pretrained/`."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

import sentiment
from sentiment import Classifier
from sentiment.artifacts.bundle import load_encoder

PREDICTIONS = json.loads(Path(__file__).with_name("predictions.json").read_text(encoding="utf-8"))
PRETRAINED = Path(sentiment.__file__).parent / "pretrained"


def test_the_encoder_loads_and_says_how_it_was_made():
    encoder = load_encoder(PRETRAINED / "encoder")
    assert len(encoder.vocab) == encoder.config.text.max_vocab == 30_000
    assert encoder.data["left_out"] >= 270  # Reviews that stand in IMDB's test split too.
    assert encoder.data["metrics"]["validation_forward_perplexity"] < 100
    assert encoder.config.data.dataset == "stanfordnlp/imdb"


def test_the_classifier_answers_without_being_named():
    classifier = Classifier.from_pretrained()
    texts = [
        "A joy from start to finish, and the best cast of the year.",
        "Dull, badly acted and far too long. I walked out after an hour.",
        "I would see it again tomorrow; a wonderful film.",
        "A waste of time and money, the worst script in years.",
    ]
    assert [prediction["label"] for prediction in classifier(texts)] == ["pos", "neg"] * 2
    assert classifier.bundle.data["metrics"]["validation_accuracy"] > 0.91
    assert classifier.bundle.config.data.dataset == "stanfordnlp/imdb"


def test_predictions_are_the_same_everywhere(monkeypatch):
    """Whatever the versions of what is installed. `benchmarks/ship.py` has written the scores."""
    monkeypatch.setattr("sentiment.models.lstm.autocast", lambda device: nullcontext())
    bundle = (classifier := Classifier.from_pretrained()).bundle
    logits = bundle.logits(classifier.encode([*PREDICTIONS]))
    assert logits.softmax(dim=1)[:, 1].tolist() == pytest.approx([*PREDICTIONS.values()], abs=1e-4)
    assert len(PREDICTIONS) > 40


def test_a_processor_that_computes_in_16_bits_changes_a_score_by_little():
    scores = Classifier.from_pretrained()([*PREDICTIONS], all_scores=True)
    found = [score["scores"]["pos"] for score in scores]
    assert found == pytest.approx([*PREDICTIONS.values()], abs=0.03)


def test_all_of_it_is_small_enough_to_clone():
    size = sum(path.stat().st_size for path in PRETRAINED.rglob("*") if path.is_file())
    assert size <= 40 * 2**20
