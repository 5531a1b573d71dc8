"""README.md: its code runs, its commands exist, and README.zh-CN.md has the same content."""

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest
import torch
from conftest import SMALL
from typer.main import get_command

import sentiment.training.classification
from sentiment.cli import app

ROOT = Path(__file__).parent.parent
COMMANDS = get_command(app).commands
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def migration_table():
    """Yield the left cell and the code of the right cell of each row of the migration table."""
    section = README.split("## Migrating from torchtext.legacy")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")]
    for old, new in rows[1:]:
        yield old, re.findall(r"`([^`]+)`", new)


def test_migration_table_runs_from_top_to_bottom(tmp_path, monkeypatch):
    train = sentiment.training.classification.train

    def train_small(dataset, out):
        assert dataset == SMALL["dataset"]
        return train(out=out, **SMALL)

    monkeypatch.setattr(sentiment.training.classification, "train", train_small)
    names = {"torch": torch}
    executed = 0
    for _, codes in migration_table():
        for code in codes:
            code = code.replace("stanfordnlp/imdb", "sample").replace(
                "runs/imdb", str(tmp_path / "run")
            )
            exec(code, names)
            executed += 1
    assert executed > 30
    assert names["batch"].input_ids.shape[0] == 64
    assert names["classifier"]("This film is great")["label"] in ("neg", "pos")
    # One logit with binary cross-entropy is equivalent to two logits with cross-entropy.
    logits, batch = names["logits"], names["batch"]
    z = logits[:, 1] - logits[:, 0]
    old_loss = torch.nn.functional.binary_cross_entropy_with_logits(z, batch.labels.float())
    torch.testing.assert_close(old_loss, names["loss"])
    torch.testing.assert_close(z.sigmoid(), names["probability"])


def test_python_example_gives_the_results_in_its_comments():
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    assert "{'label': 'pos', 'score': 0.997}" in example
    assert "['pos', 'neg']" in example
    names, results = {}, []
    for line in example.splitlines():
        if line.startswith(("classifier(", "classifier.")):
            results.append(eval(line, names))
        else:
            exec(line, names)
    one, several, ranked, labels, probabilities = results
    assert one == {"label": "pos", "score": pytest.approx(0.997, abs=0.0005)}
    assert [prediction["label"] for prediction in several] == labels == ["pos", "neg"]
    assert [prediction["label"] for prediction in ranked] == ["pos", "neg"]
    assert probabilities.shape == (1, 2)


def test_make_targets_and_variables_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+) +\?=", makefile, re.MULTILINE))
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    commands = re.findall(r"^make (.*)$", blocks, re.MULTILINE)
    assert len(commands) > 4
    for command in commands:
        words = re.sub(r'"[^"]*"', "", command).split("#")[0].split()
        for word in words:
            name = word.split("=")[0]
            assert name in (variables if "=" in word else targets), command


def test_sentiment_commands_and_flags_exist():
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    commands = re.findall(r"(?:^|-m )sentiment (.*)$", blocks, re.MULTILINE)
    assert len(commands) > 6
    for command in commands:
        name, *words = shlex.split(command, comments=True)
        flags = {option for p in COMMANDS[name].params for option in p.opts}
        for word in words:
            assert not word.startswith("-") or word == "-" or word in flags, command


def code_in(readme):
    """Return the lines of all code blocks without comments, then all inline code, sorted."""
    blocks = re.findall(r"```\w+\n(.*?)```", readme, re.DOTALL)
    lines = [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]
    text = re.sub(r"```.*?```", "", readme, flags=re.DOTALL)
    return lines + sorted(re.findall(r"`([^`]+)`", text.replace("\n", " ")))


def test_chinese_readme_has_the_same_code():
    assert code_in(CHINESE) == code_in(README)


def test_chinese_readme_has_the_same_numbers():
    english, chinese = (Counter(re.findall(r"\d+(?:[.,]\d+)*", text)) for text in (README, CHINESE))
    assert english == chinese
    assert english.total() > 100
