"""Disks that are full, read-only or forbidden: one clear line, and no file is lost."""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from support.paths import ROOT
from support.small_models import SMALL
from support.tiny_run import weights

import sentiment.apps.report.report
import sentiment.data.reviews
import sentiment.evaluation.baselines
import sentiment.evaluation.behavior
import sentiment.training.classification_data
import sentiment.training.language_modeling
from sentiment import cli
from sentiment.artifacts.model_folder import SHIPPED_CLASSIFIER_FOLDER, load_model
from sentiment.data.review_splits import from_reviews
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.runtime.locks import locked
from sentiment.training.checkpoint import read_state
from sentiment.training.classification import make_trainer, train_classifier
from sentiment.training.run_folder import checkpoints, open_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")


@cache
def few_reviews(*_, **__):
    """Return 80 + 40 + 40 built-in reviews, whatever dataset is asked for."""
    splits = {}
    for split, count in (("train", 40), ("validation", 20), ("test", 20)):
        rows = sample_reviews(split)
        splits[split] = rows[:count] + rows[-count:]
    return from_reviews(splits)


@pytest.fixture
def command(monkeypatch, capfd):
    """Return a function that runs a command and returns its exit code and standard error."""
    for module in (
        sentiment.data.reviews,
        sentiment.training.classification_data,
        sentiment.training.language_modeling,
    ):
        monkeypatch.setattr(module, "load_reviews", few_reviews)
    monkeypatch.setattr(sentiment.evaluation.baselines, "compare", lambda *_, **__: [])
    monkeypatch.setattr(sentiment.evaluation.behavior, "run_tests", lambda *_: [])
    monkeypatch.setattr(
        sentiment.apps.report.report, "behavioral_results", lambda *_: "not measured"
    )
    # It would close the file that pytest captures output in.
    monkeypatch.setattr(cli, "discard_output", lambda: None)
    before = signal.getsignal(signal.SIGTERM)

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["sentiment", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, capfd.readouterr().err

    yield run_command
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def disk(tmp_path):
    """Return the mount point of a file system of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk, free=0):
    """Fill a disk except for `free` bytes."""
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - free))


@contextmanager
def full(disk):
    fill(disk)
    yield
    (disk / "filler").unlink()


@contextmanager
def read_only(disk):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


@contextmanager
def forbidden(place):
    """Forbid writing in `place` and the folders in it, also for root."""
    folders = [place, *(path for path in place.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    with without_root_privileges():
        yield
    for folder in folders:
        folder.chmod(0o755)


@contextmanager
def without_root_privileges():
    """Make this thread obey file permissions, also as root (capabilities(7))."""
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root can drop its privileges on Linux only")
    library, header = ctypes.CDLL(None, use_errno=True), (ctypes.c_uint32 * 2)(0x20080522, 0)
    held, less = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert library.capget(header, held) == 0
    less[:] = held[:]
    less[0] &= ~0b1110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
    assert library.capset(header, less) == 0
    try:
        yield
    finally:
        assert library.capset(header, held) == 0


SHAPE = [
    *("--epochs", 1, "--min-steps", 0, "--embedding-dim", 16, "--hidden-size", 16),
    *("--dataset", "sample", "--device", "cpu", "--max-length", 20, "--checkpoint-steps", 2),
]
TRAIN = ["train", "--from-scratch", *SHAPE, "--adversarial-norm", 0, "--batch-size", 16]
WRITING_COMMANDS = {
    "train": [*TRAIN, "--out", "new"],
    "train-overwrite": [*TRAIN, "--out", "done", "--overwrite"],
    "train-resume": ["train", "--out", "half", "--resume"],
    "pretrain": ["pretrain", *SHAPE, "--batch-size", 16, "--out", "new"],
    "pretrain-overwrite": ["pretrain", *SHAPE, "--out", "half", "--overwrite"],
    "calibrate": ["calibrate", "--model", "done"],
    "eval": ["eval", "--model", "done"],
    "baseline": ["baseline", "--model", "done", "--json"],
    "check": ["check", "--model", "done"],
    "report": ["report", "--model", "done", "--out", "report.html"],
    "predict": ["predict", "--model", "done", "--file", "t.csv", "--output", "labelled.csv"],
    "tune": ["tune", *TRAIN[1:], "--trials", 1, "--out", "new"],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a folder with a finished run, one that was stopped in its second epoch, and texts."""
    place = tmp_path_factory.mktemp("runs")
    (place / "t.csv").write_text("text\ngood\nbad\n" * 20)
    settings = {**SMALL, "batch_size": 16, "max_length": 20, "checkpoint_steps": 2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentiment.training.classification_data, "load_reviews", few_reviews)
        train_classifier(settings, place / "done", preset="from-scratch")
        with open_run(place / "half") as run:
            for _ in make_trainer(run, {**settings, "epochs": 2}, "from-scratch").epochs():
                signal.raise_signal(signal.SIGTERM)
    assert checkpoints(place / "half")
    return place


def contents(place):
    """Return the content of all files in `place` by path, None for folders."""
    return {
        str(path.relative_to(place)): path.read_bytes() if path.is_file() else None
        for path in place.rglob("*")
        if path.name != "filler"
    }


def is_one_clear_line(result, message):
    code, err = result
    lines = [line for line in err.splitlines() if line.startswith("Error")]
    assert code == 2, err
    assert len(lines) == 1, err
    assert re.search(message, lines[0]), err
    assert "Traceback" not in err
    return True


@pytest.mark.parametrize("name", WRITING_COMMANDS)
@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (full, "No space left|disk is full"),
        (read_only, "Read-only"),
        (forbidden, "Permission denied"),
    ],
)
def test_a_command_that_cannot_write_leaves_all_files_as_they_were(
    command, runs, disk, monkeypatch, name, refusal, message
):
    place = disk / "runs"
    shutil.copytree(runs, place)
    monkeypatch.chdir(place)
    before = contents(place)
    with refusal(disk):
        result = command(*WRITING_COMMANDS[name])
    assert is_one_clear_line(result, message)
    assert contents(place) == before
    load_model(place / "done")
    load_model(place / "half")
    read_state(checkpoints(place / "half")[-1])


@pytest.mark.parametrize("free", [8192, 49152])
def test_a_disk_that_fills_up_during_training_keeps_checkpoint_and_model(
    command, runs, disk, monkeypatch, free
):
    monkeypatch.chdir(disk)
    whole = runs.parent / f"whole-{free}"
    shutil.copytree(runs / "half", disk / "half")
    shutil.copytree(runs / "half", whole)
    assert command("train", "--out", whole, "--resume")[0] == 0
    fill(disk, free)
    resume = WRITING_COMMANDS["train-resume"]
    assert is_one_clear_line(command(*resume), "No space left")
    load_model(disk / "half")
    (disk / "filler").unlink()
    assert command(*resume)[0] == 0
    assert weights(disk / "half") == weights(whole)


@pytest.mark.parametrize("free", [0, 8192, 49152])
def test_a_disk_that_fills_up_during_a_search_keeps_all_trials(command, disk, monkeypatch, free):
    monkeypatch.chdir(disk)
    assert command(*WRITING_COMMANDS["tune"])[0] == 0
    again = ["tune", "--resume", "--trials", 2, "--out", "new"]
    fill(disk, free)
    assert is_one_clear_line(command(*again), "No space left|disk is full|I/O error")
    assert [path.name for path in (disk / "new").iterdir()] == ["study.db"]
    (disk / "filler").unlink()
    assert command(*again)[0] == 0


def test_a_run_folder_may_be_a_mount_point(command, disk):
    assert command(*TRAIN, "--out", disk)[0] == 0
    assert command("calibrate", "--model", disk)[0] == 0
    assert command("eval", "--model", disk)[0] == 0
    assert json.loads((disk / "metrics-test.json").read_text())["n"] == 40


def test_a_model_without_read_permission_is_an_error(command, runs, tmp_path):
    shutil.copytree(runs / "done", tmp_path / "done")
    (tmp_path / "done").chmod(0)
    with without_root_privileges():
        for arguments in (["predict", "A joy."], ["eval"], ["calibrate"]):
            result = command(*arguments, "--model", tmp_path / "done")
            assert is_one_clear_line(result, "Permission denied")
        result = command("train", "--resume", "--out", tmp_path / "done")
        assert is_one_clear_line(result, "Permission denied")
    (tmp_path / "done").chmod(0o755)


@pytest.mark.parametrize("name", ["train-resume", "train-overwrite", "calibrate"])
def test_a_second_process_in_a_locked_folder_is_refused(command, runs, tmp_path, monkeypatch, name):
    shutil.copytree(runs, tmp_path / "runs")
    monkeypatch.chdir(tmp_path / "runs")
    with locked(Path("half")), locked(Path("done")):
        before = contents(tmp_path)
        assert is_one_clear_line(command(*WRITING_COMMANDS[name]), "Another process is using")
        assert contents(tmp_path) == before


def test_an_encoder_is_kept_if_the_next_one_cannot_be_written(command, disk, monkeypatch):
    monkeypatch.chdir(disk)
    pretrain = WRITING_COMMANDS["pretrain"]
    assert command(*pretrain)[0] == 0
    before = contents(disk)
    with full(disk):
        assert is_one_clear_line(command(*pretrain, "--overwrite"), "No space left")
    assert contents(disk) == before
    load_model(disk / "new")


NO_TEMPORARY_FOLDER = (
    "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/proc/nowhere']; "
    "from sentiment.cli import main; main()"
)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder without files")
@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["predict", "A joy."], None),
        (["predict", "--explain", "A joy."], "Matplotlib"),  # Which Captum imports.
        (["report", "--dataset", "sample"], "Matplotlib"),
        (["demo"], "Could not use '/proc/nowhere/"),
        (["push", "user/name", "--model", SHIPPED_CLASSIFIER_FOLDER], "Could not use '/proc/now"),
    ],
)
def test_without_a_temporary_folder_a_command_works_or_names_what_it_needs(
    tmp_path, arguments, needed
):
    unwritable = dict.fromkeys(("TMPDIR", "HOME", "MPLCONFIGDIR", "HF_HOME"), "/proc/nowhere")
    result = subprocess.run(
        [sys.executable, "-c", NO_TEMPORARY_FOLDER, *map(str, arguments)],
        cwd=tmp_path,
        env={**os.environ, **unwritable, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    if needed is None:
        assert (result.returncode, result.stderr) == (0, "")
        assert re.fullmatch("pos .* A joy.\n", result.stdout)
    else:
        assert is_one_clear_line((result.returncode, result.stderr), f"{needed}.* set TMPDIR")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_on_a_full_disk_is_one_clear_line():
    with open("/dev/full", "wb") as full_disk:
        result = subprocess.run(
            [sys.executable, "-m", "sentiment", "predict", "A joy."],
            cwd=ROOT,
            stdout=full_disk,
            stderr=subprocess.PIPE,
        )
    assert result.returncode == 2
    assert result.stderr == b"Error: Could not write to standard output: No space left on device.\n"


def test_a_closed_pipe_ends_the_command_without_an_error_message():
    process = subprocess.Popen(
        [sys.executable, "-m", "sentiment", "predict", "A joy."],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    with process:
        assert process.stderr.read() == b""
    assert process.returncode == 1
