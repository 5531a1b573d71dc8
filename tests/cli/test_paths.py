"""Paths that cannot be used are refused in one line, before anything is read or written."""

import os
import re
import sys
from pathlib import Path

import pytest
from support.small_models import small_classifier

from sentiment import Classifier, train
from sentiment.apps.report.report import write_report
from sentiment.artifacts.model_folder import load_model, save_model
from sentiment.config import Config
from sentiment.errors import ConfigError
from sentiment.runtime.paths import user_path
from sentiment.training.language_modeling import pretrain

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths are Unicode on Windows")

UNUSABLE = {
    "not-utf-8": os.fsdecode(b"caf\xe9/x"),
    "null-character": "caf\0/x",
    "unknown-user": "~nosuchuser/x",
}
FROM_SAMPLE = {"dataset": "sample", "epochs": 1}
PATH_SETTINGS = ("dataset", "validation_file", "test_file", "unlabelled_file", "init")


def tune(path):
    tuning = pytest.importorskip("sentiment.training.tuning")
    tuning.tune(FROM_SAMPLE, path, 1)


LIBRARY_CALLS = {
    "train-out": lambda path: train("sample", path),
    "train-init": lambda path: train("sample", "out", init=path),
    "train-word-vectors": lambda path: train("sample", "out", word_vectors=path),
    "pretrain-out": lambda path: pretrain(FROM_SAMPLE, Path(path)),
    "pretrain-init": lambda path: pretrain({**FROM_SAMPLE, "init": path}, Path("out")),
    "tune-out": tune,
    "from-pretrained": Classifier.from_pretrained,
    "load-model": load_model,
    "save-model": lambda path: save_model(path, small_classifier().saved()),
    "save-pretrained": lambda path: small_classifier().save_pretrained(path),
    "report-out": lambda path: write_report(small_classifier(), None, Path(path), "d", "test"),
}
COMMANDS = {
    "train-out": ["train", "--dataset", "sample", "--out"],
    "train-dataset": ["train", "--dataset"],
    "train-init": ["train", "--dataset", "sample", "--init"],
    "train-word-vectors": ["train", "--dataset", "sample", "--word-vectors"],
    "pretrain-out": ["pretrain", "--dataset", "sample", "--out"],
    "tune-out": ["tune", "--dataset", "sample", "--out"],
    "report-out": ["report", "--out"],
    **{
        f"{name}-model": [name, *words, "--model"]
        for name, words in {
            **dict.fromkeys(("eval", "baseline", "calibrate", "report", "check", "demo"), ()),
            "predict": ["A joy."],
            "push": ["user/mine"],
        }.items()
    },
}


@pytest.mark.parametrize("path", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("call", LIBRARY_CALLS.values(), ids=LIBRARY_CALLS)
def test_the_library_refuses_an_unusable_path(tmp_path, monkeypatch, call, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"caf|nosuchuser"):
        call(path)
    assert list(tmp_path.iterdir()) == []


# The system passes no null character to a command.
@pytest.mark.parametrize("name", ["not-utf-8", "unknown-user"])
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_command_refuses_an_unusable_path_in_one_line(run_command, tmp_path, words, name):
    result = run_command(*words, UNUSABLE[name])
    assert (result.returncode, result.stdout) == (2, "")
    assert re.fullmatch(r"Error: .*(caf|nosuchuser).*\n", result.stderr), result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", PATH_SETTINGS)
@pytest.mark.parametrize("path", [UNUSABLE["not-utf-8"], UNUSABLE["null-character"]])
def test_a_setting_that_json_cannot_hold_is_refused(name, path):
    with pytest.raises(ConfigError, match=f"{name} must be UTF-8"):
        Config.from_flat(**{name: path})


def test_the_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_model(Path("~/model"), small_classifier().saved())
    assert (tmp_path / "model" / "config.json").is_file()
    assert load_model(Path("~/model")).labels == ["neg", "pos"]
    assert user_path("~/é") == tmp_path / "é"
    assert user_path("plain/é") == Path("plain/é")
