"""Errors that a user of the package is meant to read.

Each message says what was wrong, where, and what to do. The command line prints it on one line of
stderr and exits with code 2. Any other exception is a defect and shows a traceback.
"""

from collections.abc import Iterable
from reprlib import Repr

__all__ = [
    "ClusterError",
    "ConfigError",
    "DataError",
    "DependencyError",
    "HubError",
    "ModelError",
    "SentimentError",
    "StorageError",
    "TrainingError",
]

# Limits on quoted file content: a line may have 10 MB, a table 10,000 columns.
quoted = Repr()
quoted.maxstring, quoted.maxlist = 80, 20


class SentimentError(Exception):
    """Base class of the errors that a user can correct."""


class DataError(SentimentError, ValueError):
    """A file, column, row, label or split that cannot be used."""


class ConfigError(SentimentError, ValueError):
    """A setting or an argument with a value that cannot be used."""


class ModelError(SentimentError, ValueError):
    """A model folder that is missing, damaged or of another format."""


class HubError(SentimentError):
    """The Hugging Face Hub refuses a request or cannot be reached."""


class StorageError(SentimentError):
    """A place that cannot be written to, or that another process has locked."""


class ClusterError(SentimentError):
    """A cluster that cannot be reached, or whose workers end without a result."""


class DependencyError(SentimentError, ImportError):
    """An optional package that is not installed."""


class TrainingError(SentimentError):
    """A training run that diverged or cannot be resumed."""


class OtherProcessError(TrainingError):
    """Another process of the same run has failed, and reports the reason."""


class Notice(UserWarning):
    """A choice made for the user, who may want to choose otherwise."""


def listed(names: Iterable[str]) -> str:
    """Return names for a message: quoted, separated by commas, at most 20 of them."""
    return quoted.repr(list(names))[1:-1]


def describe(error: BaseException) -> str:
    """Return the message of an exception on one line, or its class name if it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def row_count(count: int) -> str:
    """Return a number of rows for a message: `1 row`, `2,000 rows`."""
    return "1 row" if count == 1 else f"{count:,} rows"


def missing_packages(task: str, packages: Iterable[str], extra: str) -> DependencyError:
    """Return the error for packages that `task` needs and that the extra `extra` has."""
    names = list(packages)
    return DependencyError(
        f"{task} needs {' and '.join(names)}: pip install {' '.join(names)} (the extra '{extra}')."
    )
