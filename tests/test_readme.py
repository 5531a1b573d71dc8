"""The README keeps its word: its snippets run, its commands exist."""

import re
import shlex
from collections import Counter
from pathlib import Path

import torch
from conftest import SMALL
from typer.main import get_command

import sentiment.training.classification
from sentiment.cli import app
from sentiment.config import Config

ROOT = Path(__file__).parent.parent
COMMANDS = get_command(app).commands
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def migration_table():
    """The code in the right column of the migration table, row by row."""
    section = README.split("## From torchtext.legacy to here")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")]
    for old, new in rows[1:]:
        yield old, re.findall(r"`([^`]+)`", new)


def test_every_row_of_the_migration_table_runs(tmp_path, monkeypatch):
    train = sentiment.training.classification.train
    small = Config.from_flat(**SMALL)
    monkeypatch.setattr(
        sentiment.training.classification, "train", lambda config, out: train(small, out)
    )
    names = {"torch": torch, "Path": Path}
    ran = 0
    for _, codes in migration_table():
        for code in codes:
            code = code.replace("stanfordnlp/imdb", "sample").replace(
                "runs/imdb", str(tmp_path / "run")
            )
            exec(code, names)
            ran += 1
    assert ran > 30
    assert names["batch"].input_ids.shape[0] == 64
    assert names["classifier"]("This film is great")["label"] in ("neg", "pos")
    # The old logit and the new pair say the same.
    logits, batch = names["logits"], names["batch"]
    z = logits[:, 1] - logits[:, 0]
    old_loss = torch.nn.functional.binary_cross_entropy_with_logits(z, batch.labels.float())
    torch.testing.assert_close(old_loss, names["loss"])
    torch.testing.assert_close(z.sigmoid(), names["probability"])


def test_every_make_target_and_variable_in_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+) +\?=", makefile, re.MULTILINE))
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    commands = re.findall(r"^make (.*)$", blocks, re.MULTILINE)
    assert len(commands) > 4
    for command in commands:
        words = re.sub(r'"[^"]*"', "", command).split("#")[0].split()
        for word in words:
            name = word.split("=")[0]
            assert name in (variables if "=" in word else targets), command


def test_every_sentiment_command_in_the_readme_parses():
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    commands = re.findall(r"(?:^|-m )sentiment (.*)$", blocks, re.MULTILINE)
    assert len(commands) > 6
    for command in commands:
        name, *words = shlex.split(command, comments=True)
        flags = {option for p in COMMANDS[name].params for option in p.opts}
        for word in words:
            assert not word.startswith("-") or word == "-" or word in flags, command


def commands_of(readme):
    """The lines of all code blocks without their comments, and all code in the text, sorted."""
    blocks = re.findall(r"```\w+\n(.*?)```", readme, re.DOTALL)
    lines = [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]
    text = re.sub(r"```.*?```", "", readme, flags=re.DOTALL)
    return lines + sorted(re.findall(r"`([^`]+)`", text.replace("\n", " ")))


def test_the_chinese_readme_has_the_same_commands():
    assert commands_of(CHINESE) == commands_of(README)


def test_the_chinese_readme_has_the_same_numbers():
    english, chinese = (Counter(re.findall(r"\d+(?:[.,]\d+)*", text)) for text in (README, CHINESE))
    assert english == chinese
    assert english.total() > 100
