"""What the command line prints: warnings, log records, errors and tables, whatever is in them."""

import ast
import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from sentiment import cli
from sentiment.cli.evaluate import confusion_table, label_table
from sentiment.cli.formatting import new_table, print_tables
from sentiment.cli.messages import print_library_messages, print_line, printable, with_flags
from sentiment.cli.prediction_text import explanation_lines, prediction_formatter
from sentiment.errors import Notice
from sentiment.inference.explain import Explanation, Unexplained, Word

HOSTILE = [
    "x\nError: forged",
    "x\r\x0b\x0c\x1c\x85\u2028\u2029y",
    "\x1b]0;title\x07\x1b[2J",
    "\x9b31m",
    "\u202eright to left\u2066",
    "\0\x7f",
    "[/b]",
    "[red]bad[link=x]",
    ":smile:",
    "runs/[/x]",
]
READABLE = "naïve 好电影 فيلم جيد می\u200cروم סרט हिन्दी 👩\u200d👧 “quoted” a\\nb"


@pytest.fixture
def printed(monkeypatch, capsys):
    """Install the formatter and the log handler for one test; return what is on stderr."""
    logger = logging.getLogger("sentiment")
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logger.level)
    print_library_messages()
    print_library_messages()
    return lambda: capsys.readouterr().err


@pytest.mark.parametrize(("category", "word"), [(UserWarning, "Warning"), (Notice, "Note")])
def test_warning_is_one_line_without_its_source(printed, category, word):
    line = warnings.formatwarning("two\nlines", category, "file.py", 1)
    assert line == f"{word}: two lines\n"


@pytest.mark.parametrize(("level", "word"), [(logging.INFO, "Note"), (logging.WARNING, "Warning")])
def test_log_record_is_printed_once(printed, level, word):
    logging.getLogger("sentiment.training").log(level, "%d sentences", 5)
    assert printed() == f"{word}: 5 sentences\n"


def test_importing_the_package_changes_no_warnings_and_no_logging():
    code = (
        "import logging, warnings; before = warnings.showwarning, warnings.formatwarning; "
        "import sentiment.cli, sentiment.inference.label_files; "
        "assert before == (warnings.showwarning, warnings.formatwarning); "
        "assert logging.getLogger('sentiment').handlers == []"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("separator", ["/", "\\"])
def test_name_of_a_setting_in_a_path_is_no_flag(separator):
    path = separator.join(["'data", "text_column.csv", "text_column", "a.csv'"])
    assert with_flags(f"{path}: set text_column.") == f"{path}: set --text-column."


@pytest.mark.parametrize("text", HOSTILE)
def test_outside_text_is_escaped_and_readable(text):
    assert printable(text).isprintable()
    assert json.loads(f'"{printable(text)}"') == text


def test_text_in_other_languages_is_printed_as_it_is():
    assert printable(READABLE) == READABLE


def warn(text):
    print(warnings.formatwarning(text, UserWarning, "file.py", 1), end="", file=sys.stderr)


def fail(text):
    with pytest.raises(SystemExit, match="2"):
        cli.fail(text)


MESSAGES = {
    "error": fail,
    "warning": warn,
    "log record": lambda text: logging.getLogger("sentiment").warning("%s", text),
    "line": lambda text: print_line(text, file=sys.stderr),
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_one_line_of_printable_text_whatever_is_in_it(printed, name, text):
    MESSAGES[name](f"'{text}' is wrong")
    lines = printed()
    assert lines.endswith(" is wrong\n")
    assert lines[:-1].isprintable()
    if name != "warning":  # Which is put on one line by its spaces.
        assert printable(text) in lines


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["command", "option", "value", "path"])
def test_an_error_that_quotes_an_argument_is_one_line(run_command, place, text):
    text = text.replace("\0", "")
    arguments = {
        "command": [text],
        "option": ["train", f"--{text}"],
        "value": ["predict", "x", "--format", text],
        "path": ["predict", "x", "--model", text],
    }[place]
    result = run_command(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr[:-1].isprintable()
    if place == "path":
        assert printable(text) in result.stderr


def shown(table, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "500")
    print_tables(table)
    return capsys.readouterr().out


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["title", "heading", "first heading", "cell"])
def test_a_table_shows_its_text_as_it_is(monkeypatch, capsys, place, text):
    given = {
        name: text if name == place else "plain " * 20 for name in ("title", "heading", "cell")
    }
    table = new_table(given["title"], text if "first" in place else "", given["heading"])
    table.add_row(given["cell"], "1")
    out = shown(table, monkeypatch, capsys)
    assert printable(text) in out
    assert out.replace("\n", "").isprintable()


@pytest.mark.parametrize("make", [label_table, confusion_table])
def test_labels_that_look_like_markup_keep_their_figures(monkeypatch, capsys, make):
    labels = ["[/b]", "[red]bad", ":smile:"]
    metrics = [
        {"label": label, "n": 7000 + label, "precision": 0.5, "recall": 0.5, "f1": 0.5}
        for label in range(3)
    ]
    confusion = [[7000 + i] * 3 for i in range(3)]
    result = {"labels": labels, "by_label": metrics, "confusion": confusion}
    out = shown(make(result), monkeypatch, capsys)
    for row, label in enumerate(labels):
        assert label in out
        assert f"7,00{row}" in out


@pytest.mark.parametrize("output_format", ["human", "jsonl"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_prediction_is_one_line_whatever_the_label_and_the_text(output_format, text):
    formatted = prediction_formatter(output_format, ["neg", text], color=False)
    line = formatted([text], [[text, 0.75]])
    assert line[:-1].isprintable()
    assert (
        printable(text) in line if output_format == "human" else json.loads(line)["label"] == text
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_an_explanation_is_printable_whatever_the_label_and_the_text(text):
    words = [Word(text, 0, len(text), 1.0)]
    explanation = Explanation(text, text, 0.75, {"neg": 0.25, text: 0.75}, words, 1.1, 0.1, 16)
    for shown in (explanation, Unexplained(text, "no reason")):
        lines = explanation_lines(shown, all_scores=False, color=False).splitlines()
        assert len(lines) == (2 if shown is explanation else 1)
        assert all(line.isprintable() for line in lines)


PRINTING = {"print", "Console", "echo", "secho", "write"}
ALLOWED = {
    "messages.py": {"print"},
    "formatting.py": {"Console", "print"},
    "__init__.py": {"echo"},  # The help.
    # What `prediction_text` has formatted, and lines in place of a progress bar.
    "predict.py": {"write"},
    "predict_file.py": {"write"},
    "train.py": {"write"},
}


def test_commands_print_only_through_the_functions_that_escape():
    """A test of the other commands' output, which needs no run of each."""
    folder = Path(cli.__file__).parent
    for path in folder.glob("*.py"):
        called = {
            node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
        }
        assert called & PRINTING <= ALLOWED.get(path.name, set()), path.name
