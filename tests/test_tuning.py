"""The search: what it draws, what it keeps, how it ends, and how it goes on."""

import contextlib
import io
import json
import os
import re
import shlex
import signal
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import SMALL

pytest.importorskip("optuna")
import optuna

import sentiment.training.classification
import sentiment.training.tuning
from sentiment import cli
from sentiment.cli.tune import print_search, print_trial
from sentiment.config import FROM_SCRATCH, SHIPPED, Config
from sentiment.data.columns import from_reviews
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import InputError
from sentiment.runtime.locks import locked
from sentiment.training.trainer import Diverged, Summary
from sentiment.training.tuning import SPACE, STUDY_FILE, Search, Trial, space_of, tune

# Of a run from scratch what is quick; the rest of what can be searched is searched.
HELD = {name: value for name, value in SMALL.items() if FROM_SCRATCH.get(name, "") != value}
HELD = {name: value for name, value in HELD.items() if name != "max_length"} | {"epochs": 2}


def search(out, trials=3, settings=HELD, **how):
    return tune(settings, out, trials, from_scratch=True, **how)


def found(search):
    """All of a search but the time it took."""
    return [replace(trial, seconds=0.0) for trial in search.trials]


def left(out):
    return [path.name for path in out.iterdir()]


@pytest.fixture
def losses(monkeypatch):
    """In the place of training: the losses of each run, epoch by epoch. None: it diverges."""
    given, seen = [], []

    def train(config, folder, on_epoch):
        seen.append(config)
        with locked(folder):
            rows = {"rows": 10, "fingerprint": config.data.dataset}
            (folder / "config.json").write_text(
                json.dumps({"data": {"train": rows, "validation": rows}})
            )
            own = given[len(seen) - 1] if len(seen) <= len(given) else [0.5, 0.4]
            for epoch, loss in enumerate(own, 1):
                if loss is None:
                    raise Diverged("Training diverged at step 3.")
                on_epoch(
                    {
                        "epoch": epoch,
                        "validation_loss": loss,
                        "validation_accuracy": 1 - loss,
                        "seconds": 2.0 * epoch,
                    }
                )
        return Summary(True, len(own), 1, {"loss": min(own)}, 2.0, None)

    monkeypatch.setattr(sentiment.training.tuning, "train", train)
    given.append([0.5, 0.4])
    train.given, train.seen = given, seen
    return train


# What is searched.


@pytest.mark.parametrize("recipe", [{}, FROM_SCRATCH])
@pytest.mark.parametrize("name", SPACE)
def test_each_bound_is_a_setting_and_the_defaults_lie_between_them(recipe, name):
    least, most, step = SPACE[name]
    for value in (least, most):
        Config.from_flat(**{**recipe, name: value})
    default = sentiment.training.tuning.flat(Config.from_flat(**recipe))[name]
    assert least <= default <= most or name not in space_of(Config.from_flat(**recipe), [])
    if step is not None and name in space_of(Config.from_flat(**recipe), []):
        assert (default - least) / step == pytest.approx(round((default - least) / step))


def test_what_is_held_or_for_others_to_decide_is_not_searched():
    sizes = {"embedding_dim", "hidden_size"}
    assert set(space_of(Config(), [])) == SPACE.keys() - sizes
    scratch = Config.from_flat(**FROM_SCRATCH)
    assert set(space_of(scratch, [])) == SPACE.keys()
    assert set(space_of(scratch, ["max_length"])) == SPACE.keys() - {"max_length"}
    vectors = Config.from_flat(**FROM_SCRATCH, vectors="glove.txt")
    assert set(space_of(vectors, [])) == SPACE.keys() - {"embedding_dim"}


def test_the_first_trial_is_the_recipe_and_all_hold_what_was_named(tmp_path, losses):
    search(tmp_path, 8)
    first, *others = losses.seen
    assert first == Config.from_flat(**{**FROM_SCRATCH, **HELD})
    for config in others:
        flat = sentiment.training.tuning.flat(config)
        assert HELD.items() <= flat.items()
        assert len(f"{flat['learning_rate']:f}".strip("0.")) <= 3  # As a person can type it.
        assert all(
            SPACE[name].least <= flat[name] <= SPACE[name].most for name in SPACE - HELD.keys()
        )
    assert len({config.train.learning_rate for config in losses.seen}) == 8


# How it ends.


def test_trials_are_ranked_and_a_diverged_one_is_last(tmp_path, losses):
    losses.given[:] = [[0.5, 0.6], [None], [0.3, None], [0.6, 0.2]]
    told = []
    result = search(tmp_path, 4, on_trial=told.append)
    assert [trial.loss for trial in result.trials] == [0.2, 0.5, 0.3, None]
    assert [trial.state for trial in result.trials] == ["complete"] * 2 + ["diverged"] * 2
    assert result.trials[0] == Trial(result.trials[0].settings, "complete", 0.2, 0.8, 2, 4.0)
    assert [trial.loss for trial in told] == [0.5, None, 0.3, 0.2]
    assert left(tmp_path) == [STUDY_FILE]


def test_a_search_in_which_all_diverge_is_an_error(tmp_path, losses):
    losses.given[:] = [[None], [None]]
    with pytest.raises(InputError, match="All of 2 trials have diverged. Hold a lower --learning"):
        search(tmp_path, 2)


def test_a_trial_that_is_worse_than_the_median_ends_early(tmp_path, losses):
    losses.given[:] = [[0.5, 0.4]] * 5 + [[0.9, 0.1], [0.45, 0.35]]
    result = search(tmp_path, 7)
    assert [trial.state for trial in result.trials] == ["complete"] * 6 + ["pruned"]
    pruned = result.trials[-1]
    assert (pruned.loss, pruned.epochs) == (0.9, 1)


def test_what_training_refuses_ends_the_search(tmp_path, losses, monkeypatch):
    def refuse(*_, **__):
        raise InputError("There is no file or folder 'x'.")

    monkeypatch.setattr(sentiment.training.tuning, "train", refuse)
    with pytest.raises(InputError, match="no file or folder 'x'"):
        search(tmp_path / "new")


def test_no_trial_begins_after_the_timeout(tmp_path, losses):
    result = search(tmp_path, 3, timeout=0.0)
    assert result == Search([], HELD, True, stopped=False)
    assert result.best is None
    assert len(search(tmp_path, 3, resume=True, timeout=3600).trials) == 3
    assert len(search(tmp_path, 3, resume=True).trials) == 3
    assert len(losses.seen) == 3


def test_the_table_and_the_lines_say_how_each_trial_ended(capsys, tmp_path):
    settings = {"learning_rate": 0.002, "max_length": 300}
    trials = [
        Trial(settings, "complete", 0.25, 0.9, 3, 75.0),
        Trial(settings, "pruned", 0.5, 0.8, 1, 20.0),
        Trial(settings, "diverged", None, None, 0, 0.0),
    ]
    for trial in trials:
        print_trial(trial)
    held = {"dataset": "my file.csv", "lowercase": False}
    print_search(Search(trials, held, True, stopped=True), tmp_path)
    shown = capsys.readouterr().out
    assert "validation loss 0.2500, 1 min 15 s: --learning-rate 0.002, --max-length 300" in shown
    assert "ended early: --" in shown
    assert "0 s, diverged: --" in shown
    for row in ("1 +│ +0.2500 │ +90.00% │ +3", "pruned +│ +0.5000", "diverged │ +– │ +– │ +0"):
        assert re.search(row, shown)
    assert (
        "Best settings: sentiment train --from-scratch --dataset 'my file.csv' --no-lowercase "
        "--learning-rate 0.002 --max-length 300 --out runs/best\n" in shown
    )
    assert f"Resume with: sentiment tune --resume --out {tmp_path}" in shown


# What is refused.


def test_a_search_is_not_lost_by_mistake(tmp_path, losses):
    with pytest.raises(InputError, match="no search in '.*' to resume"):
        search(tmp_path, resume=True)
    assert left(tmp_path) == []
    before = search(tmp_path)
    with pytest.raises(InputError, match="holds a search already. Go on with it .--resume"):
        search(tmp_path)
    with pytest.raises(InputError, match="exclude each other"):
        search(tmp_path, resume=True, overwrite=True)
    with locked(tmp_path), pytest.raises(InputError, match="Another process is using"):
        search(tmp_path, overwrite=True)
    assert found(search(tmp_path, resume=True)) == found(before)
    assert len(search(tmp_path, 1, overwrite=True).trials) == 1


def test_a_search_goes_on_with_what_it_was_started_with(tmp_path, losses):
    search(tmp_path, 1)
    tune({}, tmp_path, 2, resume=True)
    assert HELD.items() <= sentiment.training.tuning.flat(losses.seen[-1]).items()
    for settings, message in (
        ({"seed": 7}, "seed = 0; --resume cannot make it 7"),
        ({"learning_rate": 3e-3}, "learning_rate is searched in"),
    ):
        with pytest.raises(InputError, match=message):
            tune(settings, tmp_path, 3, resume=True)
    tune({"dataset": "sample"}, tmp_path / "encoder", 1)
    with pytest.raises(InputError, match=f"init = '{SHIPPED}'; --resume cannot make it None"):
        tune({}, tmp_path / "encoder", 2, from_scratch=True, resume=True)


def test_a_search_does_not_go_on_with_other_reviews(tmp_path, losses, monkeypatch):
    search(tmp_path, 1)
    monkeypatch.setattr(
        sentiment.training.tuning, "read_json", lambda path: {"data": {"train": 1, "validation": 2}}
    )
    with pytest.raises(InputError, match="The reviews have changed since the search began"):
        search(tmp_path, 2, resume=True)
    assert left(tmp_path) == [STUDY_FILE]


def test_there_must_be_something_to_search(tmp_path, losses):
    recipe = sentiment.training.tuning.flat(Config.from_flat(**FROM_SCRATCH))
    with pytest.raises(InputError, match="nothing to search"):
        search(tmp_path / "new", settings={name: recipe[name] for name in SPACE})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"", b"no data base" * 1000, "another", "empty"])
def test_what_is_no_study_is_named_and_left_alone(tmp_path, losses, content):
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
    with pytest.raises(InputError, match="study.db") as refused:
        search(tmp_path, resume=True)
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == before
    assert len(search(tmp_path, 1, overwrite=True).trials) == 1


def test_a_folder_of_any_name_holds_a_search(tmp_path, losses):
    out = tmp_path / "ü ?a=1#%20"
    assert len(search(out, 1).trials) == 1
    assert left(out) == [STUDY_FILE]


def test_without_optuna_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "sentiment.training.tuning")
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setattr(sys, "argv", ["sentiment", "tune", "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert "A search needs Optuna" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# With real training, on few reviews.


@pytest.fixture(scope="module")
def fewest_reviews():
    """A corpus of 64 + 20 reviews: two steps an epoch."""
    splits = {}
    for split, count in (("train", 32), ("validation", 10)):
        rows = sample_reviews(split)
        splits[split] = rows[:count] + rows[-count:]
    corpus = from_reviews(splits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentiment.training.classification, "load_reviews", lambda *_, **__: corpus)
        yield


@pytest.fixture(scope="module")
def undisturbed(fewest_reviews, tmp_path_factory):
    return search(tmp_path_factory.mktemp("undisturbed"))


def test_the_command_it_ends_with_gives_the_model_that_it_found(
    undisturbed, tmp_path, monkeypatch, capsys
):
    assert [trial.state for trial in undisturbed.trials] == ["complete"] * 3
    print_search(undisturbed, tmp_path)
    shown = capsys.readouterr().out
    words = shlex.split(next(line for line in shown.splitlines() if "Best settings:" in line))[2:]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", words)
    assert words[:2] == ["sentiment", "train"]
    with pytest.raises(SystemExit) as end:
        cli.main()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert end.value.code == 0
    summary = json.loads(Path("runs/best/summary.json").read_text())
    assert summary["validation"]["loss"] == undisturbed.trials[0].loss


def test_a_pruned_trial_leaves_nothing_and_the_next_one_runs(fewest_reviews, tmp_path, monkeypatch):
    monkeypatch.setattr(optuna.Trial, "should_prune", lambda trial: trial.number == 1)
    result = search(tmp_path)
    assert [trial.state for trial in result.trials] == ["complete", "complete", "pruned"]
    assert [trial.epochs for trial in result.trials] == [2, 2, 1]
    assert left(tmp_path) == [STUDY_FILE]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX processes")
def test_a_search_that_was_killed_finds_what_an_undisturbed_one_does(
    undisturbed, tmp_path, monkeypatch
):
    out = tmp_path / "killed"
    process = os.fork()
    if not process:
        report = optuna.Trial.report

        def killing(trial, *values):
            report(trial, *values)
            if trial.number == 1:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            torch.set_num_threads(1)
            optuna.Trial.report = killing
            search(out)
        finally:
            os._exit(1)
    assert os.waitpid(process, 0)[1] == signal.SIGKILL
    assert "trial-0001" in left(out)
    assert found(search(out, resume=True)) == found(undisturbed)
    assert left(out) == [STUDY_FILE]
    with sentiment.training.tuning.opened(out / STUDY_FILE) as study:
        states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]


def test_ctrl_c_ends_a_search_that_then_goes_on(undisturbed, tmp_path, monkeypatch):
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
    assert left(out) == [STUDY_FILE]
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        print_search(stopped, out)
    assert "Resume with: sentiment tune --resume" in shown.getvalue()
    assert found(search(out, resume=True)) == found(undisturbed)
