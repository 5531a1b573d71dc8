"""Warnings and log records of the library on the command line."""

import logging
import subprocess
import sys
import warnings

import pytest

from sentiment.cli.messages import print_library_messages
from sentiment.data.columns import Notice


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
