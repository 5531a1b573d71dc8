"""The README's commands for one's own reviews, run one after the other on small files."""

import gzip
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict
from typer.testing import CliRunner

import sentiment.artifacts.bundle
import sentiment.data.reviews
import sentiment.inference.classifier
from sentiment.cli import app
from sentiment.cli.train import name_of

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.split("## Your own reviews")[1].split("\n## ")[0]

# What makes a run short; the shape of the shipped encoder stays.
SHORT = "--epochs 1 --min-steps 0 --epoch-steps 1 --adversarial 0 --max-length 20 --device cpu"
WORDS = {"good": "wonderful", "bad": "terrible", "so-so": "ordinary"}


def rows(labels, count=60):
    return [
        (f"Number {n} was {WORDS.get(label, label)} to me.", label)
        for n in range(count)
        for label in [labels[n % len(labels)]]
    ]


def write(path, table, names=("text", "label"), separator=","):
    lines = [separator.join(names), *(separator.join(row) for row in table)]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with a file of each kind that the README names; the Hub is a folder in it."""
    monkeypatch.chdir(tmp_path)
    three, two = rows(["good", "bad", "so-so"]), rows(["neg", "pos"], 40)
    for name in ("reviews.csv", "others.csv", "more.csv"):
        write(name, three)
    write("kritiken.csv", three)
    write("few.csv", two)
    write("unlabelled.csv", [[text] for text, _ in three[:3]], ["text"])
    people = [(text, label, f"person {n % 20}") for n, (text, label) in enumerate(three)]
    write("survey.tsv", people, ("answer", "mood", "person"), "\t")
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
        sentiment.artifacts.bundle, "fetch", lambda model, *_: tmp_path / "hub" / model
    )
    return tmp_path


def commands(runs):
    """Those of the section, as `make` would run them where the models stand in `runs`."""
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
        for line in block.splitlines()
    ]
    for line in lines:
        program, *words = shlex.split(line, comments=True)
        if program == "make":
            dataset = next(word for word in words if word.startswith("DATASET="))[8:]
            out = f"OUT={runs / name_of(dataset)}"  # make itself looks in its own folder.
            planned = subprocess.run(
                ["make", "-n", "-C", ROOT, *words, out], capture_output=True, text=True, check=True
            ).stdout
            for planned_line in planned.splitlines():
                if "-m sentiment" in planned_line:
                    yield shlex.split(planned_line.split("-m sentiment")[1])
        else:
            assert program == "sentiment"
            yield words


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_each_command_for_ones_own_reviews_does_what_it_says(desk):
    said = {}
    for name, *words in commands(desk / "runs"):
        short = {"train": SHORT, "tune": f"{SHORT} --trials 1"}.get(name, "")
        if name == "report":
            short = "--device cpu"
        result = CliRunner().invoke(app, [name, *words, *short.split()])
        if result.exception is not None and result.exit_code != 0:
            raise AssertionError((name, words, result.output)) from result.exception
        said[" ".join([name, *words])] = result.output
    assert len(said) > 15
    models = {run.name for run in (desk / "runs").iterdir() if (run / "vocab.txt").exists()}
    expected = {"reviews", "survey", "train", "my-reviews", "tweet_eval", "more", "kritiken"}
    assert models == expected | {"sample-zh", "lessons", "few", "glove", "both"}
    meta = json.loads((desk / "runs" / "reviews" / "config.json").read_text())
    assert meta["labels"] == ["bad", "good", "so-so"]
    assert meta["data"]["test"]["rows"] == 6
    assert json.loads((desk / "runs/reviews/metrics-train.json").read_text())["n"] == 60
    labelled = (desk / "labelled.csv").read_text().splitlines()
    assert labelled[0] == "text,label,score"
    assert {line.split(",")[1] for line in labelled[1:]} <= {"bad", "good", "so-so"}
    assert (desk / "reviews.html").exists()
    few = json.loads((desk / "runs" / "few" / "config.json").read_text())
    assert few["config"]["model"]["init"] == "runs/lessons"
    assert (
        "sentiment train --dataset reviews.csv"
        in said["tune --dataset reviews.csv --trials 20 --out runs/tune"]
    )


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output, result.exception


def measured(*arguments):
    result = CliRunner().invoke(app, ["eval", "--model", "runs/reviews", "--json", *arguments])
    return json.loads(result.stdout)


def test_a_model_is_measured_on_its_own_test_part_and_on_all_of_another_table(desk):
    assert run("train", "--dataset", "reviews.csv", *SHORT.split())[0] == 0
    assert run("eval", "--model", "runs/reviews")[0] == 0
    kept = json.loads(Path("runs/reviews/metrics-test.json").read_text())
    assert (kept["n"], kept["labels"]) == (6, ["bad", "good", "so-so"])
    # By another path it is the same table; another table is measured whole.
    assert measured("--dataset", str(desk / "reviews.csv"))["n"] == 6
    assert measured("--dataset", "others.csv")["n"] == 60


def test_a_table_that_has_changed_since_training_is_told(desk):
    assert run("train", "--dataset", "reviews.csv", *SHORT.split())[0] == 0
    assert "set aside" not in run("eval", "--model", "runs/reviews")[1]
    write("reviews.csv", rows(["good", "bad", "so-so"], 66)[6:])
    said = run("eval", "--model", "runs/reviews")[1]
    assert "Warning: these are not the test reviews that were set aside when the model" in said


def test_a_label_that_training_never_saw_is_named_by_eval(desk):
    assert run("train", "--dataset", "reviews.csv", *SHORT.split())[0] == 0
    write("others.csv", rows(["good", "dreadful"]))
    _, _, error = run("eval", "--model", "runs/reviews", "--dataset", "others.csv")
    assert "the label 'dreadful', first in row 2, which the model never saw" in str(error)
    assert not Path("runs/reviews/metrics-train.json").exists()


def test_reviews_that_the_encoder_cannot_read_are_noticed(desk):
    write(
        "greek.csv",
        [(f"Η ταινία {n} ήταν πολύ {'καλή' if n % 2 else 'κακή'}", "ab"[n % 2]) for n in range(60)],
    )
    said = run("train", "--dataset", "greek.csv", *SHORT.split())[1]
    assert "Note: The vocabulary to start from, in 'en', misses" in said
    said = run("train", "--dataset", "greek.csv", "--language", "el", "--overwrite", *SHORT.split())
    assert "Note: nothing to start from reads 'el': training from scratch." in said[1]
