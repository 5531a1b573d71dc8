"""Atomic writes: a file or folder appears complete or not at all, and survives a power cut.

Content is written to a temporary path in the same folder, flushed to the disk, and renamed.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sentiment.errors import StorageError
from sentiment.runtime.locks import storage_errors, temporary_path

# Windows renames nothing that is open, such as a new file that a virus scanner reads.
RENAME_ATTEMPTS = 10 if os.name == "nt" else 1
RENAME_PAUSE = 0.1  # Seconds from one attempt to the next.


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder whose files move into `folder` if the block ends without an error.

    A new `folder` appears with all of its files, by one rename. In an existing one each file is
    replaced atomically, in alphabetical order, and other files stay. If that is interrupted, the
    checksums of a model show that its files do not belong together.

    Raises:
        StorageError: the disk is full, or the folder cannot be written to.
    """
    with storage_errors(folder):
        exists = folder.is_dir()
        # Inside an existing folder, which may be a mount point: a rename needs one file system.
        parent = folder if exists else folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        with temporary_path(parent) as stage:
            stage.mkdir()
            yield stage
            for path in stage.iterdir():
                path.chmod(0o644)  # safetensors creates files that only their owner can read.
                flush_to_disk(path)
            if exists:
                for path in sorted(stage.iterdir()):
                    rename(path, folder / path.name)
            else:
                flush_to_disk(stage)
                rename(stage, folder)
            flush_to_disk(parent)


@contextmanager
def atomic_write(path: Path, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Yield a file that appears at `path` if the block ends without an error.

    Args:
        path: the file to write.
        overwrite: replace a file that exists when the block ends.

    Raises:
        StorageError: the disk is full, or the folder cannot be written to; the file exists and
            `overwrite` is False.
    """
    path = Path(os.path.realpath(path))
    with storage_errors(path), temporary_path(path.parent) as temporary:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            rename(temporary, path)
        else:
            move_to_new(temporary, path)
        flush_to_disk(path.parent)


def move_to_new(temporary: Path, path: Path) -> None:
    """Move a file to a path at which there is none.

    Raises:
        StorageError: there is a file.
        OSError: the file cannot be moved.
    """
    try:
        try:
            os.link(temporary, path)  # Unlike a rename, it never replaces a file.
        except FileExistsError:
            raise
        except OSError:  # A file system without hard links.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            rename(temporary, path)
    except FileExistsError as error:
        raise StorageError(f"'{path}' already exists. Set overwrite to replace it.") from error


def rename(path: Path, target: Path) -> None:
    """Rename a file or a folder; a file replaces the one at `target`.

    Raises:
        OSError: it cannot be renamed, on Windows also after a second.
    """
    for _ in range(RENAME_ATTEMPTS - 1):
        try:
            path.replace(target)
            return
        except PermissionError:
            time.sleep(RENAME_PAUSE)
    path.replace(target)


def discard(folder: Path) -> None:
    """Delete a folder so that no process ever sees a part of it.

    Raises:
        StorageError: the folder cannot be deleted.
    """
    with storage_errors(folder), temporary_path(folder.parent) as temporary:
        rename(folder, temporary)


def flush_to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":
        return  # Windows cannot open folders.
    descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError:
        if not is_folder:  # Some network disks cannot flush folders.
            raise
    finally:
        os.close(descriptor)
