"""The shipped encoder and classifier, in `sentiment/pretrained/`."""

import json
import subprocess
from contextlib import nullcontext

import pytest
from support.paths import ROOT

from sentiment import Classifier
from sentiment.artifacts.model_folder import PRETRAINED, load_model, model_folder
from sentiment.config import SHIPPED_CLASSIFIER, SHIPPED_ENCODER

# The probability of `pos` of each text, in float32. Written by `benchmarks/ship.py`.
PREDICTIONS = json.loads((ROOT / "tests/support/predictions.json").read_text(encoding="utf-8"))

ignore_unknown_words = pytest.mark.filterwarnings(
    "ignore::sentiment.inference.classifier.UnknownWordsWarning"
)


def test_shipped_encoder_loads_with_its_training_facts():
    saved = load_model(model_folder(SHIPPED_ENCODER))
    assert saved.labels is None
    assert len(saved.vocab) == saved.config.text.max_vocab == 30_000
    assert saved.metadata["left_out"] >= 270  # Reviews that are also in IMDB's test split.
    assert saved.metadata["metrics"]["validation_forward_perplexity"] < 100
    assert saved.config.data.dataset == "stanfordnlp/imdb"


def test_shipped_classifier_is_the_default():
    classifier = Classifier.from_pretrained()
    texts = [
        "A joy from start to finish, and the best cast of the year.",
        "Dull, badly acted and far too long. I walked out after an hour.",
        "I would see it again tomorrow; a wonderful film.",
        "A waste of time and money, the worst script in years.",
    ]
    assert classifier.predict(texts) == ["pos", "neg"] * 2
    assert classifier.metadata["metrics"]["validation_accuracy"] > 0.91
    assert classifier.config.data.dataset == "stanfordnlp/imdb"
    assert Classifier.from_pretrained(SHIPPED_CLASSIFIER)(texts) == classifier(texts)


@ignore_unknown_words  # Some of the texts are odd on purpose.
def test_scores_in_float32_are_the_stored_ones(monkeypatch):
    """With every supported version of the dependencies."""
    monkeypatch.setattr("sentiment.inference.batched.autocast", lambda *_: nullcontext())
    scores = Classifier.from_pretrained().predict_proba(PREDICTIONS.keys())[:, 1]
    assert scores.tolist() == pytest.approx([*PREDICTIONS.values()], abs=1e-4)
    assert len(PREDICTIONS) > 40


@ignore_unknown_words
def test_scores_in_bfloat16_differ_little():
    scores = Classifier.from_pretrained().predict_proba([*PREDICTIONS])[:, 1]
    assert scores.tolist() == pytest.approx([*PREDICTIONS.values()], abs=0.03)


def test_shipped_models_are_small_enough_to_clone():
    size = sum(path.stat().st_size for path in PRETRAINED.rglob("*") if path.is_file())
    assert size <= 40 * 2**20


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is not a clone")
def test_clone_with_line_ends_of_windows_has_the_bytes_of_the_checksums():
    path = PRETRAINED / "classifier" / "vocab.txt"
    name = path.relative_to(ROOT).as_posix()
    checked_out = subprocess.run(
        ["git", "-c", "core.autocrlf=true", "cat-file", "--filters", f"HEAD:{name}"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    assert checked_out.stdout == path.read_bytes()
