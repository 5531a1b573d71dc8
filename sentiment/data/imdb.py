"""Read the original IMDB dataset (Maas et al. 2011): the folder `aclImdb/` or its archive.

An archive is read as a stream; nothing is written to disk.
"""

import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path, PurePosixPath

from sentiment.data.folders import check_regular
from sentiment.data.labels import IMDB_LABELS, UNLABELLED, UNSUPERVISED
from sentiment.data.review_splits import ReviewSplits, from_reviews
from sentiment.errors import DataError, describe

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MAX_REVIEW_BYTES = 1 << 20  # The longest of IMDB has 14 kB; an archive may declare any size.
MAX_MEMBER_BYTES = 1 << 28  # The largest file in it has 41 MB.
MAX_HEADER_BYTES = 1 << 16  # Of a long name or an extended header; it has none.
MAX_TOTAL_BYTES = 1 << 30  # All its reviews have 130 MB.
MAX_MEMBERS = 200_000  # It has 100,026.
REVIEW_FILE = re.compile(r"(train|test)/(neg|pos|unsup)/(\d+)_\d+\.txt")


def is_imdb_folder(root: Path) -> bool:
    """Return whether `root` has the layout of `aclImdb/`: reviews such as `train/pos/0_9.txt`."""
    files = chain.from_iterable(root.glob(f"{split}/*/*.txt") for split in ("train", "test"))
    return any(REVIEW_FILE.fullmatch(file.relative_to(root).as_posix()) for file in files)


def read_imdb_folder(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield `(name, content)` of each review below `aclImdb/`; a name is `train/pos/0_9.txt`."""
    for path in root.glob("*/*/*.txt"):
        name = path.relative_to(root).as_posix()
        if REVIEW_FILE.fullmatch(name):
            check_regular(root, path)
            with path.open("rb") as file:
                yield name, file.read(MAX_REVIEW_BYTES + 1)


class BoundedMember(tarfile.TarInfo):
    """A member of an archive with a plausible size.

    `tarfile` reads names into memory in one piece and never returns on a negative size.
    """

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # `tarfile` calls it for each header, and documents it as the method to override.
        max_bytes = MAX_MEMBER_BYTES if self.isfile() else MAX_HEADER_BYTES
        if not 0 <= self.size <= max_bytes:
            raise DataError(
                f"The archive's member '{self.name}' has {self.size:,} bytes; at most "
                f"{max_bytes:,} are read."
            )
        member: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return member


def read_imdb_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield `(name, content)` of each review in `aclImdb_v1.tar.gz`.

    Raises:
        DataError: not a tar archive, truncated, or with a member outside of its folder.
    """
    try:
        with tarfile.open(path, "r:*", tarinfo=BoundedMember) as archive:
            number = 0
            while (member := archive.next()) is not None:
                # They would keep all members and their extended headers.
                archive.members, archive.pax_headers = [], {}  # type: ignore[attr-defined]
                if (number := number + 1) > MAX_MEMBERS:
                    raise DataError(
                        f"'{path}' has more than {MAX_MEMBERS:,} members. Do not use this archive."
                    )
                parts = PurePosixPath(member.name).parts
                if member.name.startswith("/") or ".." in parts:
                    raise DataError(
                        f"'{path}' has a member outside of its folder: '{member.name}'. Do not use "
                        "this archive."
                    )
                name = "/".join(parts[-3:])
                if member.isfile() and REVIEW_FILE.fullmatch(name):
                    file = archive.extractfile(member)
                    assert file is not None
                    yield name, file.read(MAX_REVIEW_BYTES + 1)
            assert archive.fileobj is not None
            while archive.fileobj.read(1 << 20):
                pass  # The checksum at the end of the file shows whether it is complete.
    except (tarfile.TarError, EOFError, OSError, RecursionError, zlib.error) as error:
        raise DataError(
            f"Could not read '{path}' as a tar archive: {describe(error)}. "
            "The original is aclImdb_v1.tar.gz (84,125,825 bytes); download it again."
        ) from error


def from_imdb_files(files: Iterable[tuple[str, bytes]]) -> ReviewSplits:
    """Build the dataset from its files.

    Labels are in the order neg, pos, as on the Hub. Within a label, reviews are sorted by number,
    which groups the reviews of a movie.

    Args:
        files: `(name, content)` in any order; a name is `train/pos/0_9.txt`.

    Raises:
        DataError: a review that is not UTF-8 or too long, or too many of them.
    """
    found: dict[str, list[tuple[int, int, str]]] = {"train": [], "test": [], UNSUPERVISED: []}
    total_bytes = 0
    for name, content in files:
        if len(content) > MAX_REVIEW_BYTES:
            raise DataError(f"'{name}' is longer than any review: over {MAX_REVIEW_BYTES:,} bytes.")
        if (total_bytes := total_bytes + len(content)) > MAX_TOTAL_BYTES:
            raise DataError(f"This is not the IMDB dataset: over {MAX_TOTAL_BYTES:,} bytes.")
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"'{name}' is not UTF-8: {error}.") from error
        split, kind, number = REVIEW_FILE.fullmatch(name).groups()  # type: ignore[union-attr]
        if kind == "unsup":
            found[UNSUPERVISED].append((UNLABELLED, int(number), text))
        else:
            found[split].append((IMDB_LABELS.index(kind), int(number), text))
    return from_reviews(
        {
            split: [(text, label) for label, _, text in sorted(rows)]
            for split, rows in found.items()
            if rows
        }
    )
