"""Training on several processes."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.multiprocessing
from support.paths import ROOT
from support.small_models import SMALL
from support.tiny_run import tiny_trainer, weights

from sentiment.config import ENCODER_SETTINGS
from sentiment.errors import DataError, SentimentError
from sentiment.runtime import distributed
from sentiment.runtime.distributed import Processes, join_processes
from sentiment.training import classification, language_modeling
from sentiment.training.run_folder import checkpoints, open_run

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork"),
    pytest.mark.usefixtures("no_fsync"),
]

NO_DROPOUT = dict.fromkeys(
    ("word_dropout", "embedding_dropout", "lstm_dropout", "output_dropout"), 0.0
)
SETTINGS = {**SMALL, **NO_DROPOUT, "precision": "float32", "max_length": 20, "checkpoint_steps": 3}
FLAGS = ("dataset", "epochs", "embedding_dim", "hidden_size", "batch_size", "checkpoint_steps")
PRETRAINING = {name: value for name, value in SETTINGS.items() if name != "init"}


def in_processes(count, folder, function):
    """Return the results or errors, by rank, of `function(processes)` in `count` processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def work(rank):
        torch.set_num_threads(1)
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        os.environ.update(address, RANK=f"{rank}", LOCAL_RANK=f"{rank}", WORLD_SIZE=f"{count}")
        try:
            with join_processes() as processes:
                result = function(processes)
        except SentimentError as error:
            result = f"{type(error).__name__}: {error}"
        (folder / f"result-{rank}.json").write_text(json.dumps(result))

    torch.multiprocessing.start_processes(work, nprocs=count, start_method="fork")
    return [json.loads((folder / f"result-{rank}.json").read_text()) for rank in range(count)]


def test_gpus_without_nccl_use_gloo(monkeypatch):
    """As on Windows."""
    backends = []

    def init(backend, **_):
        backends.append(backend)
        raise KeyboardInterrupt

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: False)
    monkeypatch.setattr(torch.distributed, "init_process_group", init)
    monkeypatch.setattr(distributed, "rendezvous", lambda *_, **__: iter([(None, 0, 2)]))
    with pytest.raises(KeyboardInterrupt), join_processes():
        pass
    assert backends == ["gloo"]


def loss_curve(trainer):
    """Train, and return the loss of each step and the metrics of each epoch."""
    losses = []
    real = trainer.mean_over_processes

    def record(*arguments):
        losses.append(real(*arguments)[0])
        return real(*arguments)

    trainer.mean_over_processes = record
    metrics = [
        {name: value for name, value in epoch.items() if name != "seconds"}
        for epoch in trainer.epochs()
    ]
    return losses, metrics


def tiny(run, **changes):
    return tiny_trainer(run, **{**NO_DROPOUT, "precision": "float32", **changes})


def classifier(run, **changes):
    return classification.make_trainer(run, {**SETTINGS, **changes}, "from-scratch")


def fine_tuned(run, **changes):
    encoder_settings = {name for names in ENCODER_SETTINGS.values() for name in names}
    settings = {name: value for name, value in SETTINGS.items() if name not in encoder_settings}
    return classification.make_trainer(run, {**settings, **changes}, "default")


def encoder(run, **changes):
    return language_modeling.make_trainer(run, {**PRETRAINING, **changes})


@pytest.mark.parametrize(
    ("make", "changes"),
    [
        # The last batch of a pass has one row: less than there are processes.
        (classifier, {"batch_size": 17, "max_length": 20, "epochs": 2}),
        (classifier, {"adversarial_norm": 1.0, "ema_decay": 0.5, "balance_labels": True}),
        (fine_tuned, {"init": "shipped-encoder", "synthetic_sentences": 30, "max_tokens": 300}),
        (encoder, {"epochs": 2}),
    ],
    ids=["classifier", "adversarial", "fine-tuned", "encoder"],
)
def test_loss_curve_does_not_depend_on_the_number_of_processes(
    make, changes, few_reviews, small_splits, tmp_path, monkeypatch
):
    monkeypatch.setattr(language_modeling, "load_reviews", lambda *_, **__: small_splits)

    def train(processes):
        with open_run(tmp_path / f"run-{processes.count}", processes=processes) as run:
            return loss_curve(make(run, **changes))

    losses, metrics = train(Processes())
    curves = in_processes(2, tmp_path, train)
    assert len(losses) > 2
    for other_losses, other_metrics in curves:
        assert other_losses == pytest.approx(losses, abs=1e-4)
        for epoch, other in zip(metrics, other_metrics, strict=True):
            assert other == pytest.approx(epoch, abs=1e-3)
    assert (tmp_path / "run-2" / "metrics.jsonl").read_text().count("\n") == len(metrics)
    one, two = (weights(tmp_path / f"run-{count}") for count in (1, 2))
    assert one.keys() == two.keys()


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1), (2, 3)])
def test_a_stopped_run_resumes_with_another_number_of_processes(first, second, tmp_path):
    with open_run(tmp_path / "whole") as run:
        losses, _ = loss_curve(tiny(run))

    def stop_second_step(processes):
        with open_run(tmp_path / "run", processes=processes) as run:
            trainer = tiny(run)
            step = trainer.step

            def stop(*arguments):
                step(*arguments)
                if trainer.state.step == 2 and processes.rank == processes.count - 1:
                    signal.raise_signal(signal.SIGTERM)  # Of one process: all stop.

            trainer.step = stop
            return loss_curve(trainer)[0]

    def resume(processes):
        with open_run(tmp_path / "run", resume=True, processes=processes) as run:
            return loss_curve(tiny(run))[0]

    before = in_processes(first, tmp_path, stop_second_step)
    assert len(checkpoints(tmp_path / "run")) == 1
    after = in_processes(second, tmp_path, resume)
    for one, other in itertools.product(before, after):
        assert (len(one), one + other) == (2, pytest.approx(losses, abs=1e-4))


def test_a_resumed_run_has_the_weights_of_an_uninterrupted_one(tmp_path):
    """The dropout masks do not depend on the steps of a process before the resumption."""

    def train(processes):
        with open_run(tmp_path / "whole", processes=processes) as run:
            tiny_trainer(run).fit()
        for resume in (False, True):
            with open_run(tmp_path / "run", resume=resume, processes=processes) as run:
                trainer = tiny_trainer(run)
                next(trainer.epochs()) if not resume else trainer.fit()

    in_processes(2, tmp_path, train)
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")


def test_processes_with_different_data_refuse_to_train(tmp_path):
    def train(processes):
        with open_run(tmp_path / "run", processes=processes) as run:
            real = Processes.check_same
            facts = f"rows of {processes.rank}"
            Processes.check_same = lambda self, what, _: real(self, what, facts)
            tiny_trainer(run)

    errors = in_processes(2, tmp_path, train)
    assert any(
        "DataError: The processes of this run have different reviews" in one for one in errors
    )


@pytest.mark.parametrize("failing", [{0}, {1}, {0, 1, 2}])
def test_one_process_reports_an_error(failing, tmp_path):
    def fail(processes):
        if processes.rank in failing:
            raise DataError("A row without a label.")
        processes.wait()

    errors = in_processes(3, tmp_path, fail)
    assert errors.count("DataError: A row without a label.") == 1
    assert errors.count("OtherProcessError: Another process of this run has failed.") == 2


def torchrun(*arguments, **options):
    """Start two processes of the command `sentiment`."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    return subprocess.Popen(
        [*launcher, "--standalone", "-m", "sentiment", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_an_error_is_printed_once(tmp_path):
    (tmp_path / "config.json").touch()
    process = torchrun("train", "--from-scratch", "--dataset", "sample", "--out", tmp_path)
    stdout, stderr = process.communicate(timeout=120)
    assert (stdout, stderr.count("has a run already")) == ("", 1)
    assert set(re.findall(r"exitcode *: (-?\d+)", stderr)) <= {"2", "-15"}


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
def test_a_killed_process_ends_all_with_a_checkpoint_to_resume_from(tmp_path):
    out, file = tmp_path / "run", tmp_path / "reviews.csv"
    rows = [("A joy", "pos"), ("A bore", "neg")] * 50
    file.write_text(
        "text,label\n" + "".join(f"{text} {n},{label}\n" for n, (text, label) in enumerate(rows))
    )
    settings = {**SETTINGS, "dataset": file, "epochs": 100, "batch_size": 8, "checkpoint_steps": 5}
    flags = [f"--{name.replace('_', '-')}={settings[name]}" for name in FLAGS]
    launcher = torchrun("train", "--from-scratch", "--out", out, *flags)
    deadline = time.monotonic() + 120
    while not (checkpoints(out) and checkpoints(out)[-1].name >= "checkpoint-0000005"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    environments = {pid: Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") for pid in children}
    [second] = [pid for pid, environment in environments.items() if b"RANK=1" in environment]
    os.kill(int(second), signal.SIGKILL)
    _, stderr = launcher.communicate(timeout=120)
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    assert stderr.count("Error: Another process of this run was killed") == 1
    assert "Traceback" not in stderr.split("Error: ")[0]
    with open_run(out, resume=True) as run:
        trainer = classification.make_trainer(run, {})
        assert trainer.state.step >= 5
        assert next(trainer.epochs())["step"] > 5
