"""A process that was forked after PyTorch had started threads computes with one thread."""

import io
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from functools import partial
from wsgiref.simple_server import make_server

import pytest
import torch
from datasets import Dataset
from support.paths import ROOT
from support.ports import free_port
from support.small_models import SMALL

from sentiment import Classifier, explain, train
from sentiment.data.review_splits import from_reviews
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.inference.label_files import label_file
from sentiment.sklearn import SentimentClassifier
from sentiment.text.tokenizer import Tokenizer
from sentiment.training.language_modeling import pretrain

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

TIMEOUT = 60  # Seconds for the answer of a forked process.
TEXTS = ["A joy from start to finish.", "I want my evening back."] * 8
LABELS = ["pos", "neg"] * 8
REVIEWS = from_reviews({"test": list(zip(TEXTS, [1, 0] * 8, strict=True))})["test"]
WIDE = {**SMALL, "embedding_dim": 200}  # PyTorch divides large tensors among threads.

# A web application that loads its model when it is imported.
APPLICATION = """
from sentiment import Classifier

classifier = Classifier.from_pretrained(device="cpu")
classifier("A joy.")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [classifier("A joy from start to finish.")["label"].encode()]
"""


@pytest.fixture
def two_threads():
    """Compute with two threads, and start them, as programs on several CPUs do."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.ones(1 << 20).mul(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def shipped():
    """Return the shipped classifier."""
    return Classifier.from_pretrained(device="cpu")


@pytest.fixture
def classifier(shipped, two_threads):
    """Return a classifier that has predicted with two threads in this process."""
    shipped(TEXTS)
    return shipped


@pytest.fixture
def review_file(tmp_path):
    """Return the path of a table of 80 reviews."""
    reviews = sample_reviews("train")
    rows = [{"text": text, "label": label} for text, label in reviews[:40] + reviews[-40:]]
    path = tmp_path / "reviews.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def in_forked_process(function):
    """Return `function()`, called in a forked process, and the number of threads there."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send((function(), torch.get_num_threads())))
    child.start()
    sender.close()
    try:
        assert receiver.poll(TIMEOUT), "the forked process does not answer"
        return receiver.recv()
    finally:
        child.kill()
        child.join()


def labelled_rows(classifier, folder):
    """Return the rows that `label_file` writes for `TEXTS`."""
    (folder / "texts.txt").write_text("\n".join(TEXTS))
    output = io.BytesIO()
    with closing(label_file(classifier, str(folder / "texts.txt"), output)) as steps:
        for _ in steps:
            pass
    return output.getvalue()


def predict_with_saved_copy(classifier, folder):
    """Return the labels that a saved copy of the classifier predicts."""
    classifier.save_pretrained(folder / "copy")
    return Classifier.from_pretrained(folder / "copy", device="cpu").predict(TEXTS)


def fitted_estimator():
    """Return an estimator fitted to `TEXTS`."""
    settings = {**dict.fromkeys(["min_steps", "min_epoch_steps"], 1), "hidden_size": 64}
    estimator = SentimentClassifier(
        init=None, epochs=1, device="cpu", random_state=0, settings=settings
    )
    return estimator.fit(TEXTS, LABELS)


USES = {
    "call": lambda classifier, _: [prediction["label"] for prediction in classifier(TEXTS)],
    "predict_proba": lambda classifier, _: classifier.predict_proba(TEXTS).round(4).tolist(),
    "evaluate": lambda classifier, _: classifier.evaluate(REVIEWS).accuracy,
    "explain": lambda classifier, _: explain(classifier, TEXTS[0]).label,
    "label_file": labelled_rows,
    "pickle": lambda classifier, _: pickle.loads(pickle.dumps(classifier)).predict(TEXTS),
    "save and load": predict_with_saved_copy,
}


@pytest.mark.parametrize("use", USES)
def test_classifier_loaded_before_a_fork_answers_as_in_the_parent(classifier, use, tmp_path):
    expected = USES[use](classifier, tmp_path)
    assert in_forked_process(partial(USES[use], classifier, tmp_path)) == (expected, 1)
    assert torch.get_num_threads() == 2


def test_classifier_is_loaded_in_a_forked_process(two_threads):
    answer = in_forked_process(lambda: Classifier.from_pretrained(device="cpu").predict(TEXTS))
    assert answer == (LABELS, 1)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_estimator_fitted_before_a_fork_answers(two_threads):
    estimator = fitted_estimator()
    expected = estimator.predict(TEXTS).tolist()
    assert in_forked_process(lambda: estimator.predict(TEXTS).tolist()) == (expected, 1)


TRAININGS = {
    "from scratch": lambda file, out: train(
        out=out, preset="from-scratch", **{**WIDE, "dataset": file}
    ),
    "fine-tuning": lambda file, out: train(
        file, out, epochs=1, min_steps=1, min_epoch_steps=1, device="cpu"
    ),
    "pretraining": lambda file, out: pretrain({**WIDE, "dataset": file}, out),
    "estimator": lambda file, out: fitted_estimator(),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("task", TRAININGS)
def test_training_in_a_forked_process_ends(two_threads, no_fsync, task, review_file, tmp_path):
    def train_to_the_end():
        TRAININGS[task](review_file, tmp_path / "run")
        return "done"

    assert in_forked_process(train_to_the_end) == ("done", 1)


def test_each_thread_of_a_forked_process_answers(classifier):
    """PyTorch's number of threads is a setting of each thread."""

    def predict_in_two_threads():
        answers = []
        thread = threading.Thread(target=lambda: answers.append(classifier.predict(TEXTS)))
        thread.start()
        thread.join()
        return [*answers, classifier.predict(TEXTS)]

    assert in_forked_process(predict_in_two_threads) == ([LABELS, LABELS], 1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tokenizer_that_a_thread_of_the_parent_used_during_the_fork_answers(language):
    tokenizer = Tokenizer(language)
    nlp, expected = tokenizer._nlp, Tokenizer(language).tokenize(TEXTS[0])
    reading, forked = threading.Event(), threading.Event()

    def texts():
        reading.set()
        forked.wait(TIMEOUT)
        yield TEXTS[1]

    thread = threading.Thread(target=tokenizer._spacy_tokens, args=[texts()])
    thread.start()
    reading.wait(TIMEOUT)
    try:
        [tokens, reloaded], _ = in_forked_process(
            lambda: (tokenizer.tokenize(TEXTS[0]), tokenizer._nlp is not nlp)
        )
        assert tokens == expected
        assert reloaded  # spaCy's memory zones must not be nested.
    finally:
        forked.set()
        thread.join()
    assert tokenizer.tokenize(TEXTS[0]) == expected


def test_process_that_was_not_forked_keeps_its_threads(classifier):
    classifier(TEXTS)
    assert torch.get_num_threads() == 2


def test_multiprocessing_pool_answers(classifier):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(classifier.predict, TEXTS).get(TIMEOUT) == LABELS


def test_datasets_map_with_two_processes_answers(classifier, tmp_path):
    def label(batch):
        return {"label": classifier.predict(batch["text"])}

    def labels_of_map():
        classifier(TEXTS)  # Each thread that computes has its own OpenMP threads.
        cache = str(tmp_path / "labels.arrow")
        dataset = Dataset.from_dict({"text": TEXTS})
        options = {"batched": True, "batch_size": 4, "num_proc": 2, "cache_file_name": cache}
        return dataset.map(label, **options)["label"][:]

    answers = []  # `map` has no time limit, so it runs in a thread.
    thread = threading.Thread(target=lambda: answers.append(labels_of_map()), daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    assert answers == [LABELS]


def test_worker_forked_by_a_web_server_answers(two_threads):
    """As `gunicorn --preload`: import the application, listen, fork a worker, which serves."""
    module = {}
    exec(APPLICATION, module)
    with make_server("127.0.0.1", 0, module["application"]) as server:
        worker = multiprocessing.get_context("fork").Process(target=server.handle_request)
        worker.start()
        try:
            assert read(f"http://127.0.0.1:{server.server_port}") == "pos"
        finally:
            worker.kill()
            worker.join()


def test_gunicorn_with_preload_answers(tmp_path):
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    (tmp_path / "web.py").write_text(APPLICATION)
    address = f"127.0.0.1:{free_port()}"
    path = os.pathsep.join([str(ROOT), *sys.path])
    options = ["--preload", "--workers=2", "--timeout=0", f"--bind={address}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "web:application"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "2"},
    )
    try:
        assert {read(f"http://{address}") for _ in range(4)} == {"pos"}
    finally:
        server.terminate()
        server.wait()


def read(url):
    """Return the text at a URL, of a server that may still start."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
                return response.read().decode()
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
