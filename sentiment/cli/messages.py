"""What the commands print: one line for each message, whatever is in it.

File names, column names, labels and texts come from others. None of them can end a line, write a
second message or send a command to the terminal.
"""

import json
import logging
import os
import re
import sys
import warnings
from typing import TextIO

from sentiment.errors import Notice

# Control characters, line separators, characters that reorder the line, and lone surrogates.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return `text` with its unprintable characters escaped as in JSON: `\\n`, `\\u001b`."""
    return UNPRINTABLE.sub(lambda match: json.dumps(match[0])[1:-1], text)


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
    return printable(f"{word}: {' '.join(str(message).split())}") + "\n"


class StderrHandler(logging.Handler):
    """Prints log records on the present standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        word = "Note" if record.levelno < logging.WARNING else "Warning"
        print_line(f"{word}: {record.getMessage()}", file=sys.stderr)
