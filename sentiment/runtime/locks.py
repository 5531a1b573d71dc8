"""File locks that end with their process, and temporary paths that are cleaned up with them.

A lock is an open file that is locked with `filelock` (flock on POSIX, LockFileEx on Windows). The
system releases it when the process ends, even if it is killed. So a lock file that can be locked
belongs to no live process, and its temporary path can be deleted.
"""

import os
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import lock_descriptor

from sentiment.errors import StorageError

LOCK_FILE = ".lock"
# Without the final name, which may use all of the 255 bytes that a file system allows.
TEMPORARY_LOCKS = ".sentiment-" + 16 * "[0-9a-f]" + ".lock"


class LocksUnavailableError(OSError):
    """The file system has no locks, as some network disks."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder` until the block or this process ends.

    The folder is created if it does not exist, and removed at the end if it is still empty.
    Temporary files that killed processes left in it are deleted. On a file system without locks a
    warning is issued instead.

    Raises:
        StorageError: another process holds the lock, or the folder cannot be written to.
    """
    lock = folder / LOCK_FILE
    with storage_errors(folder):
        created = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with storage_errors(folder):
            descriptor = acquire_or_warn(lock)
        try:
            remove_leftovers(folder)
            yield
        finally:
            release(lock, descriptor)
    finally:
        with suppress(OSError):  # Not empty.
            for path in created:
                path.rmdir()


def acquire_or_warn(lock: Path) -> int | None:
    """Return the descriptor that holds `lock`, or None with a warning if there are no locks."""
    try:
        descriptor = acquire(lock)
    except LocksUnavailableError as error:
        warnings.warn(
            f"'{lock.parent}' cannot be locked ({error.strerror}). Make sure that no other process "
            "writes to it.",
            stacklevel=2,
        )
        return None
    if descriptor is None:
        raise StorageError(
            f"Another process is using '{lock.parent}'. Wait until it ends, stop it, or choose "
            "another folder."
        )
    return descriptor


@contextmanager
def temporary_path(folder: Path) -> Iterator[Path]:
    """Yield an unused path in `folder`; what the block creates there is deleted at its end.

    If this process is killed, the next caller in the same folder deletes it.

    Raises:
        OSError: the folder cannot be written to.
    """
    remove_leftovers(folder)
    descriptor = None
    with suppress(LocksUnavailableError):  # No other process gets a lock here, so none deletes it.
        # None: between its creation and its lock, another process took the file for a leftover.
        while descriptor is None:
            lock = folder / f".sentiment-{secrets.token_hex(8)}.lock"
            descriptor = acquire(lock)
    try:
        yield path_of(lock)
    finally:
        delete_temporary(lock, descriptor)


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary paths in `folder` whose processes have ended."""
    for lock in folder.glob(TEMPORARY_LOCKS):
        with suppress(OSError):
            if (descriptor := acquire(lock, create=False)) is not None:
                delete_temporary(lock, descriptor)


def path_of(lock: Path) -> Path:
    """Return the temporary path that a lock file is for."""
    return lock.with_suffix(".tmp")


def delete_temporary(lock: Path, descriptor: int | None) -> None:
    """Delete a temporary path, then its lock file, which stays as long as the path does."""
    try:
        remove(path_of(lock))
    finally:
        release(lock, descriptor, delete=not os.path.lexists(path_of(lock)))


def acquire(lock: Path, create: bool = True) -> int | None:
    """Open and lock the file `lock`.

    Args:
        lock: the lock file.
        create: create it if it does not exist.

    Returns:
        The descriptor that holds the lock, or None if another process holds it.

    Raises:
        LocksUnavailableError: the file system has no locks.
        OSError: the file cannot be opened.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if create else 0)
    while True:
        descriptor = os.open(lock, flags, 0o644)
        try:
            is_locked = lock_descriptor(descriptor, blocking=False)
        except OSError as error:
            os.close(descriptor)
            raise LocksUnavailableError(error.errno, error.strerror) from error
        if is_locked and is_open_file(lock, descriptor):
            return descriptor
        os.close(descriptor)
        if not is_locked:
            return None


def is_open_file(path: Path, descriptor: int) -> bool:
    """Return whether `path` still is the open file; its last holder may have deleted it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def release(lock: Path, descriptor: int | None, delete: bool = True) -> None:
    """Delete the lock file if `delete`, and unlock it."""
    if os.name == "nt" and descriptor is not None:  # Windows cannot delete an open file.
        os.close(descriptor)
    if delete:
        with suppress(OSError):
            lock.unlink()  # Before it is unlocked: then the name may be another process's.
    if os.name != "nt" and descriptor is not None:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Delete a file or a folder, as far as it exists and can be deleted."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Raise an `OSError` of the block as a `StorageError` that names `path`."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"Could not write '{path}': {error.strerror or error}. "
            "Check the free space and the permissions, or choose another place."
        ) from error
