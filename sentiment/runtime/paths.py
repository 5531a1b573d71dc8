"""Paths that a user gives."""

from os import PathLike
from pathlib import Path

from sentiment.config import is_text
from sentiment.errors import ConfigError


def user_path(path: str | PathLike[str]) -> Path:
    """Return a path that a user gave, with `~` and `~name` replaced by the home folder.

    A path that is not UTF-8 is refused before anything is read or written: safetensors and Arrow
    cannot open it, and the settings of a model, which are JSON, cannot contain it.

    Raises:
        ConfigError: the path is not UTF-8, has a null character, or names an unknown user.
    """
    path = Path(path)
    if not is_text(str(path)):
        raise ConfigError(
            f"The path {str(path)!r} is not UTF-8 or has a null character. Rename the file or "
            "folder, or give another path."
        )
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"The path '{path}' starts in the home folder of a user that this system does not "
            "have. Give the full path."
        ) from error
