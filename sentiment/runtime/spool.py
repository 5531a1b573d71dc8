"""Bytes that are written once and then read at random: in memory, or on disk if they are many."""

import mmap
import os
import tempfile
from pathlib import Path

from sentiment.runtime.locks import storage_errors

MAX_MEMORY = 2**26  # Bytes of a spool in memory.


class Spool:
    """A file without a name, which disappears with its last reader or with this process.

    Up to `MAX_MEMORY` bytes stay in memory. More are written to the disk and mapped: the system
    keeps in memory what is read, as long as there is room.

    Args:
        folder: where the file is; see `existing_folder`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = existing_folder(folder.absolute())
        self.file: tempfile.SpooledTemporaryFile[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115
            MAX_MEMORY, dir=str(self.folder)
        )

    def write(self, content: bytes) -> None:
        """Append bytes.

        Raises:
            StorageError: the disk is full.
        """
        with storage_errors(self.folder):
            self.file.write(content)

    def content(self) -> bytes | mmap.mmap:
        """Return all bytes. Nothing may be written after that."""
        with storage_errors(self.folder), self.file:
            if self.file.tell() > MAX_MEMORY:
                self.file.flush()
                # It keeps the file open.
                return mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)
            self.file.seek(0)
            return self.file.read()

    def __del__(self) -> None:
        self.file.close()  # After an error, before `content` was called.


def existing_folder(folder: Path) -> Path:
    """Return `folder` or the parent that exists; if it is read-only, the temporary folder."""
    found = next(path for path in (folder, *folder.parents) if path.is_dir())
    return found if os.access(found, os.W_OK) else Path(tempfile.gettempdir())
