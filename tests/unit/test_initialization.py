"""What a classification run starts from, and how many synthetic sentences it gets."""

import pytest
import torch
from support.small_splits import splits

import sentiment.training.initialization
from sentiment.artifacts.model_folder import SavedModel
from sentiment.config import SHIPPED_CLASSIFIER, SHIPPED_ENCODER, Config
from sentiment.data.synthetic.sentences import short_opinions
from sentiment.models.lstm import LSTMClassifier
from sentiment.presets import resolve
from sentiment.text.vocab import Vocab
from sentiment.training.classification import build
from sentiment.training.classification_data import EncodedReviews
from sentiment.training.initialization import choose_model, copy_weights, initialize

SIZES = {"embedding_dim": 4, "hidden_size": 3, "pooling": "last+attention"}
VOCAB = Vocab(["good", "bad", "film"])


def small_classifier(labels=("neg", "pos"), seed=0):
    torch.manual_seed(seed)
    config = Config.from_flat(**SIZES)
    model = LSTMClassifier(config.model, len(VOCAB), len(labels)).eval()
    return SavedModel(config, VOCAB, model, list(labels), 1.0, {})


@pytest.fixture
def known(monkeypatch):
    """Set the fraction of reviews that the shipped classifier was trained on."""

    def set_fraction(fraction):
        monkeypatch.setattr(
            sentiment.training.initialization,
            "count_known",
            lambda texts: fraction * len(list(texts)),
        )

    return set_fraction


@pytest.fixture
def shipped(monkeypatch):
    """Replace the shipped models by small ones."""

    def load_small(folder):
        saved = small_classifier()
        if folder.name == "encoder":
            return saved._replace(model=saved.encoder, labels=None)
        return saved

    monkeypatch.setattr(sentiment.training.initialization, "load_model", load_small)


# Which model.


@pytest.mark.parametrize(
    "labels", [["neg", "pos"], ["negative", "positive"], ["POSITIVE", "Negative"]]
)
def test_negative_and_positive_labels_start_from_the_shipped_classifier(labels):
    name, reason = choose_model(Config(), labels, known=0.0)
    assert name == SHIPPED_CLASSIFIER
    assert "shipped classifier, because the labels are negative and positive" in reason


@pytest.mark.parametrize("labels", [["bad", "good"], ["neg", "neutral", "pos"], ["0", "1"]])
def test_other_labels_start_from_the_shipped_encoder(labels):
    name, reason = choose_model(Config(), labels, known=0.0)
    assert name == SHIPPED_ENCODER
    assert "shipped encoder, because the labels are not negative and positive" in reason


@pytest.mark.parametrize("fraction", [0.01, 0.3, 1.0])
def test_known_imdb_reviews_never_start_from_the_shipped_classifier(known, shipped, fraction):
    known(fraction)
    initialization = initialize(splits(), "default", {})
    assert initialization.config.model.init == SHIPPED_ENCODER
    assert initialization.start.labels is None
    assert f"because {fraction:.0%} of the reviews are IMDB reviews" in initialization.reason


def test_known_reviews_are_counted_in_every_split(monkeypatch, shipped):
    seen = []
    monkeypatch.setattr(
        sentiment.training.initialization,
        "count_known",
        lambda texts: seen.append(len(list(texts))) or 0,
    )
    assert initialize(splits(), "default", {}).config.model.init == SHIPPED_CLASSIFIER
    assert seen == [20, 4, 6]


def test_named_model_is_used_whatever_the_labels_and_the_reviews():
    config = Config.from_flat(init="my/model")
    assert choose_model(config, ["bad", "good"], known=1.0)[0] == "my/model"
    assert choose_model(Config.from_flat(init=None), ["neg", "pos"], 0.0)[0] is None
    vectors = Config.from_flat(init=None, word_vectors="glove.txt")
    assert choose_model(vectors, ["neg", "pos"], 0.0)[0] is None


def test_training_with_a_teacher_starts_from_it_unless_another_model_is_named():
    config = Config.from_flat(teacher="my/model")
    assert choose_model(config, ["bad", "good"], known=1.0)[0] == "my/model"
    config = Config.from_flat(teacher="my/model", init="my/other")
    assert choose_model(config, ["bad", "good"], known=1.0)[0] == "my/other"
    assert choose_model(Config.from_flat(teacher="my/model", init=None), ["a", "b"], 0.0)[0] is None


def test_sizes_and_pooling_come_from_the_initial_classifier(known, shipped):
    known(0.0)
    config = initialize(splits(), "default", {"max_length": 30}).config
    expected = {**SIZES, "max_length": 30, "init": SHIPPED_CLASSIFIER}
    assert expected.items() <= config.to_flat().items()
    assert initialize(splits(), "default", {"pooling": "mean"}).config.model.pooling == "mean"


# Synthetic sentences.


@pytest.mark.parametrize(
    ("fraction", "labels", "settings", "expected"),
    [
        (1.0, ("neg", "pos"), {}, 2 * len(short_opinions())),
        (1.0, ("neg", "pos"), {"teacher": "my/model", "init": None}, 4 * len(short_opinions())),
        (0.5, ("Negative", "Positive"), {}, 2 * len(short_opinions())),
        (0.3, ("neg", "pos"), {}, 0),
        (0.0, ("neg", "pos"), {}, 0),
        (1.0, ("bad", "good"), {}, 0),
        (1.0, ("neg", "pos"), {"synthetic_sentences": 0}, 0),
        (0.0, ("neg", "pos"), {"synthetic_sentences": 6}, 6),
    ],
)
def test_synthetic_sentences_are_added_to_imdb_alone_unless_asked_for(
    known, shipped, fraction, labels, settings, expected
):
    known(fraction)
    config = initialize(splits(labels), "default", settings).config
    assert config.data.synthetic_sentences == expected


@pytest.mark.parametrize("preset", ["from-scratch", "few-shot"])
def test_other_presets_add_none_to_imdb(known, shipped, preset):
    known(1.0)
    assert initialize(splits(), preset, {}).config.data.synthetic_sentences == 0


# Initial weights.


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (["neg", "pos"], [0, 1]),
        (["pos", "neg"], [1, 0]),
        (["Positive", "negative"], [1, 0]),
        (["bad", "good"], None),
        (["neg", "neutral", "pos"], None),
    ],
)
def test_head_is_copied_by_the_meaning_of_the_labels(labels, rows):
    start = small_classifier()
    model = LSTMClassifier(start.config.model, len(VOCAB), len(labels))
    before = model.linear.weight.clone()
    data = EncodedReviews([], [], [], labels, VOCAB)
    assert copy_weights(model, start, data) == (rows is not None)
    expected = before if rows is None else start.model.linear.weight[rows]
    assert torch.equal(model.linear.weight, expected)
    assert torch.equal(model.attention.key.weight, start.model.attention.key.weight)
    encoders = model.encoder.state_dict(), start.encoder.state_dict()
    assert all(torch.equal(encoders[0][name], tensor) for name, tensor in encoders[1].items())


def test_head_is_fitted_where_it_is_not_copied():
    start = small_classifier()
    examples = [([2, 4], 1), ([3, 4], 0)] * 10
    data = EncodedReviews(examples, examples, [], ["bad", "good"], VOCAB)
    config = resolve("default", SIZES, start.config, "start")
    model = build(config, data, start).eval()
    with torch.inference_mode():
        logits = model(torch.tensor([[2, 4], [3, 4]]), torch.tensor([2, 2]))
    assert logits.argmax(dim=1).tolist() == [1, 0]
    assert torch.equal(model.encoder.embedding.weight, start.encoder.embedding.weight)
