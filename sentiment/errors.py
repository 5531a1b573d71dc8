"""The one error that a person using this package is meant to read."""


class InputError(Exception):
    """Something the user gave cannot be used: a path, a setting, a file, a data set.

    The message says what was wrong, where, and what to do. The command line prints it on
    one line of stderr and exits with code 2; any other exception is a defect and shows a traceback.
    """
