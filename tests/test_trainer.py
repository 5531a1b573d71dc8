import dataclasses
import signal
import threading

import pytest
import torch
from conftest import SMALL
from safetensors.torch import load_file

import sentiment.training.classification
from sentiment.config import Config, TrainConfig
from sentiment.data.columns import from_reviews
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import InputError
from sentiment.runtime.signals import stop_signals
from sentiment.training.checkpoint import checkpoints, resumed_config
from sentiment.training.classification import Classification, train
from sentiment.training.trainer import Trainer, learning_rate, running_average

pytestmark = pytest.mark.usefixtures("few_reviews")

SETTINGS = {**SMALL, "epochs": 2, "checkpoint_steps": 3, "max_length": 20}


def config(**changes):
    return Config.from_flat(**{**SETTINGS, **changes})


def weights(folder):
    return load_file(folder / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def stop_after(steps, monkeypatch):
    """Make Ctrl-C arrive in the middle of step number `steps` of the next run."""
    real = Trainer.step

    def step(self, batch):
        if self.state.step + 1 == steps:
            signal.raise_signal(signal.SIGINT)
        real(self, batch)

    monkeypatch.setattr(Trainer, "step", step)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path):
    train(config(), tmp_path / "one")
    train(config(), tmp_path / "two")
    train(config(seed=1), tmp_path / "three")
    assert same(weights(tmp_path / "one"), weights(tmp_path / "two"))
    assert not same(weights(tmp_path / "one"), weights(tmp_path / "three"))


@pytest.mark.parametrize("steps", [1, 3, 4, 5, 8])
def test_a_stopped_run_resumes_to_the_same_weights(tmp_path, monkeypatch, steps):
    whole = train(config(), tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(steps, patch)
        stopped = train(config(), tmp_path / "parts")
    assert not stopped.finished
    assert len(checkpoints(tmp_path / "parts")) == 1
    resumed = train(config(), tmp_path / "parts", resume=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    assert resumed.validation == whole.validation
    assert resumed.best_epoch == whole.best_epoch


def test_a_run_killed_between_checkpoints_resumes_to_the_same_weights(tmp_path, monkeypatch):
    train(config(), tmp_path / "whole")

    def die(self, *args):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "end_epoch", die)
        with pytest.raises(SystemExit):
            train(config(), tmp_path / "parts")
    assert checkpoints(tmp_path / "parts")[0].name == "checkpoint-0000003-0"
    train(config(), tmp_path / "parts", resume=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_a_finished_run_is_not_trained_again(tmp_path, monkeypatch):
    first = train(config(), tmp_path / "run")
    monkeypatch.setattr(Trainer, "fit", None)
    again = train(config(), tmp_path / "run", resume=True)
    assert again == first


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_resume_where_there_is_nothing_says_so(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=f"no run in '.*{name}' to resume"):
        train(config(), tmp_path / name, resume=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_resume_does_not_replace_a_model_without_its_run(tmp_path):
    train(config(), tmp_path / "run")
    (tmp_path / "run" / "summary.json").unlink()
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    with pytest.raises(InputError, match="no run in .* to resume"):
        train(config(seed=1), tmp_path / "run", resume=True)
    with pytest.raises(InputError, match=r"holds a run already\. Replace it"):
        train(config(seed=1), tmp_path / "run")
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before


def test_a_folder_that_holds_a_run_is_refused_unless_told(tmp_path):
    train(config(), tmp_path / "run")
    before = weights(tmp_path / "run")
    with pytest.raises(InputError, match="holds a run already.*--resume.*--overwrite"):
        train(config(seed=1), tmp_path / "run")
    assert same(weights(tmp_path / "run"), before)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    train(config(seed=1), tmp_path / "run", overwrite=True)
    assert not same(weights(tmp_path / "run"), before)
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_resume_takes_the_settings_of_the_run_and_refuses_others(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        train(config(), tmp_path / "run")
    assert resumed_config(tmp_path / "run", {}) == config()
    assert resumed_config(tmp_path / "run", {"epochs": 2}) == config()
    with pytest.raises(InputError, match="started with epochs = 2; --resume cannot make it 3"):
        resumed_config(tmp_path / "run", {"epochs": 3})


def test_resume_refuses_changed_data(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        train(config(), tmp_path / "run")
    rows = sample_reviews("train")
    splits = {"train": rows[1:61] + rows[-60:], "validation": rows[100:120] + rows[-120:-100]}
    monkeypatch.setattr(
        sentiment.training.classification, "load_reviews", lambda *_: from_reviews(splits)
    )
    with pytest.raises(InputError, match="train data has changed"):
        train(config(), tmp_path / "run", resume=True)


def test_training_stops_early_and_keeps_the_best_epoch(tmp_path, monkeypatch):
    losses = iter([0.5, 0.4, 0.6, 0.7, 0.3])
    kept = []
    monkeypatch.setattr(
        Classification, "validate", lambda *_: {"loss": next(losses), "temperature": 1.0}
    )
    real = sentiment.training.classification.save_bundle
    monkeypatch.setattr(
        sentiment.training.classification,
        "save_bundle",
        lambda *args: (kept.append(1), real(*args)),
    )
    summary = train(config(epochs=5, patience=2), tmp_path / "run")
    assert (summary.epochs, summary.best_epoch, summary.validation) == (
        4,
        2,
        {"loss": 0.4, "temperature": 1.0},
    )
    assert len(kept) == 2


def test_a_run_that_diverges_says_so(tmp_path, monkeypatch):
    nan = torch.tensor(float("nan"), requires_grad=True)
    monkeypatch.setattr(sentiment.training.classification.F, "cross_entropy", lambda *_: nan * 1)
    with pytest.raises(InputError, match="diverged at step 0.*lower --learning-rate"):
        train(config(), tmp_path / "run")


def test_the_learning_rate_rises_then_falls_to_nothing():
    settings = TrainConfig(learning_rate=1.0, warmup=0.25)
    rates = [learning_rate(step, 100, settings) for step in range(100)]
    assert rates[:25] == sorted(rates[:25])
    assert rates[25:] == sorted(rates[25:], reverse=True)
    assert max(rates) == rates[25] == 1.0
    assert 0 < rates[0] < 0.05
    assert 0 < rates[-1] < 0.05
    no_warmup = dataclasses.replace(settings, warmup=0.0)
    assert learning_rate(0, 100, no_warmup) == 1.0
    all_warmup = dataclasses.replace(settings, warmup=1.0)
    assert learning_rate(99, 100, all_warmup) <= 1.0


def test_signals_are_caught_inside_and_handed_back_after():
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as stop_requested:
        signal.raise_signal(signal.SIGTERM)
        assert stop_requested.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


def test_training_works_outside_the_main_thread(tmp_path):
    summaries = []
    thread = threading.Thread(target=lambda: summaries.append(train(config(), tmp_path / "run")))
    thread.start()
    thread.join()
    assert summaries[0].finished


def test_the_average_forgets_its_first_steps_sooner():
    average, weights = [torch.zeros(2)], [torch.ones(2)]
    running_average(0.9)(average, weights, torch.tensor(1))
    torch.testing.assert_close(average[0], torch.full((2,), 10 / 11))
    average = [torch.zeros(2)]
    running_average(0.9)(average, weights, torch.tensor(10_000))
    torch.testing.assert_close(average[0], torch.full((2,), 0.1))


def test_without_an_average_the_weights_themselves_are_kept(tmp_path, monkeypatch):
    last = {}
    real = Trainer.step

    def step(self, batch):
        real(self, batch)
        last.update({name: tensor.clone() for name, tensor in self.model.state_dict().items()})

    monkeypatch.setattr(Trainer, "step", step)
    train(config(epochs=1), tmp_path / "plain")
    assert same(weights(tmp_path / "plain"), last)
    train(config(epochs=1, average=0.9), tmp_path / "averaged")
    assert not same(weights(tmp_path / "averaged"), last)
