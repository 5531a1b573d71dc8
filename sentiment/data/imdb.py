"""The original IMDB in, its splits out: `aclImdb/`, or the archive that it comes in.

Of an archive nothing is written to disk.
"""

import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from datasets import DatasetDict

from sentiment.data.columns import LABELS, UNLABELLED, from_reviews
from sentiment.errors import InputError, describe

MAX_REVIEW_BYTES = 1 << 20  # The longest of IMDB has 14 kB; an archive may declare anything.
MAX_MEMBER_BYTES = 1 << 28  # The largest file in it has 41 MB.
MAX_CORPUS_BYTES = 1 << 30  # All its reviews have 130 MB.
ACL_MEMBER = re.compile(r"(train|test)/(neg|pos|unsup)/(\d+)_\d+\.txt")


def is_original(root: Path) -> bool:
    """Whether reviews stand in the folder `root` as in `aclImdb/`: `train/pos/0_9.txt`."""
    files = chain.from_iterable(root.glob(f"{split}/*/*.txt") for split in ("train", "test"))
    return any(ACL_MEMBER.fullmatch(file.relative_to(root).as_posix()) for file in files)


def read_acl_folder(root: Path) -> Iterator[tuple[str, bytes]]:
    """`(train/pos/0_9.txt, its bytes)` for each review below `aclImdb/`."""
    for path in root.glob("*/*/*.txt"):
        name = path.relative_to(root).as_posix()
        if ACL_MEMBER.fullmatch(name):
            with path.open("rb") as file:
                yield name, file.read(MAX_REVIEW_BYTES + 1)


class Member(tarfile.TarInfo):
    """A member of an archive, of a size that can be: `tarfile` reads a name of any size at once."""

    @classmethod
    def frombuf(cls, *arguments: Any) -> "Member":
        member = super().frombuf(*arguments)
        most = MAX_MEMBER_BYTES if member.isfile() else MAX_REVIEW_BYTES
        if not 0 <= member.size <= most:  # Less than 0, and it reads the same member without end.
            raise InputError(f"The archive's member '{member.name}' has {member.size:,} bytes.")
        return member


def read_acl_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """The same from `aclImdb_v1.tar.gz`, of which nothing is written to disk."""
    try:
        with tarfile.open(path, "r:*", tarinfo=Member) as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if member.name.startswith("/") or ".." in parts:
                    raise InputError(f"'{path}' has a member that climbs out: '{member.name}'.")
                name = "/".join(parts[-3:])
                if member.isfile() and ACL_MEMBER.fullmatch(name):
                    file = archive.extractfile(member)
                    assert file is not None
                    yield name, file.read(MAX_REVIEW_BYTES + 1)
            while archive.fileobj.read(1 << 20):  # type: ignore[union-attr]
                pass  # To the end, where the checksum stands that tells whether all has arrived.
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"Could not read '{path}' as a tar archive: {describe(error)}. "
            "The original is aclImdb_v1.tar.gz (84,125,825 bytes); download it again."
        ) from error


def from_acl_members(members: Iterable[tuple[str, bytes]]) -> DatasetDict:
    """The original data set from `(name, bytes)` in any order.

    Labels in the order neg, pos as on the Hub; within a label in order of review number, which is
    the order of movies.
    """
    found: dict[str, list[tuple[int, int, str]]] = {"train": [], "test": [], "unsupervised": []}
    size = 0
    for name, content in members:
        if len(content) > MAX_REVIEW_BYTES:
            raise InputError(f"'{name}' is longer than any review (over {MAX_REVIEW_BYTES} bytes).")
        if (size := size + len(content)) > MAX_CORPUS_BYTES:
            raise InputError(f"These are no reviews of IMDB: over {MAX_CORPUS_BYTES:,} bytes.")
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise InputError(f"'{name}' is not UTF-8: {error}.") from error
        split, kind, number = ACL_MEMBER.fullmatch(name).groups()  # type: ignore[union-attr]
        if kind == "unsup":
            found["unsupervised"].append((UNLABELLED, int(number), text))
        else:
            found[split].append((LABELS.index(kind), int(number), text))
    return from_reviews(
        {
            name: [(text, label) for label, _, text in sorted(rows)]
            for name, rows in found.items()
            if rows
        }
    )
