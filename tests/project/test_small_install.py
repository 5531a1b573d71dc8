"""The small installation: predictions with the packages of requirements-onnx.txt alone.

`make test-onnx` creates it and sets ONNX_PYTHON.
"""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

MAX_SIZE = 350e6  # Bytes on disk, as docs/how-to/onnx.md says.
LARGE = ["torch", "datasets", "pyarrow", "sklearn", "scipy", "captum", "matplotlib", "optuna"]
TEXTS = ["A joy from start to finish.", "I want my evening back."]
LABELS = ["pos", "neg"]

pytestmark = pytest.mark.skipif(
    "ONNX_PYTHON" not in os.environ, reason="ONNX_PYTHON is not set: make test-onnx"
)


@pytest.fixture
def run(tmp_path):
    """Return a function that runs Python in the small installation, in an empty folder."""
    python = Path(os.environ.get("ONNX_PYTHON", "")).absolute()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }

    def run_python(*arguments):
        return subprocess.run(
            [python, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run_python


def output_of(result):
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_large_packages_are_not_installed(run):
    code = "from importlib.util import find_spec; "
    code += f"print([name for name in {LARGE} if find_spec(name)])"
    assert output_of(run("-c", code)) == "[]\n"


def test_texts_are_classified(run):
    lines = output_of(run("-m", "sentiment", "predict", *TEXTS)).splitlines()
    assert [line.split()[0] for line in lines] == LABELS


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
def test_file_is_classified(run, tmp_path, suffix):
    path, output = tmp_path / f"reviews{suffix}", tmp_path / f"labelled{suffix}"
    rows = [{"text": text} for text in TEXTS]
    content = {
        ".txt": "\n".join(TEXTS),
        ".csv": "text\n" + "\n".join(TEXTS),
        ".jsonl": "\n".join(map(json.dumps, rows)),
    }
    path.write_text(content[suffix] + "\n", encoding="utf-8")
    command = ["predict", "--file", path, "--output", output, "--format", "jsonl"]
    if suffix != ".txt":
        command = command[:-2]
    result = run("-m", "sentiment", *command)
    assert result.returncode == 0, result.stderr
    with output.open(encoding="utf-8", newline="") as file:
        labelled = csv.DictReader(file) if suffix == ".csv" else map(json.loads, file)
        assert [row["label"] for row in labelled] == LABELS


def test_python_interface_predicts(run):
    code = (
        "from sentiment import Classifier\n"
        "classifier = Classifier.from_pretrained(backend='onnx')\n"
        f"print(classifier.predict({TEXTS}), classifier.predict_proba({TEXTS}).shape)"
    )
    assert output_of(run("-c", code)) == f"{LABELS} (2, 2)\n"


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--dataset", "sample"],
        ["pretrain", "--dataset", "sample"],
        ["tune", "--dataset", "sample"],
        ["eval", "--dataset", "sample"],
        ["baseline", "--dataset", "sample"],
        ["calibrate", "--model", "shipped-classifier", "--dataset", "sample"],
        ["check"],
        ["report"],
        ["demo"],
        ["serve"],
        ["export", "--out", "export"],
        ["push", "--model", "shipped-classifier", "user/name"],
        ["predict", "--explain", "Good."],
        ["predict", "--backend", "torch", "Good."],
        ["predict", "--file", "reviews.parquet"],
        ["predict", "--file", "reviews.xlsx"],
    ],
    ids=" ".join,
)
def test_other_commands_say_in_one_line_what_to_install(run, tmp_path, command):
    (tmp_path / "reviews.parquet").write_bytes(b"PAR1")
    (tmp_path / "reviews.xlsx").write_bytes(b"PK\3\4")
    result = run("-m", "sentiment", *command)
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert "pip install " in result.stderr
    assert result.stderr.count("\n") == 1


def test_installation_is_small():
    root = Path(os.environ["ONNX_PYTHON"]).absolute().parents[1]
    files = [path.lstat() for path in root.rglob("*")]
    assert sum(512 * file.st_blocks for file in files) <= MAX_SIZE
