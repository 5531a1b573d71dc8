"""The one error that a person using this package is meant to read."""

from reprlib import Repr

# What a message quotes of a file, which may be one line of 10 MB or hold 10,000 columns.
quoted = Repr()
quoted.maxstring, quoted.maxlist = 80, 20


class InputError(Exception):
    """Something the user gave cannot be used: a path, a setting, a file, a data set.

    The message says what was wrong, where, and what to do. The command line prints it on
    one line of stderr and exits with code 2; any other exception is a defect and shows a traceback.
    """


def describe(error: BaseException) -> str:
    """An exception on one line."""
    return " ".join(str(error).split()) or type(error).__name__
