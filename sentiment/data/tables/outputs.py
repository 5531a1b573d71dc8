"""Checks of the file that the rows of a table are written to."""

import os
import sys
from pathlib import Path

from sentiment.data.tables.sources import STANDARD_STREAM
from sentiment.errors import ConfigError


def check_output(output: Path, file: str, overwrite: bool) -> None:
    """Check that `output` can be written.

    Raises:
        ConfigError: it is the input file or not a regular file, or exists and `overwrite` is False.
    """
    if not output.exists():
        return
    if is_input(output, file):
        raise ConfigError(f"'{output}' is the input file; choose another output.")
    if not output.is_file():
        raise ConfigError(f"'{output}' is not a file; choose another output.")
    if not overwrite:
        raise ConfigError(f"'{output}' already exists. Set overwrite to replace it.")


def is_input(output: Path, file: str) -> bool:
    """Return whether `output`, which exists, is the file that is read or standard input."""
    source: str | int = file
    if file == STANDARD_STREAM:
        if sys.stdin is None:
            return False
        source = sys.stdin.fileno()
    elif not os.path.exists(file):
        return False
    return os.path.samestat(os.stat(source), output.stat())
