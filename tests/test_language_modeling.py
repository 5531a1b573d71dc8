import json
import math

import pytest
import torch
import torch.nn.functional as F
from conftest import SMALL
from safetensors.torch import load_file

import sentiment.training.language_modeling
from sentiment.artifacts.bundle import load_bundle, load_encoder
from sentiment.config import PRETRAINING, Config
from sentiment.data.columns import from_reviews
from sentiment.data.labels import UNLABELLED
from sentiment.data.splits import drop_shared, train_and_validation
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import InputError
from sentiment.text.batching import collate
from sentiment.training.checkpoint import checkpoints
from sentiment.training.classification import train
from sentiment.training.language_modeling import LanguageModel, cut, prepare_data, pretrain
from sentiment.training.trainer import Trainer

SETTINGS = {
    **PRETRAINING,
    **SMALL,
    "epochs": 2,
    "checkpoint_steps": 3,
    "max_length": 20,
    "learning_rate": 1e-3,
}
VOCAB_SIZE = 500


@pytest.fixture
def few_readings(monkeypatch):
    """A corpus of 60 + 40 + 20 + 20 reviews; half of the unlabelled ones stand in test too."""
    sample = {split: sample_reviews(split) for split in ("train", "validation", "test")}
    splits = {split: rows[:10] + rows[-10:] for split, rows in sample.items()}
    splits["train"] = sample["train"][:30] + sample["train"][-30:]
    unlabelled = [text for text, _ in sample["train"][100:120] + sample["test"][:10]]
    unlabelled += [f" {text.upper()}\n" for text, _ in sample["test"][-10:]]
    splits["unsupervised"] = [(text, UNLABELLED) for text in unlabelled]
    corpus = from_reviews(splits)
    monkeypatch.setattr(
        sentiment.training.language_modeling, "load_reviews", lambda *_, **__: corpus
    )
    return corpus


def model(seed=0, **changes):
    torch.manual_seed(seed)
    dropouts = {"embedding_dropout": 0.0, "output_dropout": 0.0}
    return LanguageModel(Config.from_flat(**{**SETTINGS, **dropouts, **changes}).model, VOCAB_SIZE)


def batch(*lengths):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randint(2, VOCAB_SIZE, (length,), generator=generator) for length in lengths]
    return collate([(row.tolist(), -1) for row in rows])


def test_each_direction_tells_the_word_it_has_not_read():
    reviews = batch(7, 4)
    (forward, after), (backward, before) = model()(reviews.input_ids, reviews.lengths)
    ids = reviews.input_ids
    assert after.tolist() == [*ids[0, 1:7].tolist(), *ids[1, 1:4].tolist()]
    assert before.tolist() == [*ids[0, :6].tolist(), *ids[1, :3].tolist()]
    changed = ids.clone()
    changed[0, 3] = 2  # The forward LSTM tells it from what stands left, the backward from right.
    (forward_then, _), (backward_then, _) = model()(changed, reviews.lengths)
    same_forward = (forward == forward_then).all(dim=1)
    same_backward = (backward == backward_then).all(dim=1)
    assert same_forward.tolist() == [True] * 3 + [False] * 3 + [True] * 3
    assert same_backward.tolist() == [False] * 3 + [True] * 3 + [True] * 3


def test_one_direction_is_a_language_model_too():
    reviews = batch(7, 4)
    assert len(model(bidirectional=False)(reviews.input_ids, reviews.lengths)) == 1


def test_predictions_do_not_depend_on_padding():
    alone, beside = batch(4), batch(4, 9)
    for one, other in zip(
        model()(alone.input_ids, alone.lengths),
        model()(beside.input_ids, beside.lengths),
        strict=True,
    ):
        torch.testing.assert_close(one[0], other[0][:3], atol=1e-6, rtol=0)


def test_the_sampled_loss_and_its_gradient_are_near_the_full_ones():
    language_model = model()
    with torch.no_grad():
        language_model.bias -= torch.arange(1, VOCAB_SIZE + 1).log()
    generator = torch.Generator().manual_seed(2)
    predictions = torch.randn(300, SMALL["embedding_dim"], generator=generator)
    law = 1 / torch.arange(1, VOCAB_SIZE)
    targets = 1 + law.multinomial(300, replacement=True, generator=generator)
    weight, bias = language_model.encoder.embedding.weight, language_model.bias
    exact = F.cross_entropy(F.linear(predictions, weight[1:], bias[1:]), targets - 1)
    full = language_model.full_loss(predictions, targets).item() / 300
    assert full == pytest.approx(exact.item(), rel=1e-5)
    (exact_gradient,) = torch.autograd.grad(exact, bias)
    losses = [language_model.sampled_loss(predictions, targets, draws=200) for _ in range(200)]
    estimate = torch.stack(losses).mean()
    assert estimate.item() == pytest.approx(full, rel=0.01)
    (gradient,) = torch.autograd.grad(estimate, bias)
    assert F.cosine_similarity(gradient, exact_gradient, dim=0) > 0.98


def test_a_review_is_cut_into_pieces_of_like_length():
    assert cut([], 4) == cut([1], 4) == []
    assert cut(list(range(4)), 4) == [[0, 1, 2, 3]]
    assert cut(list(range(9)), 4) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    pieces = cut(list(range(1000)), 300)
    assert [id for piece in pieces for id in piece] == list(range(1000))
    assert {len(piece) for piece in pieces} == {250}


def test_reviews_that_stand_in_test_or_validation_are_not_read(few_readings):
    config = Config.from_flat(**SETTINGS, min_freq=1)
    data = prepare_data(config)
    assert data.facts["left_out"] == 20
    assert data.facts["train"]["rows"] == 80
    held_out = {text.casefold().strip() for text in few_readings["test"]["text"]}
    read = drop_shared(few_readings["unsupervised"], [few_readings["test"]])
    assert len(read) == 20
    assert held_out.isdisjoint(text.casefold().strip() for text in read["text"])


def test_no_review_of_the_real_test_split_is_read(imdb):
    _, validation_split = train_and_validation(imdb, Config().data, 0)
    hidden = set(imdb["test"]["text"]) | set(validation_split["text"])
    for split, least in ((imdb["unsupervised"], 270), (imdb["train"], 123)):
        assert sum(text in hidden for text in split["text"]) >= least
        assert hidden.isdisjoint(drop_shared(split, [imdb["test"], validation_split])["text"])


def test_a_run_leaves_an_encoder_that_says_how_it_was_made(tmp_path, few_readings):
    summary = pretrain(Config.from_flat(**SETTINGS), tmp_path / "run")
    encoder = load_encoder(tmp_path / "run")
    assert encoder.config == Config.from_flat(**SETTINGS)
    assert encoder.data["metrics"]["seconds"] > 0
    perplexity = encoder.data["metrics"]["validation_forward_perplexity"]
    assert perplexity == summary.validation["forward_perplexity"]
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").open()]
    mean = (math.log(perplexity) + math.log(summary.validation["backward_perplexity"])) / 2
    assert lines[-1]["validation_loss"] == pytest.approx(mean)
    assert lines[1]["validation_loss"] < lines[0]["validation_loss"] < math.log(len(encoder.vocab))


@pytest.mark.parametrize("steps", [2, 3, 4])
def test_a_stopped_run_resumes_to_the_same_weights(tmp_path, monkeypatch, few_readings, steps):
    config = Config.from_flat(**{**SETTINGS, "batch_size": 64})
    pretrain(config, tmp_path / "whole")
    real = Trainer.step

    def step(self, some):
        if self.state.step == steps:
            raise SystemExit
        real(self, some)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", step)
        with pytest.raises(SystemExit):
            pretrain(config, tmp_path / "parts")
    assert len(checkpoints(tmp_path / "parts")) == 1
    pretrain(config, tmp_path / "parts", resume=True)
    whole, parts = (load_file(tmp_path / run / "model.safetensors") for run in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_an_encoder_is_no_classifier_but_a_classifier_holds_one(tmp_path, few_readings):
    pretrain(Config.from_flat(**SETTINGS), tmp_path / "encoder")
    train(Config.from_flat(**SMALL), tmp_path / "classifier")
    with pytest.raises(InputError, match="has no labels: it is not that of a trained classifier"):
        load_bundle(tmp_path / "encoder")
    start, whole = (load(tmp_path / "classifier") for load in (load_encoder, load_bundle))
    assert start.classifier is not None
    assert start.vocab == whole.vocab
    for name, tensor in whole.model.encoder.state_dict().items():
        assert torch.equal(start.encoder.state_dict()[name], tensor)


def test_an_encoder_reads_on_from_its_weights_in_its_vocabulary(
    tmp_path, monkeypatch, few_readings
):
    pretrain(Config.from_flat(**SETTINGS), tmp_path / "first")
    first = load_encoder(tmp_path / "first")
    seen = []
    real = Trainer.step

    def step(self, batch):
        real(self, batch)
        seen.append({k: v.clone() for k, v in self.model.encoder.state_dict().items()})

    monkeypatch.setattr(Trainer, "step", step)
    settings = {**SETTINGS, "init": str(tmp_path / "first"), "hidden_size": 99}
    pretrain(Config.from_flat(**settings), tmp_path / "second")
    for name, tensor in first.encoder.state_dict().items():
        assert torch.equal(seen[0][name], tensor)  # the new predictions come first
    second = load_encoder(tmp_path / "second")
    assert second.vocab == first.vocab
    assert second.config.model.hidden_size == SETTINGS["hidden_size"]
    assert not torch.equal(second.encoder.embedding.weight, first.encoder.embedding.weight)
