"""`sentiment predict --file` with a fast substitute for the model."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.fake_classifier import FakeClassifier
from support.paths import ROOT
from tqdm import tqdm

from sentiment import Classifier, cli
from sentiment.cli import predict_file
from sentiment.cli.predict import print_predictions


@pytest.fixture
def predict(monkeypatch, capfdbinary, tmp_path):
    """Run `sentiment predict` in an empty folder and return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Classifier, "from_pretrained", lambda *_, **__: FakeClassifier())

    def run(*arguments, stdin=None):
        monkeypatch.setattr(sys, "argv", ["sentiment", "predict", *map(str, arguments)])
        if stdin is not None:
            path = tmp_path.with_name(f"{tmp_path.name}-stdin")
            path.write_bytes(stdin)
            source = os.open(path, os.O_RDONLY)
            monkeypatch.setattr(sys, "stdin", type("", (), {"fileno": lambda self: source})())
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(SystemExit) as end:
            cli.main()
        signal.signal(signal.SIGTERM, before)
        out, err = capfdbinary.readouterr()
        return end.value.code, out, err.decode()

    return run


def write(name, content):
    Path(name).write_bytes(content)


FILES = {
    "t.csv": (b"text,n\ngood,1\nbad,2\n", b"text,n,label,score\ngood,1,pos,0.75\nbad,2,neg,0.75\n"),
    "t.tsv": (b"n\ttext\n1\tgood\n", b"n\ttext\tlabel\tscore\n1\tgood\tpos\t0.75\n"),
    "t.jsonl": (b'{"text": "bad"}\n', b'{"text": "bad", "label": "neg", "score": 0.75}\n'),
    "t.txt": (b"good\n\n", "pos  75.0% ███████████████░░░░░  good\nneg  75.0%".encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_file_pipe_and_output_have_the_same_content(predict, name):
    before, after = FILES[name]
    write(name, before)
    code, out, err = predict("--file", name)
    format = {"t.txt": "text"}.get(name, Path(name).suffix[1:])
    note = f"read as {format}; texts from 'text'.\n"
    assert (code, err) == (0, "" if format == "text" else f"Note: '{name}': {note}")
    assert out.startswith(after) if name == "t.txt" else out == after
    assert predict("--file", name, "--output", "out")[:2] == (0, b"")
    assert Path("out").read_bytes() == out
    code, piped, err = predict("--file", "-", "--input-format", format, stdin=before)
    assert (code, piped) == (0, out)
    assert err == ("" if format == "text" else f"Note: Standard input: {note}")
    assert sorted(os.listdir()) == sorted(["out", name])


def test_plain_text_can_be_written_as_json_lines(predict):
    write("t.txt", b"good\nbad\n")
    code, printed, _ = predict("--file", "t.txt", "--format", "jsonl")
    assert code == 0
    assert [json.loads(line)["label"] for line in printed.splitlines()] == ["pos", "neg"]
    code, out, _ = predict("--file", "t.txt", "--format", "jsonl", "--output", "out")
    assert (code, out) == (0, b"")
    assert Path("out").read_bytes() == printed


def test_all_scores_adds_a_column_per_label_and_prefix_names_them(predict):
    write("t.csv", b"text,label\ngood,1\n")
    code, out, err = predict("--file", "t.csv", "--all-scores")
    assert (code, out) == (2, b"")
    assert "already has a column 'label'" in err
    _, out, _ = predict("--file", "t.csv", "--all-scores", "--prefix", "my_")
    header, row = out.decode().splitlines()
    assert header == "text,label,my_label,my_score,my_score_neg,my_score_pos"
    assert row == "good,1,pos,0.75,0.25,0.75"


def test_parquet_output_keeps_the_columns_of_the_input(predict):
    texts = [f"good {n}" if n % 3 else f"bad {n}" for n in range(3000)]
    pq.write_table(pa.table({"review": texts, "n": range(3000)}), "t.parquet")
    code, _, err = predict("--file", "t.parquet")
    assert code == 2
    assert "add --output PATH" in err
    assert predict("--file", "t.parquet", "--output", "out", "--all-scores")[:2] == (0, b"")
    table = pq.read_table("out")
    assert table.column_names == ["review", "n", "label", "score", "score_neg", "score_pos"]
    assert table["review"].to_pylist() == texts
    assert table["label"].to_pylist() == ["pos" if n % 3 else "neg" for n in range(3000)]
    code, _, err = predict("--file", "-", "--input-format", "parquet", "--output", "o", stdin=b"x")
    assert code == 2
    assert "Standard input could not be read as Parquet" in err


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_output_that_appears_during_the_run_is_replaced_only_with_overwrite(
    predict, monkeypatch, overwrite
):
    def encode_and_write_output(self, texts):
        write("out", b"of another process")
        return encode(self, texts)

    encode = FakeClassifier.encode
    monkeypatch.setattr(FakeClassifier, "encode", encode_and_write_output)
    write("t.csv", b"text\ngood\n")
    flags = ["--overwrite"] if overwrite else []
    code, _, err = predict("--file", "t.csv", "--output", "out", *flags)
    if overwrite:
        assert (code, err, Path("out").read_bytes()[:10]) == (0, NOTE, b"text,label")
    else:
        assert (code, Path("out").read_bytes()) == (2, b"of another process")
        assert err.startswith(f"{NOTE}Error: '")
        assert err.endswith("out' already exists. Set overwrite to replace it.\n")
    assert sorted(os.listdir()) == ["out", "t.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "t.csv",
        "hard link",
        pytest.param(
            "link",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege"),
        ),
    ],
)
def test_the_file_on_standard_input_is_never_replaced(predict, monkeypatch, name):
    write("t.csv", b"text\ngood\n")
    if name == "link":
        os.symlink("t.csv", name)
    elif name == "hard link":
        os.link("t.csv", name)
    with open("t.csv", "rb") as file:
        monkeypatch.setattr(sys, "stdin", file)
        code, _, err = predict(
            *("--file", "-", "--input-format", "csv", "--output", name, "--overwrite")
        )
    assert (code, err) == (2, f"Error: '{name}' is the input file; choose another output.\n")
    assert Path("t.csv").read_bytes() == b"text\ngood\n"


NOTE = "Note: 't.csv': read as csv; texts from 'text'.\n"
MALFORMED = b"text,n\n" + b"good,1\n" * 3000 + b"bad\n" + b"good,1\n" * 10 + b"bad,1,2\n"


def test_malformed_row_is_an_error_that_keeps_the_old_output(predict):
    write("t.csv", MALFORMED)
    for old in (None, b"old"):
        if old is not None:
            write("out", old)
        code, out, err = predict("--file", "t.csv", "--output", "out", "--overwrite")
        assert (code, out) == (2, b"")
        assert err == (
            f"{NOTE}Error: 't.csv', line 3002: 1 field, where the header has 2: 'text', 'n'. "
            "2 rows cannot be used (another number of fields: 2). Correct them, or set --on-error "
            "to skip to leave them out.\n"
        )
        assert sorted(os.listdir()) == (["t.csv"] if old is None else ["out", "t.csv"])
    assert Path("out").read_bytes() == b"old"


def test_skipped_rows_are_listed_and_counted(predict):
    write("t.csv", MALFORMED)
    code, out, err = predict("--file", "t.csv", "--on-error", "skip")
    assert code == 0
    assert out.count(b"\n") == 3011
    assert err == (
        f"{NOTE}Skipped: 't.csv', line 3002: 1 field, where the header has 2: 'text', 'n'.\n"
        "Skipped: 't.csv', line 3013: 3 fields, where the header has 2: 'text', 'n'.\n"
        "Skipped 2 rows (another number of fields: 2).\n"
    )
    write("t.jsonl", b"text,n\n" * 10)
    code, out, err = predict("--file", "t.jsonl", "--on-error", "skip", "--output", "out")
    assert code == 2
    assert "No row of 't.jsonl' can be labelled (no JSON object: 10)" in err
    assert not Path("out").exists()


def test_unknown_words_in_many_rows_are_one_warning(predict):
    write("t.csv", b"text\ngood\n" + b"???\n" * 3000)
    code, out, err = predict("--file", "t.csv")
    assert (code, out.count(b"\n")) == (0, 3002)
    assert err.startswith(f"{NOTE}Warning: 3,000 of 3,001 predictions are unreliable")
    assert err.endswith("The first is line 3.\n")
    assert err.count("\n") == 2


def test_ctrl_c_leaves_no_unfinished_file(predict):
    write("t.csv", b"text\n" + b"good\n" * 3000 + b"stop\n")
    code, _, err = predict("--file", "t.csv", "--output", "out")
    assert code == 130
    assert "Traceback" not in err
    assert os.listdir() == ["t.csv"]


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--file", "t.csv", "--output", "t.csv", "--overwrite"], "'t.csv' is the input file"),
        (["--file", "t.csv", "--output", "old"], "'old' already exists. Set overwrite"),
        (["--file", "t.csv", "--output", "no/where"], "Could not write"),
        (
            ["--file", "t.csv", "--format", "jsonl"],
            "--format applies to plain text; 't.csv' is csv",
        ),
        (["--file", "t.csv", "--text-column", "x"], "no column 'x'. Its columns are 'text'"),
        (["--file", "old", "--text-column", "x"], "plain text, which has no columns"),
        (["--file", "old", "--prefix", "x"], "--prefix applies to tables, and 'old' is plain text"),
        (["--file", "t.csv", "--encoding", "x"], "There is no text encoding 'x'. Set --encoding"),
        (["--file", "t.csv", "--delimiter", "xx"], "one character or tab, and no quote, not 'xx'"),
        (["--file", "old", "--quoting", "none"], "quoting applies to CSV only"),
        (["--file", "."], "Could not read '.'"),
        (
            ["good", "--output", "out"],
            "--output out requires --file",
        ),
        (["--file", "t.csv", "--prefix", "\udcff"], "--prefix is not valid UTF-8"),
        (["--file", "t.csv", "--on-error", "x"], "Invalid value for '--on-error'"),
    ],
)
def test_invalid_options_are_one_line_of_error(predict, arguments, wrong):
    write("t.csv", b"text\ngood\n")
    write("old", b"old")
    code, out, err = predict(*arguments)
    assert (code, out) == (2, b"")
    assert wrong in err
    assert "Traceback" not in err
    assert sorted(os.listdir()) == ["old", "t.csv"]
    assert Path("old").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_progress_shows_rows_rate_and_remaining_time(predict, monkeypatch, name):
    monkeypatch.setattr(
        predict_file, "progress_bar", lambda quiet: tqdm(unit=" rows", mininterval=0)
    )
    if name == "t.parquet":
        pq.write_table(pa.table({"text": ["good"] * 5000}), name)
    elif name == "t.csv":
        write(name, b"text\n" + b"good\n" * 5000)
    else:
        write(name, b'{"text": "good"}\n' * 5000)
    _, _, err = predict("--file", name, "--output", "out")
    first, *_, last = (line for line in err.split("\r") if "%" in line)
    total = int(re.search(r"\| 1024/(\d+) \[", first)[1])  # Lines have to be estimated.
    assert total == pytest.approx(5000, rel=0.01)
    assert "<00:0" in first  # "<" precedes the remaining time.
    assert "100%" in last
    assert "| 5000/5000 [" in last
    assert " rows/s]" in last


@contextmanager
def sentiment(*arguments):
    """Run the command with the shipped model in a process with pipes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sentiment", "predict", *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        yield process


FROM_PIPE = ("--file", "-", "--input-format", "csv")


def test_pipe_gets_rows_as_they_are_labelled_and_can_close_early():
    with sentiment(*FROM_PIPE) as process:
        process.stdin.write(b"text\n" + b"good\n" * 3000)
        process.stdin.flush()
        assert process.stdout.readline() == b"text,label,score\n"
        assert process.stdout.readline().startswith(b"good,pos,")
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.write(b"good\n" * 100_000)
            process.stdin.close()
        messages = process.stderr.read().splitlines()
    # The progress bar appears after 10 seconds, which a busy machine may need.
    assert [line for line in messages if line and b" rows" not in line][1:] == []


HOSTILE = (
    b"\xef\xbb\xbfgood\r\n\xff\xfe\xc0\x80good\n\xed\xa0\x80 \xf0\x9f\n\0\n"
    + "\u202e good\u200b\n<br />\u2028\x85 \x1b[31m\n".encode()
    + b"!" * 10**7
    + b"\n"
    + b" " * 10**7
    + b"\ngood"
)


def test_arbitrary_bytes_on_standard_input_are_labelled_line_by_line():
    with sentiment("--file", "-", "--format", "jsonl", "--on-error", "skip") as process:
        out, err = process.communicate(HOSTILE, timeout=300)
    assert process.returncode == 0, err
    labels = [json.loads(line)["label"] for line in out.splitlines()]
    # Two lines are not UTF-8, and one has a NUL byte.
    assert len(labels) == len(HOSTILE.split(b"\n")) - 3
    assert labels[0] == labels[-1] == "pos"
    assert b"Skipped: Standard input, line 2: the byte 0xFF is not UTF-8." in err
    assert b"Skipped: Standard input, line 4: a NUL byte, which no text has.\n" in err
    assert b"Traceback" not in err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        ("--file - <&-", 2, b"", b"Error: Standard input is closed..*\n"),
        ("good >&-", 0, b"", b""),
        ("--file {file} >&-", 0, b"", b""),
        ("--file {file} --output {file}.csv <&- >&- 2>&-", 0, b"", b""),
        ("zqzq qzqz 2>&-", 0, b"((neg|pos) .*  (zqzq|qzqz)\n){2}", b""),
        ("$(printf 'good\\377')", 0, "pos .*  good\ufffd\n".encode(), b"Warning: 'good.udcff'.*\n"),
    ],
)
def test_closed_streams_and_invalid_utf_8_cause_no_traceback(tmp_path, arguments, code, out, err):
    (tmp_path / "t.txt").write_bytes(b"good\n")
    command = f"{sys.executable} -m sentiment predict {arguments.format(file=tmp_path / 't.txt')}"
    result = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True)
    assert result.returncode == code, result.stderr
    assert re.fullmatch(out, result.stdout), result.stdout
    assert re.fullmatch(err, result.stderr), result.stderr


def test_closed_streams_accept_text_that_the_encoding_of_the_system_lacks():
    code = (
        "import sys; from sentiment.cli import prepare_streams; sys.stdout = sys.stderr = None; "
        "prepare_streams(); print(chr(0x611F)); print(chr(0x611F), file=sys.stderr)"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **ascii_only}, check=True
    )


def test_labels_in_json_are_kept_if_the_console_lacks_their_characters(monkeypatch):
    classifier = FakeClassifier()
    classifier.labels = ("差评", "好评")
    classifier.predict_proba = lambda texts: classifier.encode_and_score(texts)[1]
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", errors="replace")
    monkeypatch.setattr(sys, "stdout", out)
    print_predictions(classifier, ["good"], "jsonl", all_scores=False)
    assert json.loads(out.buffer.getvalue()) == {"label": "好评", "score": 0.75}


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_characters_that_the_console_lacks_are_printed_as_question_marks(encoding):
    result = subprocess.run(
        [sys.executable, "-m", "sentiment", "predict", "--explain", "A good café \U0001f600"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert result.returncode == 0, result.stderr
    assert "good café ?".encode(encoding, "replace") in result.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_standard_output_is_one_line_of_error(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"text\ngood\n")
    command = f"{sys.executable} -m sentiment predict --file {tmp_path / 't.csv'} > /dev/full"
    result = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True)
    assert result.returncode == 2
    assert result.stderr.splitlines()[1:] == [
        b"Error: Could not write to standard output: No space left on device."
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_sigterm_leaves_no_unfinished_file(tmp_path):
    with sentiment(*FROM_PIPE, "--output", tmp_path / "out.csv") as process:
        process.stdin.write(b"text\n" + b"good\n" * 2000)
        process.stdin.flush()
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob(".sentiment-*.tmp")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert list(tmp_path.glob(".sentiment-*.tmp"))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert list(tmp_path.iterdir()) == []
