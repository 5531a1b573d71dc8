"""What happens to training and its files when it is killed, and when the machine refuses."""

import ctypes
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import torch
from conftest import SMALL

import sentiment.apps.report
import sentiment.data.reviews
import sentiment.evaluation.baselines
import sentiment.evaluation.behavior
import sentiment.training.classification
import sentiment.training.language_modeling
from sentiment import cli
from sentiment.artifacts.bundle import Bundle, load_bundle, load_encoder
from sentiment.artifacts.checksums import FILES
from sentiment.config import Config
from sentiment.data.columns import from_reviews
from sentiment.data.labels import IMDB_LABELS
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.runtime.locks import locked
from sentiment.text.vocab import Vocab
from sentiment.training.checkpoint import METRICS_FILE, SUMMARY_FILE, checkpoints, read_state
from sentiment.training.classification import Classification, Data
from sentiment.training.trainer import run

ROOT = Path(__file__).parent.parent
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX processes")


# Killed at any moment.


def settings(seed=0):
    changes = {"embedding_dim": 4, "hidden_size": 3, "epochs": 2, "batch_size": 4, "seed": seed}
    return Config.from_flat(**{**SMALL, **changes, "checkpoint_steps": 2})


def tiny_task():
    """Eight reviews of three words: two steps an epoch."""
    vocab, facts = Vocab(["good", "bad", "film"]), {"train": {"rows": 8}}
    rows = [([2, 4], 1), ([3, 4], 0), ([4, 2, 2], 1), ([4, 3, 3], 0)] * 2
    return Classification(
        Bundle.new(settings(), IMDB_LABELS, vocab, facts),
        Data(rows, rows, IMDB_LABELS, vocab, facts),
    )


def killed_before_change(number, out, config, **how):
    """Whether the run was killed before the change `number` of what stands on the disk."""
    process = os.fork()
    if not process:
        changes = itertools.count()
        os.fsync = lambda file: None  # No power is cut here.
        sys.addaudithook(
            lambda event, _: (
                event in CHANGES
                and next(changes) == number
                and os.kill(os.getpid(), signal.SIGKILL)
            )
        )
        try:
            torch.set_num_threads(1)
            run(tiny_task, config, out, **how)
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


def weights(out):
    """Of a run that is through, and has left what it should and nothing else."""
    assert {path.name for path in out.iterdir()} == {*FILES, METRICS_FILE, SUMMARY_FILE}
    assert (out / METRICS_FILE).read_text().count("\n") == 2
    return tensors(out)


def tensors(out):
    """The weights, bit for bit."""
    weights = load_bundle(out).model.state_dict()
    return {name: tensor.numpy().tobytes() for name, tensor in weights.items()}


def can_resume(out):
    return bool(checkpoints(out)) or (out / SUMMARY_FILE).exists()


def test_a_kill_between_two_changes_on_the_disk_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)
    run(tiny_task, settings(), tmp_path / "whole")
    expected = weights(tmp_path / "whole")
    out = tmp_path / "run"
    for number in itertools.count(step=2):  # Every one, at twice the time, with step=1.
        if not killed_before_change(number, out, settings()):
            break
        run(tiny_task, settings(), out, resume=can_resume(out))
        assert weights(out) == expected, number
        shutil.rmtree(out)
    assert number > 40
    assert weights(out) == expected


def test_a_kill_while_a_run_is_replaced_leaves_the_one_or_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)
    ends = {}
    for seed in (0, 1):
        run(tiny_task, settings(seed), tmp_path / f"{seed}")
        ends[seed] = weights(tmp_path / f"{seed}")
    out = tmp_path / "run"
    replaced = []
    for number in range(16):
        shutil.copytree(tmp_path / "0", out)
        assert killed_before_change(number, out, settings(1), overwrite=True)
        replaced.append(not (out / SUMMARY_FILE).exists())
        if replaced[-1]:
            how = {"resume": True} if can_resume(out) else {"overwrite": True}
            run(tiny_task, settings(1), out, **how)
            assert weights(out) == ends[1]
        else:
            run(tiny_task, settings(0), out, resume=True)
            assert tensors(out) == ends[0]
        shutil.rmtree(out)
    assert replaced == sorted(replaced)
    assert set(replaced) == {False, True}


def test_a_run_killed_at_random_moments_ends_with_the_weights_of_an_undisturbed_one():
    result = subprocess.run(
        [sys.executable, "benchmarks/kills.py", "--kills", "5"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "runs ended with the weights of an undisturbed one" in result.stdout


def test_a_signal_before_the_first_step_leaves_nothing(tmp_path):
    flags = ["--from-scratch", "--dataset", "sample", "--out", str(tmp_path / "runs" / "one")]
    process = subprocess.Popen(
        [sys.executable, "-m", "sentiment", "train", *flags],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    lock = tmp_path / "runs" / "one" / ".lock"
    deadline = time.monotonic() + 120
    while not lock.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, list(tmp_path.iterdir())) == (130, [])
    assert b"Traceback" not in err


# What the machine refuses.


@cache
def few_reviews(*_, **__):
    splits = {}
    for split, count in (("train", 40), ("validation", 20), ("test", 20)):
        rows = sample_reviews(split)
        splits[split] = rows[:count] + rows[-count:]
    return from_reviews(splits)


@pytest.fixture
def command(monkeypatch, capfd):
    """Runs a command on few reviews; returns its exit code and what it says on stderr."""
    for room in (
        sentiment.data.reviews,
        sentiment.training.classification,
        sentiment.training.language_modeling,
    ):
        monkeypatch.setattr(room, "load_reviews", few_reviews)
    monkeypatch.setattr(sentiment.evaluation.baselines, "compare", lambda *_: {})
    monkeypatch.setattr(sentiment.evaluation.behavior, "run_tests", lambda *_: [])
    monkeypatch.setattr(sentiment.apps.report, "behaviour", lambda *_: "not here")
    # It would give up the file that pytest captures in, which pytest 8 then cannot read.
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
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk, room=0):
    """Fill a disk but for `room` bytes."""
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - room))


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
    """Nobody may write in `place` or the folders in it, root neither."""
    folders = [place, *(path for path in place.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    with as_anybody():
        yield
    for folder in folders:
        folder.chmod(0o755)


@contextmanager
def as_anybody():
    """Without root's privilege to pass over permissions (capabilities(7)), in this thread."""
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root's privileges can be laid down on Linux only")
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
TRAIN = ["train", "--from-scratch", *SHAPE, "--adversarial", 0, "--batch-size", 16]
WRITING = {
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
def work(tmp_path_factory):
    """A folder with a finished run, one that was stopped in its second epoch, and some texts."""
    place = tmp_path_factory.mktemp("work")
    (place / "t.csv").write_text("text\ngood\nbad\n" * 20)
    flat = {**SMALL, "batch_size": 16, "max_length": 20, "checkpoint_steps": 2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentiment.training.classification, "load_reviews", few_reviews)
        sentiment.training.classification.train(Config.from_flat(**flat), place / "done")

        def stop(metrics):
            signal.raise_signal(signal.SIGTERM)

        sentiment.training.classification.train(
            Config.from_flat(**{**flat, "epochs": 2}), place / "half", on_epoch=stop
        )
    assert checkpoints(place / "half")
    return place


def contents(place):
    """All that stands in `place`, by its path."""
    return {
        str(path.relative_to(place)): path.read_bytes() if path.is_file() else None
        for path in place.rglob("*")
        if path.name != "filler"
    }


def says_one_clear_line(result, message):
    code, err = result
    lines = [line for line in err.splitlines() if line.startswith("Error")]
    assert code == 2, err
    assert len(lines) == 1, err
    assert re.search(message, lines[0]), err
    assert "Traceback" not in err
    return True


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (full, "No space left|disk is full"),
        (read_only, "Read-only"),
        (forbidden, "Permission denied"),
    ],
)
def test_what_cannot_be_written_is_one_clear_line_and_leaves_all_as_it_was(
    command, work, disk, monkeypatch, name, refusal, message
):
    place = disk / "work"
    shutil.copytree(work, place)
    monkeypatch.chdir(place)
    before = contents(place)
    with refusal(disk):
        result = command(*WRITING[name])
    assert says_one_clear_line(result, message)
    assert contents(place) == before
    load_bundle(place / "done")
    load_bundle(place / "half")
    read_state(checkpoints(place / "half")[-1])


@pytest.mark.parametrize("room", [8192, 49152])
def test_a_disk_that_fills_up_costs_neither_checkpoint_nor_model(
    command, work, disk, monkeypatch, room
):
    monkeypatch.chdir(disk)
    shutil.copytree(work / "half", disk / "half")
    shutil.copytree(work / "half", work.parent / f"whole-{room}")
    assert command("train", "--out", work.parent / f"whole-{room}", "--resume")[0] == 0
    fill(disk, room)
    assert says_one_clear_line(command(*WRITING["train-resume"]), "No space left")
    load_bundle(disk / "half")
    (disk / "filler").unlink()
    assert command(*WRITING["train-resume"])[0] == 0
    assert tensors(disk / "half") == tensors(work.parent / f"whole-{room}")


@pytest.mark.parametrize("room", [0, 8192, 49152])
def test_a_disk_that_fills_up_costs_a_search_no_trial(command, disk, monkeypatch, room):
    monkeypatch.chdir(disk)
    assert command(*WRITING["tune"])[0] == 0
    again = ["tune", "--resume", "--trials", 2, "--out", "new"]
    fill(disk, room)
    assert says_one_clear_line(command(*again), "No space left|disk is full|I/O error")
    assert [path.name for path in (disk / "new").iterdir()] == ["study.db"]
    (disk / "filler").unlink()
    assert command(*again)[0] == 0


def test_a_run_folder_may_be_a_disk_of_its_own(command, disk):
    assert command(*TRAIN, "--out", disk)[0] == 0
    assert command("calibrate", "--model", disk)[0] == 0
    assert command("eval", "--model", disk)[0] == 0
    assert json.loads((disk / "metrics-test.json").read_text())["n"] == 40


def test_a_model_that_may_not_be_read_is_one_clear_line(command, work, tmp_path):
    shutil.copytree(work / "done", tmp_path / "done")
    (tmp_path / "done").chmod(0)
    with as_anybody():
        for arguments in (["predict", "A joy."], ["eval"], ["calibrate"]):
            result = command(*arguments, "--model", tmp_path / "done")
            assert says_one_clear_line(result, "Permission denied")
        result = command("train", "--resume", "--out", tmp_path / "done")
        assert says_one_clear_line(result, "Permission denied")
    (tmp_path / "done").chmod(0o755)


@pytest.mark.parametrize("name", ["train-resume", "train-overwrite", "calibrate"])
def test_a_second_run_in_a_live_folder_is_refused(command, work, tmp_path, monkeypatch, name):
    shutil.copytree(work, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    with locked(Path("half")), locked(Path("done")):
        before = contents(tmp_path)
        assert says_one_clear_line(command(*WRITING[name]), "Another process is using")
        assert contents(tmp_path) == before


def test_an_encoder_is_kept_where_the_next_one_cannot_be_written(command, disk, monkeypatch):
    monkeypatch.chdir(disk)
    assert command(*WRITING["pretrain"])[0] == 0
    before = contents(disk)
    with full(disk):
        assert says_one_clear_line(command(*WRITING["pretrain"], "--overwrite"), "No space left")
    assert contents(disk) == before
    load_encoder(disk / "new")


# What has changed since.


def test_resume_refuses_another_vocabulary(command, work, tmp_path, monkeypatch):
    shutil.copytree(work / "half", tmp_path / "half")
    build = Vocab.build
    monkeypatch.setattr(Vocab, "build", lambda *args: Vocab([*build(*args).tokens[2:-1], "zyx"]))
    result = command("train", "--resume", "--out", tmp_path / "half")
    assert says_one_clear_line(result, "The vocabulary data has changed")


def test_resume_refuses_from_scratch_for_a_run_that_was_not(command, work, tmp_path):
    shutil.copytree(work / "half", tmp_path / "half")
    state = checkpoints(tmp_path / "half")[-1] / "state.json"
    content = json.loads(state.read_text())
    content["run"]["config"]["model"]["init"] = "shipped"
    state.write_text(json.dumps(content))
    result = command("train", "--resume", "--from-scratch", "--out", tmp_path / "half")
    assert says_one_clear_line(result, "started with init = 'shipped'; --resume cannot make it")


def test_resume_from_python_refuses_other_settings_too(work, tmp_path):
    shutil.copytree(work / "half", tmp_path / "half")
    _, saved = read_state(checkpoints(tmp_path / "half")[-1])
    config = Config.from_dict(saved["config"])
    other = Config.from_dict({**saved["config"], "train": {**saved["config"]["train"], "seed": 7}})
    assert config != other
    with pytest.raises(sentiment.errors.InputError, match="seed = 0; --resume cannot make it 7"):
        sentiment.training.classification.train(other, tmp_path / "half", resume=True)


# Where what is printed goes.


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_one_clear_line():
    with open("/dev/full", "wb") as full_disk:
        result = subprocess.run(
            [sys.executable, "-m", "sentiment", "predict", "A joy."],
            cwd=ROOT,
            stdout=full_disk,
            stderr=subprocess.PIPE,
        )
    assert result.returncode == 2
    assert result.stderr == b"Error: Could not write to standard output: No space left on device.\n"


def test_a_reader_that_is_gone_before_the_first_word_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-m", "sentiment", "predict", "A joy."],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1
