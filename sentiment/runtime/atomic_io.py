"""Work in, files and folders out that are whole or not there, and that survive a power cut.

All of it is written beside its place, under a hidden name with `.unfinished-` in it, and renamed
when it is on the disk. While its process lives it is locked, and no longer; so the next process
that writes there knows what one that was killed has left, and deletes it.
"""

import os
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sentiment.errors import InputError

try:
    import fcntl
except ImportError:  # Windows has no such module.
    fcntl = None  # type: ignore[assignment]

UNFINISHED = ".unfinished-"
LOCK_FILE = ".lock"


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A temporary folder whose files move into `folder` when the block ends without an error.

    A new `folder` appears whole, by one rename. In one that exists each file is replaced whole, in
    alphabetical order; if that is cut short, `load_bundle` sees that the files do not match.

    Raises:
        InputError: the disk is full, or the place cannot be written to.
    """
    with explained(folder):
        exists = folder.is_dir()
        # Inside it, because a folder may be a disk of its own, and no rename leads to another.
        place = folder if exists else folder.parent
        place.mkdir(parents=True, exist_ok=True)
        with unfinished(place, folder.name, Path.mkdir) as stage:
            yield stage
            for path in stage.iterdir():
                path.chmod(0o644)  # safetensors writes files that nobody else may read.
                put_on_disk(path)
            if exists:
                for path in sorted(stage.iterdir()):
                    path.replace(folder / path.name)
            else:
                put_on_disk(stage)
                stage.rename(folder)
            put_on_disk(place)


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears at `path` when the block ends without an error, or else not at all.

    Raises:
        InputError: the disk is full, or the place cannot be written to.
    """
    path = Path(os.path.realpath(path))
    with explained(path), unfinished(path.parent, path.name, Path.touch) as part:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        put_on_disk(path.parent)


def discard(folder: Path) -> None:
    """Delete a folder at once: whoever looks finds all of it or nothing.

    Raises:
        InputError: the place cannot be written to.
    """
    with explained(folder):
        doomed = hidden(folder.parent, folder.name)
        folder.rename(doomed)
        remove(doomed)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes that ask for it out of `folder`, until the block or this process ends.

    A folder that is not there is made, and goes again if nothing has come into it. Where there are
    no such locks (Windows, some network disks) a warning says so.

    Raises:
        InputError: another process holds the lock, or the place cannot be written to.
    """
    with explained(folder):
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with explained(folder):
            descriptor = open_lock(folder)
        try:
            sweep(folder)
            yield
        finally:
            with suppress(OSError):
                (folder / LOCK_FILE).unlink()  # While it is held, or another's could be meant.
            os.close(descriptor)
    finally:
        with suppress(OSError):  # Something stands there now, which is as it should be.
            for path in made:
                path.rmdir()


def open_lock(folder: Path) -> int:
    """Open and lock the lock file of `folder`; closing it, or dying, gives it free."""
    path = folder / LOCK_FILE
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            lock(descriptor)
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise InputError(
                f"Another process is at work in '{folder}'. Let it end, stop it, or choose "
                "another folder."
            ) from error
        except FileNotFoundError:
            pass
        except OSError as error:
            warnings.warn(
                f"'{folder}' cannot be locked ({error.strerror}): see to it that no other process "
                "writes there.",
                stacklevel=2,
            )
            return descriptor
        os.close(descriptor)  # Its last holder deleted it before we had it: it locks nothing.


def lock(descriptor: int) -> None:
    """Lock an open file or folder against other processes.

    Raises:
        BlockingIOError: another holds it.
        OSError: there are no locks here.
    """
    if fcntl is None:
        raise OSError(0, "there is no flock on this system")
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def unfinished(place: Path, name: str, make: Callable[[Path], None]) -> Iterator[Path]:
    """A hidden path in `place`, made by `make` and locked; gone when the block ends."""
    sweep(place)
    path = hidden(place, name)
    descriptor = None
    try:
        make(path)
        if fcntl is not None:
            descriptor = os.open(path, os.O_RDONLY)
            with suppress(OSError):  # Without a lock nobody else gets one either, nor deletes it.
                lock(descriptor)
        yield path
    finally:
        try:
            remove(path)
        finally:
            if descriptor is not None:
                os.close(descriptor)


def hidden(place: Path, name: str) -> Path:
    """A new name for what will be `name`, or has been."""
    return place / f".{name}{UNFINISHED}{secrets.token_hex(4)}"


def sweep(place: Path) -> None:
    """Delete what processes that are gone have left unfinished in `place`."""
    if fcntl is None:
        return  # Who could say whether they are gone?
    for path in place.glob(f".*{UNFINISHED}*"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            try:
                lock(descriptor)
                remove(path)
            finally:
                os.close(descriptor)


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there and can be deleted."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def put_on_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":
        return  # It opens no folders.
    descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError:
        if not is_folder:  # Of folders some network disks know no such thing.
            raise
    finally:
        os.close(descriptor)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise an `InputError` where the system refuses to write `path`."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"Could not write '{path}': {error.strerror or error}. "
            "Check the free space and the permissions, or choose another place."
        ) from error
