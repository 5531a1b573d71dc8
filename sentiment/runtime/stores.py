"""Files of a local disk or of a remote store, such as S3, that `fsspec` knows.

A file is read from a local copy, and appears in a store complete or not at all: by a rename, or on
an object store by the one request that uploads it.
"""

import hashlib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from sentiment.errors import ConfigError, DataError, DependencyError, SentimentError, StorageError
from sentiment.errors import describe as describe_error
from sentiment.runtime.atomic_io import atomic_write
from sentiment.runtime.locks import locked, remove_leftovers, storage_errors

# In these a file appears when its upload is complete, and a rename is a copy.
OBJECT_STORES = frozenset(
    ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss", "memory")
)
PATTERN = "*?["  # Characters that make a path a pattern.


class FoundFile(NamedTuple):
    """A file that a pattern matches."""

    url: str  # A path, if the file is local.
    name: str  # Relative to the folder before the first component that is a pattern.


class FileState(NamedTuple):
    """What tells whether a file has changed."""

    size: int
    version: str  # Differs if the store reports another time, number or hash of the file.


def open_url(url: str) -> tuple[Any, str]:
    """Return the file system of a path or URL, and the path in it.

    Raises:
        ConfigError: a URL that cannot be used.
        DependencyError: the package for this kind of store is not installed.
    """
    if "::" in url:
        raise ConfigError(f"'{url}' is a chained URL, which is not supported.")
    try:
        file_system, path = url_to_fs(url)
    except ImportError as error:
        raise DependencyError(f"Could not use '{url}': {describe_error(error)}.") from error
    except (ValueError, OSError) as error:
        raise ConfigError(f"Could not use '{url}': {describe_error(error)}.") from error
    file_system.invalidate_cache()  # Another process may have changed the folder.
    return file_system, str(path)


def is_local(file_system: Any) -> bool:
    """Return whether the files of a file system are on a disk of this machine."""
    return isinstance(file_system, LocalFileSystem)


def is_object_store(file_system: Any) -> bool:
    """Return whether a file system uploads each file by a request that replaces the old one."""
    names = file_system.protocol
    return not OBJECT_STORES.isdisjoint([names] if isinstance(names, str) else names)


def url_of(file_system: Any, path: str) -> str:
    """Return the URL of a path in a file system; of a local one the path."""
    return path if is_local(file_system) else str(file_system.unstrip_protocol(path))


@contextmanager
def reading(url: str) -> Iterator[None]:
    """Turn the errors of reading from a store into a `DataError` that names the file."""
    try:
        yield
    except SentimentError:
        raise
    except Exception as error:  # Each store has its own exceptions.
        raise DataError(f"Could not read '{url}': {describe_error(error).rstrip('.')}.") from error


@contextmanager
def writing(url: str) -> Iterator[None]:
    """Turn the errors of writing to a store into a `StorageError` that names the place."""
    try:
        yield
    except SentimentError:
        raise
    except Exception as error:  # Each store has its own exceptions.
        reason = describe_error(error).rstrip(".")
        raise StorageError(
            f"Could not write '{url}': {reason}. Check the free space and the permissions, or "
            "choose another place."
        ) from error


def find_files(pattern: str) -> list[FoundFile]:
    """Return the files that a pattern matches, sorted by name.

    Args:
        pattern: path or URL, in which `*`, `?`, `[a-z]` and `**` are wildcards, unless a file has
            exactly this name.

    Raises:
        DataError: there is no such file, or it is a folder.
    """
    file_system, path = open_url(pattern)
    with reading(pattern):
        if file_system.isfile(path):
            return [FoundFile(url_of(file_system, path), path.rsplit("/", 1)[-1])]
        if file_system.isdir(path):
            raise DataError(f"'{pattern}' is a folder. Name its files: '{pattern.rstrip('/')}/*'.")
        found = file_system.glob(path, detail=True)
    paths = [file for file, info in found.items() if info["type"] != "directory"]
    if not paths:
        raise DataError(f"No file matches '{pattern}'.")
    root = fixed_folder(path)
    files = [FoundFile(url_of(file_system, file), file.removeprefix(root)) for file in paths]
    for file in files:
        if {"", ".", ".."} & set(file.name.split("/")):  # Possible in the keys of object stores.
            raise DataError(f"'{file.url}' has a name that is no path. Rename it.")
    return sorted(files)


def fixed_folder(path: str) -> str:
    """Return the part of a pattern before its first component with a wildcard."""
    fixed = path[: min(path.index(character) for character in PATTERN if character in path)]
    return fixed[: fixed.rindex("/") + 1] if "/" in fixed else ""


@contextmanager
def local_copy(url: str) -> Iterator[Path]:
    """Yield the path of a local file, or of a temporary copy of a remote one.

    Raises:
        DataError: the file cannot be read.
    """
    file_system, path = open_url(url)
    if is_local(file_system):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="sentiment-") as folder:
        copy = Path(folder) / path.rsplit("/", 1)[-1]  # Its suffix may tell its format.
        with reading(url):
            file_system.get_file(path, str(copy))
        yield copy


def state_of(url: str) -> FileState:
    """Return the state of a file.

    Raises:
        DataError: the file cannot be read.
    """
    file_system, path = open_url(url)
    with reading(url):
        return FileState(int(file_system.size(path)), str(file_system.ukey(path)))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a local file, as `sha256sum` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class OutputFolder:
    """A folder of a local disk or of a remote store, in which files appear complete.

    Args:
        url: a path or URL; the folder need not exist.
    """

    def __init__(self, url: str) -> None:
        self.file_system, path = open_url(url)
        self.path = path.rstrip("/")
        self.is_local = is_local(self.file_system)
        self.url = url_of(self.file_system, self.path)

    def path_of(self, name: str) -> str:
        """Return the path of a file of this folder."""
        return f"{self.path}/{name}"

    def names(self, folder: str = "") -> list[str]:
        """Return the names of all files in this folder, or below the folder `folder` in it."""
        with reading(self.url):
            found = self.file_system.find(self.path_of(folder) if folder else self.path)
        return sorted(path.removeprefix(f"{self.path}/") for path in found)

    def size(self, name: str) -> int | None:
        """Return the number of bytes of a file, or None if there is none."""
        with reading(f"{self.url}/{name}"):
            try:
                return int(self.file_system.size(self.path_of(name)))
            except FileNotFoundError:
                return None

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None if there is none."""
        with reading(f"{self.url}/{name}"):
            try:
                return bytes(self.file_system.cat_file(self.path_of(name)))
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, replacing the one of that name."""
        with self.new_file(name) as path, atomic_write(path) as file:
            file.write(content)

    @contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        """Yield a local path at which the block writes a file, atomically, for this folder.

        Raises:
            StorageError: the folder cannot be written to.
        """
        if self.is_local:
            path = Path(self.path_of(name))
            with storage_errors(path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="sentiment-") as folder:
            path = Path(folder) / name.rsplit("/", 1)[-1]
            yield path
            with writing(f"{self.url}/{name}"):
                self.upload(path, self.path_of(name))

    def upload(self, local: Path, path: str) -> None:
        """Copy a local file into a remote store, in which it appears complete."""
        if is_object_store(self.file_system):
            self.file_system.put_file(str(local), path)
            return
        parent = path.rsplit("/", 1)[0]
        self.file_system.makedirs(parent, exist_ok=True)
        temporary = f"{parent}/.sentiment-{secrets.token_hex(8)}.tmp"
        self.file_system.put_file(str(local), temporary)
        if self.file_system.exists(path):
            self.file_system.rm_file(path)
        self.file_system.mv(temporary, path)

    @contextmanager
    def locked(self, folder: str) -> Iterator[None]:
        """Hold the lock of the folder `folder` in this one, if it is local.

        Raises:
            StorageError: another process holds it.
        """
        with locked(Path(self.path_of(folder))) if self.is_local else nullcontext():
            yield

    def remove_leftovers(self) -> None:
        """Delete the temporary files of local processes that have ended."""
        if self.is_local and Path(self.path).is_dir():
            for folder in (Path(self.path), *Path(self.path).rglob("*/")):
                remove_leftovers(folder)
