"""The commands, in this process where the test allows it."""

import contextlib
import dataclasses
import errno
import importlib.metadata
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from support.checksums import reseal
from support.paths import ROOT
from support.small_models import SMALL

from sentiment import Classifier, cli
from sentiment.cli.baseline import print_comparison
from sentiment.config import SECTIONS
from sentiment.data.reviews import load_reviews
from sentiment.errors import ConfigError
from sentiment.inference import explain as sentiment_explain
from sentiment.inference.explain import ExplanationError, explain

SAMPLE = ("--dataset", "sample", "--out", "run")
FLAGS = ["--from-scratch"] + [
    part
    for name, value in SMALL.items()
    if value is not None
    for part in (f"--{name.replace('_', '-')}", str(value))
]


def sentiment(*arguments, input=None, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-m", "sentiment", *map(str, arguments)],
        input=input,
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
        timeout=300,
    )


def fails(result, message):
    """Assert exit code 2, a message on stderr that matches, and no traceback."""
    assert result.returncode == 2, result.stderr
    assert re.search(message, result.stderr), result.stderr
    assert "Traceback" not in result.stderr
    return True


def test_train_eval_and_predict_print_their_results(tmp_path, run_command):
    out = tmp_path / "run"
    trained = sentiment("train", *FLAGS, "--out", out)
    assert trained.returncode == 0, trained.stderr
    assert "epoch 1: training loss" in trained.stdout
    assert "peak memory" in trained.stdout
    for part in ("loss=", "accuracy=", "tokens=", "<"):  # "<" precedes the remaining time.
        assert part in trained.stderr

    evaluated = run_command("eval", "--model", out)
    assert evaluated.returncode == 0, evaluated.stderr
    for row in ("accuracy", "95% interval", "F1", "ROC-AUC", "loss", "calibration error"):
        assert row in evaluated.stdout
    for row in ("uncalibrated", "Confusion matrix", "By length", "Reliability"):
        assert row in evaluated.stdout
    metrics = json.loads((out / "metrics-test.json").read_text())
    assert metrics["n"] == 1000

    as_json = run_command("eval", "--model", out, "--dataset", "sample", "--json")
    assert json.loads(as_json.stdout) == metrics
    assert {"n", "accuracy", "f1", "roc_auc", "loss", "ece", "ece_uncalibrated"} <= set(metrics)

    predicted = run_command("predict", "A good film.", "A bad film.", "--model", out)
    assert re.search(r"(pos|neg) +\d+\.\d% █+░* +A good film\.\n", predicted.stdout)
    assert len(predicted.stdout.splitlines()) == 2
    assert "\x1b" not in predicted.stdout  # No color in a pipe.


@pytest.mark.slow
def test_pretrain_then_train_from_the_encoder(tmp_path, run_command):
    encoder, out = tmp_path / "encoder", tmp_path / "run"
    shape = ("--embedding-dim", 12, "--hidden-size", 10, "--max-length", 60, "--epochs", 1)
    common = ("--dataset", "sample", "--min-steps", 0, "--min-epoch-steps", 1)
    pretrained = sentiment("pretrain", *common, *shape, "--out", encoder)
    assert pretrained.returncode == 0, pretrained.stderr
    assert re.search(r"forward perplexity \d+.*backward perplexity \d+", pretrained.stdout)
    assert "<" in pretrained.stderr  # Precedes the remaining time.

    start = (
        "train",
        *common,
        "--synthetic-sentences",
        0,
        "--epochs",
        1,
        "--init",
        encoder,
        "--out",
        out,
    )
    assert fails(run_command(*start, "--hidden-size", 20), "hidden-size is 10 in .*cannot be 20")
    assert fails(run_command(*start, "--from-scratch"), "exclude each other")
    assert not out.exists()
    trained = sentiment(*start, "--adversarial-norm", 0)
    assert trained.returncode == 0, trained.stderr
    settings = json.loads((out / "config.json").read_text())["settings"]["model"]
    assert (settings["hidden_size"], settings["init"]) == (10, str(encoder))
    assert run_command("predict", "A good film.", "--model", out).returncode == 0
    assert fails(run_command("predict", "A good film.", "--model", encoder), "has no labels")


@pytest.mark.slow
def test_calibrate_fits_the_same_temperature_as_training(run_folder, tmp_path, run_command):
    model = tmp_path / "model"
    shutil.copytree(run_folder, model)
    fitted = json.loads((model / "config.json").read_text())["temperature"]
    reseal(model, temperature=1.0)
    calibrated = run_command("calibrate", "--model", model)
    assert calibrated.returncode == 0, calibrated.stderr
    assert re.search(rf"temperature +│ +1\.0000 │ +{fitted:.4f}", calibrated.stdout)
    for row in ("loss", "calibration error", f"Next: sentiment eval --model {model}"):
        assert row in calibrated.stdout
    written = json.loads((model / "config.json").read_text())
    assert written["temperature"] == pytest.approx(fitted, rel=1e-3)
    reviews = [written["training"][name]["fingerprint"] for name in ("calibration", "validation")]
    assert reviews[0] == reviews[1]
    again = run_command("calibrate", "--model", model)
    assert re.search(rf"temperature +│ +{fitted:.4f} │ +{fitted:.4f}", again.stdout)


def test_calibrate_never_uses_the_test_split(run_folder, tmp_path, run_command):
    model, test = tmp_path / "model", tmp_path / "only-test"
    shutil.copytree(run_folder, model)
    before = (model / "config.json").read_bytes()
    test.mkdir()
    load_reviews("sample")["test"].to_parquet(test / "test-0.parquet")
    refused = run_command("calibrate", "--model", model, "--dataset", test)
    assert fails(refused, "has no split 'train'. Its splits are test")
    assert (model / "config.json").read_bytes() == before


def test_baseline_compares_a_model_with_bag_of_words(run_folder, tmp_path, run_command):
    model = tmp_path / "model"
    shutil.copytree(run_folder, model)
    result = run_command("baseline", "--model", model, "--json")
    assert result.returncode == 0, result.stderr
    comparison = json.loads(result.stdout)
    assert comparison == json.loads((model / "baseline-test.json").read_text())
    names = [one["name"] for one in comparison["classifiers"]]
    assert names == ["LSTM", "TF-IDF", "NB-SVM"]
    assert [one["train_rows"] for one in comparison["classifiers"]] == [6000] * 3
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        print_comparison(comparison)
    for row in (*names, "accuracy", "95% interval", "F1", "ROC-AUC", "calibration error"):
        assert row in printed.getvalue()
    for row in (
        "training",
        "prediction of 1,000",
        "MB on disk",
        "McNemar's p",
        "whole training split",
    ):
        assert row in printed.getvalue()


def test_predictions_from_file_pipe_and_arguments_have_the_same_order(
    run_folder, tmp_path, run_command
):
    texts = list(load_reviews("sample")["test"]["text"][495:505])
    (tmp_path / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    common = ("--model", run_folder, "--format", "jsonl")
    from_file = run_command("predict", "--file", tmp_path / "texts.txt", *common)
    from_pipe = sentiment("predict", "--file", "-", *common, input="\r\n".join(texts))
    as_arguments = run_command("predict", *common, "--", *texts)
    predictions = [json.loads(line) for line in from_file.stdout.splitlines()]
    assert len(predictions) == 10
    assert all(set(prediction) == {"label", "score"} for prediction in predictions)
    assert from_file.stdout == from_pipe.stdout == as_arguments.stdout


def test_all_scores_prints_every_label(run_folder, run_command):
    common = ("predict", "good", "--model", run_folder, "--all-scores")
    prediction = json.loads(run_command(*common, "--format", "jsonl").stdout)
    assert set(prediction["scores"]) == {"neg", "pos"}
    lines = run_command(*common).stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"neg", "pos"}


def test_only_a_line_feed_ends_a_text(run_folder):
    text = "good\u2028good\x85good\x0bgood\n\nbad".encode()
    result = subprocess.run(
        [
            sys.executable,
            *["-m", "sentiment", "predict", "--file", "-", "--format", "jsonl", "--model"],
            run_folder,
        ],
        input=b"\xef\xbb\xbf" + text + b" \xc3\xa9\n",
        capture_output=True,
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_unknown_words_are_a_warning_on_stderr(run_folder):
    result = sentiment("predict", "Ztlfq grmbl xyzzy", "--model", run_folder, "--format", "jsonl")
    assert result.returncode == 0
    assert "Warning: 'Ztlfq grmbl xyzzy': the model knows 0 of the 3 words" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def in_a_terminal(*arguments, **environment):
    """Return what the command `sentiment` prints to a terminal."""
    outer, inner = os.openpty()
    subprocess.run(
        [sys.executable, "-m", "sentiment", *map(str, arguments)],
        stdout=inner,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "NO_COLOR"} | environment,
        check=True,
    )
    shown = os.read(outer, 4096).decode()
    os.close(inner)
    os.close(outer)
    return shown


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_terminal_output_is_colored(run_folder):
    shown = in_a_terminal("predict", "good \x1b[31mred", "--model", run_folder)
    assert re.match(r"\x1b\[3[12]m", shown)
    assert "\x1b[31mred" not in shown  # Escape codes of a text are not sent to the terminal.


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_words_with_large_attributions_are_colored_in_a_terminal():
    text = "A wonderful  film,\x1b[31m said the critics of this dull one."
    shown = in_a_terminal("predict", "--explain", text)
    on_blue, on_orange = r"\x1b\[48;5;(?:153|75)m", r"\x1b\[48;5;(?:223|214)m"
    words = re.findall(rf"({on_blue}|{on_orange})\x1b\[\d+m(\w+)\x1b\[0m", shown)
    is_blue = {word: re.match(on_blue, color) is not None for color, word in words}
    assert is_blue["wonderful"] is not is_blue["dull"]
    assert "\x1b[31m said" not in shown
    plain = in_a_terminal("predict", "--explain", text, NO_COLOR="1")
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == plain
    assert "A wonderful  film, [31m said the critics" in plain


@pytest.mark.filterwarnings("ignore::sentiment.inference.unknown_words.UnknownWordsWarning")
def test_explain_prints_the_attribution_of_each_word(run_folder, tmp_path, run_command):
    texts = ["A good  film, isn't it?", "好 <b>bad</b>", ""]
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    common = ("predict", "--explain", "--file", tmp_path / "texts.txt", "--model", run_folder)
    explained = run_command(*common, "--format", "jsonl")
    assert explained.returncode == 0, explained.stderr
    predictions = [json.loads(line) for line in explained.stdout.splitlines()]
    for text, prediction in zip(texts, predictions, strict=True):
        assert set(prediction) == {"label", "score", "words"}
        for word in prediction["words"]:
            assert set(word) == {"text", "start", "end", "attribution"}
            assert word["text"] == text[word["start"] : word["end"]]
            assert isinstance(word["attribution"], float)
    assert [word["text"] for word in predictions[0]["words"]] == (
        ["A", "good", "film", ",", "is", "n't", "it", "?"]
    )
    assert predictions[2]["words"] == []

    page = run_command(*common, "--format", "html").stdout
    assert page.startswith("<!DOCTYPE html>")
    assert page.isascii()
    assert page.count("<article>") == 3
    assert "<b>" not in page

    lines = run_command(*common, "--all-scores").stdout.splitlines()
    assert len(lines) == 3 * 2 + 2  # Two scores for each text; words for two of the three.
    strongest = max(predictions[0]["words"], key=lambda word: abs(word["attribution"]))
    assert lines[2].lstrip().startswith(f"{strongest['attribution']:+.2f} {strongest['text']}")


@pytest.mark.parametrize("output_format", ["human", "jsonl", "html"])
@pytest.mark.parametrize("source", ["arguments", "file"])
def test_each_text_gets_its_explanation_or_the_reason_why_there_is_none(
    run_folder, tmp_path, run_command, monkeypatch, source, output_format
):
    def explain_all_but_one(classifier, text):
        if text == "two":
            raise ExplanationError("no steps are enough")
        return explain(classifier, text)

    monkeypatch.setattr(sentiment_explain, "explain", explain_all_but_one)
    (tmp_path / "texts.txt").write_text("one\ntwo\nthree\n")
    texts = ["one", "two", "three"] if source == "arguments" else ["--file", "texts.txt"]
    result = run_command(
        "predict", "--explain", "--model", run_folder, "--format", output_format, *texts
    )
    assert result.returncode == 2
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error")]
    assert errors == ["Error: 1 of 3 texts have no explanation; the output gives the reasons."]
    if output_format == "html":
        parts = result.stdout.split("<article>")[1:]
    else:  # Lines to read end with the text; those of the words follow.
        ends = ("  one", "  two", "  three", "}")
        parts = [line for line in result.stdout.splitlines() if line.endswith(ends)]
    reasons = ["no steps are enough" in part for part in parts]
    assert reasons == [False, True, False]
    if output_format == "jsonl":
        assert json.loads(parts[1]) == {"error": "no steps are enough"}
    else:
        assert all(text in part for text, part in zip(("one", "two", "three"), parts, strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict"], "Give either texts"),
        (["predict", "x", "--file", "y"], "Give either texts"),
        (["predict", "x", "--format", "html"], "page of explanations: add --explain"),
        (["predict", "x", "--model", "nowhere"], "no model in 'nowhere'"),
        (["eval", "--model", "nowhere"], "no model in 'nowhere'"),
        (["report", "--model", "nowhere"], "no model in 'nowhere'"),
        (["calibrate", "--model", "nowhere"], "no model in 'nowhere'"),
        (["calibrate", "--dataset", "sample"], "shipped classifier is calibrated.*--model FOLDER"),
        (["calibrate", "--model", "m", "--split", "test"], "No such option.*--split"),
        (["baseline", "--model", "nowhere"], "no model in 'nowhere'"),
        (["train", "--dataset", "no such/path"], "no file or folder 'no such/path'"),
        (["train", "--epochs", "0"], "epochs must be at least 1"),
        (["train", "--word-vectors", "v.txt", *SAMPLE], "Could not read 'v.txt': No such file"),
        (
            ["train", "--word-vectors", "v", "--init", "r"],
            "word-vectors are for training from scratch",
        ),
        (
            ["train", "--from-scratch", "--freeze-embeddings"],
            "freeze-embeddings needs --word-vectors",
        ),
        (
            ["train", "--word-vectors", "v.txt", "--embedding-dim", "50", *SAMPLE],
            "Could not read 'v.txt'",
        ),
        (["train", "--from-scratch", "--word-vectors", "v.txt", *SAMPLE], "Could not read 'v.txt'"),
        pytest.param(
            ["tune", "--hidden-size", "64", *SAMPLE],
            "hidden-size is 256 in .*cannot be 64",
        ),
        (["tune", "--resume", "--out", "nowhere"], "no search in 'nowhere' to resume"),
        (["tune", "--trials", "0"], "Invalid value for '--trials'"),
        (["train", "--epochs", "x"], "Invalid value for '--epochs'"),
        (["train", "--resume", "--out", "nowhere"], "no run in 'nowhere' to resume"),
        (["train", "--resume", "--overwrite", "--out", "."], "exclude each other"),
        (
            ["train", "--from-scratch", "--hidden-size", "1000000000", *SAMPLE],
            "hidden-size 10+ .*the limit is",
        ),
        (["train", "--device", "quantum"], "Invalid value for '--device'"),
        (["train", "--num-layers", 2, *SAMPLE], "num-layers is 1 in .*cannot be 2"),
        (["train", "--few-shot", "--from-scratch"], "--few-shot and --from-scratch exclude"),
        (["train", "--from-scratch", "--language", "xx-none", *SAMPLE], "xx-none"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_invalid_arguments_are_an_error_with_exit_code_2(run_command, arguments, message):
    assert fails(run_command(*arguments), message)
    assert os.listdir() == []


def test_default_model_is_the_shipped_classifier(tmp_path, run_command):
    result = run_command("predict", "A joy from start to finish.")
    assert result.returncode == 0, result.stderr
    assert re.match(r"pos +\d+\.\d%", result.stdout)
    measured = run_command("eval", "--dataset", "sample", "--json")
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout)["n"] == 1000
    assert list(tmp_path.iterdir()) == []
    assert list((ROOT / "sentiment" / "pretrained").rglob("metrics-*.json")) == []


@pytest.mark.skipif(sys.platform == "darwin", reason="MPS may be available")
@pytest.mark.parametrize("command", ["predict", "eval", "check", "baseline", "calibrate"])
def test_missing_device_is_the_error_of_python(run_folder, run_command, command):
    text = ("x",) if command == "predict" else ()
    with pytest.raises(ConfigError) as error:
        Classifier.from_pretrained(run_folder, device="mps")
    result = run_command(command, *text, "--model", run_folder, "--device", "mps")
    assert result.returncode == 2
    assert result.stderr == f"Error: {error.value}\n"


def test_version_is_that_of_the_package(run_command):
    installed = importlib.metadata.version("sentiment-lstm")
    assert run_command("--version").stdout == f"sentiment {installed}\n"


def test_help_shows_the_defaults_that_the_command_uses(run_command):
    evaluation = " ".join(run_command("eval", "--help").stdout.split())
    assert "stanfordnlp/imdb" not in evaluation
    assert "[default: (that of the model)]" in evaluation
    assert "[default: (shipped-classifier)]" in evaluation


def test_missing_file_or_split_is_one_line_of_error(run_folder, run_command):
    model = ("--model", run_folder)
    assert fails(run_command("predict", "--file", "nowhere.txt", *model), "Could not read 'nowhere")
    assert fails(
        run_command("eval", "--split", "dev", *model), "no split 'dev'. Its splits are train"
    )


@pytest.mark.slow
def test_reviews_in_train_and_test_are_a_warning_on_stderr(tmp_path):
    rows = [
        f"{word} film {n},{label}" for n in range(20) for word, label in (("good", 1), ("bad", 0))
    ]
    for name, own in (("train", rows), ("test", [*rows[:3], "another,1", "one more,0"])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *own]))
    warning = "Warning: 3 of the 5 reviews in 'test' are in 'train' too"
    trained = sentiment("train", *FLAGS, "--dataset", tmp_path, "--out", tmp_path / "run")
    assert trained.returncode == 0, trained.stderr
    assert trained.stderr.count(warning) == 1
    measured = sentiment("eval", "--model", tmp_path / "run", "--json")
    assert measured.stderr.count(warning) == 1
    assert json.loads(measured.stdout)["n"] == 5


def test_malformed_dataset_is_one_line_of_error(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,1\nb,0,1\n")
    out = tmp_path / "run"
    refused = sentiment("train", *FLAGS, "--dataset", tmp_path, "--out", out)
    assert fails(refused, r"train\.csv', line 3: 3 fields, where the header has 2")
    assert [line for line in refused.stderr.splitlines() if "rror" in line] == [
        refused.stderr.splitlines()[-1]
    ]
    assert not out.exists()


def test_missing_network_is_one_line_of_error(tmp_path):
    result = sentiment(
        "train",
        cwd=tmp_path,
        HF_ENDPOINT="http://127.0.0.1:9",  # No server.
        HF_HOME=str(tmp_path / "empty"),
    )
    assert fails(result, "Hub cannot be reached.*local copy.*HF_ENDPOINT.*'sample'")


def test_no_arguments_print_help_and_every_setting_is_an_option():
    assert "Commands" in sentiment().stdout
    options = set(re.findall(r"--[a-z-]+", sentiment("train", "--help").stdout))
    settings = [
        field.name for section in SECTIONS.values() for field in dataclasses.fields(section)
    ]
    assert {f"--{name.replace('_', '-')}" for name in settings} <= options


def test_ctrl_break_of_windows_is_like_ctrl_c(run_command, monkeypatch):
    number = getattr(signal, "SIGBREAK", None) or signal.SIGUSR1
    monkeypatch.setattr(signal, "SIGBREAK", number, raising=False)
    before = signal.getsignal(number)
    try:
        run_command("--version")
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_closed_pipe_of_windows_ends_the_command_without_a_message(run_command, monkeypatch):
    def write_to_closed_pipe(**_):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(cli, "CLOSED_PIPE", {errno.EINVAL})
    monkeypatch.setattr(cli, "app", write_to_closed_pipe)
    monkeypatch.setattr(cli, "discard_output", lambda: None)
    result = run_command("predict", "good")
    assert (result.returncode, result.stderr) == (1, "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_saves_a_checkpoint_and_prints_how_to_resume(tmp_path, number):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "sentiment", "train", *FLAGS, "--epochs", "50"]
    process = subprocess.Popen(
        [*command, "--out", str(out)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 300
    while not list(out.glob("checkpoint-*")):
        assert time.monotonic() < deadline, "there is no checkpoint"
        time.sleep(0.1)
    process.send_signal(number)
    stdout, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert f"Resume with: sentiment train --resume --out {out}" in stdout.decode()
    assert len(list(out.glob("checkpoint-*"))) == 1
    refused = sentiment("train", *FLAGS, "--out", out)
    assert fails(refused, "has a run already")
    changed = sentiment("train", "--resume", "--seed", "5", "--out", out)
    assert fails(changed, "was started with seed = 0; a resumed run ")


def test_resuming_a_finished_run_reports_it_and_removes_unfinished_files(run_folder):
    temporary = ".sentiment-0123456789abcdef"
    leftovers = [run_folder / name for name in (".lock", f"{temporary}.lock", f"{temporary}.tmp")]
    for path in leftovers:
        path.touch()
    result = sentiment("train", "--resume", "--out", run_folder)
    assert result.returncode == 0
    assert "is finished" in result.stdout
    assert not any(path.exists() for path in leftovers)


def test_prediction_imports_no_slow_packages():
    code = (
        "import sys; import sentiment.cli, sentiment.inference.explanation_html; from sentiment import Classifier; "  # noqa: E501
        "heavy = 'datasets', 'sklearn', 'scipy', 'matplotlib', 'pandas', 'pyarrow', 'captum', "
        "'gradio', 'optuna', 'sqlalchemy', 'huggingface_hub'; "
        "Classifier.from_pretrained()('A film.'); print([m for m in heavy if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_help_does_not_import_pytorch():
    code = "import sys, sentiment.cli; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, text=True)
    assert result.stdout.strip() == "False", result.stderr


def test_no_module_imports_torchtext():
    importing = re.compile(r"^\s*(import|from)\s+torchtext", re.MULTILINE)
    for path in [*ROOT.glob("sentiment/**/*.py"), *ROOT.glob("benchmarks/*.py")]:
        assert not importing.search(path.read_text(encoding="utf-8")), path
    assert "torchtext" not in (ROOT / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_slice_of_imdb_trains_and_evaluates(imdb, tmp_path, run_command):
    for split in ("train", "test"):
        rows = [*range(300), *range(24_700, 25_000)]
        (tmp_path / "slice").mkdir(exist_ok=True)
        imdb[split].select(rows).to_parquet(tmp_path / "slice" / f"{split}-0.parquet")
    flags = [
        "--epochs",
        "1",
        "--min-steps",
        "0",
        "--from-scratch",
        "--hidden-size",
        "8",
        "--dataset",
        tmp_path / "slice",
    ]
    trained = sentiment("train", *flags, "--out", tmp_path / "run")
    assert trained.returncode == 0, trained.stderr
    result = run_command("eval", "--model", tmp_path / "run", "--json")
    assert json.loads(result.stdout)["n"] == 600
