"""Run the commands of the README's section "Your own reviews" in order on small files."""

import gzip
import json
import re
import shlex
import shutil
import warnings
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict
from make_commands import commands_of_make
from typer.testing import CliRunner

import sentiment.artifacts.model_folder
import sentiment.data.reviews
import sentiment.inference.classifier
from sentiment.cli import app
from sentiment.cli.train import run_name
from sentiment.data.splits import SharedReviewsWarning
from sentiment.errors import Notice

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.split("## Your own reviews")[1].split("\n## ")[0]

# Settings for a short run. The shipped encoder determines the layer sizes.
SHORT = (
    "--epochs 1 --min-steps 0 --min-epoch-steps 1 --adversarial-norm 0 --max-length 20 --device cpu"
)
WORDS = {"good": "wonderful", "bad": "terrible", "so-so": "ordinary"}


def rows(labels, count=60):
    return [
        (f"Number {n} was {WORDS.get(label, label)} to me.", label)
        for n in range(count)
        for label in [labels[n % len(labels)]]
    ]


def write_table(path, table, names=("text", "label"), separator=","):
    lines = [separator.join(names), *(separator.join(row) for row in table)]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Create a folder with all files that the README names; its subfolder `hub` is the Hub."""
    monkeypatch.chdir(tmp_path)
    three, two = rows(["good", "bad", "so-so"]), rows(["neg", "pos"], 40)
    for name in ("reviews.csv", "others.csv", "more.csv"):
        write_table(name, three)
    write_table("kritiken.csv", three)
    write_table("few.csv", two)
    write_table("unlabelled.csv", [[text] for text, _ in three[:3]], ["text"])
    people = [(text, label, f"person {n % 20}") for n, (text, label) in enumerate(three)]
    write_table("survey.tsv", people, ("answer", "mood", "person"), "\t")
    for name in ("train", "valid"):
        lines = [json.dumps({"text": text, "label": label}) for text, label in three]
        Path(f"{name}.jsonl").write_text("\n".join(lines))
    columns = {"text": [text for text, _ in three], "label": [label for _, label in three]}
    Dataset.from_dict(columns).to_parquet("test.parquet")
    for n, (text, label) in enumerate(three):
        Path("my-reviews", label).mkdir(parents=True, exist_ok=True)
        Path("my-reviews", label, f"{n}.txt").write_text(text)
    vector = " ".join(["0.1", "0.2"] * 50)
    with gzip.open("glove.6B.100d.txt.gz", "wt") as file:
        file.write("".join(f"{word} {vector}\n" for word in ("number", "was", "to", "me")))

    def push(folder, files, model, *_):
        shutil.copytree(folder, tmp_path / "hub" / model)
        return f"https://hub/{model}"

    hub = DatasetDict(train=Dataset.from_dict(columns))
    monkeypatch.setattr(sentiment.data.reviews, "from_hub", lambda *_: hub)
    monkeypatch.setattr(sentiment.inference.classifier, "push", push)
    monkeypatch.setattr(
        sentiment.artifacts.model_folder, "fetch", lambda model, *_: tmp_path / "hub" / model
    )
    return tmp_path


def commands(runs):
    """Yield the arguments of the section's commands.

    `make` commands become the command that `make` runs, with models in `runs`.
    """
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
        for line in block.splitlines()
    ]
    for line in lines:
        program, *words = shlex.split(line, comments=True)
        if program == "make":
            dataset = next(word for word in words if word.startswith("DATASET="))[8:]
            out = f"OUT={runs / run_name(dataset)}"  # `make -C` would use its own folder.
            yield from commands_of_make(*words, out)
        else:
            assert program == "sentiment"
            yield words


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_all_commands_run_in_order_and_write_their_files(workspace):
    outputs = {}
    for name, *words in commands(workspace / "runs"):
        short = {"train": SHORT, "tune": f"{SHORT} --trials 1"}.get(name, "")
        if name == "report":
            short = "--device cpu"
        result = CliRunner().invoke(app, [name, *words, *short.split()])
        if result.exception is not None and result.exit_code != 0:
            raise AssertionError((name, words, result.output)) from result.exception
        outputs[" ".join([name, *words])] = result.output
    assert len(outputs) > 15
    models = {run.name for run in (workspace / "runs").iterdir() if (run / "vocab.txt").exists()}
    expected = {"reviews", "survey", "train", "my-reviews", "tweet_eval", "more", "kritiken"}
    assert models == expected | {"sample-zh", "synthetic", "few", "glove", "both"}
    saved = json.loads((workspace / "runs" / "reviews" / "config.json").read_text())
    assert [*saved["label2id"]] == ["bad", "good", "so-so"]
    assert saved["training"]["test"]["rows"] == 6
    assert json.loads((workspace / "runs/reviews/metrics-train.json").read_text())["n"] == 60
    labelled = (workspace / "labelled.csv").read_text().splitlines()
    assert labelled[0] == "text,label,score"
    assert {line.split(",")[1] for line in labelled[1:]} <= {"bad", "good", "so-so"}
    assert (workspace / "reviews.html").exists()
    few = json.loads((workspace / "runs" / "few" / "config.json").read_text())
    assert few["settings"]["model"]["init"] == "runs/synthetic"
    assert (
        "sentiment train --dataset reviews.csv"
        in outputs["tune --dataset reviews.csv --trials 20 --out runs/tune"]
    )


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output, result.exception


def evaluate(*arguments):
    result = CliRunner().invoke(app, ["eval", "--model", "runs/reviews", "--json", *arguments])
    return json.loads(result.stdout)


def test_eval_uses_the_held_out_rows_of_the_training_table_and_all_rows_of_another(workspace):
    assert run("train", "--dataset", "reviews.csv", *SHORT.split())[0] == 0
    assert run("eval", "--model", "runs/reviews")[0] == 0
    stored = json.loads(Path("runs/reviews/metrics-test.json").read_text())
    assert (stored["n"], stored["labels"]) == (6, ["bad", "good", "so-so"])
    # The same table by its absolute path, then another table.
    assert evaluate("--dataset", str(workspace / "reviews.csv"))["n"] == 6
    assert evaluate("--dataset", "others.csv")["n"] == 60


def test_eval_warns_if_the_table_changed_after_training(workspace):
    assert run("train", "--dataset", "reviews.csv", *SHORT.split())[0] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error", SharedReviewsWarning)
        assert run("eval", "--model", "runs/reviews")[0] == 0
    write_table("reviews.csv", rows(["good", "bad", "so-so"], 66)[6:])
    with pytest.warns(SharedReviewsWarning, match="differ from those held out when the model was"):
        run("eval", "--model", "runs/reviews")


def test_eval_names_a_label_that_training_has_not_seen(workspace):
    assert run("train", "--dataset", "reviews.csv", *SHORT.split())[0] == 0
    write_table("others.csv", rows(["good", "dreadful"]))
    _, _, error = run("eval", "--model", "runs/reviews", "--dataset", "others.csv")
    assert "the label 'dreadful', first in row 2, which the model was not trained on" in str(error)
    assert not Path("runs/reviews/metrics-train.json").exists()


def test_train_warns_if_the_encoder_does_not_know_the_language(workspace):
    write_table(
        "greek.csv",
        [(f"Η ταινία {n} ήταν πολύ {'καλή' if n % 2 else 'κακή'}", "ab"[n % 2]) for n in range(60)],
    )
    with pytest.warns(Notice, match="The vocabulary of the initial model, in 'en', does not have"):
        run("train", "--dataset", "greek.csv", *SHORT.split())
    output = run(
        "train", "--dataset", "greek.csv", "--language", "el", "--overwrite", *SHORT.split()
    )
    assert "Training from scratch." in output[1]
