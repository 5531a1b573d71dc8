"""The training loop: determinism, checkpoints, resume, the run folder, the schedule."""

import dataclasses
import signal
import threading
import warnings

import pytest
import torch
from safetensors.torch import load_file
from support.small_models import SMALL
from support.stopping import stop_after

import sentiment.training.classification
import sentiment.training.classification_data
import sentiment.training.trainer
from sentiment.artifacts.checksums import read_json_lines
from sentiment.config import TrainConfig
from sentiment.data.review_splits import from_reviews
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import ConfigError, Notice, StorageError, TrainingError
from sentiment.runtime.locks import locked
from sentiment.runtime.signals import stop_signals
from sentiment.training.checkpoint import read_state
from sentiment.training.classification import (
    ClassificationTrainer,
    make_trainer,
    train,
    train_classifier,
)
from sentiment.training.run_folder import checkpoints, open_run
from sentiment.training.schedule import learning_rate, make_stage, moving_average
from sentiment.training.trainer import DivergenceError, Trainer

pytestmark = pytest.mark.usefixtures("few_reviews", "no_fsync")

SETTINGS = {**SMALL, "epochs": 2, "checkpoint_steps": 3, "max_length": 20}


def settings(**changes):
    return {**SETTINGS, **changes}


def weights(folder):
    return load_file(folder / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def whole(small_splits, tmp_path_factory):
    """Return the folder and the summary of an undisturbed run."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            sentiment.training.classification_data, "load_reviews", lambda *_: small_splits
        )
        return folder, train_classifier(SETTINGS, folder)


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """Return the folder of a run that was stopped after two steps."""
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        assert not train_classifier(settings(), tmp_path / "stopped").finished
    return tmp_path / "stopped"


# Determinism.


def test_same_seed_gives_same_weights_and_another_seed_different_ones(tmp_path, whole):
    train_classifier(settings(), tmp_path / "same")
    train_classifier(settings(seed=1), tmp_path / "other")
    assert same(weights(tmp_path / "same"), weights(whole[0]))
    assert not same(weights(tmp_path / "other"), weights(whole[0]))


def test_time_estimate_changes_neither_weights_nor_random_numbers(tmp_path):
    changes = {"adversarial_norm": 0.5, "ema_decay": 0.9}
    train_classifier(settings(**changes), tmp_path / "without")
    with open_run(tmp_path / "with") as run:
        trainer = make_trainer(run, settings(**changes))
        before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
        generator = torch.get_rng_state()
        seconds = trainer.estimate_seconds()
        assert same(before, trainer.model.state_dict())
        assert torch.equal(generator, torch.get_rng_state())
        assert all(weight.grad is None for weight in trainer.model.parameters())
        summary = trainer.fit()
    assert (len(trainer.epoch_stages), trainer.total_steps) == (2, 8)
    assert (summary.epochs, trainer.state.step) == (2, 8)
    assert seconds > 0
    assert same(weights(tmp_path / "without"), weights(tmp_path / "with"))


def test_time_estimate_of_a_resumed_run_changes_nothing(stopped, whole):
    with open_run(stopped, resume=True) as run:
        trainer = make_trainer(run, {})
        assert trainer.estimate_seconds() > 0
        assert trainer.total_steps == 8
        trainer.fit()
    assert same(weights(stopped), weights(whole[0]))


def test_planned_steps_are_those_of_the_run_if_max_tokens_limits_the_batches(tmp_path):
    with open_run(tmp_path / "run") as run:
        trainer = make_trainer(run, settings(max_tokens=300, batch_size=60))
        planned = trainer.total_steps
        trainer.fit()
    assert planned == trainer.state.step > 4


def test_training_leaves_the_random_state_of_the_caller_unchanged(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(**settings(), out=tmp_path / "run")
    assert torch.equal(torch.rand(3), expected)


# Stop and resume.


@pytest.mark.parametrize("steps", [1, 3, 4, 5, 8])
def test_stopped_run_resumes_to_the_same_weights(tmp_path, whole, monkeypatch, steps):
    with monkeypatch.context() as patch:
        stop_after(steps, patch)
        part = train_classifier(settings(), tmp_path / "parts")
    assert not part.finished
    assert len(checkpoints(tmp_path / "parts")) == 1
    resumed = train_classifier({}, tmp_path / "parts", resume=True)
    assert same(weights(whole[0]), weights(tmp_path / "parts"))
    assert resumed.validation == whole[1].validation
    assert resumed.best_epoch == whole[1].best_epoch
    histories = [
        [{**line, "seconds": 0} for line in read_json_lines(folder / "metrics.jsonl")]
        for folder in (whole[0], tmp_path / "parts")
    ]
    assert histories[0] == histories[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"ema_decay": 0.9},
        {"precision": "float32"},
        {"precision": "bfloat16"},
        {"adversarial_norm": 1.0},
    ],
)
def test_resume_is_exact_in_each_precision_and_with_moving_average_or_adversarial_steps(
    tmp_path, monkeypatch, changes
):
    train_classifier(settings(**changes), tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(4, patch)
        train_classifier(settings(**changes), tmp_path / "parts")
    assert train_classifier({}, tmp_path / "parts", resume=True).finished
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_run_killed_between_checkpoints_resumes_to_the_same_weights(tmp_path, whole, monkeypatch):

    def die(self, *args):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "end_epoch", die)
        with pytest.raises(SystemExit):
            train_classifier(settings(), tmp_path / "parts")
    assert checkpoints(tmp_path / "parts")[0].name == "checkpoint-0000003-0"
    train_classifier({}, tmp_path / "parts", resume=True)
    assert same(weights(whole[0]), weights(tmp_path / "parts"))


def test_finished_run_is_not_trained_again(whole, monkeypatch):
    monkeypatch.setattr(sentiment.training.classification, "make_trainer", None)
    assert train_classifier({}, whole[0], resume=True) == whole[1]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_resume_without_a_run_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match=f"no run in '.*{name}' to resume"):
        train_classifier(settings(), tmp_path / name, resume=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_resume_uses_the_settings_of_the_run_and_refuses_others(stopped):
    with pytest.raises(TrainingError, match="started with epochs = 2; a resumed run cannot.* 3"):
        train_classifier({"epochs": 3}, stopped, resume=True)
    with pytest.raises(TrainingError, match="seed = 0; a resumed run cannot change it to 7"):
        train(**settings(seed=7), out=stopped, resume=True)
    _, run = read_state(checkpoints(stopped)[0])
    assert run["config"]["train"]["epochs"] == 2
    assert train_classifier({"epochs": 2}, stopped, resume=True).finished


def test_resume_refuses_changed_data(stopped, monkeypatch):
    rows = sample_reviews("train")
    splits = {"train": rows[1:61] + rows[-60:], "validation": rows[100:120] + rows[-120:-100]}
    changed = from_reviews(splits)
    monkeypatch.setattr(sentiment.training.classification_data, "load_reviews", lambda *_: changed)
    with pytest.raises(TrainingError, match="The data have changed since .*: train was"):
        train_classifier({}, stopped, resume=True)


def test_resume_with_another_number_of_threads_or_precision_is_a_warning(stopped, monkeypatch):
    threads = torch.get_num_threads()
    before, now = ("float32", "bfloat16")
    if sentiment.training.trainer.uses_bfloat16(torch.device("cpu"), "auto"):
        before, now = now, before
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads + 1)
    monkeypatch.setattr(sentiment.training.trainer, "uses_bfloat16", lambda *_: now == "bfloat16")
    with pytest.warns(Notice, match="will differ in the last bits") as caught:
        assert train_classifier({}, stopped, resume=True).finished
    assert [str(warning.message).split(":")[0] for warning in caught] == [
        f"The run was started with threads = {threads} and resumes with {threads + 1}",
        f"The run was started with precision = {before} and resumes with {now}",
    ]


def test_resume_in_the_same_environment_does_not_warn(stopped):
    with warnings.catch_warnings():
        warnings.simplefilter("error", Notice)
        train_classifier({}, stopped, resume=True)


# The run folder.


def test_model_without_its_run_is_neither_resumed_nor_replaced(tmp_path):
    train_classifier(settings(), tmp_path / "run")
    (tmp_path / "run" / "summary.json").unlink()
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    with pytest.raises(TrainingError, match="no run in .* to resume"):
        train_classifier(settings(seed=1), tmp_path / "run", resume=True)
    with pytest.raises(TrainingError, match=r"has a run already\. Overwrite it"):
        train_classifier(settings(seed=1), tmp_path / "run")
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before


def test_run_is_replaced_only_with_overwrite(tmp_path):
    train_classifier(settings(), tmp_path / "run")
    before = weights(tmp_path / "run")
    with pytest.raises(TrainingError, match="has a run already. Resume it, overwrite it, or"):
        train_classifier(settings(seed=1), tmp_path / "run")
    assert same(weights(tmp_path / "run"), before)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    train_classifier(settings(seed=1), tmp_path / "run", overwrite=True)
    assert not same(weights(tmp_path / "run"), before)
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_overwrite_keeps_the_old_run_until_the_first_checkpoint(tmp_path, monkeypatch):
    train_classifier(settings(), tmp_path / "run")
    before = weights(tmp_path / "run")

    def fail(*_):
        raise SystemExit

    monkeypatch.setattr(ClassificationTrainer, "__init__", fail)
    with pytest.raises(SystemExit):
        train_classifier(settings(seed=1), tmp_path / "run", overwrite=True)
    assert same(weights(tmp_path / "run"), before)


def test_resume_and_overwrite_exclude_each_other_and_out_is_a_folder(tmp_path):
    with pytest.raises(ConfigError, match="exclude each other"):
        train_classifier(settings(), tmp_path / "run", resume=True, overwrite=True)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="file' is a file; the output of training is a folder"):
        train_classifier(settings(), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_folder_in_which_another_process_trains_is_refused(stopped):
    with locked(stopped), pytest.raises(StorageError, match="Another process"):
        train_classifier({}, stopped, resume=True)
    assert train_classifier({}, stopped, resume=True).finished


def test_training_works_outside_the_main_thread(tmp_path):
    summaries = []
    thread = threading.Thread(
        target=lambda: summaries.append(train_classifier(settings(), tmp_path / "run"))
    )
    thread.start()
    thread.join()
    assert summaries[0].finished


def test_signals_are_handled_inside_and_restored_after():
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as stop_requested:
        signal.raise_signal(signal.SIGTERM)
        assert stop_requested.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


def test_stopped_run_raises_keyboard_interrupt_in_python(tmp_path, monkeypatch):
    stop_after(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(**settings(), out=tmp_path / "run")
    assert checkpoints(tmp_path / "run")


# The course of a run.


def test_training_stops_after_patience_epochs_and_keeps_the_best_one(tmp_path, monkeypatch):
    losses = iter([0.5, 0.4, 0.6, 0.7, 0.3])
    saved = []
    monkeypatch.setattr(
        ClassificationTrainer, "validate", lambda *_: {"loss": next(losses), "temperature": 1.0}
    )
    real = ClassificationTrainer.save_model
    monkeypatch.setattr(
        ClassificationTrainer,
        "save_model",
        lambda self, *args: (saved.append(self.state.epoch), real(self, *args)),
    )
    summary = train_classifier(settings(epochs=5, patience=2), tmp_path / "run")
    assert (summary.epochs, summary.best_epoch) == (4, 2)
    assert summary.validation == {"loss": 0.4, "temperature": 1.0}
    assert saved == [1, 2]


def test_diverged_run_is_an_error_that_names_the_learning_rate(tmp_path, monkeypatch):
    nan = torch.tensor(float("nan"), requires_grad=True)
    monkeypatch.setattr(ClassificationTrainer, "cross_entropy", lambda *_: nan * 1)
    with pytest.raises(DivergenceError, match="diverged at step 0.*lower learning_rate than 0.003"):
        train_classifier(settings(), tmp_path / "run")
    assert issubclass(DivergenceError, TrainingError)


def test_epochs_yields_the_lines_of_metrics_jsonl(tmp_path):
    with open_run(tmp_path / "run") as run:
        metrics = list(make_trainer(run, settings()).epochs())
    lines = read_json_lines(tmp_path / "run" / "metrics.jsonl")
    assert metrics == lines
    assert [line["step"] for line in lines] == [4, 8]


def test_saved_weights_are_the_last_ones_or_their_moving_average(tmp_path, monkeypatch):
    after_steps = []
    real = Trainer.step

    def step(self, batch, stage):
        real(self, batch, stage)
        state = self.model.state_dict()
        after_steps.append({name: tensor.clone() for name, tensor in state.items()})

    monkeypatch.setattr(Trainer, "step", step)
    train_classifier(settings(epochs=1), tmp_path / "plain")
    assert same(weights(tmp_path / "plain"), after_steps[-1])
    after_steps.clear()
    train_classifier(settings(epochs=1, ema_decay=0.9), tmp_path / "averaged")
    average, *others = after_steps
    for number, state in enumerate(others, 1):
        update = moving_average(0.9)
        update([*average.values()], [*state.values()], torch.tensor(number))
    assert len(others) == 3
    torch.testing.assert_close(weights(tmp_path / "averaged"), average)


# The schedule.


def test_learning_rate_rises_linearly_and_falls_to_zero():
    config = TrainConfig(learning_rate=1.0, warmup_ratio=0.25)
    rates = [learning_rate(step, 100, config) for step in range(100)]
    assert rates[:25] == sorted(rates[:25])
    assert rates[25:] == sorted(rates[25:], reverse=True)
    assert max(rates) == rates[25] == 1.0
    assert 0 < rates[0] < 0.05
    assert 0 < rates[-1] < 0.05
    no_warmup = dataclasses.replace(config, warmup_ratio=0.0)
    assert learning_rate(0, 100, no_warmup) == 1.0
    all_warmup = dataclasses.replace(config, warmup_ratio=1.0)
    assert learning_rate(99, 100, all_warmup) <= 1.0


def test_moving_average_has_a_lower_decay_in_the_first_steps():
    average, values = [torch.zeros(2)], [torch.ones(2)]
    moving_average(0.9)(average, values, torch.tensor(1))
    torch.testing.assert_close(average[0], torch.full((2,), 10 / 11))
    average = [torch.zeros(2)]
    moving_average(0.9)(average, values, torch.tensor(10_000))
    torch.testing.assert_close(average[0], torch.full((2,), 0.1))


@pytest.mark.parametrize(
    ("epochs", "min_steps", "min_epoch_steps", "expected"),
    [
        (2, 0, 1, (2, 5)),
        (2, 23, 1, (5, 5)),  # Epochs are added.
        (2, 0, 12, (2, 15)),  # An epoch goes through the examples three times.
        (1, 40, 12, (3, 15)),
    ],
)
def test_few_examples_get_more_epochs_or_more_passes(epochs, min_steps, min_epoch_steps, expected):
    examples = [([2, 3], 0)] * 20
    stage = make_stage("reviews", examples, epochs, 4, TrainConfig(), min_steps, min_epoch_steps)
    assert (stage.epochs, stage.sampler.num_batches(0)) == expected
    assert len(list(stage.sampler.epoch(1))) == expected[1]
