import json
import math

import pytest
import torch
from conftest import SMALL

import sentiment.training.classification
import sentiment.training.language_modeling
from sentiment.artifacts.bundle import Bundle, EncoderBundle, load_bundle, load_encoder
from sentiment.config import Config, TextConfig
from sentiment.data.columns import Notice, from_reviews
from sentiment.data.labels import IMDB_LABELS
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.data.synthetic.sentences import short_opinions
from sentiment.errors import InputError
from sentiment.text.batching import collate
from sentiment.text.tokenizer import Tokenizer
from sentiment.text.vocab import UNK_ID, Vocab
from sentiment.training.classification import (
    Classification,
    Data,
    label_weights,
    lessons_for,
    prepare_data,
    train,
    vocabulary,
)
from sentiment.training.language_modeling import pretrain

pytestmark = pytest.mark.usefixtures("few_reviews")

SETTINGS = {**SMALL, "epochs": 2, "max_length": 20}


def task(**changes):
    """The task as a run has it before its first step, without dropout."""
    dropouts = {"word_dropout": 0.0, "embedding_dropout": 0.0, "output_dropout": 0.0}
    config = Config.from_flat(**{**SETTINGS, **dropouts, **changes})
    data = prepare_data(config)
    torch.manual_seed(0)
    return Classification(Bundle.new(config, IMDB_LABELS, data.vocab, data.facts), data)


def test_a_run_leaves_a_bundle_metrics_and_a_summary(tmp_path):
    summary = train(Config.from_flat(**SETTINGS), tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "config.json",
        "metrics.jsonl",
        "model.safetensors",
        "summary.json",
        "vocab.txt",
    ]
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").open()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert summary.finished
    assert summary.validation["loss"] == min(line["validation_loss"] for line in lines)
    bundle = load_bundle(tmp_path / "run")
    assert bundle.data["train"]["rows"] == 120
    assert bundle.data["validation"]["rows"] == 40
    assert len(bundle.data["train"]["fingerprint"]) == 32
    assert bundle.data["metrics"] == lines[summary.best_epoch - 1]
    assert bundle.temperature == bundle.data["metrics"]["validation_temperature"]


def test_the_vocabulary_is_that_of_the_training_reviews_alone():
    data = prepare_data(Config.from_flat(**{**SETTINGS, "min_freq": 1, "max_vocab": None}))
    training = [text for text, _ in sample_reviews("train")]
    tokens = Tokenizer().pipe(training[:60] + training[-60:])
    assert data.vocab == Vocab.build(tokens, min_freq=1)


def test_lessons_are_learned_from_beside_the_reviews_and_by_nothing_else():
    without, beside = (
        prepare_data(Config.from_flat(**{**SETTINGS, "lessons": count})) for count in (0, 6)
    )
    assert beside.train[:120] == without.train
    assert [label for _, label in beside.train[120:]] == [0, 1] * 3
    assert beside.vocab == without.vocab
    assert beside.validation == without.validation
    assert (without.facts.pop("lessons")["rows"], beside.facts["lessons"]["rows"]) == (0, 6)
    assert beside.facts.items() >= without.facts.items()


def test_lessons_are_for_english_reviews_that_are_negative_or_positive():
    def count(labels, **settings):
        return len(lessons_for(labels, Config.from_flat(**settings)))

    assert count(["neg", "pos"]) == count(["Positive", "Negative"]) == 2 * len(short_opinions())
    assert count(["neg", "pos"], language="de") == count(["neg", "pos", "neutral"]) == 0
    assert count(["neg", "pos"], lessons=6) == 6
    with pytest.raises(InputError, match="English, and the reviews are read in 'de'.*--lessons 0"):
        count(["neg", "pos"], lessons=6, language="de")
    with pytest.raises(InputError, match="positive, and the reviews are bad or good.*--lessons 0"):
        count(["bad", "good"], lessons=6)


def test_lessons_have_the_labels_of_the_reviews():
    forward, backward = (
        dict(lessons_for(labels, Config.from_flat(lessons=6)))
        for labels in (["neg", "pos"], ["positive", "negative"])
    )
    assert {text: 1 - label for text, label in forward.items()} == backward


def test_an_adversarial_step_has_its_length_and_raises_the_loss():
    learner = task(adversarial=0.5)
    seen = []
    real = learner.backward_through

    def spy(batch, perturbation=None):
        outcome = real(batch, perturbation)
        seen.append((outcome.means["loss"], perturbation.detach().clone()))
        return outcome

    learner.backward_through = spy
    batch = collate(learner.data.train[:32])
    outcome = learner.backward(batch)
    (clean_loss, start), (adversarial_loss, step) = seen
    assert start.abs().max() == 0
    torch.testing.assert_close(step.flatten(1).norm(dim=1), torch.full((32,), 0.5))
    assert adversarial_loss > clean_loss
    assert outcome.means["loss"] == clean_loss
    padding = torch.arange(step.shape[1]) >= batch.lengths.unsqueeze(1)
    assert step[padding].abs().sum() == 0


def test_the_gradients_of_both_losses_add_up():
    def gradient(learner, *perturbations):
        for perturbation in perturbations:
            learner.backward_through(collate(learner.data.train[:32]), perturbation)
        return learner.model.linear.weight.grad

    with_step = task(adversarial=0.5)
    steps = []
    real = with_step.backward_through
    with_step.backward_through = lambda batch, step=None: (steps.append(step), real(batch, step))[1]
    with_step.backward(collate(with_step.data.train[:32]))
    expected = gradient(task(), None, steps[1])
    torch.testing.assert_close(with_step.model.linear.weight.grad, expected)


def test_without_adversarial_there_is_one_pass():
    learner = task(adversarial=0.0)
    learner.backward(collate(learner.data.train[:32]))
    expected = task()
    expected.backward_through(collate(expected.data.train[:32]))
    for one, other in zip(learner.model.parameters(), expected.model.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    """A small pretrained encoder, of another vocabulary and shape than a classifier's defaults."""
    corpus = from_reviews({"train": sample_reviews("train")[:40] + sample_reviews("train")[-40:]})
    monkeypatch.setattr(
        sentiment.training.language_modeling, "load_reviews", lambda *_, **__: corpus
    )
    settings = {**SETTINGS, "epochs": 1, "embedding_dim": 12, "hidden_size": 10, "min_freq": 1}
    pretrain(Config.from_flat(**settings), tmp_path / "encoder")
    return tmp_path / "encoder"


def test_a_classifier_starts_from_the_weights_and_the_vocabulary_of_its_encoder(
    tmp_path, encoder, monkeypatch
):
    first = {}
    real = Classification.backward

    def backward(self, batch):
        if not first:
            first.update({k: v.clone() for k, v in self.model.encoder.state_dict().items()})
        return real(self, batch)

    monkeypatch.setattr(Classification, "backward", backward)
    config = Config.from_flat(**{**SETTINGS, "init": str(encoder)})
    train(config, tmp_path / "run")
    saved = load_encoder(encoder)
    for name, tensor in saved.encoder.state_dict().items():
        assert torch.equal(first[name], tensor)
    bundle = load_bundle(tmp_path / "run")
    assert bundle.vocab == saved.vocab
    assert bundle.config.model.hidden_size == 10
    assert bundle.config.text.min_freq == 1
    assert bundle.config.text.max_length == SETTINGS["max_length"]
    assert not torch.equal(bundle.model.encoder.embedding.weight, saved.encoder.embedding.weight)


def test_each_layer_learns_slower_than_the_one_above(encoder):
    learner = task(layer_decay=0.5)
    groups = learner.parameter_groups()
    assert [group["factor"] for group in groups] == [1.0, 0.5, 0.25]
    assert learner.model.linear.weight in set(groups[0]["params"])
    assert groups[2]["params"] == [learner.model.encoder.embedding.weight]
    grouped = {parameter for group in groups for parameter in group["params"]}
    assert grouped == set(learner.model.parameters())


def test_frequent_words_that_are_new_begin_as_unknown_ones(tmp_path, encoder):
    known = load_encoder(encoder).vocab
    config = Config.from_flat(**{**SETTINGS, "init": str(encoder), "new_word_freq": 3})
    data = prepare_data(config, known)
    assert data.vocab.tokens[: len(known)] == known.tokens
    assert len(data.vocab) > len(known)
    bundle = Bundle.new(
        config.starting_from(load_encoder(encoder).config), IMDB_LABELS, data.vocab, {}
    )
    bundle.start_from(load_encoder(encoder))
    weight = bundle.model.encoder.embedding.weight
    assert (weight[len(known) :] == weight[UNK_ID]).all()
    assert (weight[: len(known)] == load_encoder(encoder).encoder.embedding.weight).all()


def test_the_linear_is_taken_over_by_the_names_of_its_labels():
    config = Config.from_flat(**SETTINGS)
    vocab = Vocab(["good", "bad"])
    first = Bundle.new(config, ["bad", "good"], vocab, {})
    start = EncoderBundle(config, vocab, first.model.encoder, {}, classifier=first)
    second = Bundle.new(config, ["good", "bad"], vocab, {})
    assert second.start_from(start)
    reviews = [[2, 3, 2]]
    torch.testing.assert_close(second.logits(reviews).flip(1), first.logits(reviews))


def test_a_vocabulary_that_misses_most_words_is_said():
    with pytest.warns(Notice, match="misses 100% of the words.*--language.*--from-scratch"):
        vocabulary([["nur", "deutsche", "wörter"]], TextConfig(), Vocab(["only", "english"]))


def test_balance_gives_each_label_the_same_weight():
    examples = [([2], 0)] * 6 + [([3], 1)] * 2
    data = Data(examples, examples, ["a", "b"], Vocab(["x", "y"]), {})
    assert label_weights(data).tolist() == pytest.approx([8 / 12, 8 / 4])
    losses = []
    for balance in (False, True):
        torch.manual_seed(0)
        config = Config.from_flat(**{**SETTINGS, "balance": balance})
        learner = Classification(Bundle.new(config, data.labels, data.vocab, {}), data)
        logits = torch.tensor([[2.0, 0.0]]).repeat(8, 1)
        losses.append(learner.loss(logits, torch.tensor([0] * 6 + [1] * 2)).item())
    right, wrong = math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))
    assert losses == pytest.approx([(6 * right + 2 * wrong) / 8, (right + wrong) / 2])


def test_there_must_be_an_encoder(tmp_path):
    config = Config.from_flat(**{**SETTINGS, "init": str(tmp_path / "nowhere")})
    with pytest.raises(InputError, match="There is no encoder in '.*nowhere'"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
