"""Training a classifier: what a run leaves, its data, its losses, and its initial weights."""

import math

import pytest
import torch
from datasets import DatasetDict
from support.small_models import SMALL

import sentiment
import sentiment.training.language_modeling
from sentiment.artifacts.checksums import read_json_lines
from sentiment.artifacts.model_folder import load_model
from sentiment.config import Config, TextConfig
from sentiment.data.labels import IMDB_LABELS
from sentiment.errors import ConfigError, ModelError, Notice
from sentiment.inference.classifier import Classifier
from sentiment.models.lstm import LSTMClassifier
from sentiment.presets import resolve
from sentiment.text.batching import collate
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import UNK_ID, Vocab
from sentiment.training.classification import (
    ClassificationTrainer,
    build,
    label_weights,
    make_trainer,
    train_classifier,
)
from sentiment.training.classification_data import (
    EncodedReviews,
    Splits,
    build_vocab,
    encode_splits,
    synthetic_examples,
)
from sentiment.training.language_modeling import pretrain
from sentiment.training.run_folder import Run

pytestmark = pytest.mark.usefixtures("few_reviews", "no_fsync")

SETTINGS = {**SMALL, "epochs": 2, "max_length": 20}
NO_DROPOUT = {"word_dropout": 0.0, "embedding_dropout": 0.0, "output_dropout": 0.0}


@pytest.fixture
def splits(small_splits):
    return Splits(small_splits["train"], small_splits["validation"])


def new_run(folder):
    return Run(folder, resume=False, overwrite=False, summary=None)


def new_trainer(folder, **changes):
    """Return a trainer before its first step, without dropout."""
    trainer = make_trainer(new_run(folder), {**SETTINGS, **NO_DROPOUT, **changes})
    trainer.model.train()
    return trainer


def first_batch(trainer):
    return collate(trainer.data.train[:32])


# What a run leaves.


def test_run_leaves_a_model_metrics_and_a_summary(tmp_path):
    summary = train_classifier(SETTINGS, tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "config.json",
        "metrics.jsonl",
        "model.safetensors",
        "summary.json",
        "vocab.txt",
    ]
    lines = read_json_lines(tmp_path / "run" / "metrics.jsonl")
    assert [line["epoch"] for line in lines] == [1, 2]
    assert summary.finished
    assert summary.validation["loss"] == min(line["validation_loss"] for line in lines)
    saved = load_model(tmp_path / "run")
    assert saved.metadata["train"]["rows"] == 120
    assert saved.metadata["train"]["labels"] == {"neg": 60, "pos": 60}
    assert saved.metadata["validation"]["rows"] == 40
    assert len(saved.metadata["train"]["fingerprint"]) == 32
    assert saved.metadata["metrics"] == lines[summary.best_epoch - 1]
    assert saved.temperature == saved.metadata["metrics"]["validation_temperature"]


def test_train_returns_the_classifier_that_it_saved(tmp_path):
    classifier = sentiment.train(**SETTINGS, out=tmp_path / "run")
    assert isinstance(classifier, Classifier)
    assert classifier.folder == tmp_path / "run"
    loaded = Classifier.from_pretrained(tmp_path / "run", device="cpu")
    assert classifier("A joy.") == loaded("A joy.")
    assert classifier.metadata == loaded.metadata
    again = sentiment.train(**SETTINGS, out=tmp_path / "run", resume=True)
    assert again("A joy.") == loaded("A joy.")


# Data.


def test_vocabulary_is_that_of_the_training_reviews_alone(splits):
    config = Config.from_flat(**{**SETTINGS, "min_freq": 1, "max_vocab": None})
    data = encode_splits(splits, config)
    assert data.vocab == Vocab.build(Tokenizer().pipe(splits.train["text"]), min_freq=1)


def test_synthetic_sentences_change_the_training_examples_and_nothing_else(splits):
    without, with_six = (
        encode_splits(splits, Config.from_flat(**{**SETTINGS, "synthetic_sentences": count}))
        for count in (0, 6)
    )
    assert with_six.train[:120] == list(without.train)
    assert [label for _, label in with_six.train[120:]] == [0, 1] * 3
    assert with_six.vocab == without.vocab
    assert list(with_six.validation) == list(without.validation)
    facts = without.facts.pop("synthetic_sentences"), with_six.facts.pop("synthetic_sentences")
    assert [(fact["rows"], fact["fraction"]) for fact in facts] == [(0, 0), (6, 6 / 126)]
    assert with_six.facts == without.facts


def test_synthetic_sentences_need_english_reviews_that_are_negative_or_positive():
    config = Config.from_flat(synthetic_sentences=6)
    with pytest.raises(ConfigError, match="are in English, and language is 'de'. Leave them out"):
        synthetic_examples(Config.from_flat(**{**config.to_flat(), "language": "de"}), IMDB_LABELS)
    with pytest.raises(ConfigError, match="the labels are bad, good. Leave them out"):
        synthetic_examples(config, ["bad", "good"])
    assert synthetic_examples(Config.from_flat(synthetic_sentences=0), ["bad", "good"]) == []


def test_synthetic_sentences_have_the_labels_of_the_reviews():
    config = Config.from_flat(synthetic_sentences=6)
    forward, backward = (
        dict(synthetic_examples(config, labels))
        for labels in (["neg", "pos"], ["Positive", "Negative"])
    )
    assert len(forward) == 6
    assert {text: 1 - label for text, label in forward.items()} == backward


def test_initial_vocabulary_without_most_words_is_a_notice():
    with pytest.warns(Notice, match="does not have 100% of the words.*Set their language, or"):
        build_vocab([["nur", "deutsche", "wörter"]], TextConfig(), Vocab(["only", "english"]))


# Losses.


def test_adversarial_perturbation_has_its_norm_and_raises_the_loss(tmp_path):
    trainer = new_trainer(tmp_path, adversarial_norm=0.5)
    seen = []
    real = trainer.compute_loss

    def spy(batch, perturbation=None):
        loss = real(batch, perturbation)
        seen.append((loss.value.item(), perturbation.detach().clone()))
        return loss

    trainer.compute_loss = spy
    batch = first_batch(trainer)
    loss = trainer.training_step(batch, trainer.stages[-1])
    (clean_loss, zeros), (adversarial_loss, perturbation) = seen
    assert zeros.abs().max() == 0
    norms = perturbation.flatten(start_dim=1).norm(dim=1)
    torch.testing.assert_close(norms, torch.full((32,), 0.5))
    assert adversarial_loss > clean_loss
    assert loss.value.item() == clean_loss
    padding = torch.arange(perturbation.shape[1]) >= batch.lengths.unsqueeze(1)
    assert perturbation[padding].abs().sum() == 0


def test_gradients_of_both_losses_are_added(tmp_path):
    adversarial = new_trainer(tmp_path, adversarial_norm=0.5)
    perturbations = []
    real = adversarial.compute_loss

    def spy(batch, perturbation=None):
        perturbations.append(perturbation)
        return real(batch, perturbation)

    adversarial.compute_loss = spy
    adversarial.training_step(first_batch(adversarial), adversarial.stages[-1])
    plain = new_trainer(tmp_path)
    for perturbation in (None, perturbations[1]):
        plain.compute_loss(first_batch(plain), perturbation).value.backward()
    torch.testing.assert_close(adversarial.model.linear.weight.grad, plain.model.linear.weight.grad)


def test_without_adversarial_norm_a_step_is_one_pass(tmp_path):
    trainer, expected = new_trainer(tmp_path), new_trainer(tmp_path)
    trainer.training_step(first_batch(trainer), trainer.stages[-1])
    expected.compute_loss(first_batch(expected)).value.backward()
    pairs = zip(trainer.model.parameters(), expected.model.parameters(), strict=True)
    assert all(torch.equal(one.grad, other.grad) for one, other in pairs)


def test_balance_labels_gives_each_label_the_same_weight(tmp_path):
    examples = [([2], 0)] * 6 + [([3], 1)] * 2
    data = EncodedReviews(examples, examples, [], ["a", "b"], Vocab(["x", "y"]))
    assert label_weights(data).tolist() == pytest.approx([8 / 12, 8 / 4])
    losses = []
    for balance_labels in (False, True):
        config = Config.from_flat(**{**SETTINGS, "balance_labels": balance_labels})
        model = LSTMClassifier(config.model, len(data.vocab), 2)
        trainer = ClassificationTrainer(model, data, config, new_run(tmp_path))
        logits = torch.tensor([[2.0, 0.0]]).repeat(8, 1)
        losses.append(trainer.cross_entropy(logits, torch.tensor([0] * 6 + [1] * 2)).item())
    right, wrong = math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))
    assert losses == pytest.approx([(6 * right + 2 * wrong) / 8, (right + wrong) / 2])


# Initial weights.


@pytest.fixture
def encoder(small_splits, tmp_path, monkeypatch):
    """Return the folder of a small encoder, trained on a part of the reviews."""
    reviews = DatasetDict(train=small_splits["train"].select(range(20, 100)))
    monkeypatch.setattr(
        sentiment.training.language_modeling, "load_reviews", lambda *_, **__: reviews
    )
    settings = {**SETTINGS, "epochs": 1, "embedding_dim": 12, "hidden_size": 10, "min_freq": 1}
    pretrain(settings, tmp_path / "encoder")
    return tmp_path / "encoder"


def from_encoder(encoder, **changes):
    """Return settings of a run that starts from `encoder`, without those that it determines."""
    determined = "embedding_dim", "hidden_size", "max_vocab"
    settings = {name: value for name, value in SETTINGS.items() if name not in determined}
    return {**settings, "init": str(encoder), **changes}


def test_classifier_starts_with_weights_sizes_and_vocabulary_of_its_encoder(
    tmp_path, encoder, monkeypatch
):
    initial = {}
    real = ClassificationTrainer.training_step

    def training_step(self, *arguments):
        if not initial:
            state = self.model.encoder.state_dict()
            initial.update({name: tensor.clone() for name, tensor in state.items()})
        return real(self, *arguments)

    monkeypatch.setattr(ClassificationTrainer, "training_step", training_step)
    train_classifier(from_encoder(encoder, tie_terms=False), tmp_path / "run")
    start, trained = load_model(encoder), load_model(tmp_path / "run")
    for name, tensor in start.model.state_dict().items():
        assert torch.equal(initial[name], tensor)
    assert trained.vocab == start.vocab
    assert trained.config.model.hidden_size == 10
    assert trained.config.text.min_freq == 1
    assert trained.config.text.max_length == SETTINGS["max_length"]
    assert not torch.equal(trained.encoder.embedding.weight, start.encoder.embedding.weight)


def test_hidden_size_of_the_encoder_is_accepted_and_another_one_refused(tmp_path, encoder):
    with pytest.raises(
        ConfigError, match="hidden_size is 10 in '.*encoder', which training starts"
    ):
        train_classifier(from_encoder(encoder, hidden_size=99), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    train_classifier(from_encoder(encoder, hidden_size=10, epochs=1), tmp_path / "run")
    assert load_model(tmp_path / "run").config.model.hidden_size == 10


def test_learning_rate_decays_from_layer_to_layer(tmp_path):
    trainer = new_trainer(tmp_path, layer_decay=0.5)
    groups = trainer.parameter_groups()
    assert [group["factor"] for group in groups] == [1.0, 0.5, 0.25]
    assert trainer.model.linear.weight in set(groups[0]["params"])
    assert groups[2]["params"] == [trainer.model.encoder.embedding.weight]
    grouped = {parameter for group in groups for parameter in group["params"]}
    assert grouped == set(trainer.model.parameters())


def test_frequent_words_that_the_encoder_lacks_start_as_unknown_words(encoder, splits):
    start = load_model(encoder)
    settings = from_encoder(encoder, new_word_freq=3)
    config = resolve("default", settings, start.config, "encoder")
    data = encode_splits(splits, config, start.vocab)
    known = len(start.vocab)
    assert data.vocab.tokens[:known] == start.vocab.tokens
    assert len(data.vocab) > known
    weight = build(config, data, start).encoder.embedding.weight
    assert (weight[known:] == weight[UNK_ID]).all()
    assert (weight[:known] == start.encoder.embedding.weight).all()


def test_missing_initial_model_is_an_error_and_leaves_no_folder(tmp_path):
    with pytest.raises(ModelError, match="There is no model in '.*nowhere'"):
        train_classifier({**SETTINGS, "init": str(tmp_path / "nowhere")}, tmp_path / "run")
    assert not (tmp_path / "run").exists()
