"""What is shipped in `sentiment/pretrained/`."""

from pathlib import Path

import sentiment
from sentiment import Classifier
from sentiment.bundle import load_encoder

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


def test_all_of_it_is_small_enough_to_clone():
    size = sum(path.stat().st_size for path in PRETRAINED.rglob("*") if path.is_file())
    assert size <= 40 * 2**20
