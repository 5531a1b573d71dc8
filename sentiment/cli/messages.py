"""What the commands print: one line for each message, whatever is in it.

File names, column names, labels and texts come from others. None of them can end a line, write a
second message or send a command to the terminal.
"""

import dataclasses
import json
import logging
import os
import re
import sys
import warnings
from typing import TextIO

from sentiment.config import SECTIONS
from sentiment.errors import Notice

# Control characters, line separators, characters that reorder the line, and lone surrogates.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

SETTINGS = [field.name for section in SECTIONS.values() for field in dataclasses.fields(section)]
# Not within quotes, paths or longer words.
SETTING_NAME = re.compile(
    rf"""(?<![\w'"/\\.-])((?:[Ss]et|leave) (?={"|".join(SETTINGS)})|(?=\w+_))"""
    rf"""({"|".join(SETTINGS)})(?![\w'"/\\-])"""
)


def printable(text: str) -> str:
    """Return `text` with its unprintable characters escaped as in JSON: `\\n`, `\\u001b`."""
    return UNPRINTABLE.sub(lambda match: json.dumps(match[0])[1:-1], text)


def with_flags(message: str) -> str:
    """Return a message of the library with the flags of its settings: `--text-column`.

    A name of several words is a flag wherever it stands by itself; one word is one after "set".
    """
    message = re.sub(r"\b([Ss])et header to false\b", r"\1et --no-header", message)
    return SETTING_NAME.sub(lambda match: f"{match[1]}--{match[2].replace('_', '-')}", message)


def print_line(text: str = "", file: TextIO | None = None, flush: bool = False) -> None:
    """Print `text` as exactly one line, by default on standard output."""
    print(printable(text), file=file, flush=flush)


def print_library_messages() -> None:
    """Print warnings without their source line, and what the library logs.

    Only the program `sentiment` calls this; the library itself changes no global state.
    """
    warnings.formatwarning = format_warning
    logger = logging.getLogger("sentiment")
    if not any(isinstance(handler, StderrHandler) for handler in logger.handlers):
        logger.addHandler(StderrHandler())
    logger.setLevel(logging.INFO)
    # The Hub's client would report each of its attempts; the error says what went wrong.
    os.environ.setdefault("HF_HUB_VERBOSITY", "critical")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def format_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Return a warning as one line; a `Notice` reports a choice and is no warning."""
    word = "Note" if issubclass(category, Notice) else "Warning"
    return printable(f"{word}: {with_flags(' '.join(str(message).split()))}") + "\n"


class StderrHandler(logging.Handler):
    """Prints log records on the present standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        word = "Note" if record.levelno < logging.WARNING else "Warning"
        print_line(f"{word}: {record.getMessage()}", file=sys.stderr)
