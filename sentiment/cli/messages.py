"""Warnings and log records of the library, printed on standard error, one line each."""

import logging
import os
import sys
import warnings

from sentiment.errors import Notice


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
    return f"{word}: {' '.join(str(message).split())}\n"


class StderrHandler(logging.Handler):
    """Prints log records on the present standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        word = "Note" if record.levelno < logging.WARNING else "Warning"
        print(f"{word}: {record.getMessage()}", file=sys.stderr)
