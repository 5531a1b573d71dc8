"""docs/: each code block runs or has a reason why not, and both languages have the same content.

A block with `title="name"` is a file. A block of text is the output of the block before it. A block
after `<!-- not run: reason -->` is not run. Training takes one epoch of few steps, and the Hub is a
folder.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import warnings
from collections import Counter
from pathlib import Path

import pytest
from datasets import DatasetDict
from support.make_commands import VARIABLES, commands_of_make
from support.paths import ROOT
from typer.testing import CliRunner

import sentiment.artifacts.model_folder
import sentiment.data.reviews
import sentiment.inference.classifier
from sentiment import load_reviews
from sentiment.cli import app
from sentiment.data.reviews import BUILT_IN
from sentiment.presets import PRESETS

DOCS = ROOT / "docs"
NOTEBOOKS = "tutorials/notebooks/"  # Generated from notebooks/, which have their own tests.
PAGES = sorted(
    page
    for page in (path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
    if not page.endswith(".zh.md") and not page.startswith(NOTEBOOKS)
)
BLOCK = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^\n]+) -->\n)?"
    r"^(?P<indent> *)```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n"
    r"(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
# Settings for a short run.
SHORT = {
    "epochs": 1,
    "min_steps": 0,
    "min_epoch_steps": 1,
    "adversarial_norm": 0.0,
    "max_length": 40,
    "checkpoint_steps": 50,
}


def text_of(page):
    return (DOCS / page).read_text(encoding="utf-8")


def chinese(page):
    return page.replace(".md", ".zh.md")


def blocks(page):
    """Return the code blocks of a page, as matches of `BLOCK`, with their code dedented."""
    text = text_of(page)
    found = list(BLOCK.finditer(text))
    assert len(found) == len(re.findall(r"^ *```\w", text, re.MULTILINE)), "a block is not matched"
    return found


def code_of(block):
    return re.sub(rf"^{block['indent']}", "", block["code"], flags=re.MULTILINE)


def few_of(splits):
    """Return the first and the last reviews of each split, which have different labels."""
    return {name: [*rows[:200], *rows[-200:]] for name, rows in splits.items()}


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Run in an empty folder, with short training runs and a Hub of few reviews."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, preset in PRESETS.items():
        monkeypatch.setitem(PRESETS, name, preset | SHORT)
    for name, load in BUILT_IN.items():
        monkeypatch.setitem(BUILT_IN, name, lambda load=load: few_of(load()))
    hub = DatasetDict(
        {name: split for name, split in load_reviews("sample").items() if name != "validation"}
    )

    def push(folder, files, model, *_):
        shutil.copytree(folder, tmp_path / "hub" / model)
        return f"https://hub/{model}"

    monkeypatch.setattr(sentiment.data.reviews, "from_hub", lambda *_: hub)
    monkeypatch.setattr(sentiment.inference.classifier, "push", push)
    monkeypatch.setattr(
        sentiment.artifacts.model_folder, "fetch", lambda model, *_: tmp_path / "hub" / model
    )
    return tmp_path


def commands(code):
    """Yield the arguments of each command in shell code, and the file that its output goes to.

    A command of `make` becomes the command that `make` runs. `VARIABLE=value` in front of a command
    is left out: what it changes does not exist in a test.
    """
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        while re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        file = words[words.index(">") + 1] if ">" in words else None
        program, *words = words[: words.index(">")] if ">" in words else words
        if program == "make":
            yield from ((command, file) for command in commands_of_make(*words, cwd=Path.cwd()))
        else:
            assert program == "sentiment", f"not a command of this package: {line}"
            yield words, file


def run_shell(code):
    """Run the commands in shell code in this process, and return their output."""
    output = ""
    for words, file in commands(code):
        result = CliRunner().invoke(app, words)
        if result.exit_code != 0:
            raise AssertionError((words, result.output)) from result.exception
        if file is not None:
            Path(file).write_text(result.stdout, encoding="utf-8")
        output += result.stdout
    return output


def run_python(code, names, page):
    """Run Python code, and return what it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(code, page, "exec"), names)
    return output.getvalue()


def check_output(expected, output):
    """Check an output against the one in a page, where … stands for any text.

    Numbers may differ by a twentieth, because the backends compute them with different precision.
    """
    parts = re.split(r"(\d+\.\d+|…|[█░]+)", " ".join(expected.split()))
    wanted = [float(part) for part in parts[1::2] if part[0].isdigit()]
    patterns = [
        re.escape(part)
        if index % 2 == 0
        else r"(\d+\.\d+)"
        if part[0].isdigit()
        else ".*"
        if part == "…"
        else "[█░]+"
        for index, part in enumerate(parts)
    ]
    found = re.search("".join(patterns), " ".join(output.split()))
    assert found is not None, output
    assert [float(number) for number in found.groups()] == pytest.approx(wanted, rel=0.05)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize("page", [page for page in PAGES if "```" in text_of(page)])
def test_code_of_a_page_runs_from_top_to_bottom(page, workspace):
    names, output = {"__name__": "page"}, ""
    for block in blocks(page):
        code, language = code_of(block), block["language"]
        if block["reason"]:
            continue
        if block["title"]:
            Path(block["title"]).parent.mkdir(parents=True, exist_ok=True)
            Path(block["title"]).write_text(code, encoding="utf-8")
        elif language == "text":
            check_output(code, output)
        else:
            assert language in ("python", "sh"), f"mark why this block is not run:\n{code}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                output = run_shell(code) if language == "sh" else run_python(code, names, page)
    assert os.getcwd() == str(workspace)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_ends_with_the_next_step_of_its_reader(page):
    for text, heading in (
        (text_of(page), "## Next step"),
        (text_of(chinese(page)), "## 下一步"),
    ):
        assert re.search(r"\]\(.+\.md[^)]*\)", text.split(f"\n{heading}\n")[1])


def without_comments(code):
    return [
        line for line in re.sub(r"(^|\s+)# .*", "", code, flags=re.MULTILINE).splitlines() if line
    ]


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_have_the_same_code(page):
    english, translated = blocks(page), blocks(chinese(page))
    for one, other in zip(english, translated, strict=True):
        assert without_comments(other["code"]) == without_comments(one["code"])
        assert bool(other["reason"]) == bool(one["reason"])
        assert (other["language"], other["title"]) == (one["language"], one["title"])


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_have_the_same_numbers(page):
    texts = (
        re.sub(r"\]\([^)]*\)|\{ #[^}]*\}", "", text_of(name)) for name in (page, chinese(page))
    )
    english, translated = (Counter(re.findall(r"\d+(?:[.,]\d+)*", text)) for text in texts)
    assert english == translated


def test_every_page_is_in_the_navigation():
    navigation = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    listed = re.findall(r"- (\S+\.md)$", navigation, re.MULTILINE)
    assert sorted(name for name in listed if not name.startswith(NOTEBOOKS)) == PAGES
