"""Batch inference on a Ray cluster of two nodes on this machine."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing

import fsspec
import pytest
from support.local_s3 import s3_bucket
from support.paths import ROOT
from support.small_models import small_classifier

from sentiment import Classifier
from sentiment.artifacts.model_folder import save_model
from sentiment.config import ReaderConfig
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.errors import ClusterError, ConfigError, DataError, ModelError
from sentiment.inference.label_files import label_file

pytest.importorskip("ray", reason="Ray is not installed: pip install -r requirements-ray.txt")

import pyarrow as pa
import ray.cluster_utils
import ray.data

from sentiment.inference import ray as ray_inference
from sentiment.inference.label_parts import Job, begin_job, find_parts
from sentiment.inference.ray import DroppedRows, label_dataset, label_parts
from sentiment.inference.worker_model import read_worker_model

FILES, ROWS = 8, 20_000
SHIPPED = "shipped-classifier"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ray tests clusters on POSIX only")


def short_texts(count):
    sentences = [
        sentence for review, _ in sample_reviews("train") for sentence in review.split(". ")
    ]
    return [f"{sentences[number % len(sentences)]} w{number}" for number in range(count)]


@pytest.fixture(scope="module")
def bucket():
    """Return the URL of a bucket, which the nodes of the cluster can use."""
    with s3_bucket() as url:
        yield url


@pytest.fixture(scope="module")
def cluster(bucket):
    """Start a cluster of two nodes of one CPU each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(ROOT))
        node = {"num_cpus": 1, "object_store_memory": 2**28}
        cluster = ray.cluster_utils.Cluster(
            initialize_head=True, head_node_args={**node, "include_dashboard": False}
        )
        cluster.node_settings = node
        cluster.add_node(**node)
        cluster.wait_for_nodes()
        yield cluster
        cluster.shutdown()


@pytest.fixture
def connected(cluster):
    """Connect this process to the cluster."""
    ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield cluster
    ray.shutdown()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Write files of short texts, and what one process makes of them."""
    folder = tmp_path_factory.mktemp("files")
    texts = short_texts(ROWS)
    classifier = Classifier.from_pretrained(backend="auto", device="cpu")
    for name in ("in", "alone"):
        (folder / name).mkdir()
    for number in range(FILES):
        path = folder / "in" / f"{number}.jsonl"
        rows = enumerate(texts[number::FILES])
        path.write_text("".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in rows))
        list(label_file(classifier, str(path), folder / "alone" / path.name))
    return folder


def contents(folder):
    """Return the content of each file of a folder, without the manifest."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def lose_node_when(cluster, node, condition):
    """End a node as soon as `condition` is true; return the thread that waits for it."""

    def wait():
        while not condition():
            time.sleep(0.02)
        cluster.remove_node(node, allow_graceful=False)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_files_labelled_on_two_nodes_equal_those_of_one_process(
    cluster, files, tmp_path, run_command
):
    arguments = ("predict", "--engine", "ray", "--address", cluster.address)
    arguments += ("--file", files / "in/*.jsonl", "--output", tmp_path / "out")
    result = run_command(*arguments)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert "read as jsonl; texts from 'text'" in result.stderr
    assert f"Labelled {ROWS:,} rows of {FILES} files." in result.stderr
    assert contents(tmp_path / "out") == contents(files / "alone")
    # A second run labels nothing, and does not even connect.
    again = run_command(*arguments[:4], "nowhere:1", *arguments[5:])
    assert again.returncode == 0
    assert f"of {FILES} files, of which {FILES} were labelled before" in again.stderr
    other = run_command(*arguments, "--all-scores")
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)
    assert "with another all_scores (then False, now True)" in other.stderr


def test_files_of_an_object_store_are_labelled_on_the_nodes(cluster, bucket, run_command):
    store = fsspec.filesystem("s3")
    store.pipe_file(f"{bucket}/in/a/1.csv", b"text;n\nA joy, of sorts;1\n")
    store.pipe_file(f"{bucket}/in/2.csv.gz", gzip.compress(b"text,n\nDull.,2\n"))
    arguments = ("--file", f"{bucket}/in/**/*.csv*", "--output", f"{bucket}/out")
    result = run_command("predict", "--engine", "ray", "--address", cluster.address, *arguments)
    assert result.returncode == 0, result.stderr
    store.invalidate_cache()
    header, row = store.cat_file(f"{bucket}/out/a/1.csv").decode().splitlines()
    assert (header, row[:19]) == ("text;n;label;score", "A joy, of sorts;1;p")
    assert gzip.decompress(store.cat_file(f"{bucket}/out/2.csv.gz")).startswith(b"text,n,label")


def test_no_row_is_lost_or_doubled_if_a_node_is_lost(connected, files, tmp_path):
    node = connected.add_node(**connected.node_settings)
    connected.wait_for_nodes()
    job = Job(str(tmp_path / "out"), ReaderConfig())
    model = read_worker_model(SHIPPED, "auto", "cpu")
    parts, _ = begin_job(job, model.identity(), find_parts(f"{files}/in/*.jsonl", job.output))
    names = []
    thread = lose_node_when(connected, node, lambda: len(names) >= 2)
    with closing(label_parts(job, model, parts, workers=3)) as steps:
        for labelled in steps:
            names.append(labelled.entry.name)
    thread.join()
    assert sorted(names) == sorted(part.name for part in parts)
    assert contents(tmp_path / "out") == contents(files / "alone")


@pytest.mark.filterwarnings("ignore::sentiment.inference.unknown_words.UnknownWordsWarning")
def test_dataset_with_a_lost_node_equals_one_process(connected):
    node = connected.add_node(**connected.node_settings)
    connected.wait_for_nodes()
    texts = short_texts(4000)
    table = pa.table({"id": range(len(texts)), "text": texts, "tags": [["a", None]] * len(texts)})
    ds = ray.data.from_arrow([table.slice(start, 250) for start in range(0, len(table), 250)])
    labelled = label_dataset(ds, all_scores=True, workers=3)
    rows = []
    thread = lose_node_when(connected, node, lambda: len(rows) > 250)
    for row in labelled.iter_rows():
        rows.append(row)
    thread.join()
    rows.sort(key=lambda row: row["id"])
    assert [row["id"] for row in rows] == list(range(len(texts)))
    assert rows[0].keys() == {"id", "text", "tags", "label", "score", "score_neg", "score_pos"}
    assert rows[5]["tags"] == ["a", None]
    expected = Classifier.from_pretrained(backend="onnx").predict_proba(texts)
    assert [row["label"] for row in rows] == [("neg", "pos")[row.argmax()] for row in expected]
    found = [[row["score_neg"], row["score_pos"]] for row in rows]
    assert abs(expected - found).max() < 1e-5


def test_bad_rows_of_a_dataset_are_kept_dropped_or_an_error(connected):
    values = ["A joy.", None, "  ", "Dull.", b"\xff".decode("latin1")] * 400
    table = pa.table({"n": range(len(values)), "review": values})
    ds = ray.data.from_arrow([table.slice(0, 1500), table.slice(1500)])
    kept = label_dataset(ds, column="review", on_error="keep", workers=1).materialize()
    rows = sorted(kept.iter_rows(), key=lambda row: row["n"])
    assert [row["n"] for row in rows] == list(range(len(values)))
    assert [row["label"] is None for row in rows[:5]] == [False, True, True, False, False]
    assert [row["error"] for row in rows[:3]] == [None, *["no text in the column 'review'."] * 2]
    assert rows[1]["score"] is None

    dropped = DroppedRows()
    left = label_dataset(ds, column="review", on_error="drop", dropped=dropped, workers=1)
    assert left.count() == 1200
    assert dropped.counts() == {"no text": 800}

    stopped = label_dataset(ds, column="review", workers=1)
    with pytest.raises(Exception, match="no text in the column 'review'"):
        stopped.materialize()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": "review"}, r"has no column 'review'. Its columns are 'text', 'label'"),
        ({}, r"already has a column 'label'. Set a prefix"),
        ({"prefix": "my_", "model": "nowhere"}, "nowhere"),
        ({"prefix": "my_", "device": "mps"}, "device must be cpu or cuda"),
        ({"on_error": "skip"}, "on_error must be one of stop, keep, drop"),
    ],
)
def test_errors_of_a_dataset_are_raised_before_it_is_computed(connected, options, message):
    ds = ray.data.from_items([{"text": "A joy.", "label": 1}])
    with pytest.raises((DataError, ModelError, ConfigError), match=message):
        label_dataset(ds, **options)


def write_csv(folder, **contents):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.csv").write_text(content)


@pytest.mark.parametrize("wrong", ["row", "model", "address"])
def test_error_of_a_worker_is_one_line(cluster, tmp_path, run_command, wrong):
    write_csv(tmp_path / "in", a="text,n\ngood,1\n", b="text,n\nbad,1\nbad\n")
    model = tmp_path / "model"
    save_model(model, small_classifier().saved())
    if wrong == "model":
        (model / "vocab.txt").write_text("other\nwords\n")
    address = "127.0.0.1:1" if wrong == "address" else cluster.address
    command = ("predict", "--engine", "ray", "--address", address, "--model", model)
    result = run_command(*command, "--file", "in/*.csv", "--output", "out", "--workers", "1")
    errors = [line for line in result.stderr.splitlines() if not line.startswith("Note: ")]
    assert (result.returncode, len(errors)) == (2, 1), result.stderr
    expected = {
        "row": f"Error: '{tmp_path}/in/b.csv', line 3: 1 field, where the header has 2",
        "model": f"Error: '{model}/vocab.txt' is not what was saved",
        "address": "Error: Could not use Ray at '127.0.0.1:1'",
    }
    assert errors[0].startswith(expected[wrong])
    assert sorted(contents(tmp_path / "out")) == (["a.csv"] if wrong == "row" else [])


def test_job_whose_workers_are_lost_again_and_again_stops(connected, tmp_path, monkeypatch):
    class Crashing(ray_inference.PartLabeller):
        def label(self, job, part):
            os._exit(1)

    monkeypatch.setattr(ray_inference, "PartLabeller", Crashing)
    write_csv(tmp_path / "in", a="text,n\ngood,1\n")
    job = Job(str(tmp_path / "out"), ReaderConfig())
    model = read_worker_model(SHIPPED, "auto", "cpu")
    parts, _ = begin_job(job, model.identity(), find_parts(f"{tmp_path}/in/*", job.output))
    with pytest.raises(ClusterError, match=r"was lost 3 times while labelling '.*/in/a.csv'"):
        list(label_parts(job, model, parts, workers=1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_stopped_command_leaves_whole_parts_and_continues(
    cluster, files, tmp_path, run_command, number
):
    arguments = ["predict", "--engine", "ray", "--address", cluster.address, "--workers", "2"]
    arguments += ["--file", f"{files}/in/*.jsonl", "--output", "out"]
    command = [sys.executable, "-m", "sentiment", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # A shell starts background processes with SIGINT ignored, and their children inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    out = tmp_path / "out"
    while process.poll() is None and not list(out.glob("*.jsonl")):
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (130, False), err
    alone = contents(files / "alone")
    # A worker may be killed while it writes. The next run removes its temporary files.
    parts = {name: data for name, data in contents(out).items() if not name.startswith(".")}
    assert 0 < len(parts) < FILES
    assert parts.items() <= alone.items()
    assert run_command(*arguments).returncode == 0
    assert contents(out) == alone
    assert not list(out.rglob(".*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--output", "out"), "--engine ray reads --file PATTERN and writes --output FOLDER"),
        (("--file", "a.csv"), "--engine ray reads --file PATTERN and writes --output FOLDER"),
        (("--file", "-", "--output", "out"), "--engine ray reads --file PATTERN"),
        (
            ("--file", "a.csv", "--output", "out", "--overwrite"),
            "leave out --explain, --format and",
        ),
        (("--file", "a.csv", "--output", "out", "--device", "mps"), "set --device to one of them"),
        (("--file", "a.csv", "--output", "out"), "No file matches 'a.csv'"),
    ],
)
def test_options_that_do_not_apply_are_one_line_of_error(run_command, arguments, message):
    texts = () if "--file" in arguments else ("A joy.",)
    result = run_command("predict", "--engine", "ray", *arguments, *texts)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


def test_ray_is_imported_by_its_own_modules_only():
    code = (
        "import sys, sentiment.cli, sentiment.sklearn, sentiment.inference.label_parts\n"
        "from sentiment import Classifier\n"
        "print('ray' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout == "False\n"
