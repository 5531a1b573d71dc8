"""No command makes a network connection for data and models on this machine."""

import csv
import os
import socket
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.paths import ROOT
from support.small_models import SMALL

from sentiment.cli.flags import as_words
from sentiment.data.synthetic.sample import sample_reviews

SETTINGS = {name: value for name, value in SMALL.items() if name not in ("init", "dataset")}
QUICK = as_words(SETTINGS)

# A search needs a setting to vary.
SEARCH = as_words({name: SETTINGS[name] for name in SETTINGS if name != "embedding_dim"})
ENCODER = as_words(
    {"epochs": 1, "min_epoch_steps": 1, "embedding_dim": 8, "hidden_size": 8, "max_length": 20}
)


@pytest.fixture
def attempts(monkeypatch):
    """The addresses and host names that the program asks for; none of them answers."""
    found = []

    def refuse(*arguments, **_):
        found.append(arguments)
        raise OSError("no network in this test")

    def connect(self, address):
        if self.family != getattr(socket, "AF_UNIX", None):
            refuse(address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return found


def write_table(name, split="train"):
    """Write reviews to a file in the format of its suffix."""
    rows = [(text, "np"[label]) for text, label in sample_reviews(split)[::40]]
    if name.endswith(".parquet"):
        texts, labels = zip(*rows, strict=True)
        pq.write_table(pa.table({"text": texts, "label": labels}), name)
    else:
        with open(name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *rows])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_command_on_local_data_uses_the_network(run_command, attempts, tmp_path):
    pytest.importorskip("captum")
    pytest.importorskip("optuna")
    for name in ("reviews.csv", "reviews.parquet"):
        write_table(name)
    (tmp_path / "folder").mkdir()
    write_table("folder/train.csv")
    write_table("folder/test.csv", "test")
    model = ("--model", "run")
    commands = [
        ("train", "--from-scratch", *QUICK, "--dataset", "reviews.csv", "--out", "run"),
        ("pretrain", *ENCODER, "--dataset", "folder", "--out", "encoder"),
        ("tune", "--from-scratch", *SEARCH, "--dataset", "reviews.csv", "--trials", "1"),
        ("eval", *model),
        ("eval", *model, "--dataset", "folder"),
        ("baseline", *model),
        ("calibrate", *model, "--dataset", "reviews.parquet"),
        ("report", *model, "--dataset", "reviews.parquet"),
        ("predict", *model, "--file", "reviews.parquet", "--output", "o.parquet", "--prefix", "p_"),
        ("predict", *model, "--explain", "a good film"),
    ]
    for command in commands:
        result = run_command(*command)
        # A model of some steps may know no word of a text, which has no explanation then.
        assert result.returncode == 0 or "--explain" in command, result.stderr
        assert attempts == [], command


WITHOUT_TELEMETRY = """
import os
from sentiment import Classifier

before = dict(os.environ)
assert Classifier.from_pretrained(backend="onnx")("A joy.")["label"] == "pos"
assert dict(os.environ) == before
"""


def test_onnx_runtime_collects_no_usage_data(tmp_path):
    pytest.importorskip("onnxruntime")
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), str(tmp_path))
    subprocess.run(
        [sys.executable, "-c", WITHOUT_TELEMETRY],
        cwd=ROOT,
        env={**os.environ, **places},
        check=True,
    )
    assert list(tmp_path.iterdir()) == []  # The database of events would be here.
