"""The Optuna study of a search, in the file `study.db` of its folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from sentiment.errors import ConfigError, StorageError, TrainingError, describe, quoted
from sentiment.runtime.atomic_io import atomic_folder

STUDY, STUDY_FILE = "sentiment", "study.db"
STARTUP_TRIALS = 5  # Not pruned, so that there is a median.
ATTRIBUTES = {"config", "preset", "fixed"}
# Optuna does not document what it raises for names and JSON that it did not write.
UNREADABLE = ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError


def check_search_folder(out: Path, resume: bool, overwrite: bool) -> None:
    """Raise an error if a search would be lost, or if there is none to resume."""
    has_search = (out / STUDY_FILE).exists()
    if resume and overwrite:
        raise ConfigError("resume and overwrite exclude each other.")
    if resume and not has_search:
        raise TrainingError(f"There is no search in '{out}' to resume. Start one without resume.")
    if has_search and not (resume or overwrite):
        raise TrainingError(
            f"'{out}' has a search already. Resume it, overwrite it, or choose another output "
            "folder."
        )


def create_study(path: Path, attributes: Mapping[str, Any], first: Mapping[str, Any]) -> None:
    """Create a study, which appears at once and replaces an older one.

    Args:
        path: its file.
        attributes: stored with the study: settings, preset, names of fixed settings.
        first: the settings of the first trial.
    """
    with atomic_folder(path.parent) as stage:
        with open_storage(stage / path.name) as storage:
            study = optuna.create_study(storage=storage, study_name=STUDY)
            for name, value in attributes.items():
                study.set_user_attr(name, value)
            study.enqueue_trial(dict(first))
        # SQLite would take the journal of an older study for one of the new study.
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)


@contextmanager
def load_study(path: Path) -> Iterator[optuna.Study]:
    """Open the study in the file `path`, after reading all of it.

    Raises:
        StorageError: the file is damaged, or not a study of a search.
    """
    with open_storage(path) as storage:
        with storage.engine.connect() as connection:
            if (state := connection.exec_driver_sql("PRAGMA integrity_check").scalar()) != "ok":
                raise not_a_search(path, ValueError(state))
        try:
            study = optuna.load_study(study_name=STUDY, storage=storage)
            study.pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS)
            study.get_trials()
            if missing := ATTRIBUTES - study.user_attrs.keys():
                raise KeyError(*missing)
        except UNREADABLE as error:
            raise not_a_search(path, error) from error
        yield study


def not_a_search(path: Path, error: Exception) -> StorageError:
    """Return the error for a study that was not written by a search, or is damaged."""
    return StorageError(
        f"'{path}' is damaged, or not the study of a search by sentiment: "
        f"{quoted.repr(describe(error))}. Start a new search."
    )


@contextmanager
def open_storage(path: Path) -> Iterator[RDBStorage]:
    """Open Optuna's storage in the SQLite file `path`, and close it when the block ends."""
    url = URL.create("sqlite", database=str(path)).render_as_string()
    try:
        try:
            # Optuna leaves the connections of a pool open if the file is of another version.
            storage = RDBStorage(
                url, engine_kwargs={"poolclass": NullPool}, skip_table_creation=path.exists()
            )
        except RuntimeError as error:
            raise StorageError(f"'{path}' is of another version of Optuna: {error}") from error
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()
    except (SQLAlchemyError, StorageInternalError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise StorageError(
            f"Could not use '{path}': {reason}. Check the free space and the permissions, or "
            "choose another output folder."
        ) from error
