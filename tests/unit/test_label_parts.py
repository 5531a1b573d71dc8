"""Many files as one job, on local and remote stores, with a fast substitute for the model."""

import csv
import gzip
import json
import os
import sys

import fsspec
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from support.fake_classifier import FakeClassifier
from support.local_s3 import s3_bucket

from sentiment.config import ReaderConfig
from sentiment.errors import ConfigError, DataError, StorageError
from sentiment.inference import label_parts
from sentiment.inference.label_files import label_file
from sentiment.inference.label_parts import Job, Part, begin_job, find_parts, label_part
from sentiment.runtime.stores import OutputFolder, find_files

ROWS = [{"text": "good; or not", "n": 1}, {"text": 'a "bad" film', "n": 2}]
MODEL = {"model": {"config.json": "a hash"}, "backend": "onnx"}


class RenamingStore(MemoryFileSystem):
    """A remote file system in which a file that is being uploaded is visible, as with SFTP."""

    protocol = "renaming"
    store = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012
    interrupted = False

    def put_file(self, lpath, rpath, **options):
        if self.interrupted:
            self.pipe_file(rpath, b"half")
            raise OSError("the connection was lost")
        super().put_file(lpath, rpath, **options)


fsspec.register_implementation("renaming", RenamingStore, clobber=True)


@pytest.fixture(scope="module")
def s3_server():
    """Start a local S3 server and let clients use it; return the URL of a bucket."""
    with s3_bucket() as url:
        yield url


@pytest.fixture(params=["local", "memory", "renaming", "s3"])
def root(request, tmp_path):
    """Return the URL of an empty folder of each kind of store."""
    if request.param == "local":
        return str(tmp_path / "store")
    if request.param == "s3":
        return f"{request.getfixturevalue('s3_server')}/{tmp_path.name}"
    return f"{request.param}://{tmp_path.name}"


def write(url, content):
    file_system, path = fsspec.core.url_to_fs(url)
    if "s3" not in file_system.protocol:
        file_system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    file_system.pipe_file(path, content)


def read(url):
    file_system, path = fsspec.core.url_to_fs(url)
    return file_system.cat_file(path)


def files_in(url):
    """Return the names of all files below a folder but those of the manifest."""
    return [name for name in OutputFolder(url).names() if not name.startswith("_manifest/")]


def content_in(suffix, rows=ROWS):
    """Return rows as a file; CSV has semicolons, which a plain CSV reader would not split at."""
    if suffix.endswith(".gz"):
        return gzip.compress(content_in(suffix[:-3], rows))
    frame = pd.DataFrame(rows)
    if suffix == ".csv":
        return frame.to_csv(index=False, sep=";", quoting=csv.QUOTE_ALL).encode("utf-16")
    if suffix == ".jsonl":
        return frame.to_json(orient="records", lines=True).encode()
    if suffix == ".json":
        return frame.to_json(orient="records").encode()
    if suffix == ".txt":
        return "\n".join(frame["text"]).encode()
    return frame.to_parquet(index=False)


def write_csv(root, *names):
    for number, name in enumerate(names):
        write(f"{root}/in/{name}", f"text,n\ngood,{number}\nbad,{number}\n".encode())


def job_for(root, **settings):
    return Job(f"{root}/out", **{"reader": ReaderConfig(), **settings})


def run(root, job=None, classifier=None, pattern="in/**/*.csv", model=MODEL):
    """Run or continue a job; return the parts that it labelled."""
    job = job or job_for(root)
    missing, _ = begin_job(job, model, find_parts(f"{root}/{pattern}", job.output))
    return [label_part(classifier or FakeClassifier(), job, part) for part in missing]


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("a.csv", "a.csv"),
        ("a.csv.gz", "a.csv.gz"),
        ("a.jsonl", "a.jsonl"),
        ("a.json", "a.json"),
        ("a.parquet", "a.parquet"),
        ("a.txt", "a.txt.csv"),
        ("a.txt.gz", "a.txt.csv.gz"),
    ],
)
def test_output_of_a_part_is_that_of_its_file_alone(root, tmp_path, name, output):
    content = content_in(name[1:])
    alone, labelled = tmp_path / name, tmp_path / output.replace("a.", "labelled.")
    alone.write_bytes(content)
    list(label_file(FakeClassifier(), str(alone), labelled))
    write(f"{root}/in/{name}", content)
    (part,) = run(root, pattern="in/*")
    assert files_in(f"{root}/out") == [output]
    assert read(f"{root}/out/{output}") == labelled.read_bytes()
    assert (part.entry.labelled, part.entry.output_size) == (2, labelled.stat().st_size)


def test_stopped_job_continues_with_the_missing_parts(root):
    write_csv(root, "1.csv", "sub/2.csv", "3.csv")
    write(f"{root}/in/sub/2.csv", b"text\nstop\n")  # The classifier is interrupted at this text.
    with pytest.raises(KeyboardInterrupt):
        run(root)
    assert files_in(f"{root}/out") == ["1.csv", "3.csv"]
    write(f"{root}/in/sub/2.csv", b"text\ngood\n")
    assert [part.entry.name for part in run(root)] == ["sub/2.csv"]
    assert run(root) == []
    assert files_in(f"{root}/out") == ["1.csv", "3.csv", "sub/2.csv"]
    write_csv(root, "4.csv")
    assert [part.entry.name for part in run(root)] == ["4.csv"]


def test_part_without_an_entry_is_written_again_and_one_with_an_entry_is_not(root, monkeypatch):
    def lose_worker(*_):
        raise SystemExit

    write_csv(root, "1.csv")
    job = job_for(root)
    missing, _ = begin_job(job, MODEL, find_parts(f"{root}/in/*.csv", job.output))
    with monkeypatch.context() as patch:
        patch.setattr(label_parts, "asdict", lose_worker)  # Between the part and its entry.
        with pytest.raises(SystemExit):
            label_part(FakeClassifier(), job, missing[0])
    assert files_in(f"{root}/out") == ["1.csv"]
    write(f"{root}/out/1.csv", b"half")
    (part,) = run(root)
    assert read(f"{root}/out/1.csv").splitlines()[1] == b"good,0,pos,0.75"
    # Another attempt at the same part, whose first worker was lost before it could report.
    again = label_part(None, job_for(root), Part(part.entry.name, part.entry.input))
    assert again.entry == part.entry


def test_interrupted_upload_leaves_no_half_part(tmp_path, monkeypatch):
    root = f"renaming://{tmp_path.name}"
    write_csv(root, "1.csv")
    job = job_for(root)
    missing, _ = begin_job(job, MODEL, find_parts(f"{root}/in/*.csv", job.output))
    with monkeypatch.context() as patch:
        patch.setattr(RenamingStore, "interrupted", True)
        message = r"Could not write 'renaming://.*1.csv': the connection"
        with pytest.raises(StorageError, match=message):
            label_part(FakeClassifier(), job, missing[0])
    assert "1.csv" not in files_in(f"{root}/out")
    assert len(run(root)) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prefix": "my_"}, r"another prefix \(then '', now 'my_'\)"),
        ({"all_scores": True}, r"another all_scores \(then False, now True\)"),
        (
            {"reader": ReaderConfig(on_error="skip")},
            r"another on_error \(then 'stop', now 'skip'\)",
        ),
        ({"model": {"model": {}, "backend": "onnx"}}, r"another model \(another content\)"),
        ({"model": {**MODEL, "backend": "torch"}}, r"another backend \(then 'onnx', now 'torch'\)"),
    ],
)
def test_job_is_not_continued_with_other_settings(tmp_path, change, message):
    write_csv(tmp_path, "1.csv", "2.csv")
    run(tmp_path)
    model = change.pop("model", MODEL)
    with pytest.raises(ConfigError, match=message):
        run(tmp_path, job_for(tmp_path, **change), model=model)


@pytest.mark.parametrize("change", ["size", "content", "removed", "output", "no output", "damaged"])
def test_job_is_not_continued_with_other_files(root, change):
    write_csv(root, "1.csv", "2.csv")
    run(root)
    file_system, path = fsspec.core.url_to_fs(f"{root}/")
    if change == "size":
        write(f"{root}/in/1.csv", b"text,n\ngood,100\nbad,1\n")
    elif change == "content":
        write(f"{root}/in/1.csv", b"text,n\nbad!,0\nbad,0\n")
    elif change == "removed":
        file_system.rm_file(f"{path.rstrip('/')}/in/1.csv")
    elif change == "output":
        write(f"{root}/out/1.csv", b"text\n")
    elif change == "no output":
        file_system.rm_file(f"{path.rstrip('/')}/out/1.csv")
    else:
        write(f"{root}/out/_manifest/parts/1.csv.json", b"{}")
    messages = {
        "size": "1.csv' has changed since it was labelled",
        "content": "1.csv' has changed since it was labelled",
        "removed": "1.csv' was labelled in this job and is not among the input files",
        "damaged": r"1.csv.json' is damaged",
    }
    with pytest.raises(DataError, match=messages.get(change, "out/1.csv' is missing or has chang")):
        run(root)


def test_touched_input_has_not_changed(tmp_path):
    write_csv(tmp_path, "1.csv")
    run(tmp_path)
    os.utime(tmp_path / "in/1.csv", (1, 1))
    assert run(tmp_path) == []


def test_input_that_changes_while_it_is_read_is_an_error(tmp_path):
    class Writer(FakeClassifier):
        def encode(self, texts):
            write(f"{tmp_path}/in/1.csv", b"text\nother\n")
            return super().encode(texts)

    write_csv(tmp_path, "1.csv")
    with pytest.raises(DataError, match="changed while it was read"):
        run(tmp_path, classifier=Writer())


def test_skipped_rows_are_counted_and_the_first_are_described(root):
    write(f"{root}/in/1.csv", b'text,n\ngood,1\n"",2\n' + b"bad,3,4\n" * 30)
    (part,) = run(root, job_for(root, reader=ReaderConfig(on_error="skip")))
    entry = json.loads(read(f"{root}/out/_manifest/parts/1.csv.json"))
    assert (entry["labelled"], entry["skipped"]) == (1, 31)
    assert entry["skipped_kinds"].endswith(": 30, no text: 1")
    assert len(part.messages) == 20
    assert "in/1.csv', line 3: no text" in part.messages[0]
    assert "sentiment-" not in part.messages[0]  # No temporary copy.


@pytest.mark.parametrize("wrong", ["bad row", "no column", "taken", "empty"])
def test_errors_name_the_input_and_leave_no_part(root, wrong):
    contents = {
        "bad row": b"text,n\ngood\n",
        "no column": b"a,b\n1,2\n",
        "taken": b"text,label\ngood,1\n",
        "empty": b'text,n\n"",1\n',
    }
    write(f"{root}/in/1.csv", contents[wrong])
    with pytest.raises(DataError) as error:
        run(root)
    assert f"{root.removeprefix('memory:/').lstrip('/')}/in/1.csv'" in str(error.value)
    assert files_in(f"{root}/out") == []


def test_patterns_name_files_and_not_folders(root):
    write_csv(root, "b.csv", "a.csv", "sub/c.csv", "x[1].csv")
    found = [
        [file.name for file in find_files(f"{root}/in/{pattern}")]
        for pattern in ("*.csv", "**/*.csv", "?.csv", "a.csv", "x[1].csv")
    ]
    assert found == [
        ["a.csv", "b.csv", "x[1].csv"],
        ["a.csv", "b.csv", "sub/c.csv", "x[1].csv"],
        ["a.csv", "b.csv"],
        ["a.csv"],
        ["x[1].csv"],
    ]
    with pytest.raises(DataError, match="No file matches"):
        find_files(f"{root}/in/*.parquet")
    with pytest.raises(DataError, match="is a folder"):
        find_files(f"{root}/in")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_links_to_files_are_input_files(tmp_path):
    write_csv(tmp_path, "1.csv")
    (tmp_path / "in/2.csv").symlink_to(tmp_path / "in/1.csv")
    assert [part.entry.labelled for part in run(tmp_path)] == [2, 2]


def test_key_of_an_object_store_cannot_name_a_file_outside_the_output(s3_server, tmp_path):
    write(f"{s3_server}/keys/../../a.csv", b"text\ngood\n")
    with pytest.raises(DataError, match="has a name that is no path"):
        find_parts(f"{s3_server}/keys/**/*.csv", str(tmp_path))


@pytest.mark.parametrize(
    ("files", "output", "message"),
    [
        (["in/1.csv"], "in", "is an input file in the output folder"),
        (["in/_manifest/1.csv"], "out", "would have the name of another file"),
        (["in/1.txt", "in/1.txt.csv"], "out", "would have the name of another file"),
        (["in/1.csv", "out/mine.csv"], "out", "has files and is not the output of a job"),
    ],
)
def test_output_is_a_folder_of_one_job(tmp_path, files, output, message):
    for file in files:
        write(f"{tmp_path}/{file}", b"text\ngood\n")
    job = Job(f"{tmp_path}/{output}", ReaderConfig())
    with pytest.raises(ConfigError, match=message):
        begin_job(job, MODEL, find_parts(f"{tmp_path}/in/**/*.*", job.output))


def test_chained_and_unknown_urls_are_errors():
    with pytest.raises(ConfigError, match="chained URL"):
        find_files("zip://*.csv::s3://bucket/a.zip")
    with pytest.raises(ConfigError, match="Could not use 'nonsense://a.csv'"):
        find_files("nonsense://a.csv")
