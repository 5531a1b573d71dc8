"""Keep the temporary files of the page, within bounds.

The folder contains uploaded files, labelled files, and parts of uploads that were interrupted. Each
caller reserves the space that it needs, so that concurrent requests cannot exceed the bounds
together.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from sentiment.errors import StorageError

MAX_STORED = 2**30  # Bytes of all files together.
MAX_FILES = 2000  # They are counted for each upload, which takes 20 ms.
MAX_AGE = 2700  # Seconds that a file can be downloaded.


class Storage:
    """A folder of temporary files.

    Args:
        folder: resolved path of an existing folder that nothing else writes to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = Lock()
        self.reservations: list[int] = []  # Bytes of each file that is being written.

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Reserve space for one new file of at most `size` bytes until the block ends.

        Raises:
            StorageError: the stored and the reserved files leave no such space.
        """
        with self.lock:
            sizes = [*(status.st_size for _, status in self.files()), *self.reservations]
            if len(sizes) >= MAX_FILES or sum(sizes) + size > MAX_STORED:
                raise StorageError("Too many files are stored. Try again later.")
            self.reservations.append(size)
        try:
            yield
        finally:
            with self.lock:  # Not while another caller counts the files.
                self.reservations.remove(size)

    def files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield the path and the status of each file."""
        for folder, _, names in os.walk(self.folder):
            for path in (Path(folder, name) for name in names):
                try:
                    status = path.lstat()
                except FileNotFoundError:  # Another thread has deleted it.
                    continue
                yield path, status

    def delete_old_files(self) -> None:
        """Delete the files that are older than `MAX_AGE`, and the folders that they leave empty."""
        for path, status in self.files():
            if status.st_mtime < time.time() - MAX_AGE:
                with suppress(OSError):  # Windows does not delete an open file.
                    path.unlink()
                    path.parent.rmdir()
