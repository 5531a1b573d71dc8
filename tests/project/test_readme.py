"""README.md: its code runs, its commands and links exist, and README.zh-CN.md has the same."""

import re
import shlex

import pytest
from support.paths import ROOT
from support.small_models import SMALL
from typer.main import get_command

import sentiment
from sentiment.cli import app

COMMANDS = get_command(app).commands
READMES = {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
}
README, CHINESE = READMES.values()
MAX_LINES = 150


def test_python_example_gives_the_results_in_its_comments(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = sentiment.train

    def train_small(dataset, out, epochs):
        return train(out=out, **{**SMALL, "dataset": dataset, "epochs": epochs})

    monkeypatch.setattr(sentiment, "train", train_small)
    [example] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names, results = {}, []
    for line in filter(None, example.splitlines()):
        if re.match(r"\w+ = |from ", line):
            exec(line, names)
        else:
            results.append(eval(line, names))
    one, labels, probabilities, *_ = results
    assert "{'label': 'pos', 'score': 0.999}" in example
    assert one == {"label": "pos", "score": pytest.approx(0.999, abs=0.0005)}
    assert str(labels) == "['pos', 'neg']"
    assert "['pos', 'neg']" in example
    assert probabilities.shape == (1, 2)
    assert (tmp_path / "runs" / "shared" / "README.md").exists()


def shell_lines(text):
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    return [shlex.split(line, comments=True) for line in blocks.splitlines() if line]


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {words[1] for words in shell_lines(README) if words[0] == "make"}
    assert named
    assert named <= targets


def test_sentiment_commands_and_flags_exist():
    named = [words[1:] for words in shell_lines(README) if words[0] == "sentiment"]
    assert len(named) >= 5
    for command, *words in named:
        flags = {option for p in COMMANDS[command].params for option in p.opts}
        assert {word for word in words if word.startswith("-")} <= flags
    listed = README.split("The commands are ")[1].split(".")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(COMMANDS)


@pytest.mark.parametrize("name", READMES)
def test_links_lead_to_files(name):
    links = re.findall(r"\]\(([^)]+)\)", READMES[name])
    assert len(links) > 10
    for link in links:
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("name", READMES)
def test_readme_is_short(name):
    assert len(READMES[name].splitlines()) <= MAX_LINES


def test_both_languages_have_the_same_structure():
    """The same levels of headings, commands, code, and figures in tables."""
    shapes = []
    for text in (README, CHINESE):
        blocks = re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)
        code = [(kind, re.sub(r"\s+# .*", "", block)) for kind, block in blocks]
        rows = re.findall(r"^\|(.*)\|$", text, re.MULTILINE)
        figures = [re.findall(r"\d+(?:[.,]\d+)*", row) for row in rows]
        headings = re.findall(r"^(#+) ", text, re.MULTILINE)
        shapes.append((headings, code, figures))
    assert shapes[0] == shapes[1]
