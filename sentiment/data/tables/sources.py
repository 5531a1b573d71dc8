"""The bytes of a file: opened, decompressed, counted."""

import gzip
import io
import os
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from sentiment.data.tables.table import BATCH_ROWS
from sentiment.errors import DataError, describe

STANDARD_STREAM = "-"
GZIP = b"\x1f\x8b"
ARCHIVES = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"(\xb5/\xfd": "Zstandard",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}
BUFFER_BYTES = 2**16


class Source:
    """An open file, decompressed if it is a gzip file.

    Args:
        file: a path; "-" is standard input.
        name: the file as messages name it; by default its path.

    Raises:
        DataError: the file cannot be read, or is compressed in another way.
    """

    def __init__(self, file: str, name: str | None = None) -> None:
        self.where = "Standard input" if file == STANDARD_STREAM else f"'{name or file}'"
        with ExitStack() as opened:  # An error closes what is open.
            self.raw = opened.enter_context(self.open(file))
            with self.errors():
                status = os.fstat(self.raw.fileno())
                # Bytes, as they are on disk; None for a pipe.
                self.total = status.st_size if stat.S_ISREG(status.st_mode) else None
                # Another program may have read the start of standard input.
                self.offset = self.raw.tell() if self.total is not None else 0
                self.stream, start = self.with_start(self.raw)
                self.is_gzip = start.startswith(GZIP)
                if self.is_gzip:
                    self.stream, start = self.with_start(self.decompressed(self.stream))
                self.head = start  # The first bytes, which `stream` has too.
            opened.push(self.stream)
            for magic, method in ARCHIVES.items():
                if self.head.startswith(magic):
                    raise DataError(
                        f"{self.where} is compressed with {method}. Decompress it first."
                    )
            self.opened = opened.pop_all()

    def open(self, file: str) -> io.BufferedReader:
        """Open a path or standard input. Closing the result leaves standard input open."""
        is_stdin = file == STANDARD_STREAM
        if is_stdin and sys.stdin is None:
            raise DataError("Standard input is closed. Name a file or pipe one into the command.")
        try:
            path_or_descriptor = sys.stdin.fileno() if is_stdin else file
            file_object = open(  # noqa: SIM115
                path_or_descriptor, "rb", buffering=BUFFER_BYTES, closefd=not is_stdin
            )
            return cast(io.BufferedReader, file_object)
        except (OSError, ValueError) as error:  # A path with a NUL character is a ValueError.
            raise DataError(f"Could not read {self.where}: {describe_io(error)}.") from error

    def decompressed(self, stream: io.BufferedReader) -> io.BufferedReader:
        """Return the content of a gzip file."""
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream)), BUFFER_BYTES)

    def with_start(self, stream: io.BufferedReader) -> tuple[io.BufferedReader, bytes]:
        """Return a stream that begins with the present position of `stream`, and its first bytes.

        They are a batch of lines or `BUFFER_BYTES`, unless the file is shorter.
        """
        start = b""
        while len(start) < BUFFER_BYTES and start.count(b"\n") < BATCH_ROWS:
            more = stream.read1(BUFFER_BYTES)
            if not more:
                break
            start += more
        if self.total is not None:
            self.raw.seek(self.offset)
            return (self.raw if stream is self.raw else self.decompressed(self.raw)), start
        return io.BufferedReader(Joined(start, stream), BUFFER_BYTES), start

    @property
    def done(self) -> int:
        """Number of bytes that are read, of `total`."""
        return self.raw.tell() if self.total is not None else 0

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the errors of reading into a `DataError` that names the file."""
        try:
            yield
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{self.where} could not be read: {describe_io(error)}.") from error

    def seekable(self) -> BinaryIO:
        """Return the file with random access: a temporary copy of a pipe or a gzip file."""
        if self.total is not None and not self.is_gzip:
            return self.raw
        copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
        self.opened.push(copy)
        with self.errors():
            shutil.copyfileobj(self.stream, copy)
        copy.seek(0)
        return copy

    def close(self) -> None:
        """Close the file, and a temporary copy."""
        self.opened.close()


class Joined(io.RawIOBase):
    """Bytes that are read already, followed by the rest of their stream."""

    def __init__(self, start: bytes, rest: io.BufferedReader) -> None:
        self.start, self.rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.start or self.rest.read1(len(buffer))
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        self.start = data[size:]
        return size


def suffix_of(file: str) -> str:
    """Return the suffix of a file in lower case, without the one that gzip adds."""
    path = Path(file)
    return (Path(path.stem) if path.suffix.lower() == ".gz" else path).suffix.lower()


def describe_io(error: BaseException) -> str:
    """Return why a file could not be read or written."""
    return (isinstance(error, OSError) and error.strerror) or describe(error).rstrip(".")
