"""The search for settings: what it tries, what it keeps, how it ends, and how it resumes."""

import contextlib
import io
import json
import os
import random
import re
import shlex
import signal
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from support.small_models import SMALL

pytest.importorskip("optuna")
import optuna

import sentiment.training.classification_data
import sentiment.training.tuning
from sentiment import cli
from sentiment.cli.tune import print_search, print_trial
from sentiment.config import AUTO, Config
from sentiment.data.review_splits import from_reviews
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import ConfigError, DataError, SentimentError, StorageError, TrainingError
from sentiment.presets import FROM_SCRATCH, resolve
from sentiment.runtime.locks import locked
from sentiment.training.study import STUDY_FILE, load_study
from sentiment.training.trainer import DivergenceError
from sentiment.training.tuning import SPACE, Search, Trial, open_search, search_space, tune

PRESET = "from-scratch"
# Settings that make a trial quick; the others that can be searched are searched.
FIXED = {name: value for name, value in SMALL.items() if FROM_SCRATCH.get(name, "") != value}
FIXED = {name: value for name, value in FIXED.items() if name != "max_length"} | {"epochs": 2}

pytestmark = pytest.mark.usefixtures("no_fsync")


def search(out, trials=3, settings=FIXED, **options):
    return tune(settings, out, trials, preset=PRESET, **options)


def found(search):
    """Return all facts on the trials of a search but their time."""
    return [replace(trial, seconds=0.0) for trial in search.trials]


def files(folder):
    return [path.name for path in folder.iterdir()]


class FakeTraining:
    """Stands in for `make_trainer`: each run has given validation losses, one for each epoch.

    A loss of None diverges. Runs without given losses have 0.5 and 0.4.
    """

    def __init__(self):
        self.losses = []
        self.configs = []  # Of the runs so far.
        self.fingerprint = "first"

    def __call__(self, run, settings, preset):
        number = len(self.configs)
        self.configs.append(resolve(preset, settings))
        self.run_losses = self.losses[number] if number < len(self.losses) else [0.5, 0.4]
        rows = {"rows": 10, "fingerprint": self.fingerprint}
        return SimpleNamespace(
            facts={"train": rows, "validation": rows},
            epochs=self.epochs,
            summary=lambda: SimpleNamespace(finished=True),
        )

    def epochs(self):
        for epoch, loss in enumerate(self.run_losses, 1):
            if loss is None:
                raise DivergenceError("Training diverged at step 3.")
            yield {
                "epoch": epoch,
                "validation_loss": loss,
                "validation_accuracy": 1 - loss,
                "seconds": 2.0 * epoch,
            }


@pytest.fixture
def training(monkeypatch):
    """Replace training by runs with given losses."""
    fake = FakeTraining()
    monkeypatch.setattr(sentiment.training.tuning, "make_trainer", fake)
    return fake


# What is searched.


@pytest.mark.parametrize("preset", ["default", PRESET])
@pytest.mark.parametrize("name", SPACE)
def test_each_bound_is_a_valid_value_and_the_default_is_on_the_grid(preset, name):
    low, high, step = SPACE[name]
    for value in (low, high):
        resolve(preset, {name: value})
    config = resolve(preset, {})
    if name in search_space(config, []):
        default = config.to_flat()[name]
        assert low <= default <= high
        if step is not None:
            assert (default - low) / step == pytest.approx(round((default - low) / step))


def test_fixed_settings_and_those_of_the_initial_model_are_not_searched():
    sizes = {"embedding_dim", "hidden_size"}
    assert set(search_space(Config(), [])) == SPACE.keys() - sizes
    scratch = resolve(PRESET, {})
    assert set(search_space(scratch, [])) == SPACE.keys()
    assert set(search_space(scratch, ["max_length"])) == SPACE.keys() - {"max_length"}
    vectors = resolve(PRESET, {"word_vectors": "glove.txt"})
    assert set(search_space(vectors, [])) == SPACE.keys() - {"embedding_dim"}


def test_first_trial_has_the_defaults_and_all_have_the_fixed_settings(tmp_path, training):
    search(tmp_path, 8)
    first, *others = training.configs
    assert first == resolve(PRESET, FIXED)
    for config in others:
        settings = config.to_flat()
        assert FIXED.items() <= settings.items()
        assert len(f"{settings['learning_rate']:f}".strip("0.")) <= 3  # Short enough to type.
        assert all(
            SPACE[name].low <= settings[name] <= SPACE[name].high for name in SPACE - FIXED.keys()
        )
    assert len({config.train.learning_rate for config in training.configs}) == 8


# How it ends.


def test_trials_are_ranked_and_diverged_ones_are_last(tmp_path, training):
    training.losses = [[0.5, 0.6], [None], [0.3, None], [0.6, 0.2]]
    with open_search(tmp_path, FIXED, PRESET) as tuner:
        trials = list(tuner.run(4))
        result = tuner.result()
    assert [trial.loss for trial in trials] == [0.5, None, 0.3, 0.2]
    assert [trial.loss for trial in result.trials] == [0.2, 0.5, 0.3, None]
    assert [trial.state for trial in result.trials] == ["complete"] * 2 + ["diverged"] * 2
    assert result.trials[0] == Trial(result.trials[0].settings, "complete", 0.2, 0.8, 2, 4.0)
    assert files(tmp_path) == [STUDY_FILE]


def test_trials_run_one_at_a_time_through_study_optimize(tmp_path, training, monkeypatch):
    calls = []
    real = optuna.Study.optimize
    monkeypatch.setattr(
        optuna.Study,
        "optimize",
        lambda self, *args, **options: calls.append(options) or real(self, *args, **options),
    )
    search(tmp_path, 3)
    assert [options["n_trials"] for options in calls] == [1, 1, 1]


def test_search_in_which_all_trials_diverge_is_an_error(tmp_path, training):
    training.losses = [[None], [None]]
    with pytest.raises(
        TrainingError, match="All 2 trials have diverged.*fixed, lower learning_rate"
    ):
        search(tmp_path, 2)


def test_trial_that_is_worse_than_the_median_is_pruned(tmp_path, training):
    training.losses = [[0.5, 0.4]] * 5 + [[0.9, 0.1], [0.45, 0.35]]
    result = search(tmp_path, 7)
    assert [trial.state for trial in result.trials] == ["complete"] * 6 + ["pruned"]
    pruned = result.trials[-1]
    assert (pruned.loss, pruned.epochs) == (0.9, 1)


def test_error_of_training_ends_the_search(tmp_path, monkeypatch):
    def refuse(*_):
        raise DataError("There is no file or folder 'x'.")

    monkeypatch.setattr(sentiment.training.tuning, "make_trainer", refuse)
    with pytest.raises(DataError, match="no file or folder 'x'"):
        search(tmp_path / "new")
    assert not (tmp_path / "new").exists()  # Otherwise a corrected search would be refused.


def test_failed_trial_does_not_count(tmp_path, training, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sentiment.training.tuning, "make_trainer", lambda *_: {}["missing"])
        with pytest.raises(KeyError):
            search(tmp_path)
    assert [trial.state for trial in search(tmp_path, 2, resume=True).trials] == ["complete"] * 2


def test_no_trial_starts_after_the_timeout(tmp_path, training):
    result = search(tmp_path, 3, timeout=0.0)
    assert result == Search([], FIXED, PRESET, stopped=False)
    assert result.best is None
    assert len(search(tmp_path, 3, resume=True, timeout=3600).trials) == 3
    assert len(search(tmp_path, 3, resume=True).trials) == 3
    assert len(training.configs) == 3


def test_output_shows_how_each_trial_ended(capsys, tmp_path):
    settings = {"learning_rate": 0.002, "max_length": 300}
    trials = [
        Trial(settings, "complete", 0.25, 0.9, 3, 75.0),
        Trial(settings, "pruned", 0.5, 0.8, 1, 20.0),
        Trial(settings, "diverged", None, None, 0, 0.0),
    ]
    for trial in trials:
        print_trial(trial)
    fixed = {"dataset": "my file.csv", "lowercase": False}
    print_search(Search(trials, fixed, PRESET, stopped=True), tmp_path)
    shown = capsys.readouterr().out
    assert "validation loss 0.2500, 1 min 15 s: --learning-rate 0.002, --max-length 300" in shown
    assert "pruned: --" in shown
    assert "0 s, diverged: --" in shown
    for row in ("1 +│ +0.2500 │ +90.00% │ +3", "pruned +│ +0.5000", "diverged │ +– │ +– │ +0"):
        assert re.search(row, shown)
    assert (
        "Best settings: sentiment train --from-scratch --dataset 'my file.csv' --no-lowercase "
        "--learning-rate 0.002 --max-length 300 --out runs/best\n" in shown
    )
    assert f"Resume with: sentiment tune --resume --out {tmp_path}" in shown


def test_command_prints_each_trial_and_exits_with_130_if_interrupted(
    run_command, training, monkeypatch
):
    def interrupt_second(*arguments):
        if len(training.configs) == 1:
            raise KeyboardInterrupt
        return training(*arguments)

    options = ["tune", "--from-scratch", "--max-length", 50, "--out", "search", "--trials", 2]
    with monkeypatch.context() as patch:
        patch.setattr(sentiment.training.tuning, "make_trainer", interrupt_second)
        stopped = run_command(*options)
    assert stopped.returncode == 130
    assert stopped.stdout.startswith("validation loss 0.4000, 4 s: --learning-rate 0.003,")
    assert "Resume with: sentiment tune --resume --out search" in stopped.stdout
    resumed = run_command("tune", "--resume", "--from-scratch", "--out", "search", "--trials", 2)
    assert resumed.returncode == 0, resumed.stderr
    assert "Best settings: sentiment train --from-scratch --max-length 50" in resumed.stdout


# What is refused.


def test_search_is_neither_replaced_nor_resumed_by_mistake(tmp_path, training):
    with pytest.raises(TrainingError, match="no search in '.*' to resume"):
        search(tmp_path, resume=True)
    assert files(tmp_path) == []
    before = search(tmp_path)
    with pytest.raises(TrainingError, match="has a search already. Resume it, overwrite it"):
        search(tmp_path)
    with pytest.raises(ConfigError, match="exclude each other"):
        search(tmp_path, resume=True, overwrite=True)
    with locked(tmp_path), pytest.raises(StorageError, match="Another process"):
        search(tmp_path, overwrite=True)
    assert found(search(tmp_path, resume=True)) == found(before)
    assert len(search(tmp_path, 1, overwrite=True).trials) == 1


def test_resumed_search_has_the_settings_that_it_started_with(tmp_path, training):
    search(tmp_path, 1)
    tune({}, tmp_path, 2, resume=True)
    assert FIXED.items() <= training.configs[-1].to_flat().items()
    with pytest.raises(TrainingError, match="seed = 0; a resumed run cannot change it to 7"):
        tune({"seed": 7}, tmp_path, 3, resume=True)
    with pytest.raises(SentimentError, match="learning_rate"):
        tune({"learning_rate": 4e-3}, tmp_path, 3, resume=True)
    with pytest.raises(ConfigError, match="learning_rate is searched in"):
        tune({"learning_rate": 3e-3}, tmp_path, 3, resume=True)
    tune({"dataset": "sample"}, tmp_path / "pretrained", 1)
    with pytest.raises(TrainingError, match=f"init = '{AUTO}'; a resumed run cannot change it to"):
        tune({"init": None}, tmp_path / "pretrained", 2, resume=True)


def test_search_is_not_resumed_on_other_reviews(tmp_path, training):
    search(tmp_path, 1)
    training.fingerprint = "second"
    with pytest.raises(TrainingError, match="The reviews have changed since the search started"):
        search(tmp_path, 2, resume=True)
    assert files(tmp_path) == [STUDY_FILE]


def test_fixing_all_settings_is_an_error(tmp_path):
    defaults = resolve(PRESET, {}).to_flat()
    with pytest.raises(ConfigError, match="nothing to search"):
        search(tmp_path / "new", settings={name: defaults[name] for name in SPACE})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"", b"no data base" * 1000, "another", "empty"])
def test_file_that_is_no_study_is_named_and_left_as_it_is(tmp_path, training, content):
    path = tmp_path / STUDY_FILE
    if content == "another":
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("create table things (name text)")
    elif content == "empty":
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
        storage.engine.dispose()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="study.db") as caught:
        search(tmp_path, resume=True)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert len(search(tmp_path, 1, overwrite=True).trials) == 1


def test_damaged_study_is_one_error_or_is_read(tmp_path, training):
    search(tmp_path / "whole", 2)
    content = (tmp_path / "whole" / STUDY_FILE).read_bytes()
    rng = random.Random(0)
    path = tmp_path / "copy" / STUDY_FILE
    path.parent.mkdir()
    refused = 0
    for number in range(60):
        damaged = bytearray(content)
        start = rng.randrange(len(content))
        if number % 3 == 0:
            damaged[start] ^= 1 << rng.randrange(8)
        elif number % 3 == 1:
            damaged[start : start + 500] = bytes(500)
        else:
            del damaged[start:]
        path.write_bytes(damaged)
        try:
            search(path.parent, 2, resume=True)
        except SentimentError:
            refused += 1
    assert refused > 20


@pytest.mark.slow
@pytest.mark.parametrize("value", ["[" * 100_000, "{", "[]", "1", '"x"', "null"])
@pytest.mark.parametrize("key", ["config", "preset", "fixed", "figures"])
def test_hostile_json_in_a_study_is_one_clear_error(tmp_path, training, key, value):
    search(tmp_path, 2)
    table = "trial_user_attributes" if key == "figures" else "study_user_attributes"
    with contextlib.closing(sqlite3.connect(tmp_path / STUDY_FILE)) as database:
        changed = f"update {table} set value_json = ? where key = ?"
        assert database.execute(changed, (value, key)).rowcount
        database.commit()
    if (key, value) == ("fixed", "[]"):
        return  # Of the right type.
    with pytest.raises(SentimentError, match=r"study\.db"):
        search(tmp_path, 3, resume=True)


@pytest.mark.parametrize("name", ["trial-notes", "trial-1", "trial-0099", "trial-00001"])
def test_folder_of_the_user_is_kept(tmp_path, training, name):
    search(tmp_path, 2)
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes.txt").write_text("mine")
    search(tmp_path, 3, resume=True)
    assert (tmp_path / name / "notes.txt").read_text() == "mine"


def test_folder_may_have_any_name(tmp_path, training):
    out = tmp_path / "ü ?a=1#%20"
    assert len(search(out, 1).trials) == 1
    assert files(out) == [STUDY_FILE]


def test_missing_optuna_is_an_error_with_the_install_command(tmp_path, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "sentiment.training.tuning")
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setattr(sys, "argv", ["sentiment", "tune", "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert "tune needs optuna: pip install optuna (the extra 'tune')." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# With real training, on few reviews.


@pytest.fixture(scope="module")
def fewest_reviews():
    """Make every dataset consist of 64 + 20 reviews: two steps an epoch."""
    splits = {}
    for split, count in (("train", 32), ("validation", 10)):
        rows = sample_reviews(split)
        splits[split] = rows[:count] + rows[-count:]
    reviews = from_reviews(splits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentiment.training.classification_data, "load_reviews", lambda *_: reviews)
        yield


@pytest.fixture(scope="module")
def undisturbed(fewest_reviews, tmp_path_factory):
    return search(tmp_path_factory.mktemp("undisturbed"))


def test_printed_command_trains_the_best_model_of_the_search(
    undisturbed, tmp_path, monkeypatch, capsys
):
    assert [trial.state for trial in undisturbed.trials] == ["complete"] * 3
    print_search(undisturbed, tmp_path)
    shown = capsys.readouterr().out
    words = shlex.split(next(line for line in shown.splitlines() if "Best settings:" in line))[2:]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", words)
    assert words[:2] == ["sentiment", "train"]
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end:
        cli.main()
    signal.signal(signal.SIGTERM, before)
    assert end.value.code == 0
    summary = json.loads(Path("runs/best/summary.json").read_text())
    assert summary["validation"]["loss"] == undisturbed.trials[0].loss


def test_pruned_trial_leaves_no_files_and_the_next_one_runs(fewest_reviews, tmp_path, monkeypatch):
    monkeypatch.setattr(optuna.Trial, "should_prune", lambda trial: trial.number == 1)
    result = search(tmp_path)
    assert [trial.state for trial in result.trials] == ["complete", "complete", "pruned"]
    assert [trial.epochs for trial in result.trials] == [2, 2, 1]
    assert files(tmp_path) == [STUDY_FILE]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX processes")
def test_killed_search_resumes_to_the_same_trials(undisturbed, tmp_path):
    out = tmp_path / "killed"
    process = os.fork()
    if not process:
        report = optuna.Trial.report

        def kill(trial, *values):
            report(trial, *values)
            if trial.number == 1:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            torch.set_num_threads(1)
            optuna.Trial.report = kill
            search(out)
        finally:
            os._exit(1)
    assert os.waitpid(process, 0)[1] == signal.SIGKILL
    assert "trial-0001" in files(out)
    assert found(search(out, resume=True)) == found(undisturbed)
    assert files(out) == [STUDY_FILE]
    with load_study(out / STUDY_FILE) as study:
        assert [trial.state.name for trial in study.trials] == [
            "COMPLETE",
            "FAIL",
            "COMPLETE",
            "COMPLETE",
        ]


@pytest.mark.parametrize("number", [0, 1])
def test_trial_interrupted_between_suggestions_gets_the_same_settings(
    tmp_path, training, monkeypatch, number
):
    expected = search(tmp_path / "undisturbed", 2)
    suggest = sentiment.training.tuning.suggest

    def interrupt(trial, name, bounds):
        suggest(trial, name, bounds)
        if (trial.number, name) == (number, "word_dropout"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sentiment.training.tuning, "suggest", interrupt)
        assert search(tmp_path / "stopped", 2).stopped
    assert found(search(tmp_path / "stopped", 2, resume=True)) == found(expected)


def test_interrupted_search_resumes_to_the_same_trials(undisturbed, tmp_path, monkeypatch):
    out = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr(
            optuna.Trial,
            "report",
            lambda trial, *_: signal.raise_signal(signal.SIGINT) if trial.number == 1 else None,
        )
        stopped = search(out)
    assert stopped.stopped
    assert len(stopped.trials) == 1
    assert files(out) == [STUDY_FILE]
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        print_search(stopped, out)
    assert "Resume with: sentiment tune --resume" in shown.getvalue()
    assert found(search(out, resume=True)) == found(undisturbed)
