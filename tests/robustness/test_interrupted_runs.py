"""Training runs that are killed or stopped at any moment, and what --resume accepts."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from support.checksums import reseal_checkpoint
from support.paths import ROOT
from support.small_models import SMALL
from support.tiny_run import train_tiny, weights

from sentiment.artifacts.checksums import FILES
from sentiment.errors import ConfigError, TrainingError
from sentiment.text.vocab import Vocab
from sentiment.training.classification import make_trainer, train_classifier
from sentiment.training.run_folder import METRICS_FILE, SUMMARY_FILE, checkpoints, open_run

FILE_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")


def is_killed_before_change(number, out, seed=0, **options):
    """Train in a process that is killed before its change `number` to files; False if it ended."""
    process = os.fork()
    if not process:
        changes = itertools.count()
        os.fsync = lambda file: None  # The test does not cut the power.
        sys.addaudithook(
            lambda event, _: (
                event in FILE_CHANGES
                and next(changes) == number
                and os.kill(os.getpid(), signal.SIGKILL)
            )
        )
        try:
            torch.set_num_threads(1)
            train_tiny(out, seed, **options)
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


def finished_weights(out):
    """Return the weights of a finished run, which has no other files than it should."""
    assert {path.name for path in out.iterdir()} == {*FILES, METRICS_FILE, SUMMARY_FILE}
    assert (out / METRICS_FILE).read_text().count("\n") == 2
    return weights(out)


def can_resume(out):
    return bool(checkpoints(out)) or (out / SUMMARY_FILE).exists()


def test_a_run_killed_between_any_two_file_changes_resumes_to_the_same_weights(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "fsync", lambda file: None)
    train_tiny(tmp_path / "whole")
    expected = finished_weights(tmp_path / "whole")
    out = tmp_path / "run"
    for number in itertools.count(step=2):  # Every change, at twice the time, with step=1.
        if not is_killed_before_change(number, out):
            break
        train_tiny(out, resume=can_resume(out))
        assert finished_weights(out) == expected, number
        shutil.rmtree(out)
    assert number > 60
    assert finished_weights(out) == expected


def test_a_kill_while_a_run_is_overwritten_leaves_the_old_or_the_new_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)
    expected = {}
    for seed in (0, 1):
        train_tiny(tmp_path / f"{seed}", seed)
        expected[seed] = finished_weights(tmp_path / f"{seed}")
    out = tmp_path / "run"
    overwritten = []
    for number in range(24):
        shutil.copytree(tmp_path / "0", out)
        assert is_killed_before_change(number, out, seed=1, overwrite=True)
        overwritten.append(not (out / SUMMARY_FILE).exists())
        if overwritten[-1]:
            options = {"resume": True} if can_resume(out) else {"overwrite": True}
            train_tiny(out, seed=1, **options)
            assert finished_weights(out) == expected[1]
        else:
            train_tiny(out, seed=0, resume=True)
            assert weights(out) == expected[0]
        shutil.rmtree(out)
    assert overwritten == sorted(overwritten)
    assert set(overwritten) == {False, True}


def test_runs_killed_at_random_times_end_with_the_weights_of_an_uninterrupted_run():
    result = subprocess.run(
        [sys.executable, "benchmarks/kills.py", "--kills", "5"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "runs ended with the weights of an uninterrupted run" in result.stdout


def test_a_signal_before_the_first_step_leaves_no_files(tmp_path):
    out = tmp_path / "runs" / "one"
    flags = ["--from-scratch", "--dataset", "sample", "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sentiment", "train", *flags],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 120
    while not (out / ".lock").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, list(tmp_path.iterdir())) == (130, [])
    assert b"Traceback" not in err


SETTINGS = {**SMALL, "batch_size": 16, "max_length": 20, "checkpoint_steps": 2, "epochs": 2}


@pytest.fixture
def stopped_run(few_reviews, tmp_path):
    """Return the folder of a run that a signal stopped in its second epoch."""
    folder = tmp_path / "stopped"
    with open_run(folder) as run:
        for _ in make_trainer(run, SETTINGS, "from-scratch").epochs():
            signal.raise_signal(signal.SIGTERM)
    assert len(checkpoints(folder)) == 1
    return folder


def test_resume_refuses_another_vocabulary(stopped_run, monkeypatch):
    build = Vocab.build
    monkeypatch.setattr(Vocab, "build", lambda *args: Vocab([*build(*args).tokens[2:-1], "zyx"]))
    with pytest.raises(TrainingError, match="The data have changed since .*: vocabulary was"):
        train_classifier({}, stopped_run, resume=True)


def test_resume_refuses_from_scratch_for_a_run_with_an_initial_model(stopped_run):
    checkpoint = checkpoints(stopped_run)[-1]
    content = json.loads((checkpoint / "state.json").read_text())
    content["run"]["config"]["model"]["init"] = "shipped-encoder"
    reseal_checkpoint(checkpoint, content)
    with pytest.raises(TrainingError, match="with init = 'shipped-encoder'; .* to None"):
        train_classifier({"init": None}, stopped_run, resume=True)
    with pytest.raises(ConfigError, match="A resumed run keeps its preset"):
        train_classifier({}, stopped_run, preset="from-scratch", resume=True)
