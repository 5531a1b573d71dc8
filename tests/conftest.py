"""Fixtures that several test files share: a small trained model, few reviews, the real IMDB."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, settings
from support.small_models import SMALL

import sentiment.training.classification_data
from sentiment import cli
from sentiment.data.review_splits import from_reviews
from sentiment.data.reviews import load_reviews
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.training.classification import train_classifier

# The same inputs in each session; with --hypothesis-profile long many more, and others each time.
settings.register_profile("short", max_examples=100, derandomize=True, deadline=None, database=None)
settings.register_profile(
    "long",
    max_examples=20_000,
    deadline=None,
    database=None,
    suppress_health_check=[*HealthCheck],
)
settings.load_profile("short")


@pytest.fixture(scope="session")
def dataset():
    """Return the name or path of the real IMDB, from the environment variable DATASET."""
    if "DATASET" not in os.environ:
        pytest.skip("DATASET does not name a copy of IMDB: set it to stanfordnlp/imdb or a path")
    return os.environ["DATASET"]


@pytest.fixture(scope="session")
def imdb(dataset):
    """Return the splits of the real IMDB."""
    return load_reviews(dataset)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """Return the folder of a finished run: a small model of the built-in reviews."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    train_classifier(SMALL, folder)
    return folder


@pytest.fixture(scope="session")
def small_splits():
    """Return 120 + 40 built-in reviews."""
    splits = {}
    for split, count in (("train", 60), ("validation", 20)):
        rows = sample_reviews(split)
        splits[split] = rows[:count] + rows[-count:]
    return from_reviews(splits)


@pytest.fixture
def few_reviews(small_splits, monkeypatch):
    """Make every dataset consist of 120 + 40 built-in reviews: 8 steps in two epochs."""
    monkeypatch.setattr(
        sentiment.training.classification_data, "load_reviews", lambda *_: small_splits
    )


@pytest.fixture
def no_fsync(monkeypatch):
    """Do not wait for the disk, in tests that do not cut the power."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture
def run_command(monkeypatch, capfd, tmp_path):
    """Return a function that runs `sentiment` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    numbers = {getattr(signal, name, signal.SIGTERM) for name in ("SIGTERM", "SIGHUP", "SIGBREAK")}
    handlers = {number: signal.getsignal(number) for number in numbers}

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sentiment", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, end.value.code, out, err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def browser():
    """Open Chromium, to test pages as a user sees them.

    Its event loop runs in this thread, and would keep the tests of other files from their own.
    """
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    quiet = ("background-networking", "component-update", "sync")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
                *(f"--disable-{service}" for service in quiet),
            ],
        )
        yield browser
        browser.close()
