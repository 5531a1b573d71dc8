"""Pretraining an encoder: the language models, their data, and runs."""

import math

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from support.small_models import SMALL
from support.stopping import stop_after

import sentiment.models.language_model
import sentiment.training.language_modeling
from sentiment.artifacts.checksums import read_json_lines
from sentiment.artifacts.model_folder import load_model
from sentiment.config import Config
from sentiment.data.labels import UNLABELLED, UNSUPERVISED
from sentiment.data.review_splits import from_reviews
from sentiment.data.splits import drop_shared, train_and_validation
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import ConfigError, ModelError
from sentiment.inference.classifier import Classifier
from sentiment.models.language_model import LanguageModel
from sentiment.presets import resolve
from sentiment.text.batching import collate
from sentiment.training.language_modeling import (
    PRESET,
    load_and_encode,
    pretrain,
    split_into_pieces,
)
from sentiment.training.run_folder import checkpoints
from sentiment.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("no_fsync")

SETTINGS = {
    **SMALL,
    "epochs": 2,
    "checkpoint_steps": 3,
    "max_length": 20,
    "learning_rate": 1e-3,
    "ema_decay": 0.998,
    "word_dropout": 0.0,
    "embedding_dropout": 0.0,
    "output_dropout": 0.0,
}
VOCAB_SIZE = 500


@pytest.fixture(scope="module")
def reviews():
    """Return 60 + 20 + 20 + 40 reviews; half of the unlabelled ones are in the test split too."""
    sample = {split: sample_reviews(split) for split in ("train", "validation", "test")}
    splits = {split: rows[:10] + rows[-10:] for split, rows in sample.items()}
    splits["train"] = sample["train"][:30] + sample["train"][-30:]
    unlabelled = [text for text, _ in sample["train"][100:120] + sample["test"][:10]]
    unlabelled += [f" {text.upper()}\n" for text, _ in sample["test"][-10:]]
    splits[UNSUPERVISED] = [(text, UNLABELLED) for text in unlabelled]
    return from_reviews(splits)


@pytest.fixture
def loaded(reviews, monkeypatch):
    """Make every dataset of unlabelled reviews consist of `reviews`."""
    monkeypatch.setattr(
        sentiment.training.language_modeling, "load_reviews", lambda *_, **__: reviews
    )
    return reviews


def new_model(seed=0, **changes):
    torch.manual_seed(seed)
    return LanguageModel(resolve(PRESET, {**SETTINGS, **changes}).model, VOCAB_SIZE)


def batch(*lengths):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randint(2, VOCAB_SIZE, (length,), generator=generator) for length in lengths]
    return collate([(row.tolist(), -1) for row in rows])


# The language models.


def test_each_direction_predicts_the_word_that_it_has_not_read():
    reviews = batch(7, 4)
    (forward, after), (backward, before) = new_model()(reviews.input_ids, reviews.lengths)
    ids = reviews.input_ids
    assert after.tolist() == [*ids[0, 1:7].tolist(), *ids[1, 1:4].tolist()]
    assert before.tolist() == [*ids[0, :6].tolist(), *ids[1, :3].tolist()]
    changed = ids.clone()
    changed[0, 3] = (
        2  # The forward LSTM predicts it from the left, the backward one from the right.
    )
    (forward_then, _), (backward_then, _) = new_model()(changed, reviews.lengths)
    same_forward = (forward == forward_then).all(dim=1)
    same_backward = (backward == backward_then).all(dim=1)
    assert same_forward.tolist() == [True] * 3 + [False] * 3 + [True] * 3
    assert same_backward.tolist() == [False] * 3 + [True] * 3 + [True] * 3


def test_unidirectional_encoder_has_one_language_model():
    reviews = batch(7, 4)
    assert len(new_model(bidirectional=False)(reviews.input_ids, reviews.lengths)) == 1


def test_predictions_do_not_depend_on_padding():
    alone, padded = batch(4), batch(4, 9)
    for one, other in zip(
        new_model()(alone.input_ids, alone.lengths),
        new_model()(padded.input_ids, padded.lengths),
        strict=True,
    ):
        torch.testing.assert_close(one[0], other[0][:3], atol=1e-6, rtol=0)


def test_sampled_loss_and_its_gradient_estimate_those_of_the_full_softmax():
    model = new_model()
    with torch.no_grad():
        model.bias -= torch.arange(1, VOCAB_SIZE + 1).log()
    generator = torch.Generator().manual_seed(2)
    predictions = torch.randn(300, SMALL["embedding_dim"], generator=generator)
    frequencies = 1 / torch.arange(1, VOCAB_SIZE)
    targets = 1 + frequencies.multinomial(300, replacement=True, generator=generator)
    weight, bias = model.encoder.embedding.weight, model.bias
    exact = F.cross_entropy(F.linear(predictions, weight[1:], bias[1:]), targets - 1)
    full = model.full_loss(predictions, targets).item() / 300
    assert full == pytest.approx(exact.item(), rel=1e-5)
    (exact_gradient,) = torch.autograd.grad(exact, bias)
    losses = [model.sampled_loss(predictions, targets, sample_size=200) for _ in range(200)]
    estimate = torch.stack(losses).mean()
    assert estimate.item() == pytest.approx(full, rel=0.004)
    (gradient,) = torch.autograd.grad(estimate, bias)
    assert F.cosine_similarity(gradient, exact_gradient, dim=0) > 0.98


def test_full_loss_does_not_depend_on_the_rows_at_once(monkeypatch):
    model, predictions = new_model(), torch.randn(20, SMALL["embedding_dim"])
    targets = torch.arange(1, 21)
    at_once = model.full_loss(predictions, targets)
    monkeypatch.setattr(sentiment.models.language_model, "FULL_ROWS", 7)
    assert model.full_loss(predictions, targets).item() == pytest.approx(at_once.item())


def test_generator_decides_the_sampled_words():
    model, predictions = new_model(), torch.randn(20, SMALL["embedding_dim"])
    losses = [
        model.sampled_loss(
            predictions, torch.arange(1, 21), torch.Generator().manual_seed(seed)
        ).item()
        for seed in (1, 1, 2)
    ]
    assert losses[0] == losses[1] != losses[2]


# Data.


def test_review_is_split_into_pieces_of_similar_length():
    assert split_into_pieces([], 4) == split_into_pieces([1], 4) == []
    assert split_into_pieces(list(range(4)), 4) == [[0, 1, 2, 3]]
    assert split_into_pieces(list(range(9)), 4) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    pieces = split_into_pieces(list(range(1000)), 300)
    assert [id for piece in pieces for id in piece] == list(range(1000))
    assert {len(piece) for piece in pieces} == {250}


def test_reviews_of_test_and_validation_are_left_out(loaded):
    data = load_and_encode(resolve(PRESET, {**SETTINGS, "min_freq": 1}))
    assert data.facts["left_out"] == 20
    assert data.facts["train"]["rows"] == 80
    held_out = {text.casefold().strip() for text in loaded["test"]["text"]}
    kept = drop_shared(loaded[UNSUPERVISED], [loaded["test"]])
    assert len(kept) == 20
    assert held_out.isdisjoint(text.casefold().strip() for text in kept["text"])


def test_no_review_of_the_real_test_split_is_trained_on(imdb):
    _, validation_split = train_and_validation(imdb, Config().data, 0)
    hidden = set(imdb["test"]["text"]) | set(validation_split["text"])
    for split, least in ((imdb["unsupervised"], 270), (imdb["train"], 123)):
        assert sum(text in hidden for text in split["text"]) >= least
        assert hidden.isdisjoint(drop_shared(split, [imdb["test"], validation_split])["text"])


# Runs.


@pytest.fixture(scope="module")
def whole(reviews, tmp_path_factory):
    """Return the folder and the summary of an undisturbed run."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            sentiment.training.language_modeling, "load_reviews", lambda *_, **__: reviews
        )
        return folder, pretrain(SETTINGS, folder)


def test_run_leaves_an_encoder_with_its_settings_and_metrics(whole):
    folder, summary = whole
    saved = load_model(folder)
    assert saved.labels is None
    assert saved.config == resolve(PRESET, SETTINGS)
    assert saved.metadata["metrics"]["seconds"] > 0
    perplexity = saved.metadata["metrics"]["validation_forward_perplexity"]
    assert perplexity == summary.validation["forward_perplexity"]
    lines = read_json_lines(folder / "metrics.jsonl")
    mean = (math.log(perplexity) + math.log(summary.validation["backward_perplexity"])) / 2
    assert lines[-1]["validation_loss"] == pytest.approx(mean)
    assert lines[1]["validation_loss"] < lines[0]["validation_loss"] < math.log(len(saved.vocab))


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_stopped_run_resumes_to_the_same_weights(whole, loaded, tmp_path, monkeypatch, steps):
    with monkeypatch.context() as patch:
        stop_after(steps, patch)
        assert not pretrain(SETTINGS, tmp_path / "parts").finished
    assert len(checkpoints(tmp_path / "parts")) == 1
    pretrain({}, tmp_path / "parts", resume=True)
    one, other = (load_file(run / "model.safetensors") for run in (whole[0], tmp_path / "parts"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_encoder_is_no_classifier_but_a_classifier_has_one(whole, run_folder):
    with pytest.raises(ModelError, match="is an encoder"):
        Classifier.from_pretrained(whole[0])
    classifier = Classifier.from_pretrained(run_folder, device="cpu")
    start = load_model(run_folder)
    assert start.vocab == classifier.vocab
    for name, tensor in classifier.model.encoder.state_dict().items():
        assert torch.equal(start.encoder.state_dict()[name], tensor)


def test_pretraining_continues_from_an_encoder_with_its_vocabulary(
    whole, loaded, tmp_path, monkeypatch
):
    first = load_model(whole[0])
    seen = []
    real = Trainer.step

    def step(self, batch, stage):
        real(self, batch, stage)
        state = self.model.encoder.state_dict()
        seen.append({name: tensor.clone() for name, tensor in state.items()})

    monkeypatch.setattr(Trainer, "step", step)
    settings = {**SETTINGS, "init": str(whole[0])}
    with pytest.raises(ConfigError, match="hidden_size is 16 in '.*whole'.*cannot be 99"):
        pretrain({**settings, "hidden_size": 99}, tmp_path / "second")
    pretrain(settings, tmp_path / "second")
    # The first step trains the linear maps alone, because they start at zero.
    for name, tensor in first.encoder.state_dict().items():
        assert torch.equal(seen[0][name], tensor)
    second = load_model(tmp_path / "second")
    assert second.vocab == first.vocab
    assert not torch.equal(second.encoder.embedding.weight, first.encoder.embedding.weight)
